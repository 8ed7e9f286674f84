package model_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// belvoBank is a simulated Belvo with one link.
type belvoBank struct {
	t    testing.TB
	sim  *belvosim.Simulator
	url  string
	link string
	rows map[string]bool
}

func newBelvo(l *life) bank {
	b := &belvoBank{t: l.t, rows: map[string]bool{}, sim: belvosim.New(belvosim.Options{
		Seed: l.rand.Uint64() | 1, Now: l.clock.Now, NewestFirst: l.rand.IntN(2) == 0,
	})}
	b.sim.AddSecret("secret-id", "a-password-of-belvo")
	link, err := b.sim.AddLink(belvosim.Link{Institution: "ofmockbank_br_retail"})
	must(l.t, err)
	b.link = link.ID
	b.url = serve(httptest.NewServer(b.sim), l)
	return b
}

func (b *belvoBank) vendor() string               { return "belvo" }
func (b *belvoBank) origin() string               { return b.url }
func (b *belvoBank) ref() string                  { return b.link }
func (b *belvoBank) login() (string, string)      { return "secret-id", "a-password-of-belvo" }
func (b *belvoBank) drop(id string)               { must(b.t, b.sim.RemoveTransaction(id)); delete(b.rows, id) }
func (b *belvoBank) setListed(a string, yes bool) { must(b.t, b.sim.SetAccountListed(a, yes)) }
func (b *belvoBank) setSettled(bool)              {}

func (b *belvoBank) addAccount(kind accountKind, number string) string {
	currency := "BRL"
	a := belvosim.Account{
		Link: b.link, Number: number, Name: string(kind), Currency: &currency, BalanceType: "ASSET",
		Category: map[accountKind]string{
			checking: "CHECKING_ACCOUNT", savings: "SAVINGS_ACCOUNT", card: "CREDIT_CARD",
		}[kind],
	}
	if kind == card {
		a.BalanceType = "LIABILITY"
	}
	added, err := b.sim.AddAccount(a)
	must(b.t, err)
	return added.ID
}

func (b *belvoBank) setBalance(a *account, cents int64) {
	if a.kind == card {
		cents = -cents // the vendor states what the holder owes
	}
	must(b.t, b.sim.UpdateAccount(a.external, func(to *belvosim.Account) {
		to.Balance = json.RawMessage(`{"current":` + money(cents) + `,"available":` + money(cents) + `}`)
	}))
}

func (b *belvoBank) put(a *account, v *row) {
	fill := func(to *belvosim.Transaction) {
		magnitude, currency, kind, status := max(v.cents, -v.cents), "BRL", "OUTFLOW", "PROCESSED"
		if v.cents > 0 {
			kind = "INFLOW"
		}
		if v.status == "pending" {
			status = "PENDING"
		}
		date, text, category := v.date, v.text, v.category
		to.Account, to.ValueDate, to.Description, to.Category = a.external, &date, &text, &category
		to.Amount, to.Currency, to.Type, to.Status = json.RawMessage(money(magnitude)), &currency, &kind, &status
		to.InternalIdentification = nil
		if v.endToEnd != "" {
			id := v.endToEnd
			to.InternalIdentification = &id
		}
		to.CollectedAt = v.collected.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	if b.rows[v.id] {
		_, err := b.sim.UpdateTransaction(v.id, fill)
		must(b.t, err)
		return
	}
	added := belvosim.Transaction{ID: v.id, CreatedAt: v.created.UTC().Format("2006-01-02T15:04:05.000000Z")}
	fill(&added)
	_, err := b.sim.AddTransaction(b.link, added)
	must(b.t, err)
	b.rows[v.id] = true
}

func (b *belvoBank) inject(unreadable []string, fault string) {
	const path = "/api/transactions/"
	b.sim.ClearFaults()
	if fault != "" {
		must(b.t, b.sim.Inject(belvosim.Fault{Path: path, Kind: faultinject.Kind(fault), Status: 500}))
	}
	if len(unreadable) > 0 {
		must(b.t, b.sim.Inject(belvosim.Fault{
			Path: path, Kind: belvosim.FaultReplace, Times: -1, Replacements: spoiledTexts(unreadable),
		}))
	}
}

func (b *belvoBank) webhook(kind, _ string, rows []*row) []byte {
	e := belvosim.Event{LinkID: b.link, Name: map[string]string{
		"all": "TRANSACTIONS/historical_update", "created": "TRANSACTIONS/new_transactions_available",
		"updated": "TRANSACTIONS/transactions_updated", "deleted": "TRANSACTIONS/transactions_deleted",
	}[kind]}
	for _, v := range rows {
		e.TransactionIDs = append(e.TransactionIDs, v.id)
	}
	body, err := b.sim.Payload(e)
	must(b.t, err)
	return body
}
