package belvosim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Event describes a webhook to be sent. Empty members are filled in, from the simulator's data or
// at random.
type Event struct {
	// Name is one of [EventNames].
	Name string `json:"event"`
	// LinkID is the id of the link. The link need not exist: link_deleted names a removed link.
	LinkID string `json:"linkId"`
	// TransactionIDs are the ids that transactions_updated and transactions_deleted contain. Events that announce new
	// rows contain no ids, but only a number of rows: the length of TransactionIDs, or 1 if TransactionIDs is empty.
	TransactionIDs []string `json:"transactionIds"`
	// WebhookID consists of 32 hex digits; if it is empty, a random id is sent.
	WebhookID string `json:"webhookId"`
	// RequestID is a UUID; if it is empty, a random UUID is sent. CONSENT events have no request
	// id.
	RequestID string `json:"requestId"`
	// ConsentID is the consent_id of CONSENT events. If it is empty, a fixed id is sent. ConsentDue is the
	// consent_due_date of these events. If ConsentDue is empty, only openfinance_consent_about_to_expire and
	// openfinance_consent_expiration_changed have a due date.
	ConsentID  string `json:"consentId"`
	ConsentDue string `json:"consentDue"`
	// Raw, if not nil, is posted unchanged as the body, and all members above are ignored.
	Raw []byte `json:"-"`
}

// payload is the JSON object that is the body of each of the vendor's webhooks.
type payload struct {
	WebhookID   string  `json:"webhook_id"`
	WebhookType string  `json:"webhook_type"`
	ProcessType string  `json:"process_type,omitempty"`
	WebhookCode string  `json:"webhook_code"`
	LinkID      string  `json:"link_id"`
	RequestID   string  `json:"request_id,omitempty"`
	ExternalID  *string `json:"external_id"`
	Data        any     `json:"data"`
}

// eventKind describes the payload of all events with the same name.
type eventKind struct {
	webhookType string
	code        string
	processType string // if empty, the payload has no such member
	data        func(l *link, ids []string) any
}

const (
	historical = "historical_update"
	recurrent  = "recurrent_update"
)

// eventKinds maps the name of every event to its description. A name consists of the type, the code and, if two kinds
// of event have the same type and code, a suffix.
var eventKinds = map[string]eventKind{
	"ACCOUNTS/historical_update": {
		"ACCOUNTS", historical, historical,
		func(l *link, _ []string) any { return countOf("total_accounts", len(l.accounts)) },
	},
	"ACCOUNTS/new_accounts_available": {
		"ACCOUNTS", "new_accounts_available", recurrent, newRows("new_accounts"),
	},
	"OWNERS/historical_update": {
		"OWNERS", historical, historical, func(*link, []string) any { return countOf("total_owners", 1) },
	},
	"OWNERS/new_owners_available": {"OWNERS", "new_owners_available", recurrent, newRows("new_owners")},
	"BILLS/historical_update": {
		"BILLS", historical, historical, func(*link, []string) any { return countOf("total_bills", 2) },
	},
	"BILLS/new_bills_available": {"BILLS", "new_bills_available", recurrent, newRows("new_bills")},
	"TRANSACTIONS/historical_update": {
		"TRANSACTIONS", historical, historical, func(l *link, _ []string) any { return summarise(l) },
	},
	"TRANSACTIONS/historical_update_errors": {
		"TRANSACTIONS", historical, historical, func(*link, []string) any { return collectionFailed },
	},
	"TRANSACTIONS/new_transactions_available": {
		"TRANSACTIONS", "new_transactions_available", recurrent, newRows("new_transactions"),
	},
	"TRANSACTIONS/transactions_updated": {
		"TRANSACTIONS", "transactions_updated", recurrent, changedRows("updated_transactions"),
	},
	"TRANSACTIONS/transactions_deleted": {
		"TRANSACTIONS", "transactions_deleted", recurrent, changedRows("deleted_transactions"),
	},
	"LINK/invalid_credentials": {
		"LINK", "invalid_credentials", recurrent,
		loginFailure("login_error", "Invalid credentials provided to login to the institution", 400),
	},
	"LINK/token_required": {
		"LINK", "token_required", recurrent,
		loginFailure("token_required", "A MFA token is required by the institution to login", 428),
	},
	"LINK/link_deleted": {
		"LINK", "link_deleted", "", func(*link, []string) any { return struct{}{} },
	},
	"CONSENT/openfinance_consent_expired": {
		"CONSENT", "openfinance_consent_expired", recurrent, consentData(""),
	},
	"CONSENT/consent_expired": {"CONSENT", "consent_expired", "", consentData("")},
	"CONSENT/openfinance_consent_about_to_expire": {
		"CONSENT", "openfinance_consent_about_to_expire", recurrent, consentData("2026-12-26T10:45:58.000Z"),
	},
	"CONSENT/openfinance_consent_expiration_changed": {
		"CONSENT", "openfinance_consent_expiration_changed", recurrent, consentData("2027-10-26T10:45:58.000Z"),
	},
}

// EventNames returns the names of all events, sorted.
func EventNames() []string { return slices.Sorted(maps.Keys(eventKinds)) }

// Payload returns the body of an event, built from the current data, with empty members filled in.
// An unknown event name is an error.
func (s *Simulator) Payload(e Event) ([]byte, error) {
	if e.Raw != nil {
		return e.Raw, nil
	}
	kind, exists := eventKinds[e.Name]
	if !exists {
		return nil, fmt.Errorf("belvosim: no event %q", e.Name)
	}
	p := payload{
		WebhookID:   cmp.Or(e.WebhookID, s.newHexID()),
		WebhookType: kind.webhookType,
		ProcessType: kind.processType,
		WebhookCode: kind.code,
		LinkID:      e.LinkID,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := cmp.Or(s.links[e.LinkID], &link{})
	p.Data = kind.data(l, e.TransactionIDs)
	if consent, ok := p.Data.(map[string]any); ok && kind.webhookType == "CONSENT" {
		e.fillConsent(consent)
	}
	// A CONSENT event has neither a request id nor the external id of the user.
	if kind.webhookType != "CONSENT" {
		p.RequestID, p.ExternalID = cmp.Or(e.RequestID, s.newID()), l.ExternalID
	}
	return json.Marshal(p)
}

// fillConsent overwrites the consent_id and the due date in the data of a CONSENT event, if e
// contains values for them.
func (e Event) fillConsent(data map[string]any) {
	if e.ConsentID != "" {
		data["consent_id"] = e.ConsentID
	}
	if e.ConsentDue != "" {
		data["consent_due_date"] = e.ConsentDue
	}
}

func countOf(member string, count int) map[string]int { return map[string]int{member: count} }

func newRows(member string) func(*link, []string) any {
	return func(_ *link, ids []string) any { return countOf(member, max(1, len(ids))) }
}

// changedRows returns a data function (see [eventKind]) for an event about changed rows. The data consists of the
// number of rows and a list of their ids. The argument member is the JSON name of the list. The list is never null.
func changedRows(member string) func(*link, []string) any {
	return func(_ *link, ids []string) any {
		return map[string]any{"count": len(ids), member: append([]string{}, ids...)}
	}
}

var collectionFailed = map[string]any{"errors": []map[string]string{
	{"code": "institution_unavailable", "message": "The financial institution is unavailable"},
}}

func loginFailure(code, message string, status int) func(*link, []string) any {
	return func(*link, []string) any {
		return map[string]any{"error_code": code, "error_message": message, "status": status}
	}
}

// consentData returns a data function (see [eventKind]) for an event about a consent. The consent is always the same,
// except for its due date. If dueDate is empty, the data contains no due date.
func consentData(dueDate string) func(*link, []string) any {
	return func(l *link, _ []string) any {
		data := map[string]any{
			"consent_id": "7b1f4c02-6d0e-4a57-9a43-0c8d5e2f9b61", "action": "renew",
			"institution": l.Institution, "institution_display_name": l.Institution,
			"institution_icon_logo": "https://logo.example.test/bank.png",
		}
		if dueDate != "" {
			data["consent_due_date"] = dueDate
		}
		return data
	}
}

// history is the data of the event that the vendor sends when it has first collected all rows of a link.
type history struct {
	Total    int     `json:"total_transactions"`
	Inflows  int     `json:"total_inflow_transactions"`
	Outflows int     `json:"total_outflow_transactions"`
	First    *string `json:"first_transaction_date"`
	Last     *string `json:"last_transaction_date"`
}

// summarise returns the counts and the dates of a link's rows. Rows without a type are counted
// only in the total.
func summarise(l *link) history {
	sum := history{Total: len(l.rows)}
	for _, r := range l.rows {
		switch deref(r.tx.Type) {
		case "INFLOW":
			sum.Inflows++
		case "OUTFLOW":
			sum.Outflows++
		}
		date := r.tx.ValueDate
		if date == nil {
			continue
		}
		if sum.First == nil || *date < *sum.First {
			sum.First = date
		}
		if sum.Last == nil || *date > *sum.Last {
			sum.Last = date
		}
	}
	return sum
}
