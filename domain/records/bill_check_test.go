package records_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// addsUp returns a bill of 100 that adds up, and was closed when it was read.
func addsUp(closing domain.Date) bills.Stored {
	zero := decimal.Zero
	return bills.Stored{
		ID:   domain.BillID{UUID: uuid.New()},
		Data: bills.Data{ClosingDate: closing, DueDate: closing.AddDays(7), Total: decimal.NewFromInt(100)},
		Facts: bills.Facts{
			Closing: closing, ClosingKnown: true, Check: bills.AddsUp, Difference: &zero,
		},
		BankReadAt: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
	}
}

func TestTheLastBillReachesNoFurtherThanWhatIsKnown(t *testing.T) {
	never := func(domain.Date) time.Time { return time.Time{} }
	october, november := addsUp("2026-10-03"), addsUp("2026-11-03")
	derived, differs, lastDiffers := addsUp("2026-11-03"), addsUp("2026-09-03"), addsUp("2026-11-03")
	derived.ClosingKnown, differs.Check, lastDiffers.Check = false, bills.Differs, bills.Differs
	projected := addsUp("2026-11-24")
	projected.BankReadAt = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)
	notDue := addsUp("2026-11-24") // the vendor states no closing date, and the due date has not passed
	notDue.ClosingDate, notDue.ClosingKnown = "", false
	for name, c := range map[string]struct {
		all      []bills.Stored
		coversTo domain.Date
		last     domain.BillID
		to       domain.Date
		doubtful []domain.Date
	}{
		"two bills": {[]bills.Stored{october, november}, "2026-11-26", november.ID, "2026-11-03", nil},
		"a bill that had not closed when the bank was read": {
			[]bills.Stored{november, projected}, "2026-11-17", november.ID, "2026-11-03", nil,
		},
		"a bill that is not known to be closed": {
			[]bills.Stored{november, notDue}, "2026-11-26", november.ID, "2026-11-03", nil,
		},
		"a reading that does not cover the closing date": {
			[]bills.Stored{october, november}, "2026-11-01", november.ID, "2026-11-01", nil,
		},
		"a closing date that is derived": {
			[]bills.Stored{october, derived}, "2026-11-26", derived.ID, "2026-10-31", nil,
		},
		"an earlier bill that does not add up": {
			[]bills.Stored{october, differs, november}, "2026-11-26", november.ID, "2026-11-03",
			[]domain.Date{"2026-09-03"},
		},
		"the last bill does not add up": {
			[]bills.Stored{october, lastDiffers}, "2026-11-26", lastDiffers.ID, "2026-11-03", nil,
		},
		"a missing bill": {
			[]bills.Stored{addsUp("2026-09-03"), november}, "2026-11-26", november.ID, "2026-11-03",
			[]domain.Date{"2026-10-03"},
		},
	} {
		result := bills.Result{UnbilledTo: "2026-07-01", WithoutAmount: 2}
		got := records.LastBill(c.all, result, bills.ListPartial, "2026-11-28", c.coversTo, time.Time{}, never)
		if got.Bill != c.last || got.CompleteTo != c.to || !slices.Equal(got.Doubtful, c.doubtful) {
			t.Errorf("%s: %+v", name, got)
		}
		if got.UnbilledTo != "2026-07-01" || got.WithoutAmount != 2 || !got.Partial {
			t.Errorf("%s: what limits the verdict is lost: %+v", name, got)
		}
	}
	if got := records.LastBill([]bills.Stored{october}, bills.Result{}, bills.ListRead, "2026-11-28", "", time.Time{},
		never); got.From != "2026-09-04" || got.CompleteTo != "2026-10-03" {
		t.Errorf("one bill: %+v", got)
	}
	// The difference of the oldest bill may be what the bill before has left.
	difference, carried := decimal.NewFromInt(30), decimal.Zero
	november.Check, november.Difference = bills.Differs, &difference
	for name, rest := range map[string]*decimal.Decimal{"the oldest bill": nil, "a bill with one before": &carried} {
		november.Carried = rest
		got := records.LastBill([]bills.Stored{november}, bills.Result{}, bills.ListRead, "2026-11-28", "",
			time.Time{}, never)
		if got.Known != (rest != nil) || got.AddsUp {
			t.Errorf("%s, which differs: %+v", name, got)
		}
	}
}
