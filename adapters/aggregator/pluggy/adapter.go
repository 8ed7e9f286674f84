package pluggy

import (
	"context"
	"net/url"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Name is the vendor's name in the API, the settings and the database.
const Name domain.Vendor = "pluggy"

// Adapter implements ports.Aggregator for Pluggy. It is safe for concurrent use.
type Adapter struct {
	http  *vendorhttp.Client
	clock ports.Clock
	keys  *apiKeyCache
}

var _ ports.Aggregator = (*Adapter)(nil)

// New returns the adapter. The clock decides when an API key expires and which history the
// vendor still has; it may be a fake clock.
func New(client *vendorhttp.Client, clock ports.Clock) *Adapter {
	return &Adapter{http: client, clock: clock, keys: newAPIKeyCache(clock)}
}

// Vendor returns [Name].
func (*Adapter) Vendor() domain.Vendor { return Name }

// item holds the members of GET /items/{id} that the adapter needs.
// Source: docs.pluggy.ai, item lifecycle.
type item struct {
	ID              string `json:"id"`
	Status          string `json:"status"`
	ExecutionStatus string `json:"executionStatus"`
	LastUpdatedAt   string `json:"lastUpdatedAt"`
}

// Check returns the status of the item: GET /items/{id}, with the cached API key if there is
// one. SyncComplete is set only if every product of the last synchronisation succeeded
// (UPDATED with SUCCESS), because after a partial one rows that exist may be missing.
// Errors: account_not_found for an item that is unknown, deleted or of another client.
func (a *Adapter) Check(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	body, err := a.get(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Path: "/items/" + url.PathEscape(at.AccountRef), PathTemplate: "/items/{id}",
		Resource: "items",
	})
	if err != nil {
		return domain.LinkStatus{}, err
	}
	var found item
	if err := vendorhttp.Decode(body, &found); err != nil {
		return domain.LinkStatus{}, err
	}
	if found.ID != at.AccountRef || found.Status == "" {
		return domain.LinkStatus{}, malformed("an item other than the requested one")
	}
	return found.linkStatus(), nil
}

// Verify is Check after a new authentication, so that it detects a credential that was
// revoked while its API key is still valid. Errors: those of Check.
func (a *Adapter) Verify(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	id, err := a.keys.id(at)
	if err != nil {
		return domain.LinkStatus{}, err
	}
	a.keys.remove(id)
	return a.Check(ctx, at)
}

// linkStatus maps the status of the item. OUTDATED means that the last synchronisation
// failed; only its execution status shows whether the account holder can resolve that.
func (i item) linkStatus() domain.LinkStatus {
	s := domain.LinkStatus{
		SyncComplete: i.Status == "UPDATED" && i.ExecutionStatus == "SUCCESS",
		SyncMarker:   domain.CleanText(i.LastUpdatedAt),
	}
	switch i.Status {
	case "LOGIN_ERROR", "WAITING_USER_INPUT", "WAITING_USER_ACTION":
		s.NeedsReauth = true
	case "OUTDATED":
		s.NeedsReauth = needsReauth[i.ExecutionStatus]
	}
	return s
}

// malformed returns the error of a response that the vendor does not document. message
// says why, in words of our own.
func malformed(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: message}
}
