package bills

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The limits of rule A.
const (
	minPairs      = 5  // the number of rows from which the distance of a forecast is learned
	minAgreement  = 90 // percent of these rows that must have the same distance
	nearClosing   = 3  // days from a closing date within which dates decide nothing with certainty
	longestPeriod = 45 // days between two closing dates; more means that a bill between them is missing
)

// distance is the number of months from the month that a bank forecasts to the month in which the bill is due.
type distance struct {
	months int
	known  bool
}

// learnDistance returns the distance that most rows have, if enough rows agree.
func learnDistance(pairs map[int]int) distance {
	total, best := 0, 0
	var d distance
	for months, n := range pairs {
		total += n
		if n > best {
			best, d.months = n, months
		}
	}
	d.known = best >= minPairs && best*100 >= total*minAgreement
	return d
}

// learn returns the distances of the forecasts of posted and of pending rows. Posted rows state both the bill and the
// forecast. The distance of pending rows is learned from rows that came onto a bill later.
func (e *evaluation) learn() (posted, pending distance) {
	ofPosted, ofPending := map[int]int{}, map[int]int{}
	for i, r := range e.Rows {
		bill := e.byKey[r.CardFacts.Bill]
		if bill == nil || r.CardFacts.Bill == "" || r.Pending || e.rows[i].Payment {
			continue
		}
		due := domain.BillMonthOf(bill.DueDate).Index()
		if r.Forecast.Known() {
			ofPosted[due-r.Forecast.Index()]++
		}
		if r.Former.PendingForecast.Known() {
			ofPending[due-r.Former.PendingForecast.Index()]++
		}
	}
	return learnDistance(ofPosted), learnDistance(ofPending)
}

// assignRows applies rule A to every row that is no payment.
func (e *evaluation) assignRows() {
	posted, pending := e.learn()
	series := e.instalments()
	for i, r := range e.Rows {
		if e.rows[i].Payment {
			continue
		}
		a := e.assign(r, posted, pending, series)
		e.rows[i] = a
		if a.Uncertain {
			for _, b := range e.mayBeOn(r, a, posted) {
				b.doubt = b.doubt.Add(r.Amount.Abs())
			}
		}
		if bill := e.billWithID(a); bill != nil {
			bill.Rows.add(r, a.Uncertain)
			bill.unknown, bill.byDates = bill.unknown || r.Unknown, bill.byDates || a.Basis == ByDates
		}
	}
}

// mayBeOn returns the bills that may contain an uncertain row: those due in the months that its forecast may mean, and
// those near its day. A pending row with a forecast is not on a closed bill of its day.
func (e *evaluation) mayBeOn(r Row, a Assignment, posted distance) (found []*Evaluated) {
	add := func(all ...*Evaluated) {
		for _, b := range all {
			if !slices.Contains(found, b) {
				found = append(found, b)
			}
		}
	}
	add(e.byMonth[a.Month]...)
	if r.Forecast.Known() {
		add(e.byMonth[r.Forecast]...)
		if posted.known {
			add(e.byMonth[r.Forecast.Add(posted.months)]...)
		}
		if r.Pending {
			return found
		}
	}
	day, _ := billingDay(r)
	add(e.near(r.Date)...)
	add(e.near(day)...)
	return found
}

// near returns the bill of a day with the bills before and after it. A day that is long after the last closing date is
// on no known bill.
func (e *evaluation) near(day domain.Date) []*Evaluated {
	i := 0
	for i < len(e.bills) && e.bills[i].Closing < day {
		i++
	}
	if day == "" || i == len(e.bills) && i > 0 && daysBetween(e.bills[i-1].Closing, day) > nearClosing {
		return nil
	}
	return e.bills[max(i-1, 0):min(i+2, len(e.bills))]
}

// doubtDay notes an amount that may belong to a bill near a day.
func (e *evaluation) doubtDay(day domain.Date, amount decimal.Decimal) {
	for _, b := range e.near(day) {
		b.doubt = b.doubt.Add(amount.Abs())
	}
}

// billWithID returns the bill of an assignment; nil if there is none.
func (e *evaluation) billWithID(a Assignment) *Evaluated {
	for _, b := range e.byMonth[a.Month] {
		if a.Bill != "" && b.ID == a.Bill {
			return b
		}
	}
	return nil
}

// assign applies the steps of rule A to a row, in their order.
func (e *evaluation) assign(r Row, posted, pending distance, series map[purchase]instalment) Assignment {
	if bill := e.byKey[r.CardFacts.Bill]; bill != nil && r.CardFacts.Bill != "" {
		return on(bill, ByVendor, false)
	}
	if bill := e.former(r); bill != nil {
		return on(bill, ByVendor, false)
	}
	dates := e.byDates(r)
	if r.CardFacts.Bill != "" && !r.Pending { // the row names a bill that is not listed; only closed bills are named
		dates.Uncertain, dates.Open = true, false
	}
	switch known, ok := series[purchaseOf(r)]; {
	case r.Forecast == domain.Unbilled:
		return Assignment{Open: true, Basis: ByForecast, Uncertain: e.mayHaveClosed(r)}
	case !r.Forecast.Known() && ok && dates.Uncertain:
		return e.inMonth(known.month.Add(r.Number-known.number), r, ByDates)
	case !r.Forecast.Known():
		return dates
	case r.Pending && !pending.known:
		return e.unlearned(r, posted)
	case r.Pending:
		return e.byForecast(r, pending, dates)
	case posted.known:
		return e.byForecast(r, posted, dates)
	}
	return dates
}

// mayHaveClosed reports whether a row that the bank has not placed yet may be on a closed bill: banks leave the rows
// of a closed bill pending for days. An instalment is dated to its purchase, which says nothing.
func (e *evaluation) mayHaveClosed(r Row) bool {
	last := e.lastClosed()
	return last != nil && r.Date <= last.Closing && r.Number <= 1
}

// former returns the bill that a posted row names no longer, after the vendor has given it another id; nil if there is
// none. The vendor takes a row off its bill only while it is pending.
func (e *evaluation) former(r Row) *Evaluated {
	if !r.namedBefore() {
		return nil
	}
	return e.billWithID(Assignment{Bill: r.Former.ID.String(), Month: r.Former.Month})
}

// namedBefore reports whether the row is posted and has named a bill, but names none now.
func (r Row) namedBefore() bool {
	f := r.Former
	return r.CardFacts.Bill == "" && !r.Pending && f.Basis == string(ByVendor) && !f.ID.IsZero()
}

// purchase tells which instalments belong together. text is the description without its digits.
type purchase struct {
	amount, text string
	count        int
	date         domain.Date
}

// instalment is an instalment of which the bill is known.
type instalment struct {
	number int
	month  domain.BillMonth // in which the bill is due
}

// purchaseOf returns the purchase of an instalment; the zero value if the row is none. Banks date all instalments to
// the purchase, or state its date.
func purchaseOf(r Row) purchase {
	if r.Number == 0 || r.Count == 0 {
		return purchase{}
	}
	text := strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return -1
		}
		return c
	}, r.Text)
	return purchase{r.Amount.String(), text, r.Count, cmp.Or(r.PurchaseDate, r.Date)}
}

// instalments returns, for each purchase, an instalment whose row names its bill. A purchase of which two rows have
// one number is left out.
func (e *evaluation) instalments() map[purchase]instalment {
	series := map[purchase]instalment{}
	seen := map[purchase]map[int]bool{}
	for _, r := range e.Rows {
		p := purchaseOf(r)
		if p.count == 0 {
			continue
		}
		if seen[p] == nil {
			seen[p] = map[int]bool{}
		}
		if seen[p][r.Number] {
			series[p] = instalment{}
			continue
		}
		seen[p][r.Number] = true
		if bill := e.byKey[r.CardFacts.Bill]; bill != nil && r.CardFacts.Bill != "" {
			if known, ok := series[p]; !ok || known.number > 0 && known.number < r.Number {
				series[p] = instalment{r.Number, domain.BillMonthOf(bill.DueDate)}
			}
		}
	}
	for p, i := range series {
		if i.number == 0 {
			delete(series, p)
		}
	}
	return series
}

// on returns the assignment of a row to a bill. A bill that is not closed yet is open.
func on(bill *Evaluated, basis Basis, uncertain bool) Assignment {
	return Assignment{
		Bill:      bill.ID,
		Month:     domain.BillMonthOf(bill.DueDate),
		Basis:     basis,
		Uncertain: uncertain,
		Open:      bill.projected,
	}
}

// unlearned places a pending row whose forecast cannot be interpreted yet. The forecast is taken for the month in
// which the bill is due, but a closed bill gets no such row.
func (e *evaluation) unlearned(r Row, posted distance) Assignment {
	month, moved := r.Forecast, false
	for e.closedIn(month) {
		month, moved = month.Add(1), true
	}
	return Assignment{
		Month: month, Basis: ByForecast, Open: true,
		Uncertain: moved || posted.known && posted.months != 0,
	}
}

// closedIn reports whether a closed bill is due in the month or in a later one.
func (e *evaluation) closedIn(month domain.BillMonth) bool {
	last := e.lastClosed()
	return last != nil && month <= domain.BillMonthOf(last.DueDate)
}

// lastClosed returns the newest bill that is closed; nil if there is none.
func (e *evaluation) lastClosed() *Evaluated {
	for _, b := range slices.Backward(e.bills) {
		if !b.projected {
			return b
		}
	}
	return nil
}

// byForecast places a row by its forecast. The result is uncertain if the dates contradict it, near a closing date,
// too: either may be wrong there.
func (e *evaluation) byForecast(r Row, d distance, dates Assignment) Assignment {
	month := r.Forecast.Add(d.months)
	a := e.inMonth(month, r, ByForecast)
	a.Uncertain = a.Uncertain || dates.Basis == ByDates && dates.Month != "" && dates.Month != month
	return a
}

// inMonth places a row on the bill that is due in a month. If the holder has moved the due date, so that two are due,
// the dates decide.
func (e *evaluation) inMonth(month domain.BillMonth, r Row, basis Basis) Assignment {
	switch due := e.byMonth[month]; {
	case len(due) == 1:
		return on(due[0], basis, false)
	case len(due) > 1:
		dates := e.byDates(r)
		for _, b := range due {
			if b.ID == dates.Bill {
				return on(b, basis, true)
			}
		}
		return on(due[0], basis, true)
	}
	return Assignment{Month: month, Basis: basis, Open: !e.closedIn(month)}
}

// byDates places a row by the closing dates: a bill contains the rows after the closing date of the bill before, up to
// its own closing date.
func (e *evaluation) byDates(r Row) Assignment {
	day, uncertain := billingDay(r)
	if len(e.bills) == 0 || day == "" {
		return Assignment{Open: true}
	}
	if last := e.lastClosed(); r.Pending && uncertain && last != nil && day <= last.Closing {
		// The day may be that of the purchase. A pending instalment is not on a bill that has closed long ago.
		return Assignment{Basis: ByDates, Uncertain: true, Open: true}
	}
	for i, b := range e.bills {
		if day > b.Closing {
			continue
		}
		start := e.start(i)
		if day <= start {
			return Assignment{Basis: ByDates, Uncertain: true, Open: r.Pending} // no known bill contains the day
		}
		near := abs(daysBetween(b.Closing, day)) <= nearClosing || abs(daysBetween(start, day)) <= nearClosing
		return on(b, ByDates, near || uncertain || r.Pending)
	}
	return e.afterLast(day, uncertain)
}

// billingDay returns the day by which the closing dates place a row. Some banks state the day of the purchase for
// every instalment. The result is then an estimate.
func billingDay(r Row) (day domain.Date, estimated bool) {
	if r.Number <= 1 {
		return r.Date, false
	}
	if r.PurchaseDate != "" && abs(daysBetween(r.PurchaseDate, r.Date)) <= 1 {
		return addMonths(r.Date, r.Number-1), true
	}
	return r.Date, r.PurchaseDate == ""
}

// start returns the closing date of the bill before, or an estimate of it if this bill is not known.
func (e *evaluation) start(i int) domain.Date {
	if before := e.before(i); before >= 0 {
		return e.bills[before].Closing
	}
	return addMonths(e.bills[i].Closing, -1)
}

// afterLast places a day after the newest closing date in one of the next periods, which are as long as months.
func (e *evaluation) afterLast(day domain.Date, uncertain bool) Assignment {
	last := e.bills[len(e.bills)-1]
	near := abs(daysBetween(last.Closing, day)) <= nearClosing
	n := 1
	for ; addMonths(last.Closing, n) < day && n < maxInstalments; n++ {
		near = near || abs(daysBetween(addMonths(last.Closing, n), day)) <= nearClosing
	}
	near = near || abs(daysBetween(addMonths(last.Closing, n), day)) <= nearClosing
	return Assignment{
		Month: domain.BillMonthOf(last.DueDate).Add(n), Basis: ByDates, Uncertain: near || uncertain, Open: true,
	}
}

// maxInstalments bounds the months in the future for which rows are expected.
const maxInstalments = 120

func abs(n int) int { return max(n, -n) }

// paymentWords are the words with which banks describe a payment of a bill.
var paymentWords = []string{"PAGAMENTO", "PGTO", "PAGTO", "PAYMENT"}

// refundWords are words of refunds, which may name the payment of a purchase, and of payments that were taken back.
var refundWords = []string{"ESTORN", "DEVOLUC", "DEVOLV", "REEMBOLS", "REFUND", "RETURN", "REVERS"}

// billWords are words of a bill, and of an instalment plan that replaces the rest of one.
var billWords = []string{"FATURA", "PARCELAMENTO", "BILL", "INVOICE", "STATEMENT"}

// cashbackWord is the word of a credit that the bank grants.
const cashbackWord = "CASHBACK"

// saysPayment reports whether the description of a row names a payment, and no refund.
func saysPayment(text string) bool {
	folded := domain.FoldText(text)
	return containsAny(folded, paymentWords) && !containsAny(folded, refundWords)
}

// saysReturnedPayment reports whether the description of a row names a payment that was taken back.
func saysReturnedPayment(text string) bool {
	folded := domain.FoldText(text)
	return containsAny(folded, paymentWords) && containsAny(folded, refundWords)
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
