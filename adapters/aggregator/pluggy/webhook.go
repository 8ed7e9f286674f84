package pluggy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// createdOverlap is subtracted from the announced creation time of the new rows. Rows that were
// created in this period are read again, because the clocks of the vendor's servers may differ.
const createdOverlap = 5 * time.Minute

// notification contains the members of a webhook's body that the adapter needs: names, ids and dates. It does not
// contain the links that a webhook's body may have.
// Source: docs.pluggy.ai, webhooks.
type notification struct {
	Event       string              `json:"event"`
	EventID     vendorhttp.Text     `json:"eventId"`
	Item        vendorhttp.Text     `json:"itemId"`
	Account     vendorhttp.Text     `json:"accountId"`
	User        vendorhttp.Text     `json:"clientUserId"`
	CreatedFrom vendorhttp.Text     `json:"transactionsCreatedAtFrom"`
	MinDate     vendorhttp.Text     `json:"transactionsMinDate"`
	Count       vendorhttp.Count    `json:"transactionsCount"`
	Rows        vendorhttp.TextList `json:"transactionIds"`
	Error       *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// Parse parses the body of a webhook. The deduplication key is the eventId, which is the same in every repetition of a
// delivery.
//
// If an id or a date is unreadable, Parse does not know which rows have changed. The returned event then requests a
// pull that reads everything.
//
// Errors: Invalid if the body is not JSON in the form of a webhook, or does not name an event.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var in notification
	halved, err := vendorhttp.DecodeWebhook(body, &in)
	if err != nil {
		return domain.WebhookEvent{}, domain.FieldError("body", "must be a webhook of the vendor")
	}
	if !validID(in.Event) {
		return domain.WebhookEvent{}, domain.FieldError("event", "must name an event")
	}
	odd := in.dropOddMembers() || halved
	event := domain.WebhookEvent{
		Name: in.Event, ID: in.EventID.Value, DedupKey: in.EventID.Value, AccountRef: in.Item.Value,
		LinkSession: domain.LinkSessionIn(in.User.Value),
	}
	if scopeOf, known := pullScopes[in.Event]; known {
		event.WantsPull, event.Scope = true, scopeOf(in)
		if len(event.Scope.Removed) > 0 {
			event.RemovedIn = in.Account.Value
		}
		if odd {
			event.Scope = event.Scope.Merge(domain.PullScope{Everything: true})
		}
	}
	return event, nil
}

// dropOddMembers clears the ids that cannot be stored or sent, and the dates that cannot be read. It
// reports whether any of them was cleared.
func (n *notification) dropOddMembers() bool {
	odd := false
	for _, id := range []*vendorhttp.Text{&n.EventID, &n.Item, &n.Account} {
		id.Check(validID)
		odd = odd || id.Odd
	}
	for _, at := range []*vendorhttp.Text{&n.CreatedFrom, &n.MinDate} {
		at.Check(func(text string) bool {
			_, ok := parseTime(text)
			return ok
		})
		odd = odd || at.Odd
	}
	n.Rows.Check(validID)
	return odd || n.Rows.Odd
}

// pullScopes maps the name of a webhook event to a function that returns its pull scope, which is the data that must
// be read after the event. An event that is not in the map requires no pull. If the members that determine the scope
// are missing, the scope is everything that the vendor has.
var pullScopes = map[string]func(notification) domain.PullScope{
	"item/created":             func(notification) domain.PullScope { return domain.PullScope{Everything: true} },
	"item/updated":             updatedScope,
	"item/login_succeeded":     recoveredScope,
	"item/error":               errorScope,
	"item/waiting_user_input":  reauthScope,
	"item/waiting_user_action": reauthScope,
	// The pull finds and reports that the item no longer exists.
	"item/deleted":         func(notification) domain.PullScope { return domain.PullScope{} },
	"transactions/created": createdScope,
	"transactions/updated": changedScope,
	"transactions/deleted": removedScope,
}

// recoveredScope returns a pull scope that covers everything. The scope also signals that the account holder does not
// have to act any more, because the vendor has reached the institution.
func recoveredScope(notification) domain.PullScope {
	return domain.PullScope{Everything: true, Signal: domain.SignalRecovered}
}

// updatedScope returns the pull scope of the event that the vendor has synchronised. The vendor sends it several times
// a day, and reads the bills at most once a day.
func updatedScope(n notification) domain.PullScope {
	scope := recoveredScope(n)
	scope.Bills = domain.BillsDaily
	return scope
}

// errorScope returns the pull scope of a webhook event about an error. The pull only checks the item. If only the
// account holder can solve the problem, the scope also signals that reauthorisation is needed. What another code means,
// or an error without one, only the item tells. An item that waits for a device needs no sign-in.
func errorScope(n notification) domain.PullScope {
	if n.Error != nil && needsReauth[n.Error.Code] {
		return reauthScope(n)
	}
	if n.Error != nil && n.Error.Code == devicePending {
		return domain.PullScope{Signal: domain.SignalDevice}
	}
	return domain.PullScope{Problem: true}
}

// reauthScope returns the pull scope of a webhook event that asks the account holder to act. The pull only checks the
// item.
func reauthScope(notification) domain.PullScope { return domain.PullScope{Signal: domain.SignalReauth} }

// createdScope returns a scope for the account's new rows: all rows created since the announced time. The scope also
// contains the announced number of new rows. The event has no ids of the rows. Its links to the rows are not used.
func createdScope(n notification) domain.PullScope {
	if at, ok := parseTime(n.CreatedFrom.Value); ok && n.Account.Value != "" {
		scope := domain.PullScope{Created: map[string]time.Time{n.Account.Value: at.Add(-createdOverlap)}}
		count := domain.AnnouncedCount{Account: n.Account.Value, From: at, Count: int(n.Count)}
		if count.Valid() {
			scope.Announced = []domain.AnnouncedCount{count}
		}
		return scope
	}
	if at, ok := parseTime(n.MinDate.Value); ok {
		// The window starts a day earlier, because in São Paulo the value date may be the day
		// before.
		return domain.PullScope{Window: &domain.Window{From: domain.DateOf(at).AddDays(-1)}}
	}
	return domain.PullScope{Everything: true}
}

// changedScope returns a scope that names the changed rows by their ids. The changed rows cannot be read from a list by
// creation time, because an edit does not change the creation time.
func changedScope(n notification) domain.PullScope {
	if n.Account.Value == "" || len(n.Rows.Values) == 0 {
		return domain.PullScope{Everything: true}
	}
	changed := map[string][]string{n.Account.Value: sortedSet(n.Rows.Values)}
	return domain.PullScope{}.Merge(domain.PullScope{Changed: changed})
}

// removedScope returns a scope that names the rows that the vendor has deleted. The rows are marked as removed without
// a request to the vendor, because the webhook contains their ids.
func removedScope(n notification) domain.PullScope {
	if len(n.Rows.Values) == 0 {
		return domain.PullScope{Everything: true}
	}
	return domain.PullScope{}.Merge(domain.PullScope{Removed: n.Rows.Values})
}

// sortedSet returns the ids sorted and without duplicates, so that two webhooks about the same rows
// result in equal scopes.
func sortedSet(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// Networks returns the source addresses of Pluggy's webhooks. The addresses change without notice; therefore a setting
// can replace them.
//
// Sources (as of 2026-11): docs.pluggy.ai (Webhooks), and the addresses that users of Pluggy report.
func Networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, cidr := range []string{"52.67.145.81/32", "177.71.238.212/32"} {
		networks = append(networks, netip.MustParsePrefix(cidr))
	}
	return networks
}
