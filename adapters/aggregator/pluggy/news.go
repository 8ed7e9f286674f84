package pluggy

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// news says what each event asks for. Events without a line ask for nothing. An event
// that lacks what its ask needs asks for everything: news is never lost for its form.
var news = map[string]func(notice) domain.PullScope{
	"item/created":             func(notice) domain.PullScope { return domain.PullScope{Everything: true} },
	"item/updated":             recovered,
	"item/login_succeeded":     recovered,
	"item/error":               troubled,
	"item/waiting_user_input":  func(notice) domain.PullScope { return domain.PullScope{Signal: domain.SignalReauth} },
	"item/waiting_user_action": func(notice) domain.PullScope { return domain.PullScope{Signal: domain.SignalReauth} },
	// The pull finds that the item is gone, and says so.
	"item/deleted":         func(notice) domain.PullScope { return domain.PullScope{} },
	"transactions/created": created,
	"transactions/updated": changed,
	"transactions/deleted": removed,
}

// recovered: the vendor reached the institution, so the holder has nothing to do.
func recovered(notice) domain.PullScope {
	return domain.PullScope{Everything: true, Signal: domain.SignalRecovered}
}

// troubled asks for a look at the item; the holder is called for only where the error is
// one that the holder can mend.
func troubled(n notice) domain.PullScope {
	if n.Error != nil && holderMustAct[n.Error.Code] {
		return domain.PullScope{Signal: domain.SignalReauth}
	}
	return domain.PullScope{}
}

// created asks for what is new in the account since the announced instant. The vendor
// sends no ids here, and its links are not followed.
func created(n notice) domain.PullScope {
	if at, ok := parseTime(n.CreatedFrom); ok && n.Account != "" {
		return domain.PullScope{Created: map[string]time.Time{n.Account: at.Add(-overlap)}}
	}
	if at, ok := parseTime(n.MinDate); ok {
		// a day earlier: the value date may be the day before in São Paulo
		return domain.PullScope{Window: &domain.Window{From: domain.DateOf(at).AddDays(-1)}}
	}
	return domain.PullScope{Everything: true}
}

// changed asks for the named rows: a list by creation does not show an edit.
func changed(n notice) domain.PullScope {
	if n.Account == "" || len(n.Rows) == 0 {
		return domain.PullScope{Everything: true}
	}
	return domain.PullScope{}.Merge(domain.PullScope{Changed: map[string][]string{n.Account: set(n.Rows)}})
}

// removed takes the vendor's word. Only ids are needed, no call.
func removed(n notice) domain.PullScope {
	if len(n.Rows) == 0 {
		return domain.PullScope{Everything: true}
	}
	return domain.PullScope{}.Merge(domain.PullScope{Removed: n.Rows})
}

// set is sorted and without doubles, so that the same news gives the same ask.
func set(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }
