package domain_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var matchAccount = domain.AccountID{UUID: [16]byte{7}}

// purchaseAt returns a purchase of one account. Purchases differ only in their external ids and dates.
func purchaseAt(externalID string, date domain.Date) domain.Transaction {
	amount, _ := domain.ParseMoney("-50", "BRL")
	return domain.Transaction{
		AccountID: matchAccount,
		TransactionData: domain.TransactionData{
			ExternalID:  externalID,
			Account:     "a",
			Amount:      amount,
			Status:      domain.Posted,
			Date:        date,
			Description: "PADARIA DO ZE",
		},
	}
}

func TestWhichRowsAPullMayHaveShown(t *testing.T) {
	row := purchaseAt("x", "2026-03-09").TransactionData
	march := domain.Window{From: "2026-03-01", To: "2026-03-31"}
	for name, tc := range map[string]struct {
		step domain.Step
		more bool
		want bool
	}{
		"a list of everything":      {domain.Step{Sweep: true}, false, true},
		"a list of its account":     {domain.Step{Sweep: true, Account: "a"}, false, true},
		"a list of another account": {domain.Step{Sweep: true, Account: "b"}, false, false},
		"all rows of its days":      {domain.Step{Sweep: true, Window: march}, false, true},
		"all rows of other days": {
			domain.Step{Sweep: true, Window: domain.Window{From: "2026-03-10"}}, false, false,
		},
		"rows of its days are in Shown":               {domain.Step{Window: march}, false, false},
		"too many rows of its days to remember them":  {domain.Step{Window: march}, true, true},
		"rows that are named are in Shown":            {domain.Step{IDs: []string{"y"}}, false, false},
		"new rows are in Shown":                       {domain.Step{CreatedFrom: hour(0)}, false, false},
		"too many rows were named to remember them":   {domain.Step{IDs: []string{"y"}}, true, true},
		"too many rows were new to remember them":     {domain.Step{CreatedFrom: hour(0)}, true, true},
		"too many rows of another account were named": {domain.Step{IDs: []string{"y"}, Account: "b"}, true, false},
	} {
		p := domain.Progress{Steps: []domain.Step{{Account: "none"}, tc.step}, ShownMore: tc.more}
		if got := p.MayHaveShown(row); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOnlyABoundedSizeOfShownRowsIsRemembered(t *testing.T) {
	ids := strings.Fields(strings.Repeat("12345678 ", 30_000))
	p := domain.Progress{}.WithShown(ids).WithShown(ids[:20_000])
	if len(p.Shown) != 50_000 || p.ShownMore {
		t.Fatalf("400,000 bytes: %d, %v", len(p.Shown), p.ShownMore)
	}
	for name, next := range map[string]domain.Progress{
		"one more":   p.WithShown(ids[:1]),
		"afterwards": p.WithShown(ids[:1]).WithShown(nil),
	} {
		if len(next.Shown) != 0 || !next.ShownMore {
			t.Errorf("%s: %d, %v", name, len(next.Shown), next.ShownMore)
		}
	}
}

func TestASplitRestoresTheLastRow(t *testing.T) {
	past := []domain.Superseded{{ExternalID: "a"}, {ExternalID: "b"}, {ExternalID: "c"}}
	if got, err := (domain.Transaction{Supersedes: past}).LastPast(); err != nil || got.ExternalID != "c" {
		t.Errorf("%v, %v", got, err)
	}
	for name, tx := range map[string]domain.Transaction{
		"it replaced no row":             {},
		"another transaction has it now": {Supersedes: past, SupersededBy: domain.TransactionID{UUID: [16]byte{1}}},
	} {
		if _, err := tx.LastPast(); !isCode(err, domain.NothingToUndo) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rest, found, ok := (domain.Transaction{Supersedes: past}).WithoutPast("b")
	if diff := cmp.Diff([]domain.Superseded{past[0], past[2]}, rest); diff != "" || !ok || found.ExternalID != "b" {
		t.Error(diff, found, ok)
	}
	if rest, _, ok := (domain.Transaction{Supersedes: past}).WithoutPast("z"); ok || len(rest) != 3 {
		t.Errorf("a row that it never had: %v, %v", rest, ok)
	}
}
