package belvo

import (
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Balance implements ports.BalanceReader. Only bank accounts have a usable balance. That of a card is what was spent in
// the current period, and falls when the period ends (data dictionary of 2026-04, accounts, balance.current). The
// vendor does not document the sign for other types. The part of a bank account that the bank invests by itself
// (balance.automatically_invested, Brazil's Open Finance) is a part of the result: no row shows a movement between this
// part and balance.current. It is left out if it cannot be read.
func (a *Adapter) Balance(account domain.AccountData) books.VendorBalance {
	if account.Type == domain.CreditAccount {
		return books.VendorBalance{Missing: books.BasisInvoice}
	}
	balance := books.BalanceWithDebtOnCards(account)
	if account.Type != domain.BankAccount || balance.Missing != "" {
		return balance
	}
	var in struct {
		Balance struct {
			Invested json.RawMessage `json:"automatically_invested"`
		} `json:"balance"`
	}
	if json.Unmarshal(account.Metadata, &in) != nil {
		return balance
	}
	var invested vendorhttp.NumberOrString
	if vendorhttp.Decode(in.Balance.Invested, &invested) != nil {
		return balance
	}
	if part, err := vendorhttp.ParseMoney(string(invested), account.Currency); err == nil {
		balance.Parts = part.Amount
	}
	return balance
}

// RunningBalance implements ports.RunningBalanceReader. The vendor reports the balance of the account after the
// transaction. If the row has no readable balance, the result contains none.
func (a *Adapter) RunningBalance(metadata json.RawMessage) books.RunningBalance {
	return vendorhttp.RunningBalance(metadata, "")
}
