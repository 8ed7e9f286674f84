package vendorhttp

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// AccountList is a vendor's list of accounts, as its pages returned it.
type AccountList struct {
	rows []domain.AccountData
	// total is the number of accounts that the vendor states; nil if it states none. shifted means that pages state
	// different numbers.
	total   *int
	shifted bool
}

// Add adds the accounts of the next page. total is the number of accounts in the whole list, as the page states it; nil
// if it states none.
func (l *AccountList) Add(accounts []domain.AccountData, total *int) {
	l.rows = append(l.rows, accounts...)
	l.shifted = l.shifted || l.total != nil && total != nil && *l.total != *total
	if total != nil {
		l.total = total
	}
}

// ReadAccounts reads a list of accounts with the function read, and returns the accounts as SortAccounts does. A list
// that has another number of accounts than the vendor states, or that states no number and has an account twice, is
// read again. If successive reads contradict themselves in the same way (see domain.Inconsistency), ReadAccounts
// returns the accounts of the last one with the error ports.ErrInconsistentAccounts. If they do so in different ways,
// the list changes while it is read; the error is then ListChanged. Other errors are those of read.
func ReadAccounts(read func() (AccountList, error)) ([]domain.AccountData, error) {
	var before domain.Inconsistency
	for range domain.MaxInconsistentAttempts + 1 {
		list, err := read()
		if err != nil {
			return nil, err
		}
		rows := len(list.rows)
		accounts := SortAccounts(list.rows)
		found := domain.Inconsistency{Shifted: list.shifted}
		if list.total != nil {
			found.Missing = *list.total - len(accounts)
		} else {
			found.Repeated = rows - len(accounts)
		}
		if found == (domain.Inconsistency{}) {
			return accounts, nil
		}
		if before.IsLasting(found) {
			return accounts, ports.ErrInconsistentAccounts
		}
		before = before.Again(found)
	}
	return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.ListChanged}
}
