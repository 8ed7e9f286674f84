package vendorhttp_test

import (
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// accountPages is one read of a list: the accounts of each page, and the number that each page states; -1 for none.
type accountPages struct {
	pages  [][]string
	totals []int
}

func TestAListOfAccountsIsReadAgainUntilItIsConsistent(t *testing.T) {
	one := func(total int, ids ...string) accountPages { return accountPages{[][]string{ids}, []int{total}} }
	for name, c := range map[string]struct {
		reads []accountPages
		want  int   // the number of accounts
		used  int   // the number of reads
		err   error // nil: none
	}{
		"consistent":                 {[]accountPages{one(2, "a", "b")}, 2, 1, nil},
		"no count":                   {[]accountPages{one(-1, "a", "b")}, 2, 1, nil},
		"two unreadable ids":         {[]accountPages{one(2, "", "")}, 2, 1, nil},
		"a count that is reached":    {[]accountPages{one(2, "a"), one(2, "a", "b")}, 2, 2, nil},
		"never reached":              {[]accountPages{one(3, "a")}, 1, 3, ports.ErrInconsistentAccounts},
		"never reached, empty":       {[]accountPages{one(2)}, 0, 3, ports.ErrInconsistentAccounts},
		"more than the count":        {[]accountPages{one(1, "a", "b")}, 2, 3, ports.ErrInconsistentAccounts},
		"an account twice":           {[]accountPages{one(2, "a", "a")}, 1, 3, ports.ErrInconsistentAccounts},
		"an account twice, no count": {[]accountPages{one(-1, "a", "a")}, 1, 3, ports.ErrInconsistentAccounts},
		"counts that differ": {
			[]accountPages{{[][]string{{"a"}, {"b"}}, []int{3, 2}}}, 2, 3, ports.ErrInconsistentAccounts,
		},
		"other contradictions": {[]accountPages{one(3, "a"), one(4, "a"), one(3, "a")}, 0, 3, domain.ListChanged},
		"a failed read":        {[]accountPages{{}}, 0, 1, domain.MalformedResponse},
	} {
		used := 0
		got, err := vendorhttp.ReadAccounts(func() (list vendorhttp.AccountList, err error) {
			read := c.reads[min(used, len(c.reads)-1)]
			if used++; read.pages == nil {
				return list, &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse}
			}
			for i, page := range read.pages {
				var accounts []domain.AccountData
				for _, id := range page {
					accounts = append(accounts, domain.AccountData{ExternalID: id})
				}
				var total *int
				if read.totals[i] >= 0 {
					total = &read.totals[i]
				}
				list.Add(accounts, total)
			}
			return list, nil
		})
		if len(got) != c.want || used != c.used || !errors.Is(err, c.err) {
			t.Errorf("%s: %d accounts in %d reads, %v; want %d in %d, %v",
				name, len(got), used, err, c.want, c.used, c.err)
		}
	}
}
