package pluggy

import (
	"context"
	"net/http"
	"net/url"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Name is the vendor's name on every surface of the service.
const Name domain.Vendor = "pluggy"

// Adapter is Pluggy as a ports.Aggregator. Safe for concurrent use.
type Adapter struct {
	http  *vendorhttp.Client
	clock ports.Clock
	keys  *keyring
}

var _ ports.Aggregator = (*Adapter)(nil)

// New makes the adapter. The clock decides when a key ends and what the vendor still
// keeps; it may be a fake one.
func New(client *vendorhttp.Client, clock ports.Clock) *Adapter {
	return &Adapter{http: client, clock: clock, keys: newKeyring(clock)}
}

// Vendor is [Name].
func (*Adapter) Vendor() domain.Vendor { return Name }

// item is what is read of GET /items/{id}. Source: docs.pluggy.ai, item lifecycle.
type item struct {
	ID              string `json:"id"`
	Status          string `json:"status"`
	ExecutionStatus string `json:"executionStatus"`
	LastUpdatedAt   string `json:"lastUpdatedAt"`
}

// Check reads the item, with the cached key if there is one: GET /items/{id}. Settled
// only when every product of the last synchronisation came (UPDATED with SUCCESS), for a
// partial one may lack rows that exist. Errors: account_not_found for an item that is
// unknown, deleted or not the client's.
func (a *Adapter) Check(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var found item
	err := a.get(ctx, at, vendorhttp.Call{
		Vendor: aboutItem, Path: "/items/" + url.PathEscape(at.AccountRef), PathTemplate: "/items/{id}", Resource: "items",
	}, &found)
	if err != nil {
		return domain.LinkStatus{}, err
	}
	if found.ID != at.AccountRef || found.Status == "" {
		return domain.LinkStatus{}, malformed("another item than asked for")
	}
	return found.standing(), nil
}

// Verify is Check with a key fetched anew, so that a credential which was withdrawn
// while its key still lives is found out. Errors: as Check.
func (a *Adapter) Verify(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	id, err := a.keys.id(at)
	if err != nil {
		return domain.LinkStatus{}, err
	}
	a.keys.forget(id)
	return a.Check(ctx, at)
}

// standing: OUTDATED means the last synchronisation failed; only its execution status
// tells whether the holder can mend that.
func (i item) standing() domain.LinkStatus {
	s := domain.LinkStatus{
		SyncComplete: i.Status == "UPDATED" && i.ExecutionStatus == "SUCCESS",
		SyncMarker:   domain.CleanText(i.LastUpdatedAt),
	}
	switch i.Status {
	case "LOGIN_ERROR", "WAITING_USER_INPUT", "WAITING_USER_ACTION":
		s.NeedsReauth = true
	case "OUTDATED":
		s.NeedsReauth = holderMustAct[i.ExecutionStatus]
	}
	return s
}

// get makes a signed call and decodes its answer.
func (a *Adapter) get(ctx context.Context, at ports.Access, call vendorhttp.Call, into any) error {
	body, err := a.ask(ctx, at, call)
	if err != nil {
		return err
	}
	return vendorhttp.Decode(body, into)
}

// ask makes a signed call and gives the answer's body. A key that is refused before its time is replaced once. When
// the new one is refused too, /auth has just taken the credential: that is the vendor's
// trouble, not the credential's, and may pass.
func (a *Adapter) ask(ctx context.Context, at ports.Access, call vendorhttp.Call) ([]byte, error) {
	key, id, err := a.key(ctx, at)
	if err != nil {
		return nil, err
	}
	body, err := a.signed(ctx, at, call, key)
	if !keyRefused(err) {
		return body, err
	}
	a.keys.drop(id, key)
	if key, _, err = a.key(ctx, at); err != nil {
		return nil, err
	}
	if body, err = a.signed(ctx, at, call, key); keyRefused(err) {
		a.keys.drop(id, key)
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: errKey}
	}
	return body, err
}

// signed makes one call under a key, which meets the request as it is sent and not before.
func (a *Adapter) signed(ctx context.Context, at ports.Access, call vendorhttp.Call, key domain.Secret) ([]byte, error) {
	call.BaseURL = at.BaseURL
	call.SetAuth = func(h http.Header) { h.Set("X-API-KEY", string(key.Reveal())) }
	return a.http.Do(ctx, call)
}

// malformed is an answer that is not the vendor's. What says why in words of our own.
func malformed(what string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: what}
}
