package pluggy

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// overlap is how far before the announced instant new rows are read again: the vendor's
// clocks are several.
const overlap = 5 * time.Minute

// notice is what is taken from a webhook's body: names, ids and dates, never a link.
// Source: docs.pluggy.ai, webhooks.
type notice struct {
	Event       string   `json:"event"`
	EventID     string   `json:"eventId"`
	Item        string   `json:"itemId"`
	Account     string   `json:"accountId"`
	CreatedFrom string   `json:"transactionsCreatedAtFrom"`
	MinDate     string   `json:"transactionsMinDate"`
	Rows        []string `json:"transactionIds"`
	Error       *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// Parse reads a webhook's body. An event is told apart by its eventId, which stays the
// same over the vendor's repeats.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var in notice
	if vendorhttp.Decode(body, &in) != nil {
		return domain.WebhookEvent{}, domain.FieldError("body", "must be a webhook of the vendor")
	}
	if err := in.check(); err != nil {
		return domain.WebhookEvent{}, err
	}
	event := domain.WebhookEvent{Name: in.Event, ID: in.EventID, DedupKey: in.EventID, AccountRef: in.Item}
	if read, known := news[in.Event]; known {
		event.WantsPull, event.Scope = true, read(in)
	}
	return event, nil
}

// check refuses names and ids that could not be stored or sent.
func (n notice) check() error {
	if !validID(n.Event) {
		return domain.FieldError("event", "must name an event")
	}
	for field, id := range map[string]string{"eventId": n.EventID, "itemId": n.Item, "accountId": n.Account} {
		if id != "" && !validID(id) {
			return domain.FieldError(field, "must be an id")
		}
	}
	for _, id := range n.Rows {
		if !validID(id) {
			return domain.FieldError("transactionIds", "must be ids")
		}
	}
	return nil
}
