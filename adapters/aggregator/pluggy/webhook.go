package pluggy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// createdOverlap is how far before the announced time new rows are read again, because the
// clocks of the vendor's servers differ.
const createdOverlap = 5 * time.Minute

// notification holds the members of a webhook's body that the adapter needs: names, ids and
// dates, never a link.
// Source: docs.pluggy.ai, webhooks.
type notification struct {
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

// Parse parses the body of a webhook. The deduplication key is the eventId, which stays the
// same when the vendor repeats a delivery. Errors: Invalid.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var in notification
	if vendorhttp.Decode(body, &in) != nil {
		return domain.WebhookEvent{}, domain.FieldError("body", "must be a webhook of the vendor")
	}
	if err := in.validate(); err != nil {
		return domain.WebhookEvent{}, err
	}
	event := domain.WebhookEvent{Name: in.Event, ID: in.EventID, DedupKey: in.EventID, AccountRef: in.Item}
	if scopeOf, known := pullScopes[in.Event]; known {
		event.WantsPull, event.Scope = true, scopeOf(in)
	}
	return event, nil
}

// validate refuses names and ids that cannot be stored or sent.
func (n notification) validate() error {
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

// pullScopes maps the name of an event to the scope of the pull that it wants. Other events
// want none. An event without the members that its scope needs wants everything, so that no
// change is missed because of the form of its webhook.
var pullScopes = map[string]func(notification) domain.PullScope{
	"item/created":             func(notification) domain.PullScope { return domain.PullScope{Everything: true} },
	"item/updated":             recoveredScope,
	"item/login_succeeded":     recoveredScope,
	"item/error":               errorScope,
	"item/waiting_user_input":  reauthScope,
	"item/waiting_user_action": reauthScope,
	// The pull finds that the item is deleted, and reports that.
	"item/deleted":         func(notification) domain.PullScope { return domain.PullScope{} },
	"transactions/created": createdScope,
	"transactions/updated": changedScope,
	"transactions/deleted": removedScope,
}

// recoveredScope wants everything. The vendor reached the institution, so the account holder
// has nothing to do.
func recoveredScope(notification) domain.PullScope {
	return domain.PullScope{Everything: true, Signal: domain.SignalRecovered}
}

// errorScope wants a check of the item. It signals that reauthorisation is needed only if the
// account holder can resolve the error.
func errorScope(n notification) domain.PullScope {
	if n.Error != nil && needsReauth[n.Error.Code] {
		return reauthScope(n)
	}
	return domain.PullScope{}
}

// reauthScope signals that the account holder has to act; the pull checks the item.
func reauthScope(notification) domain.PullScope { return domain.PullScope{Signal: domain.SignalReauth} }

// createdScope wants the rows of the account that were created since the announced time.
// The vendor sends no ids here, and its links are not followed.
func createdScope(n notification) domain.PullScope {
	if at, ok := parseTime(n.CreatedFrom); ok && n.Account != "" {
		return domain.PullScope{Created: map[string]time.Time{n.Account: at.Add(-createdOverlap)}}
	}
	if at, ok := parseTime(n.MinDate); ok {
		// a day earlier: the value date may be the day before in São Paulo
		return domain.PullScope{Window: &domain.Window{From: domain.DateOf(at).AddDays(-1)}}
	}
	return domain.PullScope{Everything: true}
}

// changedScope wants the rows by their ids, because a list by creation time does not show an
// edit.
func changedScope(n notification) domain.PullScope {
	if n.Account == "" || len(n.Rows) == 0 {
		return domain.PullScope{Everything: true}
	}
	return domain.PullScope{}.Merge(domain.PullScope{Changed: map[string][]string{n.Account: sortedSet(n.Rows)}})
}

// removedScope trusts the vendor about the rows that it deleted: it needs only their ids, no
// request.
func removedScope(n notification) domain.PullScope {
	if len(n.Rows) == 0 {
		return domain.PullScope{Everything: true}
	}
	return domain.PullScope{}.Merge(domain.PullScope{Removed: n.Rows})
}

// sortedSet returns the ids sorted and without duplicates, so that equal webhooks yield equal
// scopes.
func sortedSet(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// Networks returns the source addresses of Pluggy's webhooks.
// Source: docs.pluggy.ai, Webhooks, and the addresses that its users report, read 2026-11.
// They change without notice, which is why they are a setting.
func Networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, cidr := range []string{"52.67.145.81/32", "177.71.238.212/32"} {
		networks = append(networks, netip.MustParsePrefix(cidr))
	}
	return networks
}
