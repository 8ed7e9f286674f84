package matcher_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matcher"
)

var (
	now    = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	bank   = matcher.Target{Context: "c", Source: "bank"}
	other  = matcher.Target{Context: "c", Source: "other"}
	record = domain.TransactionID{UUID: uuid.MustParse("0199f0a0-0000-7000-8000-000000000001")}
)

// wanted returns what Matcher should have for a version of the record, which has the external id E1.
func wanted(version int, amount string, edits ...func(*matcher.Wanted)) *matcher.Wanted {
	w := matcher.Wanted{Target: bank, Content: matcher.Content{
		ExternalID: "E1", Version: version, Amount: decimal.RequireFromString(amount), Currency: "BRL",
		Date: "2026-11-01", Description: "PIX",
	}}
	for _, edit := range edits {
		edit(&w)
	}
	w.Content.SetReferences(domain.References{EndToEndID: "E1"})
	return &w
}

// ours returns the transaction that Matcher creates when it imports the entry's content.
func ours(e matcher.Entry, status matcher.Status) matcher.Transaction {
	return matcher.Transaction{
		ID: "m-" + e.Content.ExternalID, ExternalID: e.Content.ExternalID, Status: status,
		Amount: e.Content.Amount, Currency: e.Content.Currency, Date: e.Content.Date,
	}
}

// step calls Next, and fails the test unless Next returns the given action.
func step(t *testing.T, e matcher.Entry, w *matcher.Wanted, action matcher.Action) matcher.Entry {
	t.Helper()
	next, got := e.Next(w, now)
	if got != action {
		t.Fatalf("action %d, want %d, in state %s", got, action, e.State)
	}
	return next
}

// imported returns the entry of a record that Matcher has.
func imported(t *testing.T, w *matcher.Wanted) matcher.Entry {
	t.Helper()
	e := step(t, matcher.NewEntry(record), w, matcher.Upload).Sent("file", now)
	return step(t, e.Found(ours(e, matcher.Unmatched), true, w, now), w, matcher.Nothing)
}

// ignored returns the entry after its transaction was set to ignored.
func ignored(t *testing.T, e matcher.Entry, w *matcher.Wanted) matcher.Entry {
	t.Helper()
	return step(t, e, w, matcher.Ignore).Ignored(now)
}

func TestANewRecordIsImportedOnceAndThenLeftAlone(t *testing.T) {
	e := imported(t, wanted(1, "10"))
	if e.State != matcher.Imported || e.MatcherID != "m-E1" || !e.DueAt.IsZero() || e.Imports != 1 || e.File != "" {
		t.Errorf("%+v", e)
	}
	step(t, e, wanted(2, "10", func(w *matcher.Wanted) { w.Content.Description = "PIX 2" }), matcher.Nothing)
}

func TestARecordThatMatcherShouldNotHaveLeavesAnEmptyEntry(t *testing.T) {
	e := matcher.NewEntry(record)
	e.DueAt = now
	if e = step(t, e, nil, matcher.Nothing); !e.IsEmpty() {
		t.Errorf("%+v", e)
	}
}

func TestAChangeOfWhatMattersIsIgnoredAndImportedUnderANewID(t *testing.T) {
	for name, w := range map[string]*matcher.Wanted{
		"amount":   wanted(2, "11"),
		"currency": wanted(2, "10", func(w *matcher.Wanted) { w.Content.Currency = "USD" }),
		"date":     wanted(2, "10", func(w *matcher.Wanted) { w.Content.Date = "2026-11-02" }),
		"source":   wanted(2, "10", func(w *matcher.Wanted) { w.Target = other }),
	} {
		e := step(t, ignored(t, imported(t, wanted(1, "10")), w), w, matcher.Upload)
		if e.Content.ExternalID != "E1.2" || e.ExternalID != "E1" || e.Target != w.Target || e.Content.Version != 2 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	references := wanted(2, "10")
	references.Content.SetReferences(domain.References{EndToEndID: "E1", ChequeNumber: "12"})
	step(t, imported(t, wanted(1, "10")), references, matcher.Ignore)
}

func TestARemovedRecordIsIgnoredAndARestoredOneImportedAgain(t *testing.T) {
	e := step(t, ignored(t, imported(t, wanted(1, "10")), nil), nil, matcher.Nothing)
	if e.State != matcher.Ignored || e.IsOpen() || e.IsEmpty() || !e.DueAt.IsZero() {
		t.Errorf("%+v", e)
	}
	if e = step(t, e, wanted(3, "10"), matcher.Upload); e.Content.ExternalID != "E1.3" {
		t.Errorf("external id %s", e.Content.ExternalID)
	}
}

func TestTheExternalIDOfTheFirstImportStays(t *testing.T) {
	e := imported(t, wanted(1, "10"))
	w := wanted(2, "11", func(w *matcher.Wanted) { w.Content.ExternalID = "E9" })
	if e = step(t, ignored(t, e, w), w, matcher.Upload); e.Content.ExternalID != "E1.2" {
		t.Errorf("external id %s", e.Content.ExternalID)
	}
}

func TestNoExternalIDIsImportedTwice(t *testing.T) {
	seen := map[string]bool{"E1": true}
	e := imported(t, wanted(1, "10"))
	for range 4 { // the same version moves between two sources
		w := wanted(1, "10", func(w *matcher.Wanted) {
			if w.Target = bank; e.Target == bank {
				w.Target = other
			}
		})
		e = step(t, ignored(t, e, w), w, matcher.Upload)
		if seen[e.Content.ExternalID] {
			t.Fatalf("%s twice", e.Content.ExternalID)
		}
		seen[e.Content.ExternalID] = true
		e = e.Found(ours(e, matcher.Unmatched), true, w, now)
	}
}

func TestAnIntentIsCarriedOutBeforeTheNextOne(t *testing.T) {
	first := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload)
	again := step(t, first, wanted(2, "11"), matcher.Upload) // not uploaded yet
	if again.Content != first.Content {
		t.Errorf("another content: %+v", again.Content)
	}
	sent := step(t, again.Sent("file", now), wanted(2, "11"), matcher.Check)
	missing := step(t, sent.Missing(now), wanted(3, "12"), matcher.Upload)
	if missing.Content != first.Content {
		t.Errorf("another content after it was missing: %+v", missing.Content)
	}
	e := missing.Sent("second", now)
	e = step(t, e.Found(ours(e, matcher.Unmatched), true, nil, now), nil, matcher.Ignore)
	step(t, e, wanted(2, "11"), matcher.Ignore) // the record is back
}

func TestAMissingRowIsUploadedAgainUntilItIsThere(t *testing.T) {
	e := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload)
	var waits []time.Duration
	for range 30 {
		e = e.Sent("file", now).Missing(now)
		waits = append(waits, e.DueAt.Sub(now))
		e = step(t, e, wanted(1, "10"), matcher.Upload)
	}
	for i, want := range map[int]time.Duration{
		0: 2 * time.Second, 1: 4 * time.Second, 3: 15 * time.Second, 19: 15 * time.Second, 20: time.Minute,
	} {
		if waits[i] != want {
			t.Errorf("wait %d: %s, want %s", i, waits[i], want)
		}
	}
}

func TestATransactionThatIsMatchedOrInReviewIsAConflict(t *testing.T) {
	for _, status := range []matcher.Status{matcher.Matched, matcher.PendingReview} {
		w := wanted(2, "11")
		e := step(t, imported(t, wanted(1, "10")), w, matcher.Ignore)
		e = e.Found(ours(e, status), false, w, now)
		c := e.Conflict
		if c == nil || c.Reason != matcher.ReasonMatched || c.Change != domain.Modified || c.Version != 2 ||
			c.Ours == nil || c.Ours.ExternalID != "E1.2" || c.Theirs == nil || c.Theirs.Status != status ||
			!e.Announce || e.MatcherID != "m-E1" || !e.DueAt.Equal(now.Add(24*time.Hour)) {
			t.Errorf("%s: %+v %+v", status, e, c)
		}
	}
}

func TestAConflictIsTriedAgainAndAnnouncedOnce(t *testing.T) {
	w := wanted(2, "11")
	e := step(t, imported(t, wanted(1, "10")), w, matcher.Ignore)
	e = e.Found(ours(e, matcher.Matched), false, w, now)
	later := now.Add(25 * time.Hour)
	next, _ := e.Next(w, later)
	next = next.Found(ours(e, matcher.Matched), false, w, later)
	if next.Announce || !next.Conflict.Since.Equal(now) || !next.DueAt.Equal(later.Add(24*time.Hour)) {
		t.Errorf("%+v %+v", next, next.Conflict)
	}
	changed := step(t, next, nil, matcher.Ignore)
	changed = changed.Found(ours(e, matcher.Matched), false, nil, later)
	if c := changed.Conflict; !changed.Announce || c.Change != domain.Removed || c.Ours != nil || c.Version != 1 {
		t.Errorf("%+v %+v", changed, c)
	}
	if e = step(t, changed, nil, matcher.Ignore).Ignored(later); e.Conflict != nil {
		t.Errorf("%+v", e)
	}
}

func TestAConflictEndsWhenTheRecordIsAgainAsMatcherHasIt(t *testing.T) {
	w := wanted(2, "11")
	e := step(t, imported(t, wanted(1, "10")), w, matcher.Ignore)
	e = e.Found(ours(e, matcher.Matched), false, w, now)
	if e = step(t, e, wanted(3, "10"), matcher.Nothing); e.Conflict != nil || !e.DueAt.IsZero() {
		t.Errorf("%+v", e)
	}
}

func TestARefusedRowIsAConflictAndTriedAgain(t *testing.T) {
	w := wanted(1, "10")
	e := step(t, matcher.NewEntry(record), w, matcher.Upload).Sent("file", now).Isolate(1, w, now)
	c := e.Conflict
	if e.State != matcher.None || c == nil || c.Reason != matcher.ReasonRefused || c.Change != domain.Added ||
		c.Ours == nil || c.Theirs != nil || !e.Announce || e.IsEmpty() || e.IsOpen() {
		t.Fatalf("%+v %+v", e, c)
	}
	e = step(t, e, wanted(2, "12"), matcher.Upload)
	if e.Content.ExternalID != "E1" || e.Content.Version != 2 {
		t.Errorf("%+v", e.Content)
	}
	if e = e.Sent("second", now).Found(ours(e, matcher.Unmatched), true, w, now); e.Conflict != nil {
		t.Errorf("still a conflict: %+v", e.Conflict)
	}
	later := step(t, ignored(t, imported(t, w), wanted(2, "11")), wanted(2, "11"), matcher.Upload)
	later = later.Isolate(1, wanted(2, "11"), now)
	if later.State != matcher.Ignored || later.Conflict.Change != domain.Modified {
		t.Errorf("%+v", later)
	}
}

func TestARefusedRowWhoseRecordHasChangedIsTriedAtOnce(t *testing.T) {
	for name, w := range map[string]*matcher.Wanted{"changed": wanted(2, "11"), "removed": nil} {
		e := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload).Sent("file", now)
		e = e.Isolate(1, w, now)
		if e.Conflict != nil || e.Announce || !e.DueAt.Equal(now) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestABadRowIsFoundInSmallerFiles(t *testing.T) {
	e := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload)
	for _, rows := range []int{2000, 250, 31, 3} {
		e = e.Sent("file", now).Isolate(rows, wanted(1, "10"), now)
		if e.MaxRow != max(rows/8, 1) || e.Conflict != nil {
			t.Fatalf("%d rows: %+v", rows, e)
		}
	}
	if e = e.Sent("file", now).Isolate(1, wanted(1, "10"), now); e.Conflict == nil {
		t.Errorf("no conflict: %+v", e)
	}
}

func TestARecordThatIsGoneIsNotUploaded(t *testing.T) {
	never := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload)
	if e := step(t, never, nil, matcher.Nothing); e.State != matcher.None || !e.IsEmpty() {
		t.Errorf("never uploaded: %+v", e)
	}
	corrected := step(t, ignored(t, imported(t, wanted(1, "10")), wanted(2, "11")), wanted(2, "11"), matcher.Upload)
	if e := step(t, corrected, nil, matcher.Nothing); e.State != matcher.Ignored || !e.DueAt.IsZero() {
		t.Errorf("a correction that was never uploaded: %+v", e)
	}
	lost := step(t, never, wanted(1, "10"), matcher.Upload).Sent("file", now).Missing(now)
	searches := 0
	for e := step(t, lost, nil, matcher.Search); e.State == matcher.Importing; searches++ {
		if searches > 10 {
			t.Fatal("the search does not end")
		}
		e = e.NotFound(now)
	}
	if searches < 3 {
		t.Errorf("%d searches", searches)
	}
	found := step(t, lost, nil, matcher.Search)
	step(t, found.Found(ours(found, matcher.Unmatched), true, nil, now), nil, matcher.Ignore)
}

func TestAnExternalIDThatMatcherHadBeforeIsTakenOver(t *testing.T) {
	w := wanted(1, "10")
	sent := step(t, matcher.NewEntry(record), w, matcher.Upload).Sent("file", now)
	step(t, sent.Found(ours(sent, matcher.Unmatched), false, w, now), w, matcher.Nothing)

	different := ours(sent, matcher.Unmatched)
	different.Amount = decimal.NewFromInt(99)
	e := step(t, sent.Found(different, false, w, now), w, matcher.Ignore)
	e = step(t, e.Ignored(now), w, matcher.Upload).Sent("second", now)
	if e.Content.ExternalID != "E1.1" {
		t.Errorf("external id %s", e.Content.ExternalID)
	}
	// If Matcher stores other values than it was sent, the record must not be imported again and again.
	rounded := ours(e, matcher.Unmatched)
	rounded.Amount = decimal.NewFromInt(99)
	step(t, e.Found(rounded, false, w, now), w, matcher.Nothing)

	e = step(t, sent.Found(ours(sent, matcher.IgnoredStatus), false, w, now), w, matcher.Upload)
	if e.Content.ExternalID != "E1.1" {
		t.Errorf("external id after an ignored one: %s", e.Content.ExternalID)
	}
}

func TestATransactionThatIsStillUnmatchedIsIgnoredAgainLater(t *testing.T) {
	e := step(t, imported(t, wanted(1, "10")), nil, matcher.Ignore)
	e = e.Found(ours(e, matcher.Unmatched), false, nil, now)
	if e.State != matcher.Ignoring || !e.DueAt.After(now) {
		t.Errorf("%+v", e)
	}
	if e = e.Found(ours(e, matcher.IgnoredStatus), false, nil, now); e.State != matcher.Ignored {
		t.Errorf("%+v", e)
	}
}

func TestAContentStatesTheMainReference(t *testing.T) {
	c := matcher.Content{Currency: "BRL", Date: "2026-03-10"}
	c.SetReferences(domain.References{EndToEndID: "E1", ChequeNumber: "7"})
	first := c.Digest
	if c.Reference != (domain.References{EndToEndID: "E1", ChequeNumber: "7"}).Main() || c.Reference == "" ||
		first == "" {
		t.Errorf("%+v", c)
	}
	c.SetReferences(domain.References{EndToEndID: "E1", ChequeNumber: "8"})
	if c.Digest == first {
		t.Error("another reference has the same digest")
	}
}

func TestAnEntryIsOpenWhileMatcherMayHaveATransaction(t *testing.T) {
	for state, open := range map[matcher.State]bool{
		matcher.None: false, matcher.Importing: true, matcher.Imported: true,
		matcher.Ignoring: true, matcher.Ignored: false,
	} {
		if got := (matcher.Entry{State: state}).IsOpen(); got != open {
			t.Errorf("%s: %t", state, got)
		}
	}
}

// File, Tries and MaxRow concern one upload. They must be zero before the next one.
func TestAnUploadLeavesNothingToTheNextOne(t *testing.T) {
	w := wanted(1, "10")
	used := func(e matcher.Entry) matcher.Entry {
		e.File, e.Tries, e.MaxRow = "file", 3, 2
		return e
	}
	importing := step(t, matcher.NewEntry(record), w, matcher.Upload)
	for name, e := range map[string]matcher.Entry{
		"the next import": step(t, used(matcher.NewEntry(record)), w, matcher.Upload),
		"an import":       used(importing).Found(ours(importing, matcher.Unmatched), true, w, now),
		"a refusal":       used(importing).Refused(w, now),
	} {
		if e.File != "" || e.Tries != 0 || e.MaxRow != 0 {
			t.Errorf("after %s: %+v", name, e)
		}
	}
}

// Matcher may still be carrying out an upload. The row counts as not imported only after several searches, with a pause
// between them.
func TestARowThatSeveralSearchesDoNotFindIsUploadedAgain(t *testing.T) {
	e := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload).Sent("file", now)
	searches := 0
	for e.State == matcher.Importing && searches < 100 {
		searches++
		if e = e.NotFound(now); e.State == matcher.Importing && !e.DueAt.After(now) {
			t.Errorf("search %d is repeated at once", searches)
		}
	}
	if searches != 6 || e.State != matcher.None || !e.DueAt.Equal(now) {
		t.Errorf("after %d searches: %+v", searches, e)
	}
}

func TestASmallerFileIsUploadedAfterAPause(t *testing.T) {
	w := wanted(1, "10")
	e := step(t, matcher.NewEntry(record), w, matcher.Upload).Sent("file", now).Isolate(80, w, now)
	if e.MaxRow != 10 || e.File != "" || e.Tries != 1 || !e.DueAt.After(now) {
		t.Errorf("%+v", e)
	}
}

func TestARefusedRowWhoseRecordHasChangedIsDueAtOnce(t *testing.T) {
	e := step(t, matcher.NewEntry(record), wanted(1, "10"), matcher.Upload).Sent("file", now)
	later := now.Add(time.Hour)
	if e = e.Refused(wanted(2, "11"), later); e.Conflict != nil || !e.DueAt.Equal(later) {
		t.Errorf("%+v", e)
	}
}

func TestTheDigestSeparatesItsParts(t *testing.T) {
	digest := func(currency string, date domain.Date) string {
		c := matcher.Content{Currency: currency, Date: date}
		c.SetReferences(domain.References{})
		return c.Digest
	}
	if digest("BRL2", "026") == digest("BRL", "2026") {
		t.Error("two contents have one digest")
	}
}

func TestAConflictIsAnnouncedOnce(t *testing.T) {
	w := wanted(1, "10")
	e := step(t, matcher.NewEntry(record), w, matcher.Upload).Sent("file", now).Isolate(1, w, now)
	if !e.Announce {
		t.Fatalf("the conflict is not announced: %+v", e)
	}
	if next, _ := e.Next(w, now.Add(time.Hour)); next.Announce {
		t.Error("the conflict is announced again")
	}
}
