package plaid

import (
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// envelope contains the members of a webhook's body that the adapter reads. Source: plaid.com/docs, webhooks.
type envelope struct {
	Type         string          `json:"webhook_type"`
	Code         string          `json:"webhook_code"`
	Item         vendorhttp.Text `json:"item_id"`
	Error        jsontext.Value  `json:"error"`
	ExpiresAt    vendorhttp.Text `json:"consent_expiration_time"`
	DisconnectAt vendorhttp.Text `json:"disconnect_time"`
}

// maxIdentifier is the maximum length of a name or an id in bytes.
const maxIdentifier = 64

var (
	namePattern = regexp.MustCompile(`^[A-Z0-9_]+$`)
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// isName reports whether text is a valid value of webhook_type or webhook_code.
func isName(text string) bool { return len(text) <= maxIdentifier && namePattern.MatchString(text) }

// isID reports whether text is a valid id of an Item or a key.
func isID(text string) bool { return len(text) <= maxIdentifier && idPattern.MatchString(text) }

// Parse decodes an event's body. The name of the returned event consists of the type and the code as the vendor writes
// them ("TRANSACTIONS.SYNC_UPDATES_AVAILABLE").
//
// The vendor's events have no ids, and equal bodies can be different events. The returned event therefore has neither
// an id nor a deduplication key. Parse does not read numbers of rows and ids of removed rows, because the stream of
// changes contains both.
//
// An event with an unreadable id still means that something has changed. The event asks for a pull that reads
// everything. Errors: Invalid if the body is not JSON in the form of an event, or if its type or code is invalid.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var e envelope
	halved, err := vendorhttp.DecodeWebhook(body, &e)
	if err != nil || !isName(e.Type) || !isName(e.Code) {
		return domain.WebhookEvent{}, domain.FieldError("", "must be an event of the vendor")
	}
	e.Item.Check(isID)
	scope, wantsPull := e.scope()
	if wantsPull && (e.Item.Odd || halved) {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	return domain.WebhookEvent{
		Name: e.Type + "." + e.Code, AccountRef: e.Item.Value, WantsPull: wantsPull, Scope: scope,
		Confidential: e.isConfidential(),
	}, nil
}

// isConfidential reports whether the event contains a secret: the URL of a webhook, or the token of a link session.
func (e envelope) isConfidential() bool {
	return e.Type == "LINK" || e.Code == "WEBHOOK_UPDATE_ACKNOWLEDGED"
}

// scope returns the pull scope of a webhook event: the data that must be read after the event. The second result
// reports whether the event asks for a pull at all.
func (e envelope) scope() (domain.PullScope, bool) {
	switch e.Type {
	case "TRANSACTIONS":
		switch e.Code {
		case "SYNC_UPDATES_AVAILABLE", "TRANSACTIONS_REMOVED":
			return domain.PullScope{News: true}, true
		}
	case "ITEM":
		return e.itemScope()
	}
	return domain.PullScope{}, false
}

// itemScope returns the pull scope of a webhook event about the Item, and whether the event asks for a pull. If the
// scope requests no rows, the pull reads only the status of the Item and the accounts.
func (e envelope) itemScope() (domain.PullScope, bool) {
	switch e.Code {
	case "ERROR":
		if loginErrors[vendorhttp.DecodeObject[errorJSON](e.Error).Code] {
			return domain.PullScope{Signal: domain.SignalReauth}, true
		}
		return domain.PullScope{Problem: true}, true
	case "LOGIN_REPAIRED":
		return domain.PullScope{News: true, Signal: domain.SignalRecovered}, true
	case "PENDING_EXPIRATION":
		return consentScope(domain.ReportedExpiring, e.ExpiresAt, ""), true
	case "PENDING_DISCONNECT":
		return consentScope(domain.ReportedExpiring, e.DisconnectAt, ""), true
	case permissionRevoked:
		return consentScope(domain.ReportedRevoked, vendorhttp.Text{}, domain.SignalReauth), true
	case "USER_ACCOUNT_REVOKED": // only a pull of everything finds that an account is no longer listed
		return domain.PullScope{Everything: true}, true
	}
	return domain.PullScope{}, false
}

// consentScope returns the pull scope of a webhook event about the consent. The scope contains the new status of the
// consent. A time that cannot be read is left out.
func consentScope(status domain.ConsentStatus, at vendorhttp.Text, signal domain.Signal) domain.PullScope {
	report := domain.ConsentReport{Status: status}
	report.ExpiresAt, _ = domain.ParseConsentTime(at.Value)
	return domain.PullScope{Signal: signal, Consents: []domain.ConsentReport{report}}
}
