package matching

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RecognizedPair contains a stored account and a listed account that are the same bank account.
type RecognizedPair struct {
	Before domain.Account
	After  string // the external id of the account in RelinkedAccounts.After
}

// RelinkedAccounts contains the accounts of a connection before and after the account holder linked them again at the
// vendor.
type RelinkedAccounts struct {
	Before   []domain.Account
	After    []domain.AccountData
	Identity func(domain.AccountData) domain.AccountIdentity // a pure function
	// Decided contains the pairs that an operator has decided. It maps external ids of accounts of After to ids of
	// accounts of Before. Ids of other accounts are ignored.
	Decided map[string]domain.AccountID
}

// RecognizedAccounts contains the pairs of accounts that RelinkedAccounts.Recognize has found to be the same bank
// account, and the accounts that it cannot tell apart.
type RecognizedAccounts struct {
	Pairs []RecognizedPair
	// ByRows is set if some accounts can be recognised only by a comparison of their rows. It is determined without
	// the rows.
	ByRows bool
	// AmbiguousBefore and AmbiguousAfter contain the accounts that cannot be told apart. See Recognition.
	AmbiguousBefore []domain.AccountID
	AmbiguousAfter  []string
}

// IsAmbiguous reports whether some accounts cannot be told apart.
func (r RecognizedAccounts) IsAmbiguous() bool { return len(r.AmbiguousBefore) > 0 }

// Recognize finds the accounts in Before and After that are the same bank account. Accounts with the same external id
// are a pair, and so are those of Decided. The function [Recognize] finds the other pairs.
//
// The functions rowsBefore and rowsAfter return the rows of an account. If rowsBefore is nil, no rows are compared, and
// no account is ambiguous. Errors: the errors of rowsBefore and rowsAfter.
func (r RelinkedAccounts) Recognize(
	rowsBefore func(domain.Account) ([]Row, error), rowsAfter func(externalID string) ([]Row, error),
) (found RecognizedAccounts, err error) {
	byID := map[string]domain.Account{}
	var before, after []LinkedAccount
	for _, account := range r.Before {
		byID[account.ExternalID] = account
	}
	same := map[string]bool{} // external ids of Before
	for _, account := range r.After {
		known, ok := r.decided(account.ExternalID)
		if !ok {
			known, ok = byID[account.ExternalID]
		}
		if ok && !same[known.ExternalID] {
			found.Pairs, same[known.ExternalID] = append(found.Pairs, RecognizedPair{known, account.ExternalID}), true
			continue
		}
		after = append(after, r.linked(account))
	}
	for _, account := range r.Before {
		if !same[account.ExternalID] {
			before = append(before, r.linked(account.AccountData))
		}
	}
	openBefore, openAfter := openByIdentity(before, after)
	found.ByRows = len(openBefore) > 0
	if rowsBefore != nil {
		err := addRows(before, openBefore, func(id string) ([]Row, error) { return rowsBefore(byID[id]) })
		if err == nil {
			err = addRows(after, openAfter, rowsAfter)
		}
		if err != nil {
			return RecognizedAccounts{}, err
		}
	}
	recognition := Recognize(before, after)
	for _, pair := range recognition.Pairs {
		found.Pairs = append(found.Pairs, RecognizedPair{byID[pair.Before], pair.After})
	}
	if rowsBefore != nil {
		found.AmbiguousAfter = recognition.AmbiguousAfter
		for _, externalID := range recognition.AmbiguousBefore {
			found.AmbiguousBefore = append(found.AmbiguousBefore, byID[externalID].ID)
		}
	}
	return found, nil
}

// decided returns the account of Before that an operator has paired with this external id of an account of After.
func (r RelinkedAccounts) decided(externalID string) (domain.Account, bool) {
	id, ok := r.Decided[externalID]
	i := slices.IndexFunc(r.Before, func(a domain.Account) bool { return a.ID == id })
	if !ok || i < 0 {
		return domain.Account{}, false
	}
	return r.Before[i], true
}

func (r RelinkedAccounts) linked(data domain.AccountData) LinkedAccount {
	return LinkedAccount{
		ExternalID: data.ExternalID, Type: data.Type, Subtype: data.Subtype, Currency: data.Currency,
		Identity: r.Identity(data),
	}
}

// addRows sets the rows of the accounts with these external ids.
func addRows(accounts []LinkedAccount, ids map[string]bool, rowsOf func(string) ([]Row, error)) (err error) {
	for i := range accounts {
		if ids[accounts[i].ExternalID] {
			if accounts[i].Rows, err = rowsOf(accounts[i].ExternalID); err != nil {
				return err
			}
		}
	}
	return nil
}
