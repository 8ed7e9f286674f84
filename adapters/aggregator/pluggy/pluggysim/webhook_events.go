package pluggysim

import (
	"encoding/json"
	"fmt"
	"slices"
)

// EventNames are the names of the vendor's events that concern data. POST /webhooks accepts one of these
// names, or "all".
var EventNames = []string{
	"item/created", "item/updated", "item/error", "item/deleted", "item/waiting_user_input",
	"item/waiting_user_action", "item/login_succeeded", "connector/status_updated",
	"transactions/created", "transactions/updated", "transactions/deleted",
}

// Event is a webhook to be sent. Empty members are filled in: ID is random, TriggeredBy is the usual value for the
// event, and ItemID is the id of the account's item.
type Event struct {
	Name        string `json:"event"`
	ID          string `json:"eventId"` // the receiver's deduplication key
	ItemID      string `json:"itemId"`
	AccountID   string `json:"accountId"` // required in transactions/* events
	TriggeredBy string `json:"triggeredBy"`
	// TransactionIDs are the ids of the rows. nil means all changes of this kind in the account that no webhook has
	// announced yet.
	TransactionIDs  []string `json:"transactionIds"`
	ConnectorID     int      `json:"connectorId"`     // in connector/status_updated; zero means 2
	ConnectorStatus string   `json:"connectorStatus"` // in connector/status_updated; empty means ONLINE
	// Raw, if not nil, is sent unchanged as the body. Then all members above are ignored.
	Raw []byte `json:"-"`
}

// payload contains the members of all events, in the vendor's order. nil and empty members are omitted.
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

// usualTriggers maps the name of an event to its usual triggeredBy. Events that are not in the map have no
// triggeredBy.
var usualTriggers = map[string]string{
	"item/created": "USER", "item/updated": "SYNC", "item/error": "SYNC", "item/login_succeeded": "SYNC",
	"item/waiting_user_input": "CLIENT", "item/waiting_user_action": "CLIENT",
	"transactions/created": "SYNC", "transactions/updated": "SYNC",
}

// Payload returns the body of the event, with every empty member filled in.
//
// A transactions/* event without TransactionIDs announces the changes that were not announced before. Each change is
// announced only once, even if the webhook is not delivered.
//
// An unknown event name is an error. The error is ErrNotFound for a transactions/* event about an unknown account.
func (s *Simulator) Payload(event Event) ([]byte, error) {
	if event.Raw != nil {
		return event.Raw, nil
	}
	if !slices.Contains(EventNames, event.Name) {
		return nil, fmt.Errorf("pluggysim: no event %q", event.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	setDefault(&event.ID, s.newID())
	p := payload{Event: event.Name, EventID: event.ID}
	if _, ok := usualTriggers[event.Name]; ok {
		setDefault(&event.TriggeredBy, usualTriggers[event.Name])
		p.TriggeredBy = event.TriggeredBy
	}
	switch event.Name {
	case "connector/status_updated":
		setDefault(&event.ConnectorID, 2)
		setDefault(&event.ConnectorStatus, "ONLINE")
		p.ConnectorID, p.Data = event.ConnectorID, &connectorStatus{event.ConnectorStatus}
	case "transactions/created", "transactions/updated", "transactions/deleted":
		if err := s.setTransactions(&p, event); err != nil {
			return nil, err
		}
	default:
		s.setItem(&p, event.ItemID)
	}
	return json.Marshal(p)
}

// setItem sets the members that describe the item. It accepts an unknown id, because an event can announce that an item
// was deleted.
func (s *Simulator) setItem(p *payload, id string) {
	i := s.store.items[id]
	p.ItemID, p.ClientUserID = id, &i.ClientUserID
	if p.Event != "item/error" {
		return
	}
	p.Error = &payloadError{Code: "UNEXPECTED_ERROR", Message: "The institution did not answer as expected"}
	if i.Error != nil {
		p.Error = &payloadError{Code: i.Error.Code, Message: i.Error.Message}
	}
}

func (s *Simulator) setTransactions(p *payload, event Event) error {
	l, ok := s.store.accounts[event.AccountID]
	if !ok {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	setDefault(&event.ItemID, l.ItemID)
	s.setItem(p, event.ItemID)
	p.AccountID = l.ID
	ids := event.TransactionIDs
	if ids == nil {
		ids = take(l.pending.forEvent(event.Name))
	}
	n := len(ids)
	p.Count = &n
	if event.Name == "transactions/created" {
		s.setCreated(p, ids)
		return nil
	}
	p.IDs, p.ClientID = ids, s.store.items[event.ItemID].ClientID
	return nil
}

// setCreated sets the members of a transactions/created event: the earliest dates of the new rows, and the links to the
// rows. The vendor sends no ids in such an event.
func (s *Simulator) setCreated(p *payload, ids []string) {
	now := At(s.opt.Now())
	date, created := now, now
	for i, id := range ids {
		t, ok := s.store.rows[id]
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

// Pending returns the transactions/* events that announce the pending changes of an item. They are sorted by account,
// in the order in which the accounts were added. For each account, deleted rows come first, then created rows, then
// updated rows. The changes stay pending until the events are sent.
func (s *Simulator) Pending(itemID string) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Event
	for _, id := range s.store.accountIDs[itemID] {
		for _, name := range []string{"transactions/deleted", "transactions/created", "transactions/updated"} {
			if len(s.store.accounts[id].pending.forEvent(name)) > 0 {
				out = append(out, Event{Name: name, ItemID: itemID, AccountID: id})
			}
		}
	}
	return out
}
