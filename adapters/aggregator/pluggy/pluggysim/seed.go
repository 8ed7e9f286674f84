package pluggysim

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"
)

// The demo data: one client, one item, a bank account with five rows and a card with three.
const (
	DemoClientID      = "3f1c2d5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f"
	DemoClientSecret  = "sim-secret-not-real"
	DemoItemID        = "b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90"
	DemoBankAccountID = "11aa22bb-33cc-4d44-8e55-66ff77aa88bb"
	DemoCardAccountID = "22bb33cc-44dd-4e55-9f66-77aa88bb99cc"
)

// The item of [Simulator.SeedUnreadAt], and its account.
const (
	UnreadItemID    = "5d0c8e17-9f42-4b6a-8c33-7e1b2a90d4f6"
	UnreadAccountID = "33cc44dd-55ee-4f66-8a77-88bb99ccaadd"
)

// UnreadFor is how long the vendor has not read the bank of [UnreadItemID].
const UnreadFor = 9 * 24 * time.Hour

// demoDay is the day on which the embedded demo data was last synchronised.
var demoDay = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)

//go:embed demo/*.json
var demoFiles embed.FS

// Seed adds the demo data, which was last synchronised on 2026-11-19. The rows count as changes that no webhook has
// announced yet. A second Seed resets the item and adds only the rows that were removed. The rows cover these cases:
//
//   - a Pix and a boleto
//   - two fees that differ only in their id
//   - a transfer late at night whose date in São Paulo is the day before
//   - a card purchase in USD
//   - a pending instalment and a bill payment.
func (s *Simulator) Seed() { s.SeedAt(demoDay) }

// SeedAt adds the demo data as if it had last been synchronised on the UTC day of t. It shifts all dates by
// whole days, so that the rows are within the vendor's twelve months of history.
func (s *Simulator) SeedAt(t time.Time) {
	shift := t.UTC().Truncate(24 * time.Hour).Sub(demoDay)
	s.AddClient(Client{ID: DemoClientID, Secret: DemoClientSecret})
	item := loadDemo[Item]("item.json")
	item.ClientID = DemoClientID
	shiftTimes(shift, &item.CreatedAt, &item.UpdatedAt, &item.LastUpdatedAt, &item.NextAutoSyncAt)
	s.AddItem(item)
	for _, a := range loadDemo[[]Account]("accounts.json") {
		shiftTimes(shift, &a.CreatedAt, &a.UpdatedAt)
		_, _ = s.AddAccount(a) // fails at a second Seed, because the account already exists
	}
	for _, row := range loadDemo[[]Transaction]("transactions.json") {
		shiftTimes(shift, &row.Date, &row.CreatedAt, &row.UpdatedAt)
		_, _ = s.AddTransaction(row)
	}
}

// SeedUnreadAt adds an item of the demo client whose bank the vendor last read nine days before t, although the item
// says UPDATED. Its account has the rows that the demo's bank account had on that day. The vendor plans no
// synchronisation, and the reading stays old until a client asks for a synchronisation. A second call resets the item.
func (s *Simulator) SeedUnreadAt(t time.Time) {
	read := t.UTC().Add(-UnreadFor)
	shift := read.Truncate(24 * time.Hour).Sub(demoDay)
	s.AddClient(Client{ID: DemoClientID, Secret: DemoClientSecret})
	item := loadDemo[Item]("item.json")
	item.ClientID, item.ID, item.NextAutoSyncAt = DemoClientID, UnreadItemID, Time{}
	item.Connector = json.RawMessage(`{"id":3,"name":"Banco sem Leitura"}`)
	shiftTimes(shift, &item.CreatedAt)
	item.UpdatedAt, item.LastUpdatedAt = At(read), At(read)
	s.AddItem(item)
	account := loadDemo[[]Account]("accounts.json")[0]
	account.ID, account.ItemID = UnreadAccountID, UnreadItemID
	account.Number, account.Name, account.MarketingName = "0001/98765-4", "Conta sem Leitura", "Conta sem Leitura"
	account.BankData = json.RawMessage(`{"transferNumber":"999/0001/98765-4","closingBalance":4439.4}`)
	shiftTimes(shift, &account.CreatedAt, &account.UpdatedAt)
	if _, err := s.AddAccount(account); err != nil {
		return // the account and its rows exist already
	}
	for _, row := range loadDemo[[]Transaction]("transactions.json") {
		if row.AccountID != DemoBankAccountID {
			continue
		}
		row.ID, row.AccountID = "", UnreadAccountID
		shiftTimes(shift, &row.Date, &row.CreatedAt, &row.UpdatedAt)
		_, _ = s.AddTransaction(row) // cannot fail, because the account exists and the id is new
	}
}

func shiftTimes(by time.Duration, times ...*Time) {
	for _, t := range times {
		*t = At(t.Add(by))
	}
}

func loadDemo[T any](name string) T {
	var v T
	raw, err := demoFiles.ReadFile("demo/" + name)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil { // cannot fail, because the files are embedded
		panic(fmt.Errorf("pluggysim: %s: %w", name, err))
	}
	return v
}
