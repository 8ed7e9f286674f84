package pluggysim

import (
	"encoding/json"
	"fmt"
	"slices"
)

// EventNames are the events of the vendor that concern data; POST /webhooks takes one of them, or all.
var EventNames = []string{
	"item/created", "item/updated", "item/error", "item/deleted", "item/waiting_user_input",
	"item/waiting_user_action", "item/login_succeeded", "connector/status_updated",
	"transactions/created", "transactions/updated", "transactions/deleted",
}

// Event is a webhook to be told. What is left empty is filled from the world: ID is drawn, TriggeredBy is the
// event's usual one, ItemID that of the account.
type Event struct {
	Name        string `json:"event"`
	ID          string `json:"eventId"` // the receiver's dedupe key
	ItemID      string `json:"itemId"`
	AccountID   string `json:"accountId"` // required by transactions/*
	TriggeredBy string `json:"triggeredBy"`
	// TransactionIDs names the rows; nil: what changed since the last webhook of this kind for the account.
	TransactionIDs  []string `json:"transactionIds"`
	ConnectorID     int      `json:"connectorId"`     // connector/status_updated; zero: 2
	ConnectorStatus string   `json:"connectorStatus"` // connector/status_updated; empty: ONLINE
	// Raw is posted as it is, in place of all above.
	Raw []byte `json:"-"`
}

// payload holds the members of all events in the vendor's order; nil and empty ones are left out.
type payload struct {
	Event        string           `json:"event"`
	EventID      string           `json:"eventId"`
	ConnectorID  int              `json:"connectorId,omitempty"`
	Data         *connectorStatus `json:"data,omitempty"`
	ItemID       string           `json:"itemId,omitempty"`
	AccountID    string           `json:"accountId,omitempty"`
	ClientID     string           `json:"clientId,omitempty"`
	ClientUserID *Text            `json:"clientUserId,omitempty"`
	TriggeredBy  string           `json:"triggeredBy,omitempty"`
	Error        *payloadError    `json:"error,omitempty"`
	Count        *int             `json:"transactionsCount,omitempty"`
	MinDate      *Time            `json:"transactionsMinDate,omitempty"`
	CreatedFrom  *Time            `json:"transactionsCreatedAtFrom,omitempty"`
	Link         string           `json:"createdTransactionsLink,omitempty"`
	LinkV2       string           `json:"createdTransactionsLinkV2,omitempty"`
	IDs          []string         `json:"transactionIds,omitempty"`
}

type connectorStatus struct {
	Status string `json:"status"`
}

type payloadError struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Parameter Text   `json:"parameter"`
}

// triggers is who the vendor usually names; events without a line carry no triggeredBy.
var triggers = map[string]string{
	"item/created": "USER", "item/updated": "SYNC", "item/error": "SYNC", "item/login_succeeded": "SYNC",
	"item/waiting_user_input": "CLIENT", "item/waiting_user_action": "CLIENT",
	"transactions/created": "SYNC", "transactions/updated": "SYNC",
}

// Payload is the body of the event, with every empty member filled in. Of transactions/* without TransactionIDs it
// takes the changes since the last time: told once, delivered or not. An unknown name, or a transactions event of
// an unknown account (ErrNotFound), is an error.
func (s *Simulator) Payload(e Event) ([]byte, error) {
	if e.Raw != nil {
		return e.Raw, nil
	}
	if !slices.Contains(EventNames, e.Name) {
		return nil, fmt.Errorf("pluggysim: no event %q", e.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	orElse(&e.ID, s.newID())
	p := payload{Event: e.Name, EventID: e.ID}
	if _, ok := triggers[e.Name]; ok {
		orElse(&e.TriggeredBy, triggers[e.Name])
		p.TriggeredBy = e.TriggeredBy
	}
	switch e.Name {
	case "connector/status_updated":
		orElse(&e.ConnectorID, 2)
		orElse(&e.ConnectorStatus, "ONLINE")
		p.ConnectorID, p.Data = e.ConnectorID, &connectorStatus{e.ConnectorStatus}
	case "transactions/created", "transactions/updated", "transactions/deleted":
		if err := s.tellRows(&p, e); err != nil {
			return nil, err
		}
	default:
		s.tellItem(&p, e.ItemID)
	}
	return json.Marshal(p)
}

// tellItem names an item, known or not: item/deleted names one that is gone.
func (s *Simulator) tellItem(p *payload, id string) {
	i := s.world.items[id]
	p.ItemID, p.ClientUserID = id, &i.ClientUserID
	if p.Event != "item/error" {
		return
	}
	p.Error = &payloadError{Code: "UNEXPECTED_ERROR", Message: "The institution did not answer as expected"}
	if i.Error != nil {
		p.Error = &payloadError{Code: i.Error.Code, Message: i.Error.Message}
	}
}

func (s *Simulator) tellRows(p *payload, e Event) error {
	l, ok := s.world.ledgers[e.AccountID]
	if !ok {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	orElse(&e.ItemID, l.ItemID)
	s.tellItem(p, e.ItemID)
	p.AccountID = l.ID
	ids := e.TransactionIDs
	if ids == nil {
		ids = take(l.pending.of(e.Name))
	}
	n := len(ids)
	p.Count = &n
	if e.Name == "transactions/created" {
		s.tellCreated(p, ids)
		return nil
	}
	p.IDs, p.ClientID = ids, s.world.items[e.ItemID].ClientID
	return nil
}

// tellCreated says since when to look: the vendor sends dates and links, not ids.
func (s *Simulator) tellCreated(p *payload, ids []string) {
	now := At(s.opt.Now())
	date, created := now, now
	for i, id := range ids {
		t, ok := s.world.rows[id]
		if !ok {
			continue
		}
		if i == 0 || t.Date.Before(date.Time) {
			date = t.Date
		}
		if i == 0 || t.CreatedAt.Before(created.Time) {
			created = t.CreatedAt
		}
	}
	p.MinDate, p.CreatedFrom = &date, &created
	query := "?accountId=" + p.AccountID + "&createdAtFrom=" + created.String()
	p.Link = s.opt.PublicURL + "/transactions" + query
	p.LinkV2 = s.opt.PublicURL + "/v2/transactions" + query
}

// Pending lists the transactions events an item's accounts have to tell, accounts in the order they were added:
// deleted, then created, then updated. It takes nothing; sending them does.
func (s *Simulator) Pending(itemID string) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Event
	for _, id := range s.world.ofItem[itemID] {
		for _, name := range []string{"transactions/deleted", "transactions/created", "transactions/updated"} {
			if len(s.world.ledgers[id].pending.of(name)) > 0 {
				out = append(out, Event{Name: name, ItemID: itemID, AccountID: id})
			}
		}
	}
	return out
}
