package pluggy

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Name is the vendor's name in the API, the settings and the database.
const Name domain.Vendor = "pluggy"

// Adapter implements ports.Aggregator for Pluggy. It is safe for concurrent use.
type Adapter struct {
	http       *vendorhttp.Client
	clock      ports.Clock
	keys       *apiKeyCache
	refreshAPI *vendorhttp.Vendor
}

var _ ports.Aggregator = (*Adapter)(nil)

// New returns the adapter. The clock determines when an API key expires and which part of the
// history the vendor still has. A test can pass a fake clock.
func New(client *vendorhttp.Client, clock ports.Clock) *Adapter {
	return &Adapter{http: client, clock: clock, keys: newAPIKeyCache(clock), refreshAPI: refreshVendor(clock)}
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
	// Connector is the JSON text of a [connector]. It is decoded separately, as StatusDetail is.
	Connector json.RawMessage `json:"connector"`
	// CreatedAt is when the item was created (RFC 3339).
	CreatedAt vendorhttp.Text `json:"createdAt"`
	// ClientUserID is the value of the connect token with which the item was created.
	ClientUserID vendorhttp.Text `json:"clientUserId"`
	// NextAutoSyncAt is null if the vendor does not synchronise the item by itself.
	NextAutoSyncAt   optionalTime `json:"nextAutoSyncAt"`
	ConsentExpiresAt optionalTime `json:"consentExpiresAt"`
	// StatusDetail is the JSON text of a [statusDetail]. It is decoded separately, because an item
	// whose detail cannot be read is still a valid item.
	StatusDetail json.RawMessage `json:"statusDetail"`
	// UserAction is the JSON text of a [userAction], or null. It is decoded separately, as StatusDetail is.
	UserAction json.RawMessage `json:"userAction"`
}

// userAction is what the holder must do while the status is WAITING_USER_ACTION. After ExpiresAt, the vendor ends the
// synchronisation with USER_INPUT_TIMEOUT.
type userAction struct {
	ExpiresAt optionalTime `json:"expiresAt"`
}

// waitsForUser reports whether the holder can still do what the vendor waits for.
func (i item) waitsForUser(now time.Time) bool {
	var action userAction
	if i.Status != "WAITING_USER_ACTION" || len(i.UserAction) == 0 {
		return false
	}
	return vendorhttp.Decode(i.UserAction, &action) == nil && now.Before(action.ExpiresAt.instant)
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
	IsUpdated     bool         `json:"isUpdated"`
	LastUpdatedAt optionalTime `json:"lastUpdatedAt"`
	// Warnings is decoded separately, so that a detail whose warnings cannot be read is still valid.
	Warnings json.RawMessage `json:"warnings"`
}

// pendingAuthorisation is the code of the warning that an account waits for the approval of another holder. The vendor
// leaves such an account out of its list.
const pendingAuthorisation = "002"

// productWarning is a warning about a product in the item's last synchronisation.
type productWarning struct {
	Code vendorhttp.Text `json:"code"`
}

// decodeWarnings returns the product's warnings. readable is false if their form is not the documented one.
func (p *productStatus) decodeWarnings() (warnings []productWarning, readable bool) {
	if p == nil || len(p.Warnings) == 0 {
		return nil, true
	}
	readable = vendorhttp.Decode(p.Warnings, &warnings) == nil
	return warnings, readable
}

// deniesBills reports whether the holder has not permitted to read the bills of cards.
func (p *productStatus) deniesBills() bool {
	warnings, _ := p.decodeWarnings()
	return slices.ContainsFunc(warnings, func(w productWarning) bool { return w.Code.Value == noBillPermission })
}

// isPending reports whether an account of the product waits for the approval of another holder.
func (p *productStatus) isPending() bool {
	warnings, readable := p.decodeWarnings()
	return readable && slices.ContainsFunc(warnings, productWarning.isPending)
}

func (w productWarning) isPending() bool { return w.Code.Value == pendingAuthorisation }

// proof returns domain.OneRead if the last synchronisation updated the product without a warning. A product with a
// warning may be incomplete: if the vendor could not read one card of three, it only warns. Two warnings do not count,
// because they say nothing about the rows of the listed accounts: that an account waits for an approval, and that the
// holder has not permitted to read bills, which does not end. If the vendor reports no result for the product, proof
// returns unstated.
func (p *productStatus) proof(unstated domain.AbsenceProof) domain.AbsenceProof {
	if p == nil {
		return unstated
	}
	warnings, readable := p.decodeWarnings()
	isOther := func(w productWarning) bool { return !w.isPending() && w.Code.Value != noBillPermission }
	if p.IsUpdated && readable && !slices.ContainsFunc(warnings, isOther) {
		return domain.OneRead
	}
	return domain.NoProof
}

// Check returns the status of the item: GET /items/{id}. SyncComplete is true only if every product of the last
// synchronisation succeeded (UPDATED with SUCCESS). Errors: account_not_found for an item that is unknown, was deleted
// or belongs to another client.
func (a *Adapter) Check(ctx context.Context, at ports.Access) (domain.LinkStatus, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	found, err := a.itemOf(ctx, at)
	if err != nil {
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

// linkStatus returns the status of the item as a domain.LinkStatus. Whether the account holder must sign in is decided
// by the execution status of a synchronisation that has ended, because the vendor does not document which status an
// error leads to. For the same reason, an item waits for the authorisation of a device whatever its status is.
func (i item) linkStatus() domain.LinkStatus {
	mustSignIn := needsReauth[i.ExecutionStatus]
	s := domain.LinkStatus{
		SignedIn:     (i.Status == "UPDATED" || i.Status == "PARTIAL_SUCCESS") && !mustSignIn,
		SyncComplete: i.Status == "UPDATED" && i.ExecutionStatus == "SUCCESS",
		SyncMarker:   domain.CleanText(i.LastUpdatedAt),
		// The vendor sends item/updated after each synchronisation, even if there is nothing new.
		Schedule:         domain.SyncSchedule{NextAt: i.NextAutoSyncAt.instant},
		ConsentExpiresAt: i.ConsentExpiresAt.instant,
	}
	i.setProofs(&s)
	s.Bank = i.bankReading()
	detail, _ := i.statusDetail()
	s.SyncedAt, s.BillsDenied = i.reading(detail.Accounts).At, detail.CreditCards.deniesBills()
	s.OldBalances = detail.Accounts != nil && !detail.Accounts.IsUpdated
	switch {
	case i.ExecutionStatus == devicePending:
		s.Device = domain.IsWaiting
	case i.Status != "UPDATING" && i.ExecutionStatus != "": // otherwise the synchronisation has not ended
		s.Device = domain.NotWaiting
	}
	switch i.Status {
	case "LOGIN_ERROR", "WAITING_USER_INPUT", "WAITING_USER_ACTION":
		s.NeedsReauth = s.Device != domain.IsWaiting
	case "OUTDATED", "UPDATED", "PARTIAL_SUCCESS":
		s.NeedsReauth = mustSignIn
	}
	return s
}

// setProofs sets, for each product, whether one list without a row proves that the vendor has removed the row. This is
// true only of the products that the last synchronisation has updated (see productStatus.proof), whatever the execution
// status says. After a complete synchronisation, a product without a result was updated, too: the vendor then often
// reports no details. After a partial one, it was not. Details that cannot be read prove nothing. While an account
// waits for an approval, the list of accounts proves nothing; the rows of the listed accounts do.
//
// PARTIAL_SUCCESS is an execution status in the vendor's responses; the item's status is then UPDATED. The vendor's
// documentation also lists PARTIAL_SUCCESS as a status.
func (i item) setProofs(s *domain.LinkStatus) {
	detail, readable := i.statusDetail()
	unstated := domain.NoProof
	switch {
	case i.Status == "UPDATED" && i.ExecutionStatus == "SUCCESS":
		unstated = domain.OneRead
	case i.Status != "PARTIAL_SUCCESS" && (i.Status != "UPDATED" || i.ExecutionStatus != "PARTIAL_SUCCESS"):
		readable = false
	}
	if readable {
		s.Accounts, s.Cards = detail.Accounts.proof(unstated), detail.CreditCards.proof(unstated)
		s.Transactions = detail.Transactions.proof(unstated)
	}
	if s.Approval = i.approval(); s.Approval == domain.IsWaiting {
		s.Accounts = domain.NoProof
	}
}

// statusDetail returns the results of the last synchronisation; zero if the vendor reports none. readable is false if
// their form is not the documented one.
func (i item) statusDetail() (detail statusDetail, readable bool) {
	if len(i.StatusDetail) > 0 && vendorhttp.Decode(i.StatusDetail, &detail) != nil {
		return statusDetail{}, false
	}
	return detail, true
}

// approval tells whether an account waits for the approval of another holder. Only a synchronisation that has read the
// accounts tells that none waits. After a complete one, the vendor often reports no details.
func (i item) approval() domain.Waiting {
	detail, readable := i.statusDetail()
	if !readable {
		return domain.WaitingNotStated
	}
	if detail.Accounts.isPending() || detail.CreditCards.isPending() || detail.Transactions.isPending() {
		return domain.IsWaiting
	}
	updated := i.Status == "UPDATED" || i.Status == "PARTIAL_SUCCESS"
	accounts := i.ExecutionStatus == "SUCCESS"
	if detail.Accounts != nil {
		accounts = detail.Accounts.IsUpdated
	}
	if updated && accounts {
		return domain.NotWaiting
	}
	return domain.WaitingNotStated
}

// connector contains the id and the name of an item's connector.
type connector struct {
	ID   json.RawMessage `json:"id"` // a number
	Name vendorhttp.Text `json:"name"`
}

// institution returns the item's connector as an institution; the zero value if it cannot be read.
func (i item) institution() domain.Institution {
	var c connector
	_ = vendorhttp.Decode(i.Connector, &c) // leaves c zero
	id := strings.Trim(string(c.ID), `"`)
	if id == "" || id == "null" || !validID(id) {
		return domain.Institution{}
	}
	return domain.Institution{ID: id, Name: cmp.Or(domain.CleanText(c.Name.Value), id)}
}

// bankReading returns when the vendor last read the bank. A product without a status was read when the item was last
// updated. A card has rows of two products. The vendor reads the bank only on demand if no synchronisation is planned
// although the last one has succeeded.
//
// The documentation of lastUpdatedAt leaves open whether a failed synchronisation moves it. The times of an item that
// is not updated are therefore only upper bounds.
func (i item) bankReading() *domain.BankReading {
	detail, _ := i.statusDetail()
	rows, cards := i.reading(detail.Transactions), i.reading(detail.CreditCards)
	failing := i.Status != "UPDATED" && i.Status != "PARTIAL_SUCCESS" ||
		i.ExecutionStatus != "" && i.ExecutionStatus != "SUCCESS" && i.ExecutionStatus != "PARTIAL_SUCCESS"
	return &domain.BankReading{
		Bank: rows, Cards: rows.Older(cards), Failing: failing,
		OnDemand: !failing && !i.NextAutoSyncAt.hasValue, Institution: i.institution(),
	}
}

// reading returns when the vendor last read the product at the bank.
func (i item) reading(p *productStatus) domain.ProductReading {
	if p != nil && (p.LastUpdatedAt.hasValue || !p.IsUpdated) {
		return domain.ProductReading{At: p.LastUpdatedAt.instant, Never: !p.LastUpdatedAt.hasValue}
	}
	last, _ := domain.ParseConsentTime(i.LastUpdatedAt)
	return domain.ProductReading{At: last}
}

// malformed returns the error for a response that does not conform to the vendor's documentation. The message describes
// the reason in our own words.
func malformed(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: message}
}
