package bills

import (
	"slices"
	"strings"

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
		if r.PendingForecast.Known() {
			ofPending[due-r.PendingForecast.Index()]++
		}
	}
	return learnDistance(ofPosted), learnDistance(ofPending)
}

// assignRows applies rule A to every row that is no payment.
func (e *evaluation) assignRows() {
	posted, pending := e.learn()
	for i, r := range e.Rows {
		if e.rows[i].Payment {
			continue
		}
		a := e.assign(r, posted, pending)
		e.rows[i] = a
		if a.Uncertain {
			e.doubt(r.Date, r.Amount)
			e.doubt(dueDay(a.Month), r.Amount)
		}
		if bill := e.billWithID(a); bill != nil {
			bill.Rows.add(r, a.Uncertain)
			bill.unknown = bill.unknown || r.Unknown
		}
	}
}

// dueDay returns a day on which a bill of the month may be closed; "" for no month.
func dueDay(month domain.BillMonth) domain.Date {
	if month == "" {
		return ""
	}
	return domain.Date(month + "-01")
}

// doubt notes an amount that may belong to the bill of a day, or to the bill before or after it.
func (e *evaluation) doubt(day domain.Date, amount decimal.Decimal) {
	if day == "" {
		return
	}
	i := 0
	for i < len(e.bills) && e.bills[i].Closing < day {
		i++
	}
	for _, b := range e.bills[max(i-1, 0):min(i+2, len(e.bills))] {
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
func (e *evaluation) assign(r Row, posted, pending distance) Assignment {
	if bill := e.byKey[r.CardFacts.Bill]; bill != nil && r.CardFacts.Bill != "" {
		return on(bill, ByVendor, false)
	}
	dates := e.byDates(r)
	if r.CardFacts.Bill != "" && dates.Bill != "" { // the row names a bill that is not listed
		dates.Uncertain = true
	}
	switch {
	case r.Forecast == domain.Unbilled:
		return Assignment{Open: true, Basis: ByForecast}
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

// unlearned places a pending row whose forecast cannot be interpreted yet. The forecast is taken for the month in which
// the bill is due, but a closed bill gets no such row.
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

// byForecast places a row by its forecast. The result is uncertain if the dates contradict it.
func (e *evaluation) byForecast(r Row, d distance, dates Assignment) Assignment {
	month := r.Forecast.Add(d.months)
	contradicted := dates.Basis == ByDates && !dates.Uncertain && dates.Month != month
	switch due := e.byMonth[month]; {
	case len(due) == 1:
		return on(due[0], ByForecast, contradicted)
	case len(due) > 1: // the holder has moved the due date
		for _, b := range due {
			if b.ID == dates.Bill {
				return on(b, ByForecast, true)
			}
		}
		return on(due[0], ByForecast, true)
	}
	return Assignment{Month: month, Basis: ByForecast, Uncertain: contradicted, Open: !e.closedIn(month)}
}

// byDates places a row by the closing dates: a bill contains the rows after the closing date of the bill before, up to
// its own closing date.
func (e *evaluation) byDates(r Row) Assignment {
	day, uncertain := billingDay(r)
	if len(e.bills) == 0 || day == "" {
		return Assignment{Open: true}
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

// billingDay returns the day by which the closing dates place a row. Some banks state the day of the purchase for every
// instalment. The result is then an estimate.
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
	closing := e.bills[i].Closing
	if e.follows(i) {
		return e.bills[i-1].Closing
	}
	return addMonths(closing, -1)
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

// refundWords are words of refunds, which may name the payment of a purchase.
var refundWords = []string{"ESTORNO", "DEVOLUC", "REEMBOLSO", "REFUND"}

// saysPayment reports whether the description of a row names a payment, and no refund.
func saysPayment(text string) bool {
	folded := domain.FoldText(text)
	for _, word := range refundWords {
		if strings.Contains(folded, word) {
			return false
		}
	}
	for _, word := range paymentWords {
		if strings.Contains(folded, word) {
			return true
		}
	}
	return false
}
