package belvo

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Name is the vendor's name on every surface of the service.
const Name domain.Vendor = "belvo"

// calls is the one rate budget of an origin. The vendor's limits are a matter of
// contract and not published; this one leaves room below what a small contract has,
// and is what a 429 shuts until its Retry-After is over.
const calls = "api"

var vendor = vendorhttp.Vendor{Name: Name, Budgets: map[string]int{calls: 600}, ClassifyError: explain}

// Adapter speaks to Belvo. It keeps nothing between calls and is safe for concurrent use.
type Adapter struct{ http *vendorhttp.Client }

var _ ports.Aggregator = (*Adapter)(nil)

// New makes an adapter over the shared client. It has no use for a clock, since a Basic
// credential does not expire; it takes one as every vendor's New does.
func New(client *vendorhttp.Client, _ ports.Clock) *Adapter { return &Adapter{http: client} }

// Vendor is [Name].
func (*Adapter) Vendor() domain.Vendor { return Name }

// Check reads the link. A link that is not valid, and one that the vendor refuses to
// work with until its holder acts, needs reauthorisation. Settled is never set: what
// the vendor does not show may exist (see Plan).
func (a *Adapter) Check(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ref := at.AccountRef
	if ref == "." || ref == ".." { // a path would lose them; no link is called so
		return domain.LinkStatus{}, &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	call := request(at, "/api/links/"+url.PathEscape(ref)+"/")
	call.PathTemplate = "/api/links/{id}/"
	var link struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	err := a.http.DoJSON(ctx, call, &link)
	switch {
	case errors.Is(err, errHolder):
		return domain.LinkStatus{NeedsReauth: true}, nil
	case err != nil:
		return domain.LinkStatus{}, err
	case !strings.EqualFold(link.ID, ref), link.Status == "":
		return domain.LinkStatus{}, malformed("link")
	}
	return domain.LinkStatus{NeedsReauth: link.Status != "valid"}, nil
}

// request is a GET of the connection's; the credential is revealed when it is sent.
func request(at ports.Access, path string) vendorhttp.Call {
	return vendorhttp.Call{
		Vendor: &vendor, BaseURL: at.BaseURL, Path: path, PathTemplate: path, Resource: calls,
		SetAuth: func(h http.Header) { h.Set("Authorization", basic(at.Credential)) },
	}
}

// basic is RFC 7617's header: the secret's id and its password.
func basic(c domain.Credential) string {
	pair := append(c.Part(domain.PartClientID).Reveal(), ':')
	pair = append(pair, c.Part(domain.PartSecret).Reveal()...)
	return "Basic " + base64.StdEncoding.EncodeToString(pair)
}
