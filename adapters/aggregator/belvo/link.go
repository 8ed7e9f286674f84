package belvo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The vendor's hosted page, what an access token permits there, and how long the token is valid. Source:
// developers.belvo.com, connect widget, update mode.
const (
	widgetPage          = "https://widget.belvo.io/"
	widgetScopes        = "read_institutions,write_links,read_links"
	accessTokenLifetime = 10 * time.Minute
)

var (
	_ ports.LinkTokens = (*Adapter)(nil)
	_ ports.Refresher  = (*Adapter)(nil)
	_ ports.Eraser     = (*Adapter)(nil)
	_ ports.Linker     = (*Adapter)(nil)
)

// CreateLinkToken requests an access token with which the link can be updated: POST /api/token/. The vendor reads the
// credential from the body. The response also contains a refresh token, which the adapter discards.
func (a *Adapter) CreateLinkToken(ctx context.Context, access ports.Access) (ports.LinkToken, error) {
	return a.accessToken(ctx, access, nil)
}

// accessToken requests an access token: POST /api/token/. The query is added to the URL of the hosted page.
func (a *Adapter) accessToken(ctx context.Context, access ports.Access, query url.Values) (ports.LinkToken, error) {
	call := newCall(access, "/api/token/")
	call.Method, call.Retryable = http.MethodPost, true
	call.Resource = budgetTokens
	call.Body = func() []byte { return tokenBody(access) }
	var got struct {
		Access domain.Secret `json:"access"`
	}
	if err := a.http.DoJSON(ctx, call, &got); err != nil {
		return ports.LinkToken{}, err
	}
	if got.Access.IsZero() {
		return ports.LinkToken{}, malformed("access token")
	}
	page := widgetPage + "?" + url.Values{"access_token": {string(got.Access.Reveal())}}.Encode()
	if len(query) > 0 {
		page += "&" + query.Encode()
	}
	return ports.LinkToken{
		Token: got.Access, URL: domain.SecretText(page),
		Lifetime: vendorhttp.TokenLifetime(got.Access.Reveal(), accessTokenLifetime),
	}, nil
}

// tokenBody returns the body of POST /api/token/. It is built again for each attempt and is not retained. Bytes
// that are not UTF-8 are removed, because JSON cannot contain them. The vendor then refuses the credential.
func tokenBody(access ports.Access) []byte {
	members := map[string]string{
		"id":       strings.ToValidUTF8(string(access.Credential.Part(domain.PartClientID).Reveal()), ""),
		"password": strings.ToValidUTF8(string(access.Credential.Part(domain.PartSecret).Reveal()), ""),
		"scopes":   widgetScopes,
	}
	if access.AccountRef != "" {
		members["link_id"] = access.AccountRef
	}
	body, _ := json.Marshal(members) // strings can always be encoded
	return body
}

// Refresh asks the vendor to read the link's transactions now: POST /api/links/{id}/refresh/. The other resources count
// against the holder's monthly limits, too, and are not requested. A link is refreshed at most once in refreshInterval.
func (a *Adapter) Refresh(ctx context.Context, access ports.Access) error {
	ref := access.AccountRef
	if ref == "." || ref == ".." { // no link has such an id, and url.Parse would remove the path segment
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	call := newCall(access, "/api/links/"+url.PathEscape(ref)+"/refresh/")
	call.Vendor, call.Method, call.PathTemplate = &refreshAPI, http.MethodPost, "/api/links/{id}/refresh/"
	call.Budgets = []vendorhttp.Budget{
		{Resource: budgetRefreshes, Subject: strings.ToLower(ref)}, {Resource: budgetAPI},
	}
	call.Body = func() []byte { return []byte(`{"fetch_resources":["TRANSACTIONS"]}`) }
	var got struct {
		ID string `json:"request_id"`
	}
	if err := a.http.DoJSON(ctx, call, &got); err != nil {
		return err
	}
	if got.ID == "" {
		return malformed("response to a refresh")
	}
	return nil
}

// RefreshInterval implements ports.RefreshPacer.
func (*Adapter) RefreshInterval() time.Duration { return refreshInterval }

// Erase deletes the link: DELETE /api/links/{id}/. It also succeeds if there is no such link, in which case the vendor
// answers not_found.
func (a *Adapter) Erase(ctx context.Context, access ports.Access) error {
	ref := access.AccountRef
	if ref == "." || ref == ".." { // no link has such an id, and url.Parse would remove the path segment
		return nil
	}
	call := newCall(access, "/api/links/"+url.PathEscape(ref)+"/")
	call.PathTemplate, call.Method, call.Retryable = "/api/links/{id}/", http.MethodDelete, true
	call.Resource = budgetDeletions
	body, err := a.http.Do(ctx, call)
	switch {
	case errors.Is(err, domain.AccountNotFound):
		return nil
	case err != nil:
		return err
	case len(body) > 0:
		return malformed("response to a deletion")
	}
	return nil
}
