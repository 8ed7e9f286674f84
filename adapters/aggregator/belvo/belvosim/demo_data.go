package belvosim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// The ids of the demo data: one secret, a Mexican retail link and a Brazilian OFDA link. Each link
// has a checking account and a card.
const (
	DemoSecretID          = "sim-secret-id"
	DemoSecretPassword    = "sim-secret-not-real"
	DemoLinkID            = "6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12"
	DemoOpenFinanceLinkID = "a84f2e07-5b3d-4c19-9e72-1f60c8d3b745"
	DemoAccountID         = "e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83" // the checking account of DemoLinkID
	DemoCardAccountID     = "58c2d6f1-0e4b-4973-a5d9-b31f7e86c204" // the card of DemoLinkID
)

// demoDay is the day on which the data of [Simulator.Seed] was last collected.
var demoDay = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)

// collectionTime is a time of day, as a duration since midnight UTC. No row of the demo data was collected later in
// the day.
const collectionTime = 8 * time.Hour

// demo is the demo data as JSON. A date is a number of days after the day of collection: {-1} is the day before. The
// day of collection is the day on which the vendor last collected the data.
//
//go:embed demo/demo.json
var demo []byte

var relativeDay = regexp.MustCompile(`\{(-?\d+)\}`)

type demoData struct {
	Links        []Link            `json:"links"`
	Accounts     []Account         `json:"accounts"`
	Transactions []linkTransaction `json:"transactions"`
}

// Seed adds the demo data as if the vendor had last collected it on 2026-11-19. The rows cover
// these cases:
//
//   - inflows, outflows and one row without a direction
//   - the statuses pending, processed and uncategorised, and a row without a status
//   - a row without account and currency
//   - an amount as text
//   - a purchase in USD on a card in BRL
//   - timestamps of three to six fractional digits, with Z and with +00:00
//
// A second call of Seed adds only the data that was removed since the first call.
func (s *Simulator) Seed() { s.SeedAt(demoDay.Add(collectionTime)) }

// SeedAt adds the same demo data as [Simulator.Seed], but as if the vendor had last collected it in the 24 hours before
// t. No time in the data is after t.
func (s *Simulator) SeedAt(t time.Time) {
	day := t.UTC().Add(-collectionTime).Truncate(24 * time.Hour)
	data := loadDemo(withDates(demo, day))
	s.AddSecret(DemoSecretID, DemoSecretPassword)
	// Adding an object that already exists returns ErrTaken and changes nothing.
	for _, l := range data.Links {
		// The next refresh is due one refresh interval after the last access, so no refresh is overdue at t.
		l.LastAccessedAt = t.UTC().Format(timeFormat)
		_, _ = s.AddLink(l)
	}
	for _, a := range data.Accounts {
		_, _ = s.AddAccount(a)
	}
	for _, added := range data.Transactions {
		_, _ = s.AddTransaction(added.Link, added.Transaction)
	}
}

// loadDemo decodes the demo data. It panics if the text is invalid or contains a member that the Go types do not have.
// The text is embedded, so only a mistake in the source code can cause the panic.
func loadDemo(text []byte) (data demoData) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&data); err != nil {
		panic(fmt.Sprintf("belvosim: demo data: %v", err))
	}
	return data
}

// withDates returns a copy of text in which each relative date is replaced by an absolute date. The given day
// corresponds to {0}.
func withDates(text []byte, day time.Time) []byte {
	return relativeDay.ReplaceAllFunc(text, func(mark []byte) []byte {
		offset, _ := strconv.Atoi(string(mark[1 : len(mark)-1]))
		return []byte(day.AddDate(0, 0, offset).Format(time.DateOnly))
	})
}
