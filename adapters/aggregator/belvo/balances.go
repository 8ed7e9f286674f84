package belvo

import (
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Balance implements ports.BalanceReader. On a card, the vendor reports the amount owed, so Balance negates it. Only
// bank accounts and cards have a balance, because the vendor does not document the sign for other account types.
func (a *Adapter) Balance(account domain.AccountData) books.VendorBalance {
	return books.BalanceWithDebtOnCards(account)
}

// RunningBalance implements ports.RunningBalanceReader. The vendor reports the balance of the account after the
// transaction. If the row has no readable balance, the result contains none.
func (a *Adapter) RunningBalance(metadata json.RawMessage) books.RunningBalance {
	return vendorhttp.RunningBalance(metadata, "")
}
