package plaid

import (
	"context"
	"errors"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	_ ports.LinkTokens = (*Adapter)(nil)
	_ ports.Refresher  = (*Adapter)(nil)
	_ ports.Eraser     = (*Adapter)(nil)
)

// linkLifetime is how long a link token for the update mode is valid. Source: plaid.com/docs, link, update mode.
const linkLifetime = 30 * time.Minute

// CreateLinkToken requests a token for the update mode of the vendor's hosted page: POST /link/token/create with the
// access token. The token can only update the login of this Item.
func (a *Adapter) CreateLinkToken(ctx context.Context, access ports.Access) (ports.LinkToken, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	if _, err := a.readItem(ctx, access); err != nil && !errors.Is(err, domain.ErrHolderMustAct) {
		return ports.LinkToken{}, err
	}
	var got struct {
		Token      domain.Secret   `json:"link_token"`
		URL        domain.Secret   `json:"hosted_link_url"`
		Expiration vendorhttp.Text `json:"expiration"`
	}
	call := newCall(access, "/link/token/create", budgetTokens)
	err := a.post(ctx, access, call, map[string]any{
		"client_name": a.link.ClientName, "language": a.link.Language, "country_codes": a.link.Countries,
		"user":        map[string]string{"client_user_id": access.Connection.String()},
		"hosted_link": map[string]any{},
	}, &got)
	if err != nil {
		return ports.LinkToken{}, err
	}
	page, err := url.Parse(string(got.URL.Reveal()))
	if err != nil || page.Scheme != "https" || page.Host == "" || got.Token.IsZero() {
		return ports.LinkToken{}, malformed("link token")
	}
	lifetime := linkLifetime
	if expires, ok := domain.ParseConsentTime(got.Expiration.Value); ok {
		lifetime = min(lifetime, max(expires.Sub(a.clock.Now()), time.Second))
	}
	return ports.LinkToken{Token: got.Token, URL: got.URL, Lifetime: lifetime}, nil
}

// Refresh asks the vendor to update the transactions: POST /transactions/refresh. Errors: Conflict (not_offered) if the
// vendor does not offer updates on request for the Item.
//
// The vendor responds only after the institution has responded, which can take more than 30 seconds. If there is no
// response in time, the vendor continues with the update. Its webhook reports the new data.
func (a *Adapter) Refresh(ctx context.Context, access ports.Access) error {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	if _, err := a.readItem(ctx, access); err != nil {
		return err
	}
	call := newCall(access, "/transactions/refresh", budgetRefreshes)
	call.Vendor, call.Retryable = &refreshes, false
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(written httptrace.WroteRequestInfo) { sent.Store(written.Err == nil) },
	})
	err := a.request(ctx, access, call)
	if sent.Load() && vendorhttp.TimedOut(err) {
		return nil
	}
	return err
}

// Erase removes the Item: POST /item/remove. The access token is then invalid.
//
// It also succeeds if there is no such Item. If the access token belongs to another Item, Erase removes nothing,
// because the vendor would remove that other Item.
func (a *Adapter) Erase(ctx context.Context, access ports.Access) error {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	_, err := a.readItem(ctx, access)
	if err == nil || errors.Is(err, domain.ErrHolderMustAct) {
		err = a.request(ctx, access, newCall(access, "/item/remove", budgetRemovals))
	}
	if errors.Is(err, domain.AccountNotFound) {
		return nil
	}
	return err
}

// request sends a request whose response contains only an id.
func (a *Adapter) request(ctx context.Context, access ports.Access, call vendorhttp.Call) error {
	var got struct {
		ID string `json:"request_id"`
	}
	if err := a.post(ctx, access, call, nil, &got); err != nil {
		return err
	}
	if got.ID == "" {
		return malformed("response")
	}
	return nil
}
