package domain_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// vendorStatus is a status that a vendor reports, with the proofs that its lists have.
type vendorStatus struct {
	name               string
	status             domain.LinkStatus
	accounts, cards    domain.AbsenceProof // of the list of accounts
	rows, rowsOfCredit domain.AbsenceProof
}

// vendorStatuses are the statuses of the three vendors, in the form in which their adapters report them.
var vendorStatuses = []vendorStatus{
	{
		name:     "pluggy: UPDATED, SUCCESS",
		status:   domain.LinkStatus{Accounts: domain.OneRead, Cards: domain.OneRead, Transactions: domain.OneRead},
		accounts: domain.OneRead, cards: domain.OneRead, rows: domain.OneRead, rowsOfCredit: domain.OneRead,
	},
	{
		name:     "pluggy: PARTIAL_SUCCESS without the cards",
		status:   domain.LinkStatus{Accounts: domain.OneRead, Transactions: domain.OneRead},
		accounts: domain.OneRead, rows: domain.OneRead,
	},
	{
		name:     "pluggy: PARTIAL_SUCCESS without the transactions",
		status:   domain.LinkStatus{Accounts: domain.OneRead, Cards: domain.OneRead},
		accounts: domain.OneRead, cards: domain.OneRead,
	},
	{
		name:   "pluggy: PARTIAL_SUCCESS without the accounts",
		status: domain.LinkStatus{Cards: domain.OneRead, Transactions: domain.OneRead},
		rows:   domain.OneRead, rowsOfCredit: domain.OneRead,
	},
	{
		name:     "pluggy: PARTIAL_SUCCESS with the accounts only",
		status:   domain.LinkStatus{Accounts: domain.OneRead, SignedIn: true},
		accounts: domain.OneRead,
	},
	{
		name:   "pluggy: PARTIAL_SUCCESS with the cards only",
		status: domain.LinkStatus{Cards: domain.OneRead, SignedIn: true},
	},
	{
		name:   "pluggy: PARTIAL_SUCCESS with the transactions only",
		status: domain.LinkStatus{Transactions: domain.OneRead, SignedIn: true},
		rows:   domain.OneRead,
	},
	{
		name: "pluggy: an account waits for an approval",
		status: domain.LinkStatus{
			Cards: domain.OneRead, Transactions: domain.OneRead, Approval: domain.IsWaiting, SignedIn: true,
		},
		rows: domain.OneRead, rowsOfCredit: domain.OneRead,
	},
	{name: "pluggy: a device waits", status: domain.LinkStatus{Device: domain.IsWaiting}},
	{name: "pluggy: UPDATING or OUTDATED"},
	{name: "pluggy: LOGIN_ERROR", status: domain.LinkStatus{NeedsReauth: true}},
	{
		name: "pluggy: LOGIN_ERROR with proofs",
		status: domain.LinkStatus{
			NeedsReauth: true, Accounts: domain.OneRead, Cards: domain.OneRead, Transactions: domain.OneRead,
		},
	},
	{
		name:     "belvo, plaid: valid",
		status:   domain.LinkStatus{Accounts: domain.TwoReads, Cards: domain.TwoReads, Transactions: domain.TwoReads},
		accounts: domain.TwoReads, cards: domain.TwoReads, rows: domain.TwoReads, rowsOfCredit: domain.TwoReads,
	},
	{name: "belvo, plaid: the holder must act", status: domain.LinkStatus{NeedsReauth: true}},
	{
		name: "belvo, plaid: the holder must act, with proofs",
		status: domain.LinkStatus{
			NeedsReauth: true, Accounts: domain.TwoReads, Cards: domain.TwoReads, Transactions: domain.TwoReads,
		},
	},
}

// TestAListProvesOnlyWhatTheVendorHasRead checks the ground of each status, with each state of the consent.
func TestAListProvesOnlyWhatTheVendorHasRead(t *testing.T) {
	for _, v := range vendorStatuses {
		want := domain.Ground{Accounts: v.accounts, Cards: v.cards, Rows: v.rows, RowsOfCredit: v.rowsOfCredit}
		for consent, proves := range map[domain.ConsentState]bool{
			domain.ConsentUnknown: true, domain.ConsentActive: true, domain.ConsentExpiring: true,
			domain.ConsentExpired: false, domain.ConsentRevoked: false,
		} {
			if !proves {
				want = domain.Ground{}
			}
			if got := domain.GroundOf(
				v.status,
				consent,
				false,
			); proves && got != want ||
				!proves && got != (domain.Ground{}) {
				t.Errorf("%s, consent %s: %+v", v.name, consent, got)
			}
			want = domain.Ground{Accounts: v.accounts, Cards: v.cards, Rows: v.rows, RowsOfCredit: v.rowsOfCredit}
		}
		if got := domain.GroundOf(v.status, domain.ConsentActive, true); got != (domain.Ground{}) {
			t.Errorf("%s, the holder must sign in: %+v", v.name, got)
		}
	}
}

// secondRead is a complete read after the first one that lacked the rows.
type secondRead struct {
	name   string
	after  time.Duration
	synced bool // the vendor has synchronised again
	other  bool // it belongs to another pull; always true unless the reads are attempts of one pull
}

var secondReads = []secondRead{
	{"a retry of the same pull", time.Minute, false, false},
	{"the same synchronisation, an hour later", time.Hour, false, true},
	{"the same synchronisation, six hours later", 6 * time.Hour, false, true},
	{"the next synchronisation, after 59 minutes", 59 * time.Minute, true, true},
	{"the next synchronisation, an hour later", time.Hour, true, true},
	{"the same synchronisation, 5:59 later", 359 * time.Minute, false, true},
	{"the next synchronisation, six hours later", 6 * time.Hour, true, true},
}

// TestTheAbsenceMatrix checks when rows that a list lacks are removed: by the status of the vendor, by what is missing,
// and by the second read.
func TestTheAbsenceMatrix(t *testing.T) {
	const one, two = 1, 2 // the read that removes the rows; 0: none of them
	atOnce := [7]int{one, one, one, one, one, one, one}
	confirmed := [7]int{0, 0, 0, 0, two, 0, two} // an hour later, by the next synchronisation
	late := [7]int{0, 0, two, 0, 0, 0, two}      // six hours later
	for _, lost := range []struct {
		name               string
		rows, live, recent int
		shown              bool
		// removed by the first read, or by each of the second reads in turn, where one read is a proof and the vendor
		// plans the next synchronisation
		planned [7]int
		unknown [7]int // the same where the vendor states no time
	}{
		{"one row", 1, 12, 1, true, atOnce, atOnce},
		{"19 of 19 rows that the list shows in part", 19, 20, 19, true, atOnce, atOnce},
		{"half a list", 20, 40, 20, true, atOnce, atOnce},
		{"more than half a list", 20, 39, 20, true, confirmed, late},
		{"all of 12 rows", 12, 12, 12, false, confirmed, late},
		{"all of 12 rows beside new ones", 12, 15, 12, false, confirmed, late},
		{"all of three rows", 3, 3, 3, false, confirmed, late},
		{"all of three rows, one of them old", 3, 3, 2, false, atOnce, atOnce},
		{"all of 20 old rows", 20, 20, 0, false, confirmed, late},
		{"all of two rows", 2, 2, 2, false, atOnce, atOnce},
		{"all of 12 rows, two of this year", 12, 12, 2, false, atOnce,
			atOnce},
	} {
		for i, second := range secondReads {
			for _, stated := range []bool{true, false} {
				for _, proof := range []domain.AbsenceProof{domain.OneRead, domain.TwoReads, domain.NoProof} {
					m := absenceMatrix{lost.rows, lost.live, lost.recent, lost.shown, stated, proof}
					want := lost.planned[i]
					if !stated {
						want = lost.unknown[i]
					}
					switch {
					case proof == domain.NoProof:
						want = 0
					case proof == domain.TwoReads && want == one:
						if want = two; !second.other {
							want = 0
						}
					// The second read is the first one that can prove a mass removal, but not the first one that can
					// lack all rows.
					case proof == domain.TwoReads && (lost.shown || lost.recent < 3):
						want = 0
					}
					if got := m.removedBy(t, second); got != want {
						t.Errorf("%s, %s, time stated %t, proof %d: removed by read %d, want %d",
							lost.name, second.name, stated, proof, got, want)
					}
				}
			}
		}
	}
}

// absenceMatrix is a case of the matrix.
type absenceMatrix struct {
	rows, live, recent int
	shown, stated      bool
	proof              domain.AbsenceProof
}

// removedBy returns the number of the read that removes the rows; 0 if neither does.
func (m absenceMatrix) removedBy(t *testing.T, second secondRead) int {
	t.Helper()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	pulls := [2]domain.PullID{{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000001")}}
	if pulls[1] = pulls[0]; second.other {
		pulls[1] = domain.PullID{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000002")}
	}
	absent := make([]domain.Absence, m.rows)
	for i := range absent {
		absent[i] = domain.Absence{ExternalID: fmt.Sprint(i), Account: "a", Pull: pulls[0], Date: "2026-02-01"}
		if i >= m.recent {
			absent[i].Date = "2024-02-01"
		}
	}
	var sync domain.SyncTime
	if m.stated {
		sync = domain.SyncTime{At: start.Add(-time.Hour), Planned: true}
	}
	for i, at := range []time.Time{start, start.Add(second.after)} {
		if i == 1 && second.synced && m.stated {
			sync.At = at.Add(-time.Minute)
		}
		r := domain.AbsenceRead{
			Proof: m.proof, Pull: pulls[i], At: at, Sync: sync, Live: map[string]int{"a": m.live},
			Shown: map[string]bool{"a": m.shown},
		}
		removed, remaining := r.Judge(absent)
		if len(removed) == m.rows {
			return i + 1
		}
		if len(removed) > 0 {
			t.Fatalf("only %d rows are removed", len(removed))
		}
		absent = remaining
	}
	return 0
}

// TestAMassRemovalThatTheVendorWillNotConfirm checks that a vendor that plans no synchronisation is not waited for.
func TestAMassRemovalThatTheVendorWillNotConfirm(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	held := domain.HoldAt(now, domain.SyncTime{At: now})
	for wait, want := range map[time.Duration]bool{
		0: true, 48 * time.Hour: false, 49 * time.Hour: true, -time.Hour: false, -49 * time.Hour: true,
	} {
		status := domain.LinkStatus{SyncedAt: now}
		later := now.Add(6 * time.Hour)
		if wait != 0 {
			status.Schedule.NextAt = later.Add(wait)
		}
		if got := held.ReleasedBy(later, status.SyncTime(later)); got != want {
			t.Errorf("next synchronisation in %s: released: %t", wait, got)
		}
	}
	if (domain.Hold{}).ReleasedBy(now, domain.SyncTime{}) {
		t.Error("a removal that is not delayed is released")
	}
}

func TestCardsHaveProofsOfTheirOwn(t *testing.T) {
	ground := domain.Ground{
		Accounts: domain.OneRead, Cards: domain.TwoReads, Rows: domain.TwoReads, RowsOfCredit: domain.OneRead,
	}
	for account, want := range map[domain.AccountType][2]domain.AbsenceProof{
		domain.BankAccount: {domain.OneRead, domain.TwoReads}, domain.OtherAccount: {domain.OneRead, domain.TwoReads},
		domain.CreditAccount: {domain.TwoReads, domain.OneRead},
	} {
		if got := [2]domain.AbsenceProof{ground.Account(account), ground.RowsOf(account)}; got != want {
			t.Errorf("%s: %v, want %v", account, got, want)
		}
	}
}
