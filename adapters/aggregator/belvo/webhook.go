package belvo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// envelope contains the members that the body of every webhook has. Source: developers.belvo.com, Webhooks.
type envelope struct {
	ID      vendorhttp.Text `json:"webhook_id"`
	Type    string          `json:"webhook_type"`
	Code    string          `json:"webhook_code"`
	Link    vendorhttp.Text `json:"link_id"`
	Request vendorhttp.Text `json:"request_id"`
	User    vendorhttp.Text `json:"external_id"`
	Data    json.RawMessage `json:"data"`
}

// maxIdentifier is the maximum length of a name or an id in bytes.
const maxIdentifier = 64

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// isName reports whether text is a valid value of webhook_type or webhook_code.
func isName(text string) bool { return len(text) <= maxIdentifier && namePattern.MatchString(text) }

// isID reports whether text is a valid id of an event, a link or a request. The vendor sends UUIDs and strings of
// hexadecimal digits. Text that could be a URL is not a valid id.
func isID(text string) bool { return len(text) <= maxIdentifier && idPattern.MatchString(text) }

// Parse decodes an event's body. The name of the returned event consists of the type and the code as the vendor writes
// them ("TRANSACTIONS.historical_update").
//
// The deduplication key consists of webhook_id, request_id, name and a hash of the body. webhook_id is not sufficient.
// The vendor does not document whether the id is new with each event or the same for all events of a registration.
// Without one of the ids, the event has no deduplication key.
//
// From the data of an event, Parse reads ids, errors, consent due dates and the total of a link's transactions. It
// ignores the other counts and dates, because the next pull lists all rows.
//
// An event with an unreadable id still means that something has changed. The event asks for a pull that reads
// everything.
//
// Errors: Invalid if the body is not JSON in the form of an event, or if its type or code is invalid.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var e envelope
	halved, err := vendorhttp.DecodeWebhook(body, &e)
	if err != nil || !isName(e.Type) || !isName(e.Code) {
		return domain.WebhookEvent{}, domain.FieldError("", "must be an event of the vendor")
	}
	odd := e.dropOddIDs() || halved
	scope, wantsPull := e.scope()
	if wantsPull && odd {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	name, sum := e.Type+"."+e.Code, sha256.Sum256(body)
	event := domain.WebhookEvent{
		Name: name, ID: e.ID.Value, AccountRef: e.Link.Value, WantsPull: wantsPull, Scope: scope,
		LinkSession: domain.LinkSessionIn(e.User.Value),
	}
	if e.ID.Value != "" && e.Request.Value != "" {
		event.DedupKey = strings.Join([]string{e.ID.Value, e.Request.Value, name, hex.EncodeToString(sum[:])}, "\n")
	}
	return event, nil
}

// dropOddIDs clears the invalid ids of the envelope, and reports whether any id was invalid.
func (e *envelope) dropOddIDs() bool {
	odd := false
	for _, id := range []*vendorhttp.Text{&e.ID, &e.Link, &e.Request} {
		id.Check(isID)
		odd = odd || id.Odd
	}
	return odd
}

// scope returns the pull scope of a webhook event: the data that must be read after the event. The second result
// reports whether the event asks for a pull at all. Events about owners ask for no pull, because this service does
// not store owners. Unknown event types ask for no pull either.
func (e envelope) scope() (domain.PullScope, bool) {
	switch e.Type {
	case "ACCOUNTS":
		return e.accountsEvent()
	case "TRANSACTIONS":
		return e.transactionsEvent()
	case "BILLS":
		return e.billsEvent()
	case "LINK":
		return e.linkEvent()
	case "CONSENT":
		return e.consentEvent()
	}
	return domain.PullScope{}, false
}

// accountsEvent returns the pull scope of a webhook event about accounts, and whether the event asks for a pull. The
// pull reads the accounts, but no transactions. If the event contains no errors, the link works again.
func (e envelope) accountsEvent() (domain.PullScope, bool) {
	switch e.Code {
	case "historical_update", "new_accounts_available":
		if e.hasErrors() {
			return domain.PullScope{Problem: true}, true
		}
		return domain.PullScope{Signal: domain.SignalRecovered}, true
	}
	return domain.PullScope{}, false
}

// transactionsEvent returns the pull scope of a webhook event about transactions, and whether the event asks for a
// pull. The pull depends on the event:
//
//   - After historical_update and new_transactions_available, the pull reads everything, or no transactions if the
//     event carries errors.
//   - After transactions_updated, the pull reads everything. The event contains ids, but the vendor has no filter for
//     ids.
//   - After transactions_deleted, the pull removes the rows with the given ids, and reads everything. The removal may
//     have shifted another row to a page that an earlier pull had already read.
func (e envelope) transactionsEvent() (domain.PullScope, bool) {
	switch e.Code {
	case "historical_update", "new_transactions_available":
		if e.hasErrors() {
			return domain.PullScope{Problem: true}, true
		}
		return domain.PullScope{Everything: true, Signal: domain.SignalRecovered, Announced: e.announced()}, true
	case "transactions_updated":
		return domain.PullScope{Everything: true}, true
	case "transactions_deleted":
		return domain.PullScope{}.Merge(domain.PullScope{Everything: true, Removed: e.removedIDs()}), true
	}
	return domain.PullScope{}, false
}

// billsEvent returns the pull scope of a webhook event about bills, and whether the event asks for a pull. The pull
// reads the bills, but no transactions.
func (e envelope) billsEvent() (domain.PullScope, bool) {
	switch e.Code {
	case "historical_update", "new_bills_available":
		if e.hasErrors() {
			return domain.PullScope{Problem: true}, true
		}
		return domain.PullScope{Bills: domain.BillsNow}, true
	}
	return domain.PullScope{}, false
}

// announced returns the total number of the link's transactions, as stated by the event historical_update. The number
// of new rows in the event new_transactions_available is not used, because the event does not say since when the rows
// are new.
func (e envelope) announced() []domain.AnnouncedCount {
	var data struct {
		Total vendorhttp.Count `json:"total_transactions"`
	}
	e.decodeData(&data)
	if count := (domain.AnnouncedCount{Count: int(data.Total)}); count.Valid() {
		return []domain.AnnouncedCount{count}
	}
	return nil
}

// hasErrors reports whether an update event contains errors. Such an event announces no rows, so its pull reads only
// the status of the link. The status shows whether the account holder must act.
func (e envelope) hasErrors() bool {
	var data struct {
		Errors []json.RawMessage `json:"errors"`
	}
	e.decodeData(&data)
	return len(data.Errors) > 0
}

// removedIDs returns the valid ids of the rows that the vendor has deleted. It can omit invalid ids, because the
// event also asks for a complete listing. The deleted rows are missing from that listing.
func (e envelope) removedIDs() []string {
	var data struct {
		IDs vendorhttp.TextList `json:"deleted_transactions"`
	}
	e.decodeData(&data)
	data.IDs.Check(validID)
	return data.IDs.Values
}

// linkEvent returns the pull scope of a webhook event about the link, and whether the event asks for a pull. After
// the event link_deleted, the pull finds and reports that the link no longer exists. What an event with an unknown code
// means, only the link tells.
func (e envelope) linkEvent() (domain.PullScope, bool) {
	switch e.Code {
	case "invalid_credentials", "token_required":
		return domain.PullScope{Signal: domain.SignalReauth}, true
	case "link_deleted":
		return domain.PullScope{}, true
	}
	return domain.PullScope{Problem: true}, true
}

// consentEvent returns the pull scope of a webhook event about a consent, and whether the event asks for a pull.
//
// The codes of older events lack the prefix "openfinance_". The vendor's list of codes is not complete. The function
// therefore also accepts codes of Brazil's Open Finance:
//
//   - the codes for a consent that is valid again
//   - consent_rejected, for a consent that the account holder has revoked
//
// A consent that is about to expire is still valid, and so is one whose expiry has changed, unless the new expiry has
// passed. The pull therefore reads only the link's status. The event needs a pull, because the content of an event is
// stored at the end of its pull.
func (e envelope) consentEvent() (domain.PullScope, bool) {
	switch strings.TrimPrefix(e.Code, "openfinance_") {
	case "consent_about_to_expire":
		return e.consentScope(domain.ReportedExpiring, ""), true
	case "consent_expiration_changed":
		return e.changedConsentScope(), true
	case "consent_expired":
		return e.consentScope(domain.ReportedExpired, domain.SignalReauth), true
	case "consent_revoked", "consent_rejected":
		return e.consentScope(domain.ReportedRevoked, domain.SignalReauth), true
	case "consent_renewed", "consent_extended", "consent_authorised", "consent_authorized":
		return e.consentScope(domain.ReportedRenewed, domain.SignalRecovered), true
	}
	return domain.PullScope{}, false
}

// consentScope returns the pull scope of a webhook event about a consent. The scope contains the new status of the
// consent. An id or a due date that cannot be read is left empty.
func (e envelope) consentScope(status domain.ConsentStatus, signal domain.Signal) domain.PullScope {
	var data struct {
		ID  vendorhttp.Text `json:"consent_id"`
		Due vendorhttp.Text `json:"consent_due_date"`
	}
	e.decodeData(&data)
	data.ID.Check(isID)
	report := domain.ConsentReport{Status: status, Key: domain.ConsentKey(data.ID.Value)}
	report.ExpiresAt, _ = domain.ParseConsentTime(data.Due.Value)
	return domain.PullScope{Signal: signal, Consents: []domain.ConsentReport{report}}
}

// changedConsentScope returns the pull scope of a webhook event about a consent with another expiry. With a readable
// expiry, the link works again as after a renewal. If that expiry has passed already, the consent stays expired.
func (e envelope) changedConsentScope() domain.PullScope {
	scope := e.consentScope(domain.ReportedGranted, "")
	if !scope.Consents[0].ExpiresAt.IsZero() {
		scope.Signal = domain.SignalRecovered
	}
	return scope
}

// decodeData decodes the event's data into the value that dst points to. It leaves the value unchanged if the data is
// missing, null or of another form. The event is then treated as an event without errors that names no rows.
func (e envelope) decodeData(dst any) {
	if len(e.Data) > 0 {
		_ = vendorhttp.Decode(e.Data, dst)
	}
}

// Networks returns the IP addresses from which Belvo sends webhooks. Source: developers.belvo.com, Webhooks, read
// 2026-11. A setting can replace the addresses, because the vendor changes them without notice.
func Networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, cidr := range []string{"3.130.254.46/32", "18.220.61.186/32", "18.223.45.212/32"} {
		networks = append(networks, netip.MustParsePrefix(cidr))
	}
	return networks
}
