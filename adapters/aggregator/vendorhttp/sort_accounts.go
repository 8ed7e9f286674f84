package vendorhttp

import (
	"cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// SortAccounts sorts the accounts by external id and removes duplicates: of several accounts with the same external id,
// only the last is kept. Ids never change, so the steps of a pull always have the same order. Accounts without a
// readable id come first, and all of them are kept.
func SortAccounts(accounts []domain.AccountData) []domain.AccountData {
	domain.SortLarge(
		accounts,
		func(x, y domain.AccountData) int { return cmp.Compare(x.ExternalID, y.ExternalID) },
	)
	distinct := accounts[:0]
	for i, account := range accounts {
		last := i+1 == len(accounts) || accounts[i+1].ExternalID != account.ExternalID
		if last || account.ExternalID == "" {
			distinct = append(distinct, account)
		}
	}
	return distinct
}
