package books_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// bankRow is a record as the bank booked it, with the bank's running balance. The amount and the balance are in cents.
type bankRow struct {
	id              byte
	day             domain.Date
	order           int
	amount, balance int64
	seen            time.Time
}

// simulated is a simulated account: what the bank has booked, and what is stored. A fault changes only what is stored.
type simulated struct {
	random  *rand.Rand
	booked  []bankRow
	stored  []bankRow
	balance int64
	state   books.Completeness
	counts  []domain.AnnouncedCount // announced by synchronisations since the last reading
	since   time.Time               // the time of the previous synchronisation
}

// book adds up to three records of the day to the account.
func (s *simulated) book(at time.Time) {
	for order := range s.random.IntN(4) {
		amount := s.random.Int64N(200_000) - 100_000
		if amount == 0 {
			continue
		}
		s.balance += amount
		row := bankRow{byte(len(s.booked)), domain.DateOf(at), order, amount, s.balance, at}
		s.booked, s.stored = append(s.booked, row), append(s.stored, row)
	}
}

// The method read simulates a pull: it computes an AccountReading from the stored records, and updates the completeness
// state.
func (s *simulated) read(at time.Time) {
	balance := books.VendorBalance{Amount: decimal.New(s.balance, -2), Currency: "BRL"}
	sum := books.NewAccountSum(balance, s.state.Baseline, at)
	var chain []books.ChainRow
	for i, row := range s.stored {
		amount, running := decimal.New(row.amount, -2), decimal.New(row.balance, -2)
		sum.Add(books.SumRow{
			Date: row.day, FirstSeenAt: row.seen, Posted: true, Amount: domain.Money{Amount: amount, Currency: "BRL"},
		})
		chain = append(chain, books.ChainRow{
			ID: domain.TransactionID{UUID: uuid.UUID{1, byte(i >> 8), byte(i)}}, Date: row.day, Amount: amount,
			RunningBalance: books.RunningBalance{Order: row.order, Balance: &running},
		})
	}
	s.state = s.state.After(sum.Reading(false, chain)).Announce("a", s.counts)
	s.counts = nil
	read := make([]int, len(s.state.Announced))
	for i, count := range s.state.Announced {
		for _, row := range s.stored {
			if !row.seen.Before(count.From) {
				read[i]++
			}
		}
	}
	s.state = s.state.Count(at, read)
}

// announce announces the records that the bank has booked since the previous synchronisation.
func (s *simulated) announce(at time.Time) {
	count := domain.AnnouncedCount{Account: "a", From: s.since.Add(time.Second)}
	for _, row := range s.booked {
		if row.seen.After(s.since) {
			count.Count++
		}
	}
	s.since = at
	if count.Valid() {
		s.counts = append(s.counts, count)
	}
}

// storedFaults contains the possible faults of a stored record, by name. Each function returns the stored records
// with the fault in record i.
var storedFaults = map[string]func(rows []bankRow, i int) []bankRow{
	"a hidden row": func(rows []bankRow, i int) []bankRow { return append(rows[:i:i], rows[i+1:]...) },
	"a doubled row": func(rows []bankRow, i int) []bankRow {
		double := rows[i]
		double.order += 10
		return append(rows, double)
	},
	"a flipped sign": func(rows []bankRow, i int) []bankRow {
		rows[i].amount = -rows[i].amount
		return rows
	},
	"a wrong amount": func(rows []bankRow, i int) []bankRow {
		rows[i].amount++
		return rows
	},
}

// A simulated year without faults must not cause a drift (a failing check), and each fault must be found.
//
// The test simulates 40 accounts for a year, or ten accounts with -short. An account has up to three records a day.
// Each week, a synchronisation announces the number of new records. After the year, the test makes copies of each
// account, and puts one fault into each copy. The fault in the last copy is an announced count that is too high by
// one.
func TestNoAccountDriftsInAYearWithoutFaultsAndEachFaultIsFound(t *testing.T) {
	start := time.Date(2025, 1, 1, 6, 0, 0, 0, time.UTC)
	accounts := 40
	if testing.Short() {
		accounts = 10
	}
	faults, named, missed := 0, 0, 0
	for account := range accounts {
		s := &simulated{random: rand.New(rand.NewPCG(7, uint64(account))), balance: 1_000_000}
		at := start
		for range 365 {
			s.book(at)
			if at.Weekday() == time.Monday {
				s.announce(at)
				s.read(at)
			}
			if !s.state.DriftSince().IsZero() {
				t.Fatalf("account %d drifts on %v without a fault: %+v", account, at, s.state.Results(at, 0))
			}
			at = at.Add(24 * time.Hour)
		}
		for name, fault := range storedFaults {
			injected := *s
			injected.book(at)
			injected.stored = fault(append([]bankRow(nil), injected.stored...), len(s.stored)/2)
			injected.read(at)
			injected.read(at.Add(grace)) // the synchronisation after the grace period
			state, _ := injected.state.State(at.Add(grace), grace)
			results := injected.state.Results(at.Add(grace), grace)
			if state != books.Drifting || results[0].State != books.Drifting {
				t.Errorf("account %d: %s is not found: %s, %+v", account, name, state, results)
			}
			faults++
			if len(results) > 1 && len(results[1].Between) == 2 {
				named++
			}
		}
		short := *s
		short.book(at)
		short.announce(at)
		short.counts = append(
			short.counts,
			domain.AnnouncedCount{Account: "a", From: start, Count: len(short.stored) + 1},
		)
		short.read(at)
		if state, _ := short.state.State(at, grace); state != books.Complete {
			t.Errorf("account %d: a count that was missed is %s before the grace period has passed", account, state)
		}
		short.read(at.Add(grace))
		state, _ := short.state.State(at.Add(grace), grace)
		results := short.state.Results(at.Add(grace), grace)
		last := results[len(results)-1]
		if state == books.Drifting && last.State == books.Drifting && last.Difference().String() == "-1" &&
			results[0].State == books.Complete {
			missed++
		}
	}
	summary := fmt.Sprintf("%d faults, %d gaps named, %d counts missed", faults, named, missed)
	want := fmt.Sprintf("%d faults, %d gaps named, %d counts missed", 4*accounts, 4*accounts, accounts)
	if summary != want {
		t.Errorf("%s, want %s", summary, want)
	}
}
