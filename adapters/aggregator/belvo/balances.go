package belvo

import (
	"encoding/json"

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
	var in struct {
		Balance json.Number `json:"balance"`
	}
	if err := json.Unmarshal(metadata, &in); err != nil || in.Balance == "" {
		return books.RunningBalance{}
	}
	balance, err := domain.ParseAmount(string(in.Balance))
	if err != nil {
		return books.RunningBalance{}
	}
	return books.RunningBalance{Balance: &balance}
}
