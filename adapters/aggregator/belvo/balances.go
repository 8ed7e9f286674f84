package belvo

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Balance implements ports.BalanceReader. On a card, the vendor reports the amount owed, so Balance negates it. Other
// account types than bank accounts and cards have no balance, because the vendor does not document the sign.
func (a *Adapter) Balance(account domain.AccountData) books.VendorBalance {
	switch {
	case account.Type == domain.OtherAccount:
		return books.VendorBalance{Missing: books.BasisUnsupported}
	case account.Balance == nil:
		return books.VendorBalance{Missing: books.BasisNoBalance}
	}
	balance := *account.Balance
	if account.Type == domain.CreditAccount {
		balance = balance.Negate()
	}
	return books.VendorBalance{Amount: balance.Amount, Currency: balance.Currency}
}
