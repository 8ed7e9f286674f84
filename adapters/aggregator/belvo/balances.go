package belvo

import "github.com/LerianStudio/aggregator-connections/domain"

// Balance implements ports.BalanceReader. On a card, the vendor reports the amount owed, so Balance negates it. Other
// account types than bank accounts and cards have no balance, because the vendor does not document the sign.
func (a *Adapter) Balance(account domain.AccountData) domain.VendorBalance {
	switch {
	case account.Type == domain.OtherAccount:
		return domain.VendorBalance{Missing: domain.BasisUnsupported}
	case account.Balance == nil:
		return domain.VendorBalance{Missing: domain.BasisNoBalance}
	}
	balance := *account.Balance
	if account.Type == domain.CreditAccount {
		balance = balance.Negate()
	}
	return domain.VendorBalance{Amount: balance.Amount, Currency: balance.Currency}
}
