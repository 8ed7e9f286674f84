package books_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

func TestAChangeOfPostedRecordsCounts(t *testing.T) {
	account, other := domain.AccountID{UUID: uuid.UUID{1}}, domain.AccountID{UUID: uuid.UUID{2}}
	state := func(edit func(*books.RecordState)) books.RecordState {
		s := books.RecordState{Account: account, Live: true, RowSHA256: "bytes", CoveredMembers: domain.CoveredMembers{
			Status: "posted", Date: "2026-03-02", Amount: "-10", Currency: "BRL",
		}}
		edit(&s)
		return s
	}
	posted := func(*books.RecordState) {}
	pending := func(s *books.RecordState) { s.Status = "pending" }
	removed := func(s *books.RecordState) { s.Live = false }
	for _, c := range []struct {
		name          string
		before, after func(*books.RecordState) // before is nil for a new record
		want          string
	}{
		{"a new record", nil, posted, "1 2026-03-02"},
		{"a new pending record", nil, pending, ""},
		{"a new removed record", nil, removed, ""},
		{"a record without an account", nil, func(s *books.RecordState) { s.Account = domain.AccountID{} }, ""},
		{"a pending record posts", pending, posted, "1 2026-03-02"},
		{"a posted record is pending again", posted, pending, "1 2026-03-02"},
		{"a pending record changes", pending, func(s *books.RecordState) { s.Status, s.Amount = "pending", "-9" }, ""},
		{"a pending one is removed", pending, func(s *books.RecordState) { s.Status, s.Live = "pending", false }, ""},
		{"a record is removed", posted, removed, "1 2026-03-02"},
		{"a record is restored", removed, posted, "1 2026-03-02"},
		{"a removed record changes", removed, func(s *books.RecordState) { s.Live, s.Amount = false, "-9" }, ""},
		{"another amount", posted, func(s *books.RecordState) { s.Amount = "-9" }, "1 2026-03-02"},
		{"another description", posted, func(s *books.RecordState) { s.RowSHA256 = "other" }, "1 2026-03-02"},
		{"a version that a suggestion made", posted, posted, ""},
		{"an earlier date", posted, func(s *books.RecordState) { s.Date = "2026-02-28" }, "1 2026-03-02, 1 2026-02-28"},
		{"another account", posted, func(s *books.RecordState) { s.Account = other }, "1 2026-03-02, 2 2026-03-02"},
	} {
		var before *books.RecordState
		if c.before != nil {
			s := state(c.before)
			before = &s
		}
		got := ""
		books.PostedChanges(before, state(c.after), func(id domain.AccountID, date domain.Date) {
			if got != "" {
				got += ", "
			}
			got += string('0'+rune(id.UUID[0])) + " " + string(date)
		})
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestChangesOfRecordsAreCombined(t *testing.T) {
	early := books.ChangedRecords{Since: firstReading, First: "2026-03-09"}
	late := books.ChangedRecords{Since: firstReading.Add(time.Minute), First: "2026-03-08"}
	late.Decided = firstReading.Add(time.Minute)
	want := books.ChangedRecords{Since: firstReading, First: "2026-03-08", Decided: late.Decided}
	none := books.ChangedRecords{}
	for i, got := range []books.ChangedRecords{early.And(late), late.And(early), none.And(want), want.And(none)} {
		if got != want {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if !none.And(none).IsZero() || early.IsZero() {
		t.Error("zero")
	}
}

func TestAVerdictDoesNotOutliveItsRecords(t *testing.T) {
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	verdict := books.Completeness{}.After(reading(books.Completeness{}, firstReading, "1100", row))
	at := firstReading.Add(time.Hour)
	verdict = dated(confirmed(verdict), firstReading)
	const day, currency = "2026-03-01", "BRL"
	if verdict.ChangedSince(at) || verdict.BasisAt(at, grace) != books.BasisBaseline ||
		verdict.OutdatedOn("2026-03-31", at) ||
		verdict.StateOfClose(day, currency, domain.Coverage{}, at, grace) != books.Complete {
		t.Errorf("without a change: %v, %s", verdict.ChangedSince(at), verdict.BasisAt(at, grace))
	}
	changed := books.ChangedRecords{Since: at, First: "2026-03-05"}
	for name, c := range map[string]books.Completeness{
		"changed": {Baseline: verdict.Baseline, Last: verdict.Last, AccountReadAt: firstReading, Changed: changed},
		"held":    {Baseline: verdict.Baseline, Last: verdict.Last, AccountReadAt: firstReading, Held: changed},
	} {
		for day, want := range map[domain.Date]bool{"2026-03-04": false, "2026-03-05": true, "2026-03-06": true} {
			if got := c.OutdatedOn(day, at); got != want {
				t.Errorf("%s: outdated on %q: %v", name, day, got)
			}
		}
		if got := c.StateOfClose(day, currency, domain.Coverage{}, at, grace); got != books.Unverified {
			t.Errorf("%s: a close is %s", name, got)
		}
		for after, settled := range map[time.Duration]bool{
			0: true, books.UnsettledAfter - 1: true, books.UnsettledAfter: false,
		} {
			basis, now := books.BasisBaseline, at.Add(after)
			if !settled {
				basis = books.BasisUnsettled
			}
			if c.ChangedSince(now) != settled || c.BasisAt(now, grace) != basis ||
				c.OutdatedOn("2026-01-01", now) == settled {
				t.Errorf("%s: after %v: %v, %s", name, after, c.ChangedSince(now), c.BasisAt(now, grace))
			}
		}
		if next := c.After(*verdict.Last); !next.Changed.IsZero() {
			t.Errorf("%s: a reading keeps %+v", name, next.Changed)
		}
	}
	first := books.Completeness{Changed: changed}
	if first.ChangedSince(at) || first.BasisAt(at.Add(books.UnsettledAfter), grace) != books.BasisNone ||
		first.StateOfClose(day, currency, domain.Coverage{}, at, grace) != books.CompletenessUnknown {
		t.Error("without a reading, nothing can be outdated")
	}
}
