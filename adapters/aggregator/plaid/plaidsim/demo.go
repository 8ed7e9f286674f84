package plaidsim

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"
)

// The ids and secrets of the demo data.
const (
	DemoItemID        = "eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6"
	DemoAccessToken   = "access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6"
	DemoClientID      = "57d288f8ad6f5a0011c4a1b2"
	DemoSecret        = "plaid-sim-secret-not-real"
	DemoBankAccountID = "blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo"
	DemoCardAccountID = "dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK"
)

// Seed adds the demo data: a client id, and an Item with a bank account and a card. The rows are from the last weeks
// before the current time. The newest row of the card is pending.
func (s *Simulator) Seed() error {
	s.AddClient(DemoClientID, DemoSecret)
	s.AddItem(Item{ID: DemoItemID, AccessToken: DemoAccessToken})
	for _, a := range []Account{
		{
			ID: DemoBankAccountID, Type: "depository", Subtype: "checking", Name: "Plaid Checking", Mask: "0000",
			Balances: Balances{Current: new(json.Number("2541.75")), Currency: new("USD")},
		},
		{
			ID: DemoCardAccountID, Type: "credit", Subtype: "credit card", Name: "Plaid Credit Card", Mask: "3333",
			Balances: Balances{Current: new(json.Number("410")), Currency: new("USD")},
		},
	} {
		if _, err := s.AddAccount(DemoItemID, a); err != nil {
			return err
		}
	}
	today := s.now()
	for i, row := range []struct{ account, name, amount string }{
		{DemoCardAccountID, "UNITED AIRLINES", "500"},
		{DemoCardAccountID, "SPARKFUN", "89.4"},
		{DemoCardAccountID, "MCDONALDS #3322", "12"},
		{DemoBankAccountID, "GUSTO PAYROLL", "-5850"},
		{DemoBankAccountID, "RENT OAK STREET", "1900"},
		{DemoBankAccountID, "ACH ELECTRONIC CREDIT", "-25"},
		{DemoBankAccountID, "CD DEPOSIT .INITIAL.", "1000"},
		{DemoBankAccountID, "UBER 072515 SF**POOL**", "6.33"},
	} {
		_, err := s.Put(DemoItemID, Transaction{
			ID: fmt.Sprintf("lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqD%02d", i), Account: row.account,
			Amount: json.Number(row.amount), Currency: new("USD"), Name: row.name, Original: &row.name,
			Date: today.AddDate(0, 0, -3*i).Format(time.DateOnly), Channel: "other", Pending: i == 0,
			Category: &Category{Primary: "GENERAL_SERVICES", Detailed: "GENERAL_SERVICES_OTHER_GENERAL_SERVICES"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Transactions returns the rows of an Item, the newest first.
func (s *Simulator) Transactions(itemID string) []Transaction {
	var rows []Transaction
	_ = s.edit(itemID, func(i *item) error { // an unknown Item has no rows
		for _, id := range sortedIDs(i.rows) {
			rows = append(rows, i.rows[id])
		}
		return nil
	})
	sort.SliceStable(rows, func(i, j int) bool { return rows[j].Date < rows[i].Date })
	return rows
}
