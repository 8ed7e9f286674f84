package belvo

import "github.com/LerianStudio/aggregator-connections/domain"

// Balance implements ports.BalanceReader. On a card the vendor's balance is the amount owed, which is negative in the
// holder's view. The vendor documents the sign of a balance only for bank accounts and cards.
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
