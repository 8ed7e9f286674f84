package model_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// pluggyBank is a simulated Pluggy with one item.
type pluggyBank struct {
	t    testing.TB
	sim  *pluggysim.Simulator
	url  string
	item string
	rows map[string]bool
}

// newPluggy returns a bank whose pages have seven rows, so that most reads take several pages.
func newPluggy(l *life) bank {
	const pageSize = 7
	b := &pluggyBank{t: l.t, rows: map[string]bool{}, sim: pluggysim.New(pluggysim.Options{
		Seed: l.rand.Uint64() | 1, Now: l.clock.Now, PageSize: pageSize,
		Clients: []pluggysim.Client{{ID: "client", Secret: "a-secret-of-pluggy"}},
	})}
	b.item = b.sim.AddItem(pluggysim.Item{ClientID: "client"}).ID
	b.url = serve(httptest.NewServer(b.sim), l)
	return b
}

func (b *pluggyBank) vendor() string               { return "pluggy" }
func (b *pluggyBank) origin() string               { return b.url }
func (b *pluggyBank) ref() string                  { return b.item }
func (b *pluggyBank) login() (string, string)      { return "client", "a-secret-of-pluggy" }
func (b *pluggyBank) drop(id string)               { must(b.t, b.sim.RemoveTransaction(id)); delete(b.rows, id) }
func (b *pluggyBank) setListed(a string, yes bool) { must(b.t, b.sim.SetAccountListed(a, yes)) }

func (b *pluggyBank) addAccount(kind accountKind, number string) string {
	a := pluggysim.Account{ItemID: b.item, Number: pluggysim.Text(number), Name: string(kind)}
	switch kind {
	case savings:
		a.Subtype = "SAVINGS_ACCOUNT"
	case card:
		a.Type, a.Subtype = "CREDIT", "CREDIT_CARD"
	case checking:
	}
	added, err := b.sim.AddAccount(a)
	must(b.t, err)
	return added.ID
}

func (b *pluggyBank) setBalance(a *account, cents int64) {
	must(b.t, b.sim.UpdateAccount(a.external, func(to *pluggysim.Account) {
		to.Balance = pluggysim.Number(money(cents))
		if a.kind != card {
			to.BankData = json.RawMessage(`{"closingBalance":` + money(cents) + `}`)
		}
	}))
}

func (b *pluggyBank) put(a *account, v *row) {
	vendors := v.cents
	if a.kind == card {
		vendors = -vendors
	}
	at, err := time.Parse(time.DateOnly, v.date)
	must(b.t, err)
	fill := func(to *pluggysim.Transaction) {
		to.Description, to.DescriptionRaw = v.text, pluggysim.Text(v.text)
		to.Amount, to.Date = pluggysim.Number(money(vendors)), pluggysim.At(at)
		to.Type, to.Status = "DEBIT", "POSTED"
		if v.cents > 0 {
			to.Type = "CREDIT"
		}
		if v.status == "pending" {
			to.Status = "PENDING"
		}
		to.ProviderID, to.Category = pluggysim.Text(v.endToEnd), pluggysim.Text(v.category)
	}
	if b.rows[v.id] {
		_, err = b.sim.UpdateTransaction(v.id, fill)
		must(b.t, err)
		return
	}
	added := pluggysim.Transaction{ID: v.id, AccountID: a.external}
	fill(&added)
	added.CreatedAt = pluggysim.At(v.created)
	_, err = b.sim.AddTransaction(added)
	must(b.t, err)
	b.rows[v.id] = true
}

func (b *pluggyBank) setSettled(settled bool) {
	status := "UPDATING"
	if settled {
		status = "UPDATED"
	}
	must(b.t, b.sim.SetItemStatus(b.item, status, ""))
}

func (b *pluggyBank) inject(unreadable []string, fault string) {
	const path = "/v2/transactions"
	b.sim.ClearFaults()
	if fault != "" {
		must(b.t, b.sim.Inject(pluggysim.Fault{
			Path: path, Kind: faultinject.Kind(fault), Status: 500, Skip: 1,
		}))
	}
	if len(unreadable) > 0 {
		must(b.t, b.sim.Inject(pluggysim.Fault{
			Path: path, Kind: pluggysim.FaultReplace, Times: -1, Replacements: spoiledTexts(unreadable),
		}))
	}
}

func (b *pluggyBank) webhook(kind, account string, rows []*row) []byte {
	e := pluggysim.Event{Name: "transactions/" + kind, AccountID: account, TransactionIDs: []string{}}
	for _, v := range rows {
		e.TransactionIDs = append(e.TransactionIDs, v.id)
	}
	if kind == "all" {
		e = pluggysim.Event{Name: "item/updated", ItemID: b.item}
	}
	body, err := b.sim.Payload(e)
	must(b.t, err)
	return body
}
