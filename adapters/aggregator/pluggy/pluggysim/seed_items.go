package pluggysim

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// SeededItem is an item that SeedItems has added.
type SeededItem struct{ ID, Name string }

// seededBanks are the invented banks of the items of SeedItems.
var seededBanks = []string{
	"Banco Aurora", "Banco Ipê", "Banco Serra Azul", "Caixa Litoral", "Cooperativa Planalto", "Banco Jacarandá",
	"Digital Sete", "Banco do Vale",
}

// seededKinds are the kinds of rows of SeedItems. The sign is that of the amount.
var seededKinds = []struct {
	text string
	sign int
}{
	{"PIX RECEBIDO LOJA ONLINE", 1}, {"PIX ENVIADO PAPELARIA CENTRAL", -1}, {"TED RECEBIDA DISTRIBUIDORA SUL", 1},
	{"PAGAMENTO BOLETO ENERGIA", -1}, {"COMPRA NO DEBITO EMBALAGENS NORTE", -1}, {"PIX RECEBIDO MARKETPLACE", 1},
	{"PAGAMENTO FORNECEDOR GRAFICA MODERNA", -1}, {"TARIFA DE COBRANCA", -1},
}

const (
	seededHistory = 365 * 24 * time.Hour // how far back the rows go
	// One of so many items needs that its holder signs in, and the bank of another one was last read days ago.
	oddItemEvery = 12
)

// seedEpoch is the day of the first row of each account. The balances are the sums of all rows since.
var seedEpoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// SeedItems adds n items of the demo client, each with an account at one of eight banks and a year of rows. Ids and
// amounts are the same in each call, so that a client which has read them goes on after a restart of the simulator. For
// some of the items, the holder must sign in, or the bank was last read four days before t.
func (s *Simulator) SeedItems(n int, t time.Time) []SeededItem {
	s.AddClient(Client{ID: DemoClientID, Secret: DemoClientSecret})
	items := make([]SeededItem, n)
	for i := range items {
		items[i] = SeededItem{ID: seededID("item", i, 0).String(), Name: fmt.Sprintf("filial-%02d", i+1)}
		s.seedItem(i, items[i], t)
	}
	return items
}

// seededID returns an id that depends only on the arguments.
func seededID(kind string, item, number int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s %d %d", kind, item, number))
}

func (s *Simulator) seedItem(i int, seeded SeededItem, t time.Time) {
	read := t.Add(-time.Hour)
	if i%oddItemEvery == oddItemEvery-1 {
		read = t.AddDate(0, 0, -4)
	}
	bank := i % len(seededBanks)
	item := loadDemo[Item]("item.json")
	item.ClientID, item.ID, item.ClientUserID = DemoClientID, seeded.ID, Text(seeded.Name)
	item.Connector, _ = json.Marshal(map[string]any{ // cannot fail
		"id": 700 + bank, "name": seededBanks[bank], "isOpenFinance": true, "isSandbox": true,
	})
	item.CreatedAt, item.UpdatedAt, item.LastUpdatedAt = At(seedEpoch), At(read), At(read)
	item.NextAutoSyncAt = At(read.AddDate(0, 0, 1))
	s.AddItem(item)
	account := Account{
		ID: seededID("account", i, 0).String(), ItemID: seeded.ID, Name: "Conta corrente",
		Number:    Text(fmt.Sprintf("%04d/%05d-%d", 1+bank, 20_000+1337*i, i%10)),
		CreatedAt: At(seedEpoch), UpdatedAt: At(read),
	}
	rows, cents := seededRows(i, account.ID, read)
	account.Balance = centsOf(cents)
	_, _ = s.AddAccount(account) // fails at a second call, because the account exists
	for _, row := range rows {
		_, _ = s.AddTransaction(row)
	}
	if i%oddItemEvery == oddItemEvery/2 {
		_ = s.SetItemStatus(seeded.ID, "LOGIN_ERROR", "")
	}
}

// seededRows returns the rows of an account in the year before its bank was read, and the sum of all of its rows.
func seededRows(item int, account string, read time.Time) (rows []Transaction, cents int64) {
	const firstCents, spread, perDay = 10_00, 900_00, 3 // of three days, one has a row
	cents = 25_000_00
	for day := 0; ; day++ {
		id := seededID("row", item, day)
		at := seedEpoch.AddDate(0, 0, day).Add(15 * time.Hour)
		if at.After(read) {
			return rows, cents
		}
		if int(id[0])%perDay != 0 {
			continue
		}
		kind := seededKinds[int(id[1])%len(seededKinds)]
		amount := int64(kind.sign) * (firstCents + (int64(id[2])<<8|int64(id[3]))%spread)
		if cents += amount; at.Before(read.Add(-seededHistory)) {
			continue
		}
		row := Transaction{
			ID: id.String(), AccountID: account, Description: kind.text, DescriptionRaw: Text(kind.text),
			Amount: centsOf(amount), Type: "CREDIT", Date: At(at), CreatedAt: At(at), UpdatedAt: At(at),
		}
		if amount < 0 {
			row.Type = "DEBIT"
		}
		rows = append(rows, row)
	}
}

// centsOf returns an amount of so many hundredths.
func centsOf(cents int64) Number {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return Number(fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100))
}
