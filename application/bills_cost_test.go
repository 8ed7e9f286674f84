package application_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var billRounds = flag.Int("bill-rounds", 0, "measure in so many rounds how much slower pulls are that read bills")

const (
	costedRows  = 2000
	costedBills = 24
)

// cardVendor is a vendor without bills. Its account reference has one card.
type cardVendor struct{ *vendor }

func (cardVendor) Accounts(context.Context, ports.Access) ([]domain.AccountData, error) {
	return []domain.AccountData{{ExternalID: account, Type: domain.CreditAccount, Currency: "BRL"}}, nil
}

// billedVendor also lists the bills of the card.
type billedVendor struct {
	cardVendor
	listing bills.Listing
}

func (v billedVendor) Bills(context.Context, ports.Access, domain.AccountData) (bills.Listing, error) {
	return v.listing, nil
}

// billsOfTwoYears returns 24 bills of a card.
func billsOfTwoYears() (all bills.Listing) {
	for n := range costedBills {
		all.Bills = append(all.Bills, bills.Data{
			ExternalID: fmt.Sprint("bill ", n), DueDate: dueDate(n), ClosingDate: dueDate(n).AddDays(-7),
			Currency: "BRL", Total: decimal.New(costedRows/costedBills*35, 0),
		})
	}
	return all
}

func dueDate(n int) domain.Date { return domain.Date("2024-03-10").AddDays(30 * n) }

// cardRow returns the n-th row of the card, which names its bill.
func cardRow(n int) domain.TransactionData {
	r := row(fmt.Sprint("r", n), fmt.Sprint("Purchase ", n))
	bill := n % costedBills
	r.Amount.Amount = decimal.New(-1000-int64(n), -2)
	r.ContentHash = domain.ContentHash{1, byte(n), byte(n >> 8), byte(n >> 16)} // a row that is read again is unchanged
	r.Date, r.Card = dueDate(bill).AddDays(-10-n%20), domain.CardFacts{Bill: fmt.Sprint("bill ", bill)}
	return r
}

// pages makes the vendor return its rows in pages of 500, as vendors do.
func pages(v *vendor) {
	v.onRead = func(_ domain.Step, cursor string) (*ports.VendorPage, error) {
		from, _ := strconv.Atoi(cursor)
		to := min(from+500, len(v.rows))
		page := &ports.VendorPage{Transactions: domain.RawTransactionsOf(v.rows[from:to]...)}
		if to < len(v.rows) {
			page.Next = strconv.Itoa(to)
		}
		return page, nil
	}
}

// costedPulls is a connection whose pulls are measured.
type costedPulls struct {
	*env

	vendor     *vendor
	connection domain.Connection
	token      string
	made       int
}

func newCostedPulls(t *testing.T, withBills bool) *costedPulls {
	p := &costedPulls{}
	p.env = newEnv(t, func(d *application.Deps) {
		p.vendor = d.Aggregators[0].(*vendor)
		card := cardVendor{p.vendor}
		d.Aggregators = []ports.Aggregator{card}
		if withBills {
			d.Aggregators = []ports.Aggregator{billedVendor{card, billsOfTwoYears()}}
		}
	})
	p.connection = p.createConnection("cards")
	for n := range costedRows {
		p.vendor.rows = append(p.vendor.rows, cardRow(n))
	}
	pages(p.vendor)
	p.runPull(p.requestFullPull(p.connection))
	p.token = p.mintToken(p.connection)
	return p
}

// The pulls that are measured.
var costed = []struct {
	name string
	pull func(p *costedPulls)
}{
	{"nothing changed", func(p *costedPulls) { p.runPull(p.requestFullPull(p.connection)) }},
	{"200 new rows", func(p *costedPulls) {
		for range 200 {
			p.made++
			p.vendor.rows = append(p.vendor.rows, cardRow(costedRows+p.made))
		}
		p.runPull(p.requestFullPull(p.connection))
	}},
	{"20 events about 20 new rows each", func(p *costedPulls) {
		for range 20 {
			p.made++
			from := len(p.vendor.rows)
			for n := range 20 {
				p.vendor.rows = append(p.vendor.rows, cardRow(10*costedRows+20*p.made+n))
			}
			p.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
				return &ports.VendorPage{Transactions: domain.RawTransactionsOf(p.vendor.rows[from:]...)}, nil
			}
			p.vendor.steps = []domain.Step{{Account: account, CreatedFrom: p.clock.Now()}}
			scope := domain.PullScope{Created: map[string]time.Time{account: p.clock.Now()}}
			p.runPull(p.receive(p.token, eventBody(fmt.Sprint("event ", p.made), scope)).Delivery.Pull)
			p.vendor.steps = nil
			pages(p.vendor)
		}
	}},
}

// TestWhatBillsCostPulls compares pulls of a vendor that lists bills with the same pulls of one that does not, in turn.
// It measures the CPU time of the process, because other work on the machine changes the time.
func TestWhatBillsCostPulls(t *testing.T) {
	if *billRounds == 0 {
		t.Skip("without -bill-rounds nothing is measured")
	}
	without, with := newCostedPulls(t, false), newCostedPulls(t, true)
	if got := with.bills(with.connection); len(got) != 10 {
		t.Fatalf("the bills are %q", got)
	}
	for _, c := range costed {
		var ratios []float64
		var times [2][]time.Duration
		for round := range *billRounds {
			var spent [2]time.Duration
			for turn := range 2 {
				i := (round + turn) % 2 // each is first in every other round
				p := []*costedPulls{without, with}[i]
				runtime.GC() // so that nobody pays for the garbage of the other
				begun := cpuTime(t)
				c.pull(p)
				spent[i] = cpuTime(t) - begun
				times[i] = append(times[i], spent[i])
			}
			ratios = append(ratios, float64(spent[1])/float64(spent[0]))
		}
		slices.Sort(ratios)
		for i := range times {
			slices.Sort(times[i])
		}
		t.Logf("%s: %v with bills, %v without, median ratio %.3f (%.2f to %.2f)", c.name, times[1][len(ratios)/2],
			times[0][len(ratios)/2], ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
	}
}

func cpuTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
