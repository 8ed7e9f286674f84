package e2e_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// churnBank is a bank with one account. A test changes the ids of all rows of the account.
type churnBank interface {
	bank
	// fill adds a new account reference with one account. The account has n rows with distinct texts, amounts and
	// dates. It returns the external ids of the rows.
	fill(t *testing.T, n int) []string
	// events returns the body of a webhook, like payload, but about rows of the account that fill has added.
	events(t *testing.T, kind string, ids []string) []byte
}

// churnedPluggy is a Pluggy with one item that fill has added.
type churnedPluggy struct {
	*pluggyBank
	account string
}

// newChurnedPluggy returns a Pluggy whose list of n rows has at least three pages if n is at least 3.
func newChurnedPluggy(t *testing.T, n int) *churnedPluggy {
	t.Helper()
	size := func(o *pluggysim.Options) { o.PageSize = min(max(n/3, 1), 500) }
	return &churnedPluggy{pluggyBank: newPluggy(t, size)}
}

func (b *churnedPluggy) fill(t *testing.T, n int) []string {
	t.Helper()
	b.item = b.sim.AddItem(pluggysim.Item{ClientID: b.id}).ID
	account, err := b.sim.AddAccount(pluggysim.Account{ItemID: b.item})
	if err != nil {
		t.Fatal(err)
	}
	b.account = account.ID
	return b.addRows(t, account.ID, n)
}

// addRows adds n transactions to an account, and returns their ids.
func (b *pluggyBank) addRows(t *testing.T, account string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		row, err := b.sim.AddTransaction(pluggysim.Transaction{
			AccountID: account, Type: "DEBIT", Amount: pluggysim.Number("-" + churnAmount(i)),
			Description: churnText(i), Date: pluggysim.At(churnDate(i).Add(3 * time.Hour)),
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row.ID)
	}
	return ids
}

func (b *churnedPluggy) events(t *testing.T, kind string, ids []string) []byte {
	t.Helper()
	return b.event(t, pluggysim.Event{Name: "transactions/" + kind, AccountID: b.account, TransactionIDs: ids})
}

// churnedBelvo is a Belvo with one link that fill has added.
type churnedBelvo struct{ *belvoBank }

// fill adds rows that the vendor collected a day ago.
func (b *churnedBelvo) fill(t *testing.T, n int) (ids []string) {
	t.Helper()
	link, err := b.sim.AddLink(belvosim.Link{Institution: "erebor_br_retail"})
	if err != nil {
		t.Fatal(err)
	}
	b.link = link.ID
	account, err := b.sim.AddAccount(belvosim.Account{Link: link.ID, Currency: new("BRL")})
	if err != nil {
		t.Fatal(err)
	}
	collected := time.Now().UTC().Add(-24 * time.Hour).Format(time.RFC3339)
	for i := range n {
		date := churnDate(i).Format(time.DateOnly)
		row, err := b.sim.AddTransaction(link.ID, belvosim.Transaction{
			Account: account.ID, ValueDate: &date, Amount: json.RawMessage(churnAmount(i)), Currency: new("BRL"),
			Description: new(churnText(i)), Type: new("OUTFLOW"), Status: new("PROCESSED"),
			CollectedAt: collected, CreatedAt: collected,
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row.ID)
	}
	return ids
}

func (b *churnedBelvo) events(t *testing.T, kind string, ids []string) []byte {
	t.Helper()
	return b.payload(t, kind, ids...)
}

func churnAmount(i int) string { return fmt.Sprintf("%d.%02d", 10+i, i%100) }

// churnDate returns one of 300 days, of which the last was three weeks ago.
func churnDate(i int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -21-i%300)
}

// churnText returns the name of a shop. The first 10,000 names are distinct.
func churnText(i int) string {
	kinds := []string{"PADARIA", "MERCADO", "FARMACIA", "LIVRARIA", "ACOUGUE", "OFICINA", "FLORICULTURA", "PAPELARIA"}
	first := []string{"AURORA", "BORGES", "CRISTAL", "DIAMANTE", "ESTRELA", "FORTALEZA", "GIRASSOL", "HORIZONTE",
		"IMPERIAL", "JATOBA", "KARIRI", "LARANJEIRAS", "MANGUEIRA", "NOVA ERA", "OURO VERDE", "PALMEIRAS",
		"QUITANDA", "RECANTO", "SERENO", "TROPICAL", "UNIAO", "VITORIA", "XAVANTE", "YPIRANGA", "ZODIACO"}
	last := []string{"DO BOSQUE", "DA SERRA", "DO PORTO", "DA PRACA", "DO LAGO", "DA COLINA", "DO VALE", "DA ILHA",
		"DO CAMPO", "DA MATA", "DO RIO", "DA PRAIA", "DO MORRO", "DA VILA", "DO CENTRO", "DA PONTE", "DO NORTE",
		"DA LAPA", "DO SUL", "DA GAVEA", "DO LESTE", "DA BARRA", "DO OESTE", "DA GLORIA", "DO FAROL", "DA TORRE",
		"DO MOINHO", "DA FONTE", "DO ENGENHO", "DA CAPELA", "DO MIRANTE", "DA ENSEADA", "DO JARDIM", "DA ALAMEDA",
		"DO PARQUE", "DA ESQUINA", "DO PATIO", "DA GALERIA", "DO ARCO", "DA MARINA", "DO CAIS", "DA RESTINGA",
		"DO SERTAO", "DA CHAPADA", "DO PANTANAL", "DA CAMPINA", "DO AGRESTE", "DA VARZEA", "DO PLANALTO", "DA BAIA"}
	return kinds[i%8] + " " + first[i/8%25] + " " + last[i/200%50]
}
