package records_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// bankAccounts is a records.AccountSource that contains accounts of any connection.
type bankAccounts []records.Account

func (s bankAccounts) Accounts(of records.AccountsOf) ([]records.Account, error) {
	return s.where(func(a records.Account) bool {
		return a.Connection == connectionID && slices.Contains(of.ExternalIDs, a.ExternalID) ||
			slices.Contains(of.Keys, a.Key) || of.Listed && a.Listed
	}), nil
}

// identityOf returns an identity that consists of an id that contains the external id of an account.
func identityOf(a domain.AccountData) domain.AccountIdentity {
	return domain.AccountIdentity{ID: "the id of " + a.ExternalID}
}

func keyOf(externalID string) string { return listedAccount(0, externalID).Key }

func (s bankAccounts) where(matches func(records.Account) bool) []records.Account {
	return slices.DeleteFunc(slices.Clone(s), func(a records.Account) bool { return !matches(a) })
}

// listedAccount returns an account of the reference "item" that was first stored at epoch and is listed by the vendor.
func listedAccount(n byte, externalID string) records.Account {
	a := records.Account{Listed: true}
	a.ID, a.Connection, a.FirstSeenAt, a.UpdatedAt = accountID(n), connectionID, epoch, epoch
	a.AccountData = domain.AccountData{ExternalID: externalID, Name: "Conta", Metadata: json.RawMessage(`{}`)}
	a.Key = identityOf(a.AccountData).Key(a.AccountData)
	a.References = []domain.AccountReference{{AccountRef: "item", ExternalID: externalID, From: epoch}}
	return a
}

var (
	later       = epoch.Add(time.Hour)
	accountView = records.View{Connection: connectionID, Vendor: "bank", Pull: domain.PullID{UUID: uuid.UUID{1}}}
)

// accountPage returns a page of the reference "item" with accounts that are equal to those of listedAccount.
func accountPage(externalIDs ...string) records.PageWrite {
	w := records.PageWrite{
		AccountRef: "item", At: later, NewID: newIDs(),
		Identity: identityOf,
	}
	for _, id := range externalIDs {
		w.Accounts = append(w.Accounts, listedAccount(0, id).AccountData)
	}
	return w
}

// newIDs returns a generator of the ids 100, 101 and so on.
func newIDs() func() domain.TransactionID {
	next := byte(99)
	return func() domain.TransactionID {
		next++
		return domain.TransactionID{UUID: uuid.UUID{next}}
	}
}

func wantAccountEvents(t *testing.T, name string, changes records.AccountChanges, want ...records.Event) {
	t.Helper()
	if !slices.Equal(changes.Events, want) {
		t.Errorf("%s: the events are %v instead of %v", name, changes.Events, want)
	}
}

func accountEvent(kind events.EventType, n byte) records.Event {
	return records.Event{Type: kind, Subject: accountID(n).String()}
}

func TestANewAccountIsStored(t *testing.T) {
	changes, ids, err := records.StoreAccounts(accountPage("a"), accountView, bankAccounts{listedAccount(1, "b")})
	if err != nil || len(changes.Save) != 1 || ids["a"] != accountID(100) ||
		!slices.Equal(changes.FirstStored, []string{"a"}) {
		t.Fatalf("%+v, ids %v, %v", changes, ids, err)
	}
	a := changes.Save[0]
	if a.ID != accountID(100) || a.Connection != connectionID || a.Vendor != "bank" || a.Key != keyOf("a") ||
		a.Listed || !a.FirstSeenAt.Equal(later) || !a.UpdatedAt.Equal(later) || !a.IsOf("item") {
		t.Errorf("%+v", a)
	}
	wantAccountEvents(t, "new", changes, accountEvent(events.AccountAdded, 100))
}

func TestAStoredAccountIsSavedOnlyIfItDiffers(t *testing.T) {
	amount := func(text string) *domain.Money {
		m := brl(text)
		return &m
	}
	same := func(*records.Account) {}
	for _, tc := range []struct {
		name          string
		stored, read  func(*records.Account)
		listed, saved bool
	}{
		{"equal", same, same, true, false},
		{"equal, but derived from rows", same, same, false, false},
		{"the same amount", func(a *records.Account) { a.Balance = amount("1.50") },
			func(a *records.Account) { a.Balance = amount("1.5") }, true, false},
		{"another amount", func(a *records.Account) { a.Balance = amount("1.50") },
			func(a *records.Account) { a.Balance = amount("1.51") }, true, true},
		{"another currency", func(a *records.Account) { a.Balance = amount("1") },
			func(a *records.Account) { a.Balance = amount("1"); a.Balance.Currency = "USD" }, true, true},
		{"the first balance", same, func(a *records.Account) { a.Balance = amount("0") }, true, true},
		{"type", same, func(a *records.Account) { a.Type = domain.CreditAccount }, true, true},
		{"subtype", same, func(a *records.Account) { a.Subtype = "x" }, true, true},
		{"name", same, func(a *records.Account) { a.Name = "x" }, true, true},
		{"number", same, func(a *records.Account) { a.Number = "x" }, true, true},
		{"currency", same, func(a *records.Account) { a.Currency = "BRL" }, true, true},
		{"metadata", same, func(a *records.Account) { a.Metadata = nil }, true, true},
		{"key", func(a *records.Account) { a.Key = "" }, same, true, true},
		{"first listed", func(a *records.Account) { a.Listed = false }, same, true, true},
		{"absent before", func(a *records.Account) { a.AbsentSince = accountView.Pull }, same, true,
			true},
		{"removed before", func(a *records.Account) { a.RemovedAt = epoch }, same, true, true},
		{"removed, and derived from rows", func(a *records.Account) { a.RemovedAt = epoch }, same,
			false, false},
	} {
		stored, read, w := listedAccount(1, "a"), listedAccount(1, "a"), accountPage()
		tc.stored(&stored)
		tc.read(&read)
		w.Accounts, w.Listed = []domain.AccountData{read.AccountData}, tc.listed
		changes, ids, err := records.StoreAccounts(w, accountView, bankAccounts{stored})
		if err != nil || ids["a"] != accountID(1) || len(changes.FirstStored) > 0 || len(changes.Save) > 1 ||
			(len(changes.Save) == 1) != tc.saved {
			t.Errorf("%s: %+v, %v", tc.name, changes, err)
			continue
		}
		if !tc.saved {
			wantAccountEvents(t, tc.name, changes)
			continue
		}
		a := changes.Save[0]
		if a.ID != accountID(1) || !a.FirstSeenAt.Equal(epoch) || !a.UpdatedAt.Equal(later) || !a.Listed ||
			!a.AbsentSince.IsZero() || !a.RemovedAt.IsZero() {
			t.Errorf("%s: saved %+v", tc.name, a)
		}
		wantAccountEvents(t, tc.name, changes, accountEvent(events.AccountModified, 1))
	}
}

func TestANewAccountMayContinueAFormerOne(t *testing.T) {
	former, deleted := listedAccount(1, "old"), listedAccount(2, "old")
	former.Key, deleted.Key = keyOf("a"), keyOf("a")
	former.EndReference(epoch)
	deleted.Connection = domain.ConnectionID{UUID: uuid.UUID{9}}
	present := listedAccount(3, "b")
	present.Key = keyOf("a")
	for name, stored := range map[string]bankAccounts{"former": {former}, "deleted": {deleted}} {
		if _, _, err := records.StoreAccounts(accountPage("a"), accountView, stored); !errors.Is(err,
			domain.AccountContinues) || !errors.Is(err, domain.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
		known := append(slices.Clone(stored), listedAccount(4, "a"))
		if _, _, err := records.StoreAccounts(accountPage("a"), accountView, known); err != nil {
			t.Errorf("%s: an account that is stored already is no new account: %v", name, err)
		}
		w := accountPage("a")
		w.Identity = nil
		if _, _, err := records.StoreAccounts(w, accountView, stored); err != nil {
			t.Errorf("%s: without a key: %v", name, err)
		}
	}
	if _, _, err := records.StoreAccounts(accountPage("a"), accountView, bankAccounts{present}); err != nil {
		t.Errorf("another account of the same reference: %v", err)
	}
}

// A list in which an account is gone while another has come waits for a complete read, unless the numbers differ.
func TestANewAccountMayReplaceAnAccountOfItsReference(t *testing.T) {
	gone, other := listedAccount(1, "gone"), listedAccount(2, "kept")
	unlisted := listedAccount(3, "unlisted")
	unlisted.Listed = false
	numbers := map[string]string{}
	for name, tc := range map[string]struct {
		stored      bankAccounts
		present     []string
		gone, added string // numbers
		refused     bool
	}{
		"one is gone":               {bankAccounts{gone, other}, []string{"a", "kept"}, "", "", true},
		"with an equal number":      {bankAccounts{gone, other}, []string{"a", "kept"}, "12345", "12345", true},
		"with another number":       {bankAccounts{gone, other}, []string{"a", "kept"}, "12345", "54321", false},
		"none is gone":              {bankAccounts{gone, other}, []string{"a", "gone", "kept"}, "", "", false},
		"one was never listed":      {bankAccounts{unlisted, other}, []string{"a", "kept"}, "", "", false},
		"an id cannot be read":      {bankAccounts{gone, other}, []string{"a", "kept", ""}, "", "", false},
		"the list is not of a read": {bankAccounts{gone, other}, nil, "", "", false},
	} {
		numbers["gone"], numbers["a"] = tc.gone, tc.added
		w := accountPage("a", "kept")
		w.Present = tc.present
		w.Identity = func(a domain.AccountData) domain.AccountIdentity {
			return domain.NewAccountIdentity("", "", numbers[a.ExternalID], "", "")
		}
		if _, _, err := records.StoreAccounts(w, accountView, tc.stored); errors.Is(
			err, domain.AccountContinues) != tc.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASweepOfAccounts(t *testing.T) {
	this, other := domain.PullID{UUID: uuid.UUID{1}}, domain.PullID{UUID: uuid.UUID{2}}
	for _, tc := range []struct {
		name    string
		edit    func(*records.Account)
		listed  bool
		proof   domain.AbsenceProof
		want    func(*records.Account) // nil if the account is not saved
		removed bool
		event   events.EventType
	}{
		{"listed", func(*records.Account) {}, true, domain.OneRead, nil, false, ""},
		{"listed again", func(a *records.Account) { a.RemovedAt, a.AbsentSince = epoch, other }, true, domain.OneRead,
			func(a *records.Account) {
				a.RemovedAt, a.AbsentSince, a.UpdatedAt = time.Time{}, domain.PullID{}, later
			}, false, events.AccountModified},
		{"listed after one absence", func(a *records.Account) { a.AbsentSince = other }, true, domain.TwoReads,
			func(a *records.Account) { a.AbsentSince, a.UpdatedAt = domain.PullID{}, later }, false, ""},
		{"never listed", func(a *records.Account) { a.Listed = false }, false, domain.OneRead, nil, false, ""},
		{"absent, and one listing is a proof", func(*records.Account) {}, false, domain.OneRead,
			func(a *records.Account) { a.RemovedAt, a.UpdatedAt = later, later }, true, events.AccountRemoved},
		{"absent for the first time", func(*records.Account) {}, false, domain.TwoReads,
			func(a *records.Account) { a.AbsentSince = this }, false, ""},
		{"absent again in the same pull", func(a *records.Account) { a.AbsentSince = this }, false, domain.TwoReads,
			nil, false, ""},
		{"absent in a second pull", func(a *records.Account) { a.AbsentSince = other }, false, domain.TwoReads,
			func(a *records.Account) { a.RemovedAt, a.UpdatedAt = later, later }, true, events.AccountRemoved},
		{"removed before", func(a *records.Account) { a.RemovedAt = epoch }, false, domain.OneRead, nil, false, ""},
	} {
		a := listedAccount(1, "a")
		tc.edit(&a)
		w := records.AccountSweepWrite{
			Ground: domain.Ground{Accounts: tc.proof}, Listed: []string{"b"}, At: later,
		}
		if tc.listed {
			w.Listed = []string{"b", "a"}
		}
		changes := records.SweepAccounts(w, this, []records.Account{a})
		if len(changes.Save) > 1 || (len(changes.Save) == 1) != (tc.want != nil) ||
			slices.Contains(changes.Removed, "a") != tc.removed {
			t.Errorf("%s: %+v", tc.name, changes)
			continue
		}
		if tc.want != nil {
			want := a
			tc.want(&want)
			got := changes.Save[0]
			if !got.RemovedAt.Equal(want.RemovedAt) || got.AbsentSince != want.AbsentSince ||
				!got.UpdatedAt.Equal(want.UpdatedAt) || !got.Listed {
				t.Errorf("%s: %+v instead of %+v", tc.name, got, want)
			}
		}
		if tc.event == "" {
			wantAccountEvents(t, tc.name, changes)
		} else {
			wantAccountEvents(t, tc.name, changes, accountEvent(tc.event, 1))
		}
	}
}

// TestAnEmptyListOfAccounts checks that an empty list removes an account only after a wait, and a list without the
// cards removes no card.
func TestAnEmptyListOfAccounts(t *testing.T) {
	this, card := domain.PullID{UUID: uuid.UUID{1}}, listedAccount(2, "card")
	card.Type = domain.CreditAccount
	sweep := func(w records.AccountSweepWrite, a records.Account) records.AccountChanges {
		w.Ground.Accounts = domain.OneRead
		return records.SweepAccounts(w, this, []records.Account{a})
	}
	synced := domain.SyncTime{At: epoch, Planned: true}
	changes := sweep(records.AccountSweepWrite{At: later, Sync: synced}, listedAccount(1, "a"))
	if len(changes.Save) != 1 || len(changes.Removed) > 0 || changes.Save[0].Held != domain.HoldAt(later, synced) {
		t.Fatalf("the first list: %+v", changes)
	}
	held := changes.Save[0]
	confirmed := records.AccountSweepWrite{At: later.Add(time.Hour), Sync: domain.SyncTime{At: later, Planned: true}}
	if changes := sweep(records.AccountSweepWrite{At: confirmed.At, Sync: synced}, held); len(changes.Save) > 0 {
		t.Errorf("the same synchronisation: %+v", changes)
	}
	if changes := sweep(confirmed, held); !slices.Equal(changes.Removed, []string{"a"}) {
		t.Errorf("the next synchronisation: %+v", changes)
	}
	confirmed.Listed = []string{"a"}
	if changes := sweep(confirmed, held); changes.Save[0].Held != (domain.Hold{}) || len(changes.Removed) > 0 {
		t.Errorf("listed again: %+v", changes)
	}
	if changes := sweep(confirmed, card); len(changes.Save) > 0 {
		t.Errorf("the vendor has not read the cards: %+v", changes)
	}
	confirmed.Ground.Cards = domain.OneRead
	if changes := sweep(confirmed, card); !slices.Equal(changes.Removed, []string{"card"}) {
		t.Errorf("the vendor has read the cards: %+v", changes)
	}
}

// publication returns a publication of the reference "new" with these accounts.
func publication(accounts ...records.PublishedAccount) records.Publication {
	w := accountPage()
	return records.Publication{
		AccountRef: "new", Accounts: accounts, Identity: w.Identity, NewID: w.NewID, At: w.At,
	}
}

func publishedAs(externalID string, continues byte) records.PublishedAccount {
	p := records.PublishedAccount{Data: listedAccount(0, externalID).AccountData, Listed: true}
	if continues > 0 {
		p.Continues = accountID(continues)
	}
	return p
}

func TestAPublicationContinuesAccounts(t *testing.T) {
	deleted := listedAccount(2, "b")
	deleted.Connection = domain.ConnectionID{UUID: uuid.UUID{9}}
	deleted.RemovedAt, deleted.MaybeContinues = epoch, []domain.AccountID{accountID(7)}
	w := publication(publishedAs("a2", 1), publishedAs("b", 2), publishedAs("c", 0))
	changes, err := records.PublishAccounts(
		w,
		accountView,
		[]records.Account{listedAccount(1, "a"), deleted},
		newBook(),
	)
	if err != nil || len(changes.Held) > 0 || len(changes.Save) != 3 || len(changes.Removed) > 0 {
		t.Fatalf("%+v, %v", changes, err)
	}
	if len(changes.Moved) != 1 || changes.Moved[0].Connection != deleted.Connection ||
		!slices.Equal(changes.Relinked, []domain.AccountID{accountID(1), accountID(2)}) ||
		!slices.Equal(changes.FirstStored, []string{"a2", "b", "c"}) {
		t.Errorf("%+v", changes)
	}
	for i, want := range []struct {
		id         domain.AccountID
		externalID string
		references int
	}{{accountID(1), "a2", 2}, {accountID(2), "b", 2}, {accountID(100), "c", 1}} {
		a := changes.Save[i]
		if a.ID != want.id || a.ExternalID != want.externalID || a.Connection != connectionID ||
			len(a.References) != want.references || !a.IsOf("new") || !a.RemovedAt.IsZero() ||
			!a.UpdatedAt.Equal(later) || !a.Listed || a.Key != keyOf(want.externalID) || a.MaybeContinues != nil {
			t.Errorf("%+v", a)
		}
	}
	wantAccountEvents(t, "publication", changes.AccountChanges,
		accountEvent(events.AccountRelinked, 1), accountEvent(events.AccountModified, 1),
		accountEvent(events.AccountRelinked, 2), accountEvent(events.AccountModified, 2),
		accountEvent(events.AccountAdded, 100))
}

func TestAnAccountThatIsPublishedAgainIsNotRelinked(t *testing.T) {
	a := listedAccount(1, "a")
	a.Relink("new", "a", epoch)
	a.MaybeContinues = []domain.AccountID{accountID(7)}
	w := publication(publishedAs("a", 1))
	changes, err := records.PublishAccounts(w, accountView, []records.Account{a}, newBook())
	if err != nil || len(changes.Save) != 1 || len(changes.Relinked) > 0 || len(changes.FirstStored) > 0 ||
		len(changes.Save[0].References) != 2 || len(changes.Save[0].MaybeContinues) != 1 {
		t.Errorf("%+v, %v", changes, err)
	}
	wantAccountEvents(t, "again", changes.AccountChanges)
	w = publication(publishedAs("a", 3))
	_, err = records.PublishAccounts(w, accountView, []records.Account{a}, newBook())
	if !errors.Is(err, domain.TargetChanged) {
		t.Errorf("an account that is not stored any more: %v", err)
	}
}

// The reference can be the same: the operator deleted a connection and created it again.
func TestAnAccountOfADeletedConnectionIsRelinkedUnderTheSameReference(t *testing.T) {
	a := listedAccount(1, "a")
	a.Relink("new", "a", epoch)
	a.Connection = domain.ConnectionID{UUID: uuid.UUID{9}}
	w := publication(publishedAs("a", 1))
	changes, err := records.PublishAccounts(w, accountView, []records.Account{a}, newBook())
	if err != nil || len(changes.Moved) != 1 || !slices.Equal(changes.Relinked, []domain.AccountID{a.ID}) ||
		!slices.Equal(changes.FirstStored, []string{"a"}) || len(changes.Save[0].References) != 2 {
		t.Errorf("%+v, %v", changes, err)
	}
	wantAccountEvents(t, "moved", changes.AccountChanges, accountEvent(events.AccountRelinked, 1))
}

func TestAccountsOfAnEarlierReferenceEnd(t *testing.T) {
	removed := listedAccount(2, "b")
	removed.RemovedAt = epoch
	stored := []records.Account{listedAccount(1, "a"), removed}
	w := publication(publishedAs("c", 0))
	changes, err := records.PublishAccounts(w, accountView, stored, newBook())
	if err != nil || len(changes.Held) > 0 || len(changes.Save) != 2 {
		t.Fatalf("%+v, %v", changes, err)
	}
	a := changes.Save[1]
	if a.ID != accountID(1) || !a.RemovedAt.Equal(later) || !a.UpdatedAt.Equal(later) ||
		!a.References[0].Until.Equal(later) || a.IsOf("item") || !stored[0].IsOf("item") {
		t.Errorf("%+v", a)
	}
	wantAccountEvents(t, "ended", changes.AccountChanges,
		accountEvent(events.AccountAdded, 100), accountEvent(events.AccountRemoved, 1))

	// The vendor has listed the account e in an earlier attempt only.
	b := newBook()
	b.staged = []domain.TransactionData{
		{ExternalID: "1", Account: "c"}, {ExternalID: "2", Account: "e"}, {ExternalID: "3"},
	}
	w.Unreadable = []string{"d"}
	changes, err = records.PublishAccounts(w, accountView, stored, b)
	if err != nil || !slices.Equal(changes.Held, []string{"d", "e"}) || len(changes.Save) != 1 {
		t.Errorf("accounts that are unreadable or not listed may be the successor: %+v, %v", changes, err)
	}
	if changes, _ := records.PublishAccounts(w, accountView, stored[1:], b); len(changes.Held) > 0 {
		t.Errorf("no account waits for a successor: %+v", changes)
	}
	w.Open = true
	if changes, _ := records.PublishAccounts(w, accountView, stored[1:], b); len(changes.Held) != 2 {
		t.Errorf("an account of a deleted connection waits for a successor: %+v", changes)
	}
	w.Open = false
	b.fails = "OldestStaged"
	if _, err := records.PublishAccounts(w, accountView, stored, b); err == nil {
		t.Error("the staged rows cannot be read, and no error is returned")
	}
	w.Unproved = true
	changes, err = records.PublishAccounts(w, accountView, stored, newBook())
	if err != nil || len(changes.Held) > 0 || len(changes.Save) != 1 {
		t.Errorf("the absence of an account proves nothing: %+v", changes)
	}
}
