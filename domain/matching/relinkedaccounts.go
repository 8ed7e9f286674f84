package matching

import "github.com/LerianStudio/aggregator-connections/domain"

// RecognizedPair contains a stored account and a listed account that are the same bank account.
type RecognizedPair struct {
	Before domain.Account
	After  string // the external id of the account in RelinkedAccounts.After
}

// RelinkedAccounts contains the accounts before and after they were linked again.
type RelinkedAccounts struct {
	Before   []domain.Account
	After    []domain.AccountData
	Identity func(domain.AccountData) domain.AccountIdentity // a pure function
}

// RecognizedAccounts is what RelinkedAccounts.Recognize has found.
type RecognizedAccounts struct {
	Pairs []RecognizedPair
	// ByRows is set if some accounts can be recognised only by a comparison of their rows. It does not depend on the
	// rows.
	ByRows bool
	// Ambiguous is set if some accounts cannot be told apart. See Recognition.
	Ambiguous bool
}

// Recognize finds the accounts in Before and After that are the same bank account. Accounts with the same external id
// are a pair. The function [Recognize] finds the other pairs.
//
// The functions rowsBefore and rowsAfter return the rows of an account. If rowsBefore is nil, no rows are compared, and
// Ambiguous is not set. Errors: the errors of rowsBefore and rowsAfter.
func (r RelinkedAccounts) Recognize(
	rowsBefore func(domain.Account) ([]Row, error), rowsAfter func(externalID string) ([]Row, error),
) (found RecognizedAccounts, err error) {
	byID := map[string]domain.Account{}
	var before, after []LinkedAccount
	for _, account := range r.Before {
		byID[account.ExternalID] = account
	}
	same := map[string]bool{}
	for _, account := range r.After {
		if known, ok := byID[account.ExternalID]; ok {
			found.Pairs, same[account.ExternalID] = append(found.Pairs, RecognizedPair{known, account.ExternalID}), true
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
	found.Ambiguous = rowsBefore != nil && len(recognition.AmbiguousBefore) > 0
	return found, nil
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
