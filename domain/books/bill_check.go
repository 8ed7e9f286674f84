package books

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// BillCheck compares the last closed bill of a card with its rows.
type BillCheck struct {
	Bill domain.BillID `json:"bill"`
	// Known is set if the bill can be compared. Otherwise Expected and Actual are zero.
	Known    bool            `json:"known,omitempty"`
	AddsUp   bool            `json:"addsUp,omitempty"`
	Expected decimal.Decimal `json:"expected"` // the total of the bill
	Actual   decimal.Decimal `json:"actual"`   // what the rows explain of it
	// CompleteTo is the day up to which the records are complete if the bill adds up: the closing date, or three days
	// before it if the vendor does not state the date.
	CompleteTo domain.Date `json:"completeTo"`
	// From is the first day that the known bills reach; "" if it is not known.
	From domain.Date `json:"from,omitempty"`
	// UnbilledTo is the date of the latest row that is on no known bill, although a known bill has closed since; "" if
	// there is none.
	UnbilledTo domain.Date `json:"unbilledTo,omitempty"`
	// WithoutAmount is the number of posted records of the card whose amount in its currency is not known.
	WithoutAmount int `json:"withoutAmount,omitempty"`
	// Partial means that the vendor lists bills that cannot be read.
	Partial bool `json:"partial,omitempty"`
	// Overdue is when the due date has passed, minus the grace period. A difference that began before counts from then
	// on.
	Overdue time.Time `json:"overdue"`
	// Doubtful contains the closing dates of the earlier bills that do not add up, or are missing.
	Doubtful []domain.Date `json:"doubtful,omitempty"`
	At       time.Time     `json:"at"`
	Since    time.Time     `json:"since,omitzero"` // since when the bill can be compared and does not drift
}

// AcceptedBill is the difference of a bill that an operator has accepted.
type AcceptedBill struct {
	Bill       domain.BillID   `json:"bill"`
	Difference decimal.Decimal `json:"difference"`
}

// accepts reports whether an operator has accepted the difference of the bill.
func (a *AcceptedBill) accepts(b BillCheck) bool {
	return a != nil && a.Bill == b.Bill && a.Difference.Equal(b.Actual.Sub(b.Expected))
}

// WithBill returns the state after the last closed bill of the card was compared with its rows. bill is nil if the card
// has no such bill.
func (c Completeness) WithBill(bill *BillCheck) Completeness {
	drifting, before := c.DriftSince(), c.Bill
	if bill == nil {
		c.Bill, c.BillDiffers, c.BillDrift = nil, time.Time{}, time.Time{}
		return c
	}
	next := *bill
	if before == nil || before.Bill != next.Bill {
		c.BillDiffers = time.Time{}
	} else if next.Overdue.IsZero() {
		next.Overdue = before.Overdue
	}
	fails := next.Known && !next.AddsUp && !c.AcceptedBill.accepts(next)
	c.BillDiffers, c.BillDrift = driftSince(c.BillDiffers, fails, next.At), time.Time{}
	if fails {
		c.BillDrift = domain.Later(c.BillDiffers, next.Overdue)
	}
	if next.Known {
		if next.Since = next.At; before != nil && !before.Since.IsZero() && drifting.IsZero() {
			next.Since = before.Since
		}
	}
	c.Bill = &next
	return c.endDrift(drifting, next.At)
}

// hasUnknownAmounts reports whether amounts of the card are not known that no operator has accepted.
func (c Completeness) hasUnknownAmounts() bool {
	return c.Bill != nil && c.Bill.WithoutAmount > c.AcceptedWithoutAmount
}

// acceptBill accepts the difference of the last closed bill, and the records of the card whose amounts are not known.
func (c Completeness) acceptBill(at time.Time) Completeness {
	if c.Bill != nil {
		c.AcceptedWithoutAmount = c.Bill.WithoutAmount
	}
	if c.BillDiffers.IsZero() {
		return c
	}
	bill := *c.Bill
	c.AcceptedBill = &AcceptedBill{Bill: bill.Bill, Difference: bill.Actual.Sub(bill.Expected)}
	c.BillDiffers, c.BillDrift, bill.Since = time.Time{}, time.Time{}, at
	c.Bill = &bill
	return c
}

// DriftElsewhere is like DriftSince, but without CheckBillTotal.
func (c Completeness) DriftElsewhere() time.Time {
	c.BillDrift = time.Time{}
	return c.DriftSince()
}

// byBill reports whether only the last closed bill of the card decides about the state.
func (c Completeness) byBill() bool {
	return !c.confirmed() && c.Last != nil && c.Bill != nil && c.Bill.Known && !c.hasUnknownAmounts()
}

// CompleteTo returns the day up to which the records are complete if only the last closed bill of the card decides;
// otherwise "".
func (c Completeness) CompleteTo() domain.Date {
	if !c.byBill() {
		return ""
	}
	return c.Bill.CompleteTo
}

// billsCover reports whether the bills of the card allow the state Complete for the records of the days from first to
// last: the known bills reach them, no record of these days is on none of them, no bill that has closed since the first
// day is doubtful, and the last one has closed on the last day or later.
func (c Completeness) billsCover(first, last domain.Date) bool {
	if !c.byBill() {
		return true
	}
	b := c.Bill
	if b.Partial || last < b.From || b.UnbilledTo != "" && first <= b.UnbilledTo {
		return false
	}
	doubtful := slices.ContainsFunc(b.Doubtful, func(closing domain.Date) bool { return closing >= first })
	return !doubtful && c.BillDiffers.IsZero() && last <= b.CompleteTo
}

// billResult returns the result of CheckBillTotal. A bill that differs is no drift before its due date, but proves
// nothing.
func (c Completeness) billResult(now time.Time, grace time.Duration) CheckResult {
	r := CheckResult{Check: CheckBillTotal, State: CompletenessUnknown, At: c.Bill.At}
	if !c.Bill.Known {
		return r
	}
	r.State, r.Expected, r.Actual = checkState(c.BillDrift, now, grace), c.Bill.Expected, c.Bill.Actual
	if r.State == Complete && !c.BillDiffers.IsZero() {
		r.State = CompletenessUnknown
	}
	return r
}
