package pluggysim

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"
)

// The demo world: one client, one item, a bank account with five rows and a card with three.
const (
	DemoClientID      = "3f1c2d5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f"
	DemoClientSecret  = "sim-secret-not-real"
	DemoItemID        = "b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90"
	DemoBankAccountID = "11aa22bb-33cc-4d44-8e55-66ff77aa88bb"
	DemoCardAccountID = "22bb33cc-44dd-4e55-9f66-77aa88bb99cc"
)

// demoDay is the last synchronisation of the demo world as it is written down.
var demoDay = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)

//go:embed world/*.json
var demo embed.FS

// Seed furnishes the demo world, last synchronised on 2026-11-19: a Pix and a boleto, two fees alike in all but
// their id, a transfer late at night that is the day before in São Paulo, a card purchase in USD, a pending
// instalment and a bill payment. Its rows count as not yet announced. A second Seed resets the
// item and adds only what was removed.
func (s *Simulator) Seed() { s.SeedAt(demoDay) }

// SeedAt furnishes the demo world as if last synchronised on the UTC day of t, all dates moved by whole days, so
// that the rows stay within the vendor's twelve months of history.
func (s *Simulator) SeedAt(t time.Time) {
	shift := t.UTC().Truncate(24 * time.Hour).Sub(demoDay)
	s.AddClient(Client{ID: DemoClientID, Secret: DemoClientSecret})
	item := load[Item]("item.json")
	item.ClientID = DemoClientID
	move(shift, &item.CreatedAt, &item.UpdatedAt, &item.LastUpdatedAt, &item.NextAutoSyncAt)
	s.AddItem(item)
	for _, a := range load[[]Account]("accounts.json") {
		move(shift, &a.CreatedAt, &a.UpdatedAt)
		_, _ = s.AddAccount(a) // there already: a second Seed
	}
	for _, row := range load[[]Transaction]("transactions.json") {
		move(shift, &row.Date, &row.CreatedAt, &row.UpdatedAt)
		_, _ = s.AddTransaction(row)
	}
}

func move(by time.Duration, times ...*Time) {
	for _, t := range times {
		*t = At(t.Add(by))
	}
}

func load[T any](name string) T {
	var v T
	raw, err := demo.ReadFile("world/" + name)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil { // the files are part of the program
		panic(fmt.Errorf("pluggysim: %s: %w", name, err))
	}
	return v
}
