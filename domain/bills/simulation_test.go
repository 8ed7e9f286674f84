package bills_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// manner is how a bank shows a card.
type manner struct {
	name           string
	closing        func(month, random int) int // the day of the month on which a bill closes
	dueAfter       int                         // days from the usual closing to the due date
	showsClosing   bool
	forecasts      bool
	postedDistance int // months from the forecast of a posted row to the due month
	payments       string
	charges        bool // finance charges are not among the rows
	namedPart      int  // percent of the rows of closed bills that name their bill
	late           int  // percent of the named rows whose forecast is one month late
	lost           int  // percent of the rows that never arrive
	tooSmall       int  // the bill whose total is too small; -1 for none
}

func day(n int) func(int, int) int { return func(int, int) int { return n } }

// manners are the five that are documented.
var manners = []manner{
	{
		name:         "Nubank",
		closing:      day(8),
		dueAfter:     7,
		showsClosing: true,
		forecasts:    true,
		payments:     "own",
		charges:      true,
		namedPart:    85,
		late:         3,
		tooSmall:     -1,
	},
	{
		name: "Itaú", closing: day(3), dueAfter: 7, showsClosing: true, forecasts: true, postedDistance: 1,
		payments: "previous", namedPart: 80, tooSmall: -1,
	},
	{name: "Inter", closing: day(20), dueAfter: 8, showsClosing: true, payments: "none", namedPart: 80, tooSmall: -1},
	{
		name: "Bradesco", closing: func(_, random int) int { return 26 + random%3 }, dueAfter: 8, forecasts: true,
		postedDistance: 1, payments: "own", namedPart: 80, lost: 2, tooSmall: 6,
	},
	{
		name: "Mercado Pago", closing: day(15), dueAfter: 10, showsClosing: true, forecasts: true, payments: "own",
		namedPart: 90, lost: 10, tooSmall: -1,
	},
}

// simulated is a card with the truth about it.
type simulated struct {
	card    bills.Card
	of      []int  // the index of the bill of each row; -1 for a payment, 12 for an open row
	settled []bool // the bills that were paid in full
	exact   []bool // the bills whose rows reach the total
}

// months is the number of bills of a simulated card.
const months = 12

// simulate returns a card of twelve months. The bill of the fourth month is paid in part, that of the eighth not at
// all, and that of the last month is due.
func simulate(m manner, seed uint64) simulated {
	r := rand.New(rand.NewPCG(seed, 1))
	s := simulated{settled: make([]bool, months), exact: make([]bool, months)}
	closings := make([]time.Time, months+2)
	for i := range closings {
		closings[i] = time.Date(2025, time.Month(11+i), m.closing(i, r.IntN(30)), 0, 0, 0, 0, time.UTC)
	}
	carried, before := decimal.Zero, bills.ListedPayment{}
	var purchase []int // instalments to come
	for i := range months + 1 {
		from, to := closings[i], closings[i+1]
		due := time.Date(to.Year(), to.Month(), m.closing(i, 1)+m.dueAfter, 0, 0, 0, 0, time.UTC)
		id := fmt.Sprint("bill", i)
		total := carried
		s.add(r, m, i, id, domain.DateOf(due), from, to, &total, &purchase)
		if i == months {
			break
		}
		b := bill(id, domain.DateOf(to), domain.DateOf(due), "0")
		if !m.showsClosing {
			b.ClosingDate = ""
		}
		if !carried.IsZero() {
			b.FinanceCharges = []bills.Charge{{Type: "LATE_PAYMENT_FEE", Amount: amount("9.87")}}
			total = total.Add(amount("9.87"))
			if !m.charges {
				s.row(i, row(domain.DateOf(to.AddDate(0, 0, -9)), "9.87", named(id)))
			}
		}
		if i == m.tooSmall {
			total, s.exact[i] = total.Sub(amount("69.7")), false
		}
		b.Total = total
		paid := bills.ListedPayment{Date: domain.DateOf(due), Amount: total}
		switch {
		case i == 3:
			paid.Amount = total.Div(decimal.NewFromInt(3)).Round(2)
		case i == 7 || i == months-1:
			paid = bills.ListedPayment{}
		default:
			s.settled[i] = true
		}
		carried = total.Sub(paid.Amount)
		switch {
		case m.payments == "own" && paid.Date != "":
			b.Payments = []bills.ListedPayment{paid}
		case m.payments == "previous" && before.Date != "":
			b.Payments = []bills.ListedPayment{before}
		}
		before = paid
		if paid.Date != "" {
			facts := domain.CardFacts{Bill: fmt.Sprint("bill", i+1), Payment: m.payments != "none" || i == 3}
			arrived := row(paid.Date, paid.Amount.Neg().String(), facts)
			arrived.Text = "PAGAMENTO ON LINE"
			s.row(-1, arrived)
		}
		s.card.Bills = append(s.card.Bills, b)
	}
	s.card.Today, s.card.Currency = domain.DateOf(closings[months].AddDate(0, 0, 4)), "BRL"
	s.card.CoversTo = s.card.Today.AddDays(-1)
	return s
}

// row adds a row of a bill.
func (s *simulated) row(of int, r bills.Row) {
	r.ID = domain.TransactionID{UUID: uuid.New()}
	s.card.Rows, s.of = append(s.card.Rows, r), append(s.of, of)
}

// add adds the rows of the i-th bill: purchases, instalments, a refund, the annual fee with its discount, a foreign
// purchase with its tax.
func (s *simulated) add(r *rand.Rand, m manner, i int, id string, due domain.Date, from, to time.Time,
	total *decimal.Decimal, purchase *[]int,
) {
	days := int(to.Sub(from).Hours() / 24)
	if i < months {
		s.exact[i] = true
	}
	charge := func(owed decimal.Decimal, facts domain.CardFacts) {
		*total = total.Add(owed)
		if r.IntN(100) < m.lost && i < months {
			s.exact[i] = false
			return
		}
		out := row(domain.DateOf(from.AddDate(0, 0, 1+r.IntN(days))), owed.String(), facts)
		out.Pending = i == months
		if m.forecasts {
			out.Forecast = domain.BillMonthOf(due)
			if !out.Pending {
				out.Former.PendingForecast = out.Forecast // pending rows state the due month
				out.Forecast = out.Forecast.Add(-m.postedDistance)
			}
		}
		if i < months && r.IntN(100) < m.namedPart {
			out.CardFacts.Bill = id
			if r.IntN(100) < m.late {
				out.Forecast = out.Forecast.Add(1)
			}
		}
		s.row(i, out)
	}
	for range 12 {
		charge(decimal.New(int64(500+r.IntN(40000)), -2), domain.CardFacts{})
	}
	charge(decimal.New(-int64(500+r.IntN(4000)), -2), domain.CardFacts{})
	charge(amount("30"), domain.CardFacts{Number: i%12 + 1, Count: 12})
	charge(amount("-30"), domain.CardFacts{})
	charge(amount("110.4"), domain.CardFacts{})
	charge(amount("3.86"), domain.CardFacts{})
	*purchase = append(*purchase, i)
	for _, begun := range *purchase {
		if number := i - begun + 1; number <= 3 {
			bought := domain.DateOf(time.Date(2025, time.Month(11+begun), 10, 0, 0, 0, 0, time.UTC))
			charge(amount("300"), domain.CardFacts{Number: number, Count: 3, PurchaseDate: bought})
		}
	}
}

func TestTwelveMonthsOfFiveManners(t *testing.T) {
	for _, m := range manners {
		certain, uncertain, decided := 0, 0, 0
		for seed := range uint64(20) {
			s := simulate(m, seed)
			result := bills.Evaluate(s.card)
			for i, a := range result.Rows {
				switch want := s.of[i]; {
				case want < 0:
					if !a.Payment {
						t.Errorf("%s %d: the payment %+v is no payment", m.name, seed, s.card.Rows[i])
					}
				case a.Uncertain:
					uncertain++
				case want == months && !a.Open, want < months && a.Bill != s.card.Bills[want].ID:
					t.Errorf("%s %d: %+v is on %+v, want bill%d", m.name, seed, s.card.Rows[i], a, want)
				default:
					certain++
				}
			}
			decided += s.check(t, m, seed, result)
		}
		t.Logf("%s: %d rows are on their bill, %d are uncertain, %d totals of 240 are decided",
			m.name, certain, uncertain, decided)
		if uncertain*10 > certain {
			t.Errorf("%s: %d rows of %d are uncertain", m.name, uncertain, certain+uncertain)
		}
		if decided < 120 {
			t.Errorf("%s: only %d totals of 240 are decided", m.name, decided)
		}
	}
}

// check compares the totals and the states with the truth. It returns the number of decided totals.
func (s *simulated) check(t *testing.T, m manner, seed uint64, result bills.Result) (decided int) {
	t.Helper()
	for i := range months {
		b := result.Bills[months-1-i]
		if b.Check != bills.CheckUnknown {
			decided++
		}
		if b.Check == bills.AddsUp && !s.exact[i] || b.Check == bills.Differs && s.exact[i] {
			t.Errorf("%s %d: %s is %s (difference %s), but its rows reach the total: %t",
				m.name, seed, b.ID, b.Check, text(b.Difference), s.exact[i])
		}
		if b.State == bills.Paid && !s.settled[i] {
			t.Errorf("%s %d: %s is paid, but it was not", m.name, seed, b.ID)
		}
		if s.settled[i] && b.State != bills.Paid {
			t.Errorf("%s %d: %s is %s, but it was paid", m.name, seed, b.ID, b.State)
		}
	}
	return decided
}
