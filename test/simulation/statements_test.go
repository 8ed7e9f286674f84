package simulation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	statementWorlds  = flag.Int("statement-worlds", 1, "simulations of TestOwnStatementsAreReadBack")
	statementPeriods = flag.Int("statement-periods", 60, "periods of each simulation of TestOwnStatementsAreReadBack")
)

// TestOwnStatementsAreReadBack simulates accounts with balances. At random steps and at quiet points, it writes
// statements of them, and adds each as a statement of the bank. The comparison must have the verdict that section 14 of
// the contract and the facts about the account imply.
func TestOwnStatementsAreReadBack(t *testing.T) {
	total := readBacks{}
	for i := range uint64(*statementWorlds) {
		s := newBookedSim(t, *seed+i)
		runReadBacks(t, s, *statementPeriods)
		for name, n := range s.booked.results {
			total[name] += n
		}
	}
	t.Log(total)
	for _, want := range []string{
		"camt053 agrees", "ofx agrees", "ofx lines_agree", "csv lines_agree", "csv inconclusive",
	} {
		if total[want] == 0 {
			t.Errorf("no verdict was %q", want)
		}
	}
}

// readBacks are numbers of statements by format and verdict, or by format and the code of the error.
type readBacks map[string]int

// booked is the part of a simulation whose accounts have balances.
type booked struct {
	// app is a service of its own: tasks that the scheduler has suspended hold no share of its reads.
	app     *application.Service
	results readBacks
	// unrecorded contains amounts of the balances that no row explains, by the number of the account.
	unrecorded map[string]decimal.Decimal
}

// particulars is what distinguishes a row of an account with balances. The copies of a row have equal particulars.
type particulars struct {
	cents    int64 // added to the amount
	incoming bool
	pending  bool
	currency string // of the amount
	// converted is the currency of the account if the amount is converted; "" if it is not.
	converted string
	endToEnd  string
}

// newBookedSim returns a simulation whose accounts have balances.
func newBookedSim(t *testing.T, seed uint64) *sim {
	s := newSim(t, seed, onSQLite, "pluggy", "belvo", "plaid")
	s.booked = &booked{results: readBacks{}, unrecorded: map[string]decimal.Decimal{}}
	deps := s.deps()
	deps.DriftGrace = []time.Duration{0, 24 * time.Hour}[s.rand.IntN(2)]
	deps.CoverAfter = []time.Duration{0, 12 * time.Hour}[s.rand.IntN(2)]
	deps.CloseOffset = []time.Duration{0, -3 * time.Hour}[s.rand.IntN(2)]
	for _, app := range []**application.Service{&s.replicas[0], &s.replicas[1], &s.booked.app} {
		var err error
		if *app, err = application.New(deps); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// runReadBacks runs a simulation, and reads statements of so many periods back.
func runReadBacks(t *testing.T, s *sim, periods int) {
	t.Helper()
	defer s.close()
	defer func() {
		switch broken := recover().(type) {
		case nil:
		default:
			panic(broken)
		case violation:
			t.Fatalf("%s\n%s\nreplay: go test ./test/simulation -run '%s$' -seed %d -statement-worlds 1 "+
				"-statement-periods %d", broken, s.recentLog(), t.Name(), s.seed, periods)
		}
	}()
	const parts, times, steps = 3, 4, 100
	for range parts {
		for range times {
			for range steps {
				s.nextStep()
			}
			s.readBackSome(periods / (3 * parts * times))
		}
		s.quiesce()
		for range 1 + s.rand.IntN(3) {
			s.readAgain(time.Duration(20+s.rand.IntN(60)) * time.Hour)
		}
		s.acceptDrifts()
		s.readBackSome(periods / (3 * parts))
	}
	s.excludeSome()
	s.readBackSome(periods / 6)
	for _, c := range s.liveConnections() {
		_, err := s.randomReplica().RequestPull(s.background(), c.Tenant, c.ID, domain.Window{})
		s.mustSucceed(err)
	}
	s.drainPulls()
	s.readBackSome(periods / 6)
}

// bookedRow gives a new row of an account with balances its particulars.
func (s *sim) bookedRow(ref *accountRef, r *row) {
	currency := currencyOf(ref.numbers[r.account])
	r.particulars = particulars{
		cents: s.rand.Int64N(40), incoming: s.chance(0.3), pending: s.chance(0.12), currency: currency,
	}
	p := &r.particulars
	switch {
	case s.chance(0.2):
		p.cents = 1_000 * s.rand.Int64N(200_000) // most amounts are whole or have many digits
	case s.chance(0.3):
		p.cents = 91 // whole units, together with the other part of the amount
	}
	switch {
	case s.chance(0.05):
		p.currency, p.converted = "USD", currency
	case s.chance(0.004):
		p.currency = "USD"
	}
	if s.chance(0.3) {
		p.endToEnd = fmt.Sprintf("E18236120202603011200%011d", s.names) // a copy of the row has the same
	}
	switch today := domain.DateOf(s.clock.now); {
	case s.chance(0.06):
		r.date = today.AddDays(1 + s.rand.IntN(4))
	case s.chance(0.3):
		r.date = today.AddDays(-s.rand.IntN(360))
	}
}

// apply changes a row as its particulars say.
func (p particulars) apply(o domain.TransactionData) domain.TransactionData {
	amount := o.Amount.Amount.Add(decimal.New(-p.cents, -2))
	if p.incoming {
		amount = amount.Neg()
	}
	o.Amount = domain.Money{Amount: amount, Currency: p.currency}
	if p.converted != "" {
		o.AccountMoney = &domain.Money{Amount: amount.Mul(decimal.New(5, 0)), Currency: p.converted}
	}
	if p.pending {
		o.Status = domain.Pending
	}
	o.References.EndToEndID = p.endToEnd
	return o
}

// currencyOf returns the currency of the account with this number. A number keeps its currency and type in all links.
func currencyOf(number string) string {
	if len(number) > 2 && number[len(number)-2] == '7' {
		return "MXN"
	}
	return "BRL"
}

func isCard(number string) bool { return len(number) > 2 && number[len(number)-2] == '4' }

// book sets the balance of an account as the vendor states it: the posted rows up to today, and what no row explains.
func (s *sim) book(ref *accountRef, account *domain.AccountData) {
	number := account.Number
	account.Currency = currencyOf(number)
	balance := decimal.New(100_000, -2).Add(s.booked.unrecorded[number])
	today := domain.DateOf(s.clock.now)
	for _, r := range slices.Concat(ref.rows, ref.late) {
		if r.removed || ref.numberOf(r.account) != number {
			continue
		}
		o := r.transactionData()
		money := o.Amount
		if o.AccountMoney != nil {
			money = *o.AccountMoney
		}
		if o.Status == domain.Posted && o.Date <= today && money.Currency == account.Currency {
			balance = balance.Add(money.Amount)
		}
	}
	if isCard(number) {
		account.Type, balance = domain.CreditAccount, balance.Neg()
	}
	account.Balance = &domain.Money{Amount: balance, Currency: account.Currency}
}

// Balance returns what the balance of an account means. An account without one has nothing to compare its rows with.
func (*vendor) Balance(account domain.AccountData) books.VendorBalance {
	return books.BalanceWithDebtOnCards(account)
}

// numberOf returns the number of an account of the reference, or of a former one.
func (ref *accountRef) numberOf(account string) string {
	for ; ref != nil; ref = ref.former {
		if number := ref.numbers[account]; number != "" {
			return number
		}
	}
	return ""
}

// moveBalance changes a balance by an amount that no row explains.
func (s *sim) moveBalance(ref *accountRef) {
	number := ref.numbers[ref.accounts[s.rand.IntN(len(ref.accounts))]]
	s.booked.unrecorded[number] = s.booked.unrecorded[number].Add(decimal.New(s.rand.Int64N(20_000)-10_000, -2))
}

// acceptDrifts lets operators accept the present balances of some accounts.
func (s *sim) acceptDrifts() {
	for _, c := range s.liveConnections() {
		for _, a := range s.accountsOf(c) {
			if s.chance(0.3) {
				_, err := s.randomReplica().AcceptCompleteness(s.background(), c.Tenant, a.ID, "checked")
				if err != nil && !errors.Is(err, domain.NoAnchor) {
					s.mustSucceed(err)
				}
			}
		}
	}
}

// excludeSome lets operators exclude some records. Only the invariants of statements hold from then on.
func (s *sim) excludeSome() {
	for _, c := range s.liveConnections() {
		for _, t := range s.ownRows(c) {
			if t.RemovedAt.IsZero() && s.chance(0.1) {
				_, err := s.randomReplica().ExcludeTransaction(s.background(), c.Tenant, t.ID, "not ours")
				s.mustSucceed(err)
			}
		}
	}
}

// readBackSome writes statements of random accounts and periods, and reads them back. Meanwhile there are no faults.
func (s *sim) readBackSome(periods int) {
	if s.down || len(s.connections) == 0 {
		return
	}
	faultFree := s.faultFree
	s.faultFree = true
	for range periods {
		c := s.connections[s.rand.IntN(len(s.connections))]
		accounts := s.accountsOf(c)
		if len(accounts) == 0 {
			continue
		}
		account := accounts[s.rand.IntN(len(accounts))]
		w := s.randomPeriod(account)
		for _, f := range []ports.StatementFormat{
			camt053.Format{}, ofx.Format{SGML: s.chance(0.5)}, csv.Format{Brazilian: s.chance(0.5)},
		} {
			s.readBackOne(account, w, f)
		}
	}
	s.faultFree = faultFree
}

// randomPeriod returns a period of a day to a year, which may be open at its ends.
func (s *sim) randomPeriod(account domain.Account) domain.Window {
	to := domain.DateOf(s.clock.now).AddDays(2 - s.rand.IntN(12))
	if balances := s.balancesOf(account); len(balances) > 0 && s.chance(0.7) {
		to = s.dayOf(balances[s.rand.IntN(len(balances))])
	}
	w := domain.Window{From: to, To: to}
	switch {
	case s.chance(0.1):
		w.To = ""
	case s.chance(0.15):
	case s.chance(0.5):
		w.From = to.AddDays(-1 - s.rand.IntN(40))
	default:
		w.From = to.AddDays(-1 - s.rand.IntN(364))
	}
	if s.chance(0.1) {
		w.From = ""
	}
	return w
}

func (s *sim) balancesOf(account domain.Account) []books.AccountBalance {
	page, err := s.booked.app.ListBalances(s.background(), account.Tenant, account.ID, domain.Window{},
		domain.PageRequest{Limit: domain.MaxLimit})
	s.mustSucceed(err)
	return page.Items
}

// dayOf returns the day at whose end the account had a balance.
func (s *sim) dayOf(b books.AccountBalance) domain.Date {
	if b.CoversTo != "" {
		return b.CoversTo
	}
	return s.localDay(b.At).AddDays(-1)
}

// knows reports whether the service knows the vendor's balance at the end of the day: a reading of this day agrees with
// the latest one about the records, no record has changed since, waits for its second absence or is held back, and the
// latest balance contains no record of a later day whose amount in the currency of the account is not known.
func (s *sim) knows(account domain.Account, day domain.Date) bool {
	c, err := s.booked.app.AccountCompleteness(s.background(), account.Tenant, account.ID)
	s.mustSucceed(err)
	balances := s.balancesOf(account)
	stored := s.stored(account)
	if c.ChangedSince || len(balances) == 0 || stored.Last.Waiting > 0 || !stored.Held.IsZero() {
		return false
	}
	for _, t := range s.storedRows(s.connectionOf(account.ID)) {
		_, known := books.SumRowOf(t).InCurrency(account.Currency)
		if t.AccountID == account.ID && t.Counts() && t.Status == domain.Posted && !known && t.Date > day &&
			t.Date <= s.localDay(balances[0].At) {
			return false
		}
	}
	return slices.ContainsFunc(balances, func(b books.AccountBalance) bool {
		return s.dayOf(b) == day && b.Anchor.Equal(balances[0].Anchor)
	})
}

// stored returns the stored completeness of an account.
func (s *sim) stored(account domain.Account) (c books.Completeness) {
	s.mustSucceed(s.store.Ledger().Snapshot(s.background(), account.Tenant, account.ID, func(
		v ports.AccountView,
	) error {
		c = v.Completeness
		return nil
	}))
	return c
}

// drifts reports whether the vendor's balance has left the baseline, with which statements are printed, and the service
// knows this balance at the end of one of the days.
func (s *sim) drifts(account domain.Account, days ...domain.Date) bool {
	return !s.stored(account).AnchorDrift.IsZero() &&
		slices.ContainsFunc(days, func(day domain.Date) bool { return s.knows(account, day) })
}

// localDay returns the day of a time in the zone of the service.
func (s *sim) localDay(at time.Time) domain.Date {
	return domain.DateOf(at.UTC().Add(s.booked.app.CloseOffset))
}

// readBackOne writes a statement, and adds it as a statement of the bank.
func (s *sim) readBackOne(account domain.Account, w domain.Window, f ports.StatementFormat) {
	var file bytes.Buffer
	var printed books.Statement
	var rows []books.StatementRecord
	query := ports.StatementQuery{Window: w, Balances: f.HasBalances()}
	err := s.booked.app.WriteStatement(s.background(), account.Tenant, account.ID, query, func(
		st books.Statement, records iter.Seq2[books.StatementRecord, error],
	) error {
		printed = st
		for r, err := range records {
			s.mustSucceed(err)
			rows = append(rows, r)
		}
		return f.Write(&file, st, records)
	})
	if errors.Is(err, domain.Conflict) {
		s.booked.results[f.Name()+" "+string(domain.CodeOf(err))]++
		return
	}
	s.mustSucceed(err)
	view, created, err := s.booked.app.AddBankStatement(s.background(), account.Tenant, account.ID,
		ports.BankStatementFile{Content: file.Bytes(), Name: "own." + f.Extension()})
	s.mustSucceed(err)
	if !created {
		view, err = s.booked.app.CompareAgain(s.background(), account.Tenant, view.ID)
		s.mustSucceed(err)
	}
	want := s.wantVerdict(account, printed, len(rows), f)
	if view.Comparison == nil || view.Comparison.Verdict != want {
		s.violated("the verdict about %s of %v is %+v in %s, want %s:\n%.3000s\n%s",
			f.Name(), printed.Period, view.Comparison, view.State, want, &file, s.describe(account))
	}
	if n := view.Comparison.Buckets[witness.OnlyTheirs].Count + view.Comparison.Buckets[witness.OnlyOurs].Count; n > 0 {
		s.violated("%d lines or records of an own statement have no counterpart", n)
	}
	s.booked.results[f.Name()+" "+string(want)]++
}

// wantVerdict returns the verdict about a printed statement with so many rows.
func (s *sim) wantVerdict(
	account domain.Account, printed books.Statement, rows int, f ports.StatementFormat,
) witness.Verdict {
	days := printed.Period
	switch {
	case len(printed.Unconverted) > 0: // only CSV shows these rows, without an amount
		return witness.Inconclusive
	case f.HasBalances() && printed.Balances != nil && s.drifts(account, days.From.AddDays(-1), days.To):
		return witness.Differs
	case f.Name() == "camt053":
		return witness.Agrees
	case rows == 0 && (!f.HasBalances() || days.From == days.To): // no line, and no day that the file covers
		return witness.Inconclusive
	case f.HasBalances() && days.From < days.To && s.knows(account, closingDay(printed)):
		return witness.Agrees
	}
	return witness.LinesAgree
}

// closingDay returns the day of the balance of an OFX document: the last day, or that of the vendor's balance if no
// balance of days is known.
func closingDay(printed books.Statement) domain.Date {
	if printed.Balances == nil {
		return domain.DateOf(printed.Account.UpdatedAt.UTC())
	}
	return printed.Period.To
}

// describe returns what the service knows about an account: its completeness, its balances and its records.
func (s *sim) describe(account domain.Account) string {
	var text strings.Builder
	s.mustSucceed(s.store.Ledger().Snapshot(s.background(), account.Tenant, account.ID, func(
		v ports.AccountView,
	) error {
		c, err := json.Marshal(v.Completeness)
		fmt.Fprintf(&text, "%s changed %+v\n", c, v.Completeness.Changed)
		for t, err := range v.Live(s.background(), domain.Window{}) {
			s.mustSucceed(err)
			fmt.Fprintf(&text, "%s %s %s %v %v, first seen %v\n", t.ID, t.Date, t.Status, t.Amount, t.AccountMoney,
				t.FirstSeenAt)
		}
		return err
	}))
	for _, b := range s.balancesOf(account) {
		fmt.Fprintf(&text, "%+v\n", b)
	}
	return text.String()
}
