package books_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// A record that the latest listing does not contain is first added, like all others. LeaveOut must then subtract the
// record from the sums.
func TestARecordThatIsLeftOutCountsNoMore(t *testing.T) {
	at := time.Date(2026, 3, 20, 6, 0, 0, 0, time.UTC)
	baseline := &books.Baseline{At: at.Add(-48 * time.Hour), FirstDay: "2026-03-10"}
	balance := books.VendorBalance{Amount: decimal.NewFromInt(100), Currency: "BRL"}
	row := func(date domain.Date, currency string, posted bool) books.SumRow {
		amount, err := domain.ParseMoney("-7", currency)
		if err != nil {
			t.Fatal(err)
		}
		return books.SumRow{Date: date, FirstSeenAt: at, Posted: posted, Amount: amount}
	}
	for name, tc := range map[string]struct {
		row          books.SumRow
		balance      books.VendorBalance
		posted, late int64
		waiting      int
	}{
		"a posted record":          {row("2026-03-15", "BRL", true), balance, -7, 0, 1},
		"a posted, late record":    {row("2026-03-05", "BRL", true), balance, -7, -7, 1},
		"a pending record":         {row("2026-03-15", "BRL", false), balance, -14, 0, 0},
		"an unknown balance":       {row("2026-03-15", "BRL", true), books.VendorBalance{Missing: "x"}, 0, 0, 0},
		"a record without amount":  {row("2026-03-15", "USD", true), balance, -14, 0, 0},
		"a pending, unseen record": {row("2026-03-05", "BRL", false), balance, -14, -14, 0},
	} {
		sum := books.NewAccountSum(tc.balance, baseline, at)
		for range 2 {
			added := tc.row
			added.Posted, added.Amount.Currency = true, "BRL"
			sum.Add(added)
		}
		sum.LeaveOut(tc.row)
		r := sum.Reading(false, nil)
		if !r.Posted.Equal(decimal.NewFromInt(tc.posted)) || !r.Late.Equal(decimal.NewFromInt(tc.late)) ||
			r.Waiting != tc.waiting {
			t.Errorf("%s: posted %s, late %s, %d waiting", name, r.Posted, r.Late, r.Waiting)
		}
	}
}

func TestTheValuesOfARecord(t *testing.T) {
	for status, want := range map[domain.TransactionStatus]bool{domain.Posted: true, domain.Pending: false} {
		record := recordOf(posted("2026-03-15", "-7"))
		record.Status = status
		r := books.SumRowOf(record)
		if r.Posted != want || r.Date != record.Date || !r.FirstSeenAt.Equal(record.FirstSeenAt) ||
			r.Amount != record.Amount {
			t.Errorf("a record that is %s: %+v", status, r)
		}
	}
}

func TestRecordsOfLaterDaysAreCounted(t *testing.T) {
	at := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	sum := books.NewAccountSum(books.VendorBalance{Currency: "BRL"}, nil, at).On("2026-03-15", at)
	for _, day := range []domain.Date{"2026-03-14", "2026-03-15", "2026-03-16", "2026-03-17"} {
		sum.Add(posted(day, "1"))
	}
	if r := sum.Reading(false, nil); r.FutureRows != 2 || r.Posted.String() != "2" {
		t.Errorf("%d records are of later days, the others sum to %s", r.FutureRows, r.Posted)
	}
}

func TestAResultStatesTheTimeOfItsReading(t *testing.T) {
	at := time.Date(2026, 3, 20, 6, 0, 0, 0, time.UTC)
	c := books.Completeness{Last: &books.AccountReading{At: at, Missing: books.BasisCurrency}}
	if got := c.Results(at.Add(time.Hour), time.Hour)[0].At; !got.Equal(at) {
		t.Errorf("the anchor was compared at %v", got)
	}
	if got := (books.Completeness{}).Results(at, time.Hour)[0].At; !got.IsZero() {
		t.Errorf("without a reading, the anchor was compared at %v", got)
	}
}

func TestACloseCountsTheRecordsUpToItsDay(t *testing.T) {
	none := books.Completeness{}
	sum := books.NewCloseSum(closedAccount, none, "2026-03-10", "")
	addTo(sum, posted("2026-03-09", "1"), posted("2026-03-10", "2"), posted("2026-03-11", "4"))
	c := closeOf(sum, none)
	if c.Count != 2 || c.Sum.Decimal.String() != "3" {
		t.Errorf("%d records with the sum %s", c.Count, c.Sum.Decimal)
	}
	if d := c.Detail(nil); d.Numbers["count"] != 2 || d.Dates["date"] != "2026-03-10" || len(d.Hashes) != 1 {
		t.Errorf("the detail without a document is %+v", d)
	}
	document := domain.AuditHash{1}
	d := c.Detail(&document)
	if d.Hashes[books.DocumentMember] != document || d.Hashes[books.DigestMember] != c.Digest {
		t.Errorf("the detail is %+v", d)
	}
}
