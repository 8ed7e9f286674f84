package pluggy

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

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

// New returns the adapter. The clock determines when an API key expires and which part of the
// history the vendor still has. A test can pass a fake clock.
func New(client *vendorhttp.Client, clock ports.Clock) *Adapter {
	return &Adapter{http: client, clock: clock, keys: newAPIKeyCache(clock)}
}

// Vendor returns [Name].
func (*Adapter) Vendor() domain.Vendor { return Name }

// item contains the members of GET /items/{id} that the adapter needs.
// Source: docs.pluggy.ai, item lifecycle.
type item struct {
	ID              string `json:"id"`
	Status          string `json:"status"`
	ExecutionStatus string `json:"executionStatus"`
	LastUpdatedAt   string `json:"lastUpdatedAt"`
	// CreatedAt is when the item was created (RFC 3339).
	CreatedAt vendorhttp.Text `json:"createdAt"`
	// ClientUserID is the value of the connect token with which the item was created.
	ClientUserID vendorhttp.Text `json:"clientUserId"`
	// NextAutoSyncAt is null if the vendor does not synchronise the item by itself.
	NextAutoSyncAt   optionalTime `json:"nextAutoSyncAt"`
	ConsentExpiresAt optionalTime `json:"consentExpiresAt"`
	// Connector is the JSON text of a [connectorJSON].
	Connector json.RawMessage `json:"connector"`
	// StatusDetail is the JSON text of a [statusDetail]. It is decoded separately, because an item
	// whose detail cannot be read is still a valid item.
	StatusDetail json.RawMessage `json:"statusDetail"`
}

// statusDetail contains the results of an item's last synchronisation. It has a field for each product that the adapter
// reads. A field is nil if the vendor reports no result for its product.
type statusDetail struct {
	Accounts     *productStatus `json:"accounts"`
	CreditCards  *productStatus `json:"creditCards"`
	Transactions *productStatus `json:"transactions"`
}

// productStatus is the result of the last synchronisation for one product.
type productStatus struct {
	IsUpdated bool `json:"isUpdated"`
}

// updated reports whether the last synchronisation updated the product. It is false if the vendor
// reports no result.
func (p *productStatus) updated() bool { return p != nil && p.IsUpdated }

// Check returns the status of the item: GET /items/{id}. SyncComplete is true only if every product of the last
// synchronisation succeeded (UPDATED with SUCCESS). Errors: account_not_found for an item that is unknown, was deleted
// or belongs to another client.
func (a *Adapter) Check(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	body, err := a.send(ctx, at, vendorhttp.Call{
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

// Verify does the same as Check, but always authenticates again first. Therefore it detects that a credential was
// revoked even while an API key of the credential is still valid. It returns the same errors as Check.
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

// linkStatus returns the status of the item as a domain.LinkStatus. OUTDATED means that the
// last synchronisation failed. Whether the account holder can resolve that depends on the
// execution status.
func (i item) linkStatus() domain.LinkStatus {
	s := domain.LinkStatus{
		SyncComplete: i.Status == "UPDATED" && i.ExecutionStatus == "SUCCESS",
		SyncMarker:   domain.CleanText(i.LastUpdatedAt),
		// The vendor sends item/updated after each synchronisation, even if there is nothing new.
		Schedule:         domain.SyncSchedule{NextAt: i.NextAutoSyncAt.instant},
		ConsentExpiresAt: i.ConsentExpiresAt.instant,
		Institution:      i.institution(),
	}
	s.Accounts, s.Transactions = i.proofs()
	switch i.Status {
	case "LOGIN_ERROR", "WAITING_USER_INPUT", "WAITING_USER_ACTION":
		s.NeedsReauth = true
	case "OUTDATED":
		s.NeedsReauth = needsReauth[i.ExecutionStatus]
	}
	return s
}

// connectorJSON contains the members of a connector that name the institution.
type connectorJSON struct {
	ID   jsontext.Value  `json:"id"` // a number
	Name vendorhttp.Text `json:"name"`
}

// institution returns the connector of the item: the vendor's name for the integration of an institution.
func (i item) institution() domain.Institution {
	c := vendorhttp.DecodeObject[connectorJSON](jsontext.Value(i.Connector))
	id := strings.Trim(string(c.ID), `"`)
	if id == "null" {
		id = ""
	}
	return domain.Institution{ID: domain.CleanText(id), Name: c.Name.Clean()}
}

// proofs returns what the absence of a row from a list proves: either nothing, or that the vendor has removed the
// row. The first result is for the list of accounts, the second for lists of transactions. After a partial
// synchronisation, a list is complete only if the vendor has updated its products.
//
// The list of accounts contains accounts of two products: ACCOUNTS and CREDIT_CARDS. For a product that the item does
// not have, the vendor reports no status.
//
// PARTIAL_SUCCESS is an execution status in the vendor's responses; the item's status is then UPDATED. The vendor's
// documentation also lists PARTIAL_SUCCESS as a status.
func (i item) proofs() (accounts, transactions domain.AbsenceProof) {
	switch {
	case i.Status == "UPDATED" && i.ExecutionStatus == "SUCCESS":
		return domain.OneRead, domain.OneRead
	case i.Status != "PARTIAL_SUCCESS" && (i.Status != "UPDATED" || i.ExecutionStatus != "PARTIAL_SUCCESS"):
		return domain.NoProof, domain.NoProof
	}
	var detail statusDetail
	if vendorhttp.Decode(i.StatusDetail, &detail) != nil {
		return domain.NoProof, domain.NoProof
	}
	if detail.Accounts.updated() && (detail.CreditCards == nil || detail.CreditCards.updated()) {
		accounts = domain.OneRead
	}
	if detail.Accounts.updated() && detail.Transactions.updated() {
		transactions = domain.OneRead
	}
	return accounts, transactions
}

// malformed returns the error for a response that does not conform to the vendor's documentation. The message describes
// the reason in our own words.
func malformed(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: message}
}
