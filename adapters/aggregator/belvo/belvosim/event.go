package belvosim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Event is a webhook to be told. What is left empty is filled in from the world.
type Event struct {
	// Name is one of [EventNames].
	Name string `json:"event"`
	// LinkID need not be known: link_deleted names one that is gone.
	LinkID string `json:"linkId"`
	// TransactionIDs are the rows of transactions_updated and transactions_deleted;
	// events that announce new rows take their number (none: one).
	TransactionIDs []string `json:"transactionIds"`
	// WebhookID is 32 hex digits; empty draws one.
	WebhookID string `json:"webhookId"`
	// RequestID is a UUID; empty draws one. CONSENT events have none.
	RequestID string `json:"requestId"`
	// Raw is posted as it is, in place of all above.
	Raw []byte `json:"-"`
}

// payload is the vendor's envelope.
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

// eventKind says how the events of one name look.
type eventKind struct {
	webhookType string
	code        string
	processType string // empty leaves the member out
	data        func(l *link, ids []string) any
}

const (
	historical = "historical_update"
	recurrent  = "recurrent_update"
)

// eventKinds holds every event by its name: type and code, where those are not enough
// with a word more.
var eventKinds = map[string]eventKind{
	"ACCOUNTS/historical_update":                  {"ACCOUNTS", historical, historical, func(l *link, _ []string) any { return counted("total_accounts", len(l.accounts)) }},
	"ACCOUNTS/new_accounts_available":             {"ACCOUNTS", "new_accounts_available", recurrent, newOnes("new_accounts")},
	"OWNERS/historical_update":                    {"OWNERS", historical, historical, func(*link, []string) any { return counted("total_owners", 1) }},
	"OWNERS/new_owners_available":                 {"OWNERS", "new_owners_available", recurrent, newOnes("new_owners")},
	"BILLS/historical_update":                     {"BILLS", historical, historical, func(*link, []string) any { return counted("total_bills", 2) }},
	"TRANSACTIONS/historical_update":              {"TRANSACTIONS", historical, historical, func(l *link, _ []string) any { return summarise(l) }},
	"TRANSACTIONS/historical_update_errors":       {"TRANSACTIONS", historical, historical, func(*link, []string) any { return collectionFailed }},
	"TRANSACTIONS/new_transactions_available":     {"TRANSACTIONS", "new_transactions_available", recurrent, newOnes("new_transactions")},
	"TRANSACTIONS/transactions_updated":           {"TRANSACTIONS", "transactions_updated", recurrent, named("updated_transactions")},
	"TRANSACTIONS/transactions_deleted":           {"TRANSACTIONS", "transactions_deleted", recurrent, named("deleted_transactions")},
	"LINK/invalid_credentials":                    {"LINK", "invalid_credentials", recurrent, loginFailed("login_error", "Invalid credentials provided to login to the institution", 400)},
	"LINK/token_required":                         {"LINK", "token_required", recurrent, loginFailed("token_required", "A MFA token is required by the institution to login", 428)},
	"LINK/link_deleted":                           {"LINK", "link_deleted", "", func(*link, []string) any { return struct{}{} }},
	"CONSENT/openfinance_consent_expired":         {"CONSENT", "openfinance_consent_expired", recurrent, consent("")},
	"CONSENT/consent_expired":                     {"CONSENT", "consent_expired", "", consent("")},
	"CONSENT/openfinance_consent_about_to_expire": {"CONSENT", "openfinance_consent_about_to_expire", recurrent, consent("2026-12-26T10:45:58.000Z")},
}

// EventNames returns the names of all events, sorted.
func EventNames() []string { return slices.Sorted(maps.Keys(eventKinds)) }

// Payload is the body of an event as the world stands now, empty members filled in.
// An unknown name is an error.
func (s *Simulator) Payload(e Event) ([]byte, error) {
	if e.Raw != nil {
		return e.Raw, nil
	}
	kind, known := eventKinds[e.Name]
	if !known {
		return nil, fmt.Errorf("belvosim: no event %q", e.Name)
	}
	p := payload{
		WebhookID:   cmp.Or(e.WebhookID, s.newHex()),
		WebhookType: kind.webhookType,
		ProcessType: kind.processType,
		WebhookCode: kind.code,
		LinkID:      e.LinkID,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := cmp.Or(s.links[e.LinkID], &link{})
	p.Data = kind.data(l, e.TransactionIDs)
	// A consent is nobody's request and nobody's user.
	if kind.webhookType != "CONSENT" {
		p.RequestID, p.ExternalID = cmp.Or(e.RequestID, s.newID()), l.ExternalID
	}
	return json.Marshal(p)
}

func counted(member string, count int) map[string]int { return map[string]int{member: count} }

func newOnes(member string) func(*link, []string) any {
	return func(_ *link, ids []string) any { return counted(member, max(1, len(ids))) }
}

// named lists the rows that changed; never null.
func named(member string) func(*link, []string) any {
	return func(_ *link, ids []string) any {
		return map[string]any{"count": len(ids), member: append([]string{}, ids...)}
	}
}

var collectionFailed = map[string]any{"errors": []map[string]string{
	{"code": "institution_unavailable", "message": "The financial institution is unavailable"},
}}

func loginFailed(code, message string, status int) func(*link, []string) any {
	return func(*link, []string) any {
		return map[string]any{"error_code": code, "error_message": message, "status": status}
	}
}

// consent speaks of one fixed consent; due is absent when empty.
func consent(due string) func(*link, []string) any {
	return func(l *link, _ []string) any {
		data := map[string]any{
			"consent_id": "7b1f4c02-6d0e-4a57-9a43-0c8d5e2f9b61", "action": "renew",
			"institution": l.Institution, "institution_display_name": l.Institution,
			"institution_icon_logo": "https://logo.example.test/bank.png",
		}
		if due != "" {
			data["consent_due_date"] = due
		}
		return data
	}
}

// history is the data of the first complete collection.
type history struct {
	Total    int     `json:"total_transactions"`
	Inflows  int     `json:"total_inflow_transactions"`
	Outflows int     `json:"total_outflow_transactions"`
	First    *string `json:"first_transaction_date"`
	Last     *string `json:"last_transaction_date"`
}

// summarise counts a link's rows; rows without a type are in the total only.
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
