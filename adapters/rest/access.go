package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// accessResources lists the resources of the access manager for paths that begin with these templates. For every
// other path, the resource is the first segment of the path after prefix.
var accessResources = []struct{ path, resource string }{
	{connectionsPath + "/{id}/accounts", "accounts"},
	{connectionsPath + "/{id}/erasure", "erasures"},
	{connectionsPath + "/{id}/link-sessions", "link-sessions"},
	{connectionsPath + "/{id}/pulls", "pulls"},
	{connectionsPath + "/{id}/quarantine", "quarantine"},
	{connectionsPath + "/{id}/transactions", "transactions"},
	{accountsPath + "/{id}/closes", "closes"},
	{prefix + "/closes", "closes"},
	{accountsPath + "/{id}/bank-statements", "bank-statements"},
	{accountsPath + "/{id}/csv-mapping", "bank-statements"},
	{accountsPath + "/{id}/coverage", "bank-statements"},
	{accountsPath + "/{id}/statement", "statements"},
	{prefix + "/statements", "statements"},
	{prefix + "/connector-types", "connections"},
	{prefix + "/webhooks/deliveries", "webhook-deliveries"},
	{prefix + "/webhooks/tokens", "webhook-tokens"},
}

// accessResource returns the operation's resource, as the access manager names it.
func (r *route) accessResource() string {
	for _, nested := range accessResources {
		if r.path == nested.path || strings.HasPrefix(r.path, nested.path+"/") {
			return nested.resource
		}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.path, prefix+"/"), "/")
	return first
}

// accessAction returns the operation's action, as the access manager names it: the method in lower case. A HEAD request
// is the action "get".
func (r *route) accessAction() string { return strings.ToLower(r.method) }

// authorize asks the access manager whether the caller may perform the operation. It runs before the body is read and
// before anything is looked up, so that a refusal reveals nothing about the body or about stored objects.
func (s *server) authorize(c echo.Context, x *exchange) error {
	err := s.checkAccess(c.Request().Context(), x)
	s.logUnauthenticated(c.Request(), x, err)
	return err
}

// mayWrite reports whether the caller of an operation may also change the objects that the operation reads.
func (s *server) mayWrite(ctx context.Context) bool {
	x := exchangeOf(ctx)
	if s.RequireScopes && !x.principal.Can(scopeWrite) {
		return false
	}
	return s.Authorizer == nil || s.Authorizer.Authorize(ctx, auth.Access{
		Bearer: x.bearer, Principal: x.principal,
		Resource: x.matchedRoute().accessResource(), Action: strings.ToLower(http.MethodPut),
	}) == nil
}

// checkAccess asks the access manager, if one is configured, whether the caller may perform the operation. If the
// access is refused, checkAccess stores an audit entry before it returns the error. A handler that has waited for
// changes must call checkAccess again before it returns data.
func (s *server) checkAccess(ctx context.Context, x *exchange) error {
	if s.Authorizer == nil {
		return nil
	}
	err := s.Authorizer.Authorize(ctx, auth.Access{
		Bearer: x.bearer, Principal: x.principal,
		Resource: x.route.accessResource(), Action: x.route.accessAction(), Read: x.route.method == http.MethodGet,
	})
	if errors.Is(err, domain.Forbidden) {
		return s.refuse(ctx, x, err)
	}
	return err
}
