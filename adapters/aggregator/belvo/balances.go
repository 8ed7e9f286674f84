package belvo

import (
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Balance implements ports.BalanceReader. Only bank accounts have a usable balance. That of a card is what was spent in
// the current period, and falls when the period ends (data dictionary of 2026-04, accounts, balance.current). The
// vendor does not document the sign for other types.
func (a *Adapter) Balance(account domain.AccountData) books.VendorBalance {
	if account.Type == domain.CreditAccount {
		return books.VendorBalance{Missing: books.BasisInvoice}
	}
	return books.BalanceWithDebtOnCards(account)
}

// RunningBalance implements ports.RunningBalanceReader. The vendor reports the balance of the account after the
// transaction. If the row has no readable balance, the result contains none.
func (a *Adapter) RunningBalance(metadata json.RawMessage) books.RunningBalance {
	return vendorhttp.RunningBalance(metadata, "")
}
