package vendorhttp

import (
	"cmp"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// SortAccounts sorts the accounts by external id and removes duplicates: of several accounts with the same external id,
// only the last is kept. Ids never change, so the same accounts always result in the same plan. Accounts without a
// readable id come first, and all of them are kept.
func SortAccounts(all []domain.AccountData) []domain.AccountData {
	slices.SortStableFunc(all, func(x, y domain.AccountData) int { return cmp.Compare(x.ExternalID, y.ExternalID) })
	distinct := all[:0]
	for i, account := range all {
		last := i+1 == len(all) || all[i+1].ExternalID != account.ExternalID
		if last || account.ExternalID == "" {
			distinct = append(distinct, account)
		}
	}
	return distinct
}
