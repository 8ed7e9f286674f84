package lerianmatcher_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
)

var (
	now    = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	bank   = lerianmatcher.Target{Context: "c", Source: "bank"}
	other  = lerianmatcher.Target{Context: "c", Source: "other"}
	record = domain.TransactionID{UUID: uuid.MustParse("0199f0a0-0000-7000-8000-000000000001")}
)

// wanted returns what Matcher should have for a version of the record, which has the external id E1.
func wanted(version int, amount string, edits ...func(*lerianmatcher.Wanted)) *lerianmatcher.Wanted {
	w := lerianmatcher.Wanted{Target: bank, Content: lerianmatcher.Content{
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
func ours(e lerianmatcher.Entry, status lerianmatcher.Status) lerianmatcher.Transaction {
	return lerianmatcher.Transaction{
		ID: "m-" + e.Content.ExternalID, ExternalID: e.Content.ExternalID, Status: status,
		Amount: e.Content.Amount, Currency: e.Content.Currency, Date: e.Content.Date,
	}
}

// step calls Next, and fails the test unless Next returns the given action.
func step(
	t *testing.T,
	e lerianmatcher.Entry,
	w *lerianmatcher.Wanted,
	action lerianmatcher.Action,
) lerianmatcher.Entry {
	t.Helper()
	next, got := e.Next(w, now)
	if got != action {
		t.Fatalf("action %d, want %d, in state %s", got, action, e.State)
	}
	return next
}

// imported returns the entry of a record that Matcher has.
func imported(t *testing.T, w *lerianmatcher.Wanted) lerianmatcher.Entry {
	t.Helper()
	e := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now)
	return step(t, e.Found(ours(e, lerianmatcher.Unmatched), lerianmatcher.OwnImport, w, now), w, lerianmatcher.Nothing)
}

// ignored returns the entry after its transaction was set to ignored.
func ignored(t *testing.T, e lerianmatcher.Entry, w *lerianmatcher.Wanted) lerianmatcher.Entry {
	t.Helper()
	return step(t, e, w, lerianmatcher.Ignore).Ignored(now)
}

func TestANewRecordIsImportedOnceAndThenLeftAlone(t *testing.T) {
	e := imported(t, wanted(1, "10"))
	if e.State != lerianmatcher.Imported || e.MatcherID != "m-E1" || !e.DueAt.IsZero() || e.Imports != 1 ||
		e.File != "" {
		t.Errorf("%+v", e)
	}
	step(
		t,
		e,
		wanted(2, "10", func(w *lerianmatcher.Wanted) { w.Content.Description = "PIX 2" }),
		lerianmatcher.Nothing,
	)
}

func TestARecordThatMatcherShouldNotHaveLeavesAnEmptyEntry(t *testing.T) {
	e := lerianmatcher.NewEntry(record)
	e.DueAt = now
	if e = step(t, e, nil, lerianmatcher.Nothing); !e.IsEmpty() {
		t.Errorf("%+v", e)
	}
}

func TestAChangeOfWhatMattersIsIgnoredAndImportedUnderANewID(t *testing.T) {
	for name, w := range map[string]*lerianmatcher.Wanted{
		"amount":   wanted(2, "11"),
		"currency": wanted(2, "10", func(w *lerianmatcher.Wanted) { w.Content.Currency = "USD" }),
		"date":     wanted(2, "10", func(w *lerianmatcher.Wanted) { w.Content.Date = "2026-11-02" }),
		"source":   wanted(2, "10", func(w *lerianmatcher.Wanted) { w.Target = other }),
	} {
		e := step(t, ignored(t, imported(t, wanted(1, "10")), w), w, lerianmatcher.Upload)
		if e.Content.ExternalID != "E1.2" || e.ExternalID != "E1" || e.Target != w.Target || e.Content.Version != 2 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	references := wanted(2, "10")
	references.Content.SetReferences(domain.References{EndToEndID: "E1", ChequeNumber: "12"})
	step(t, imported(t, wanted(1, "10")), references, lerianmatcher.Ignore)
}

func TestARemovedRecordIsIgnoredAndARestoredOneImportedAgain(t *testing.T) {
	e := step(t, ignored(t, imported(t, wanted(1, "10")), nil), nil, lerianmatcher.Nothing)
	if e.State != lerianmatcher.Ignored || e.IsOpen() || e.IsEmpty() || !e.DueAt.IsZero() {
		t.Errorf("%+v", e)
	}
	if e = step(t, e, wanted(3, "10"), lerianmatcher.Upload); e.Content.ExternalID != "E1.3" {
		t.Errorf("external id %s", e.Content.ExternalID)
	}
}

func TestTheExternalIDOfTheFirstImportStays(t *testing.T) {
	e := imported(t, wanted(1, "10"))
	w := wanted(2, "11", func(w *lerianmatcher.Wanted) { w.Content.ExternalID = "E9" })
	if e = step(t, ignored(t, e, w), w, lerianmatcher.Upload); e.Content.ExternalID != "E1.2" {
		t.Errorf("external id %s", e.Content.ExternalID)
	}
}

func TestNoExternalIDIsImportedTwice(t *testing.T) {
	seen := map[string]bool{"E1": true}
	e := imported(t, wanted(1, "10"))
	for range 4 { // the same version moves between two sources
		w := wanted(1, "10", func(w *lerianmatcher.Wanted) {
			if w.Target = bank; e.Target == bank {
				w.Target = other
			}
		})
		e = step(t, ignored(t, e, w), w, lerianmatcher.Upload)
		if seen[e.Content.ExternalID] {
			t.Fatalf("%s twice", e.Content.ExternalID)
		}
		seen[e.Content.ExternalID] = true
		e = e.Found(ours(e, lerianmatcher.Unmatched), lerianmatcher.OwnImport, w, now)
	}
}

func TestAnIntentIsCarriedOutBeforeTheNextOne(t *testing.T) {
	first := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload)
	again := step(t, first, wanted(2, "11"), lerianmatcher.Upload) // not uploaded yet
	if again.Content != first.Content {
		t.Errorf("another content: %+v", again.Content)
	}
	sent := step(t, again.Sent("file", now), wanted(2, "11"), lerianmatcher.Check)
	missing := step(t, sent.Missing(now), wanted(3, "12"), lerianmatcher.Upload)
	if missing.Content != first.Content {
		t.Errorf("another content after it was missing: %+v", missing.Content)
	}
	e := missing.Sent("second", now)
	e = step(t, e.Found(ours(e, lerianmatcher.Unmatched), lerianmatcher.OwnImport, nil, now), nil, lerianmatcher.Ignore)
	step(t, e, wanted(2, "11"), lerianmatcher.Ignore) // the record is back
}

func TestAMissingRowIsUploadedAgainUntilItIsThere(t *testing.T) {
	e := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload)
	var waits []time.Duration
	for range 30 {
		e = e.Sent("file", now).Missing(now)
		waits = append(waits, e.DueAt.Sub(now))
		e = step(t, e, wanted(1, "10"), lerianmatcher.Upload)
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
	for _, status := range []lerianmatcher.Status{lerianmatcher.Matched, lerianmatcher.PendingReview} {
		w := wanted(2, "11")
		e := step(t, imported(t, wanted(1, "10")), w, lerianmatcher.Ignore)
		e = e.Found(ours(e, status), lerianmatcher.OwnImport, w, now)
		c := e.Conflict
		if c == nil || c.Reason != lerianmatcher.ReasonMatched || c.Change != domain.Modified || c.Version != 2 ||
			c.Ours == nil || c.Ours.ExternalID != "E1.2" || c.Theirs == nil || c.Theirs.Status != status ||
			!e.Announce || e.MatcherID != "m-E1" || !e.DueAt.Equal(now.Add(24*time.Hour)) {
			t.Errorf("%s: %+v %+v", status, e, c)
		}
	}
}

func TestAConflictIsTriedAgainAndAnnouncedOnce(t *testing.T) {
	w := wanted(2, "11")
	e := step(t, imported(t, wanted(1, "10")), w, lerianmatcher.Ignore)
	e = e.Found(ours(e, lerianmatcher.Matched), lerianmatcher.OwnImport, w, now)
	later := now.Add(25 * time.Hour)
	next, _ := e.Next(w, later)
	next = next.Found(ours(e, lerianmatcher.Matched), lerianmatcher.OwnImport, w, later)
	if next.Announce || !next.Conflict.Since.Equal(now) || !next.DueAt.Equal(later.Add(24*time.Hour)) {
		t.Errorf("%+v %+v", next, next.Conflict)
	}
	changed := step(t, next, nil, lerianmatcher.Ignore)
	changed = changed.Found(ours(e, lerianmatcher.Matched), lerianmatcher.OwnImport, nil, later)
	if c := changed.Conflict; !changed.Announce || c.Change != domain.Removed || c.Ours != nil || c.Version != 1 {
		t.Errorf("%+v %+v", changed, c)
	}
	if e = step(t, changed, nil, lerianmatcher.Ignore).Ignored(later); e.Conflict != nil {
		t.Errorf("%+v", e)
	}
}

func TestAConflictEndsWhenTheRecordIsAgainAsMatcherHasIt(t *testing.T) {
	w := wanted(2, "11")
	e := step(t, imported(t, wanted(1, "10")), w, lerianmatcher.Ignore)
	e = e.Found(ours(e, lerianmatcher.Matched), lerianmatcher.OwnImport, w, now)
	if e = step(t, e, wanted(3, "10"), lerianmatcher.Nothing); e.Conflict != nil || !e.DueAt.IsZero() {
		t.Errorf("%+v", e)
	}
}

func TestARefusedRowIsAConflictAndTriedAgain(t *testing.T) {
	w := wanted(1, "10")
	e := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now).Isolate(1, w, now)
	c := e.Conflict
	if e.State != lerianmatcher.None || c == nil || c.Reason != lerianmatcher.ReasonRefused ||
		c.Change != domain.Added ||
		c.Ours == nil || c.Theirs != nil || !e.Announce ||
		e.IsEmpty() ||
		e.IsOpen() {
		t.Fatalf("%+v %+v", e, c)
	}
	e = step(t, e, wanted(2, "12"), lerianmatcher.Upload)
	if e.Content.ExternalID != "E1" || e.Content.Version != 2 {
		t.Errorf("%+v", e.Content)
	}
	e = e.Sent("second", now).Found(ours(e, lerianmatcher.Unmatched), lerianmatcher.OwnImport, w, now)
	if e.Conflict != nil {
		t.Errorf("still a conflict: %+v", e.Conflict)
	}
	later := step(t, ignored(t, imported(t, w), wanted(2, "11")), wanted(2, "11"), lerianmatcher.Upload)
	later = later.Isolate(1, wanted(2, "11"), now)
	if later.State != lerianmatcher.Ignored || later.Conflict.Change != domain.Modified {
		t.Errorf("%+v", later)
	}
}

func TestARefusedRowWhoseRecordHasChangedIsTriedAtOnce(t *testing.T) {
	for name, w := range map[string]*lerianmatcher.Wanted{"changed": wanted(2, "11"), "removed": nil} {
		e := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload).Sent("file", now)
		e = e.Isolate(1, w, now)
		if e.Conflict != nil || e.Announce || !e.DueAt.Equal(now) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// An internal error of Matcher does not tell whether the row is its reason.
func TestARowThatFailsIsRefusedAfterManyUploads(t *testing.T) {
	w := wanted(1, "10")
	for name, tc := range map[string]struct {
		proved  bool
		wanted  *lerianmatcher.Wanted
		uploads int
	}{
		"Matcher imports other rows": {true, w, 13},
		"nothing else is imported":   {false, w, 61},
	} {
		e := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload)
		at := now
		for n := 1; e.Conflict == nil; n++ {
			if n > tc.uploads {
				t.Fatalf("%s: not refused after %d uploads", name, n)
			}
			at = at.Add(time.Minute)
			e = e.Sent("file", at)
			if e = e.Failed(tc.proved, tc.wanted, at); e.Conflict == nil && (n == tc.uploads || !e.DueAt.After(at)) {
				t.Fatalf("%s: after %d uploads: %+v", name, n, e)
			}
			if e.Conflict != nil && (n < tc.uploads || e.Conflict.Reason != lerianmatcher.ReasonRefused) {
				t.Errorf("%s: after %d uploads: %+v", name, n, e.Conflict)
			}
		}
	}
	e := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now)
	if e = e.Failed(true, wanted(2, "11"), now); e.State != lerianmatcher.Importing || !e.DueAt.After(now) {
		t.Errorf("a changed record after one upload: %+v", e)
	}
	e = e.Sent("file", now).Failed(false, wanted(2, "11"), now)
	if next := step(t, e, wanted(2, "11"), lerianmatcher.Upload); e.Conflict != nil || next.Content.Version != 2 {
		t.Errorf("a changed record after two uploads: %+v", next)
	}
}

func TestABadRowIsFoundInSmallerFiles(t *testing.T) {
	e := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload)
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
	never := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload)
	if e := step(t, never, nil, lerianmatcher.Nothing); e.State != lerianmatcher.None || !e.IsEmpty() {
		t.Errorf("never uploaded: %+v", e)
	}
	corrected := step(
		t,
		ignored(t, imported(t, wanted(1, "10")), wanted(2, "11")),
		wanted(2, "11"),
		lerianmatcher.Upload,
	)
	if e := step(t, corrected, nil, lerianmatcher.Nothing); e.State != lerianmatcher.Ignored || !e.DueAt.IsZero() {
		t.Errorf("a correction that was never uploaded: %+v", e)
	}
	lost := step(t, never, wanted(1, "10"), lerianmatcher.Upload).Sent("file", now).Missing(now)
	searches := 0
	for e := step(t, lost, nil, lerianmatcher.Search); e.State == lerianmatcher.Importing; searches++ {
		if searches > 10 {
			t.Fatal("the search does not end")
		}
		e = e.NotFound(now)
	}
	if searches < 3 {
		t.Errorf("%d searches", searches)
	}
	found := step(t, lost, nil, lerianmatcher.Search)
	found = found.Found(ours(found, lerianmatcher.Unmatched), lerianmatcher.OwnImport, nil, now)
	step(t, found, nil, lerianmatcher.Ignore)
}

func TestAnExternalIDThatMatcherHadBeforeIsTakenOver(t *testing.T) {
	w := wanted(1, "10")
	sent := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now)
	step(t, sent.Found(ours(sent, lerianmatcher.Unmatched), lerianmatcher.OwnImport, w, now), w, lerianmatcher.Nothing)

	different := ours(sent, lerianmatcher.Unmatched)
	different.Amount = decimal.NewFromInt(99)
	e := step(t, sent.Found(different, lerianmatcher.EarlierImport, w, now), w, lerianmatcher.Ignore)
	e = step(t, e.Ignored(now), w, lerianmatcher.Upload).Sent("second", now)
	if e.Content.ExternalID != "E1.1" {
		t.Errorf("external id %s", e.Content.ExternalID)
	}
	// If Matcher stores other values than it was sent, the record must not be imported again and again.
	rounded := ours(e, lerianmatcher.Unmatched)
	rounded.Amount = decimal.NewFromInt(99)
	step(t, e.Found(rounded, lerianmatcher.OwnImport, w, now), w, lerianmatcher.Nothing)

	e = sent.Found(ours(sent, lerianmatcher.IgnoredStatus), lerianmatcher.OwnImport, w, now)
	e = step(t, e, w, lerianmatcher.Upload)
	if e.Content.ExternalID != "E1.1" {
		t.Errorf("external id after an ignored one: %s", e.Content.ExternalID)
	}
}

// A transaction of another record that has the external id must stay as it is. The record is imported under an external
// id that contains its own id.
func TestATransactionOfAnotherRecordIsLeftAlone(t *testing.T) {
	w := wanted(1, "10")
	sent := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now)
	theirs := ours(sent, lerianmatcher.Unmatched)
	theirs.ID, theirs.Amount = "theirs", decimal.NewFromInt(99)
	first := step(t, sent.Found(theirs, lerianmatcher.OtherRecord, w, now), w, lerianmatcher.Upload)
	if id := record.String(); first.ExternalID != id || first.Content.ExternalID != id || first.MatcherID != "" ||
		!first.IsNamedByID() {
		t.Errorf("first import: %+v", first)
	}
	e := first.Sent("second", now)
	e = step(t, e.Found(ours(e, lerianmatcher.Unmatched), lerianmatcher.OwnImport, w, now), w, lerianmatcher.Nothing)
	w2 := wanted(2, "11")
	if e = step(t, ignored(t, e, w2), w2, lerianmatcher.Upload); e.Content.ExternalID != record.String()+".2" {
		t.Errorf("second import: %s", e.Content.ExternalID)
	}
	later := step(t, ignored(t, imported(t, w), w2), w2, lerianmatcher.Upload).Sent("third", now)
	later = step(t, later.Found(theirs, lerianmatcher.OtherRecord, w2, now), w2, lerianmatcher.Upload)
	if got := later.Content.ExternalID; got != "E1.2."+record.String() || later.ExternalID != "E1" {
		t.Errorf("later import: %s of %s", got, later.ExternalID)
	}
	// The record is not wanted any more: nothing of it is in Matcher.
	gone := sent.Missing(now)
	gone = step(t, gone.Found(theirs, lerianmatcher.OtherRecord, nil, now), nil, lerianmatcher.Nothing)
	if gone.IsOpen() || !gone.DueAt.IsZero() {
		t.Errorf("without a wanted transaction: %+v", gone)
	}
}

func TestATransactionThatIsStillUnmatchedIsIgnoredAgainLater(t *testing.T) {
	e := step(t, imported(t, wanted(1, "10")), nil, lerianmatcher.Ignore)
	e = e.Found(ours(e, lerianmatcher.Unmatched), lerianmatcher.OwnImport, nil, now)
	if e.State != lerianmatcher.Ignoring || !e.DueAt.After(now) {
		t.Errorf("%+v", e)
	}
	e = e.Found(ours(e, lerianmatcher.IgnoredStatus), lerianmatcher.OwnImport, nil, now)
	if e.State != lerianmatcher.Ignored {
		t.Errorf("%+v", e)
	}
}

func TestAContentStatesTheMainReference(t *testing.T) {
	c := lerianmatcher.Content{Currency: "BRL", Date: "2026-03-10"}
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
	for state, open := range map[lerianmatcher.State]bool{
		lerianmatcher.None: false, lerianmatcher.Importing: true, lerianmatcher.Imported: true,
		lerianmatcher.Ignoring: true, lerianmatcher.Ignored: false,
	} {
		if got := (lerianmatcher.Entry{State: state}).IsOpen(); got != open {
			t.Errorf("%s: %t", state, got)
		}
	}
}

// File, Tries and MaxRow concern one upload. They must be zero before the next one.
func TestAnUploadLeavesNothingToTheNextOne(t *testing.T) {
	w := wanted(1, "10")
	used := func(e lerianmatcher.Entry) lerianmatcher.Entry {
		e.File, e.Tries, e.MaxRow = "file", 3, 2
		return e
	}
	importing := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload)
	for name, e := range map[string]lerianmatcher.Entry{
		"the next import": step(t, used(lerianmatcher.NewEntry(record)), w, lerianmatcher.Upload),
		"an import": used(importing).
			Found(ours(importing, lerianmatcher.Unmatched), lerianmatcher.OwnImport, w, now),
		"a refusal": used(importing).Refused(w, now),
	} {
		if e.File != "" || e.Tries != 0 || e.MaxRow != 0 {
			t.Errorf("after %s: %+v", name, e)
		}
	}
}

// Matcher may still be carrying out an upload. The row counts as not imported only after several searches, with a pause
// between them.
func TestARowThatSeveralSearchesDoNotFindIsUploadedAgain(t *testing.T) {
	e := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload).Sent("file", now)
	searches := 0
	for e.State == lerianmatcher.Importing && searches < 100 {
		searches++
		if e = e.NotFound(now); e.State == lerianmatcher.Importing && !e.DueAt.After(now) {
			t.Errorf("search %d is repeated at once", searches)
		}
	}
	if searches != 6 || e.State != lerianmatcher.None || !e.DueAt.Equal(now) {
		t.Errorf("after %d searches: %+v", searches, e)
	}
}

func TestASmallerFileIsUploadedAfterAPause(t *testing.T) {
	w := wanted(1, "10")
	e := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now).Isolate(80, w, now)
	if e.MaxRow != 10 || e.File != "" || e.Tries != 1 || !e.DueAt.After(now) {
		t.Errorf("%+v", e)
	}
}

func TestARefusedRowWhoseRecordHasChangedIsDueAtOnce(t *testing.T) {
	e := step(t, lerianmatcher.NewEntry(record), wanted(1, "10"), lerianmatcher.Upload).Sent("file", now)
	later := now.Add(time.Hour)
	if e = e.Refused(wanted(2, "11"), later); e.Conflict != nil || !e.DueAt.Equal(later) {
		t.Errorf("%+v", e)
	}
}

func TestTheDigestSeparatesItsParts(t *testing.T) {
	digest := func(currency string, date domain.Date) string {
		c := lerianmatcher.Content{Currency: currency, Date: date}
		c.SetReferences(domain.References{})
		return c.Digest
	}
	if digest("BRL2", "026") == digest("BRL", "2026") {
		t.Error("two contents have one digest")
	}
}

func TestAConflictIsAnnouncedOnce(t *testing.T) {
	w := wanted(1, "10")
	e := step(t, lerianmatcher.NewEntry(record), w, lerianmatcher.Upload).Sent("file", now).Isolate(1, w, now)
	if !e.Announce {
		t.Fatalf("the conflict is not announced: %+v", e)
	}
	if next, _ := e.Next(w, now.Add(time.Hour)); next.Announce {
		t.Error("the conflict is announced again")
	}
}
