package e2e_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// movement is a labelled change at a bank: everything that the vendor listed before and after it. The README.md of the
// testdata of package matching describes the members.
type movement struct {
	Name, Why       string
	Category        string
	Account         struct{ Type, Currency string }
	Before, After   []pluggysim.Transaction
	Expect          []struct{ Old, New, Verdict string }
	Interchangeable []struct{ Old, New []string }
}

func loadMovements(t *testing.T) (movements []movement) {
	t.Helper()
	file, err := os.Open("../../domain/matching/testdata/movements.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if movements, err = parseMovements(file); err != nil {
		t.Fatal(err)
	}
	return append(movements, movement{
		Name: "two-people-who-share-their-first-names", Why: "The bank names another person.",
		Account: struct{ Type, Currency string }{"BANK", "BRL"},
		Before:  []pluggysim.Transaction{pix("pix-souza", "ANA PAULA SOUZA")},
		After:   []pluggysim.Transaction{pix("pix-lima", "ANA PAULA LIMA")},
		Expect:  []struct{ Old, New, Verdict string }{{"pix-souza", "pix-lima", "other"}},
	})
}

// pix returns a Pix payment of the account holder to the person with this name.
func pix(id, name string) pluggysim.Transaction {
	return pluggysim.Transaction{
		ID: id, Description: "PIX ENVIADO " + name, Amount: "-50", Type: "DEBIT",
		Date: pluggysim.At(time.Date(2026, 11, 10, 3, 0, 0, 0, time.UTC)),
	}
}

// TestRecordsContinueAsAnAccountantWouldSay applies each labelled change to a bank account of its own. No record may
// continue with the row of another movement, and at least 85 % of the movements must keep their record.
func TestRecordsContinueAsAnAccountantWouldSay(t *testing.T) {
	movements := loadMovements(t)
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		same, kept := 0, 0
		for _, m := range movements {
			before, after := m.play(t, o, b)
			for _, e := range m.Expect {
				continues := before[e.Old] != nil && after[e.New] != nil && before[e.Old]["id"] == after[e.New]["id"]
				if e.Verdict != "same" {
					if continues {
						t.Errorf("wrong same: %s: %s", m.Name, m.Why)
					}
					continue
				}
				same++
				if continues || m.alike(e.Old, before, after) != "" {
					kept++
				}
			}
		}
		t.Logf("%d of %d movements keep their record", kept, same)
		if kept*100 < same*85 {
			t.Errorf("%d of %d movements keep their record", kept, same)
		}
	})
}

// play connects an account that has the rows from before the change. It pulls the account once before the change and
// twice after it. It returns the records before and after, by external id.
func (m movement) play(t *testing.T, o operator, b *pluggyBank) (before, after map[string]object) {
	t.Helper()
	item := b.sim.AddItem(pluggysim.Item{ClientID: b.id})
	account, err := b.sim.AddAccount(pluggysim.Account{
		ItemID: item.ID, Type: m.Account.Type, CurrencyCode: m.Account.Currency,
	})
	if err != nil {
		t.Fatal(err)
	}
	show := func(rows []pluggysim.Transaction) {
		for _, row := range rows {
			row.AccountID = account.ID
			if _, err := b.sim.AddTransaction(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.item = item.ID
	show(m.Before)
	id := o.connect(b, m.Name)
	o.pull(id, nil)
	before = o.rows(id)
	for _, row := range m.Before {
		if err := b.sim.RemoveTransaction(row.ID); err != nil {
			t.Fatal(err)
		}
	}
	show(m.After)
	o.pull(id, nil)
	o.pull(id, nil)
	return before, o.rows(id)
}

// alike returns the new row with which the record of the old row continues, if both are in a set of interchangeable
// rows; otherwise "".
func (m movement) alike(oldID string, before, after map[string]object) string {
	for _, set := range m.Interchangeable {
		if !slices.Contains(set.Old, oldID) || before[oldID] == nil {
			continue
		}
		for _, id := range set.New {
			if after[id] != nil && after[id]["id"] == before[oldID]["id"] {
				return id
			}
		}
	}
	return ""
}

// coffee returns a card purchase at one shop on a day of November.
func coffee(id, amount string, day int) pluggysim.Transaction {
	return pluggysim.Transaction{
		ID: id, Description: "COMPRA CARTAO CAFE AURORA", Amount: pluggysim.Number(amount), Type: "DEBIT",
		Date: pluggysim.At(time.Date(2026, 11, day, 3, 0, 0, 0, time.UTC)),
	}
}

// TestAPriceThatRecursIsAtMostSuggested changes the ids of purchases at one shop and lists them a day later. If the
// account shows the price on two other days, they may be other purchases: they are only suggested. A price that is
// unique in the account is no matter of chance.
func TestAPriceThatRecursIsAtMostSuggested(t *testing.T) {
	const unique, recurring = "-23.47", "-17.38"
	stays := []pluggysim.Transaction{
		coffee("stays-1", recurring, 3), coffee("stays-2", recurring, 4), coffee("stays-3", unique+"1", 5),
	}
	m := movement{
		Name: "prices", Account: struct{ Type, Currency string }{"BANK", "BRL"},
		Before: append(slices.Clone(stays),
			coffee("one-old", recurring, 10), coffee("two-old", recurring, 11), coffee("unique-old", unique, 10)),
		After: append(slices.Clone(stays),
			coffee("one-new", recurring, 12), coffee("two-new", recurring, 13), coffee("unique-new", unique, 11)),
	}
	each(t, func(t *testing.T, w *env) {
		o := w.operator(t)
		before, after := m.play(t, o, newPluggy(t))
		for _, pair := range [][2]string{{"one-old", "one-new"}, {"two-old", "one-new"}, {"two-old", "two-new"}} {
			if before[pair[0]]["id"] == after[pair[1]]["id"] {
				t.Errorf("%s continues as %s", pair[0], pair[1])
			}
		}
		if before["unique-old"]["id"] != after["unique-new"]["id"] {
			t.Error("the purchase of a unique price has lost its record")
		}
		suggested := false
		for _, s := range o.pages("/v1/discovery/possible-replacements", 20) {
			suggested = suggested || s["old"] == before["two-old"]["id"] && s["new"] == after["one-new"]["id"]
		}
		if !suggested {
			t.Error("the purchases of one price on neighbouring days are not suggested")
		}
	})
}
