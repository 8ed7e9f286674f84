package pulling

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// accountLists contains the ids of the rows in the complete lists of accounts that an attempt has read.
//
// A row that the lists of two accounts contain belongs to the account whose list was read first. The order of the lists
// is the same in each pull. Without this rule, the row would move to the other account and back with each pull.
type accountLists struct {
	ids      idSet
	accounts map[string]bool
}

// add adds the ids of a list that was read to its end. account is the external id of its account; "" if the list
// contains all accounts, which is then the only one.
func (l *accountLists) add(account string, read *stepRows) {
	if account == "" || l.accounts[account] {
		return
	}
	if l.accounts == nil { // most references have one account, so its set is not copied
		l.accounts, l.ids = map[string]bool{}, read.seen
	} else {
		l.ids.addAll(&read.seen)
	}
	l.accounts[account] = true
}

// before returns the ids in the lists of other accounts; nil if there are none, or if they also contain those of the
// account, because one of its lists was read before.
func (l *accountLists) before(account string) *idSet {
	if len(l.accounts) == 0 || l.accounts[account] {
		return nil
	}
	return &l.ids
}

// dropElsewhere removes the rows from the page that the list of another account contains. It reports whether there are
// any. A collision of hashes hides a row until a process with another seed pulls the connection.
func (d *differ) dropElsewhere(page *ports.VendorPage) bool {
	if d.elsewhere == nil {
		return false
	}
	isElsewhere := func(row domain.RawTransaction) bool {
		return d.elsewhere.has(row.ExternalID) && !domain.IsUnreadableRowID(row.ExternalID)
	}
	if !slices.ContainsFunc(page.Transactions, isElsewhere) {
		return false
	}
	page.Transactions = slices.DeleteFunc(page.Transactions, isElsewhere)
	return true
}
