package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// RecognizedPair contains a stored account and a listed account that are the same bank account.
type RecognizedPair struct {
	Before domain.Account
	After  string // the external id of the account in RelinkedAccounts.After
	Ground Ground // ByIdentity also for equal external ids and for decisions of operators
}

// RelinkedAccounts contains stored accounts, and those that the vendor lists now: of a new account reference of the
// connection, of a new connection, or of the present reference. See Occasion.
type RelinkedAccounts struct {
	Occasion Occasion
	Before   []domain.Account
	After    []domain.AccountData
	Identity func(domain.AccountData) domain.AccountIdentity // a pure function
	// Decided contains the pairs that an operator has decided. It maps external ids of accounts of After to ids of
	// accounts of Before. Ids of other accounts are ignored.
	Decided map[string]domain.AccountID
	// Ended contains the accounts that no account of After continues, as an operator has decided.
	Ended []domain.AccountID
}

// RecognizedAccounts contains the pairs of accounts that RelinkedAccounts.Recognize has found to be the same bank
// account, and the accounts that it cannot tell apart.
type RecognizedAccounts struct {
	Pairs []RecognizedPair
	// ByRows is set if some accounts can be recognised only by a comparison of their rows. It is determined without
	// the rows.
	ByRows bool
	// AmbiguousBefore and AmbiguousAfter contain the accounts with the verdict Undecided.
	AmbiguousBefore []domain.AccountID
	AmbiguousAfter  []string
	// Maybe contains the accounts with the verdict MaybeContinues by their external ids, with the accounts of Before
	// that each may continue.
	Maybe map[string][]domain.AccountID
}

// IsAmbiguous reports whether some accounts cannot be told apart.
func (r RecognizedAccounts) IsAmbiguous() bool { return len(r.AmbiguousBefore) > 0 }

// Recognize finds the accounts in Before and After that are the same bank account. Accounts with the same external id
// are a pair, unless a fact speaks against the continuation by a new connection; so are those of Decided. The function
// [Recognize] finds the other pairs.
//
// The functions rowsBefore and rowsAfter return the rows of an account. They are not called for a new connection. If
// rowsBefore is nil, no rows are compared, and no account is ambiguous. Errors: the errors of rowsBefore and rowsAfter.
func (r RelinkedAccounts) Recognize(
	rowsBefore func(domain.Account) ([]banktext.Row, error), rowsAfter func(externalID string) ([]banktext.Row, error),
) (found RecognizedAccounts, err error) {
	found, before, after := r.pairKnown()
	byID := map[string]domain.Account{}
	for _, account := range r.Before {
		byID[account.ExternalID] = account
	}
	if r.Occasion == SameConnection {
		openBefore, openAfter := openByIdentity(before, after)
		found.ByRows = len(openBefore) > 0
		if rowsBefore != nil {
			err := addRows(before, openBefore, func(id string) ([]banktext.Row, error) { return rowsBefore(byID[id]) })
			if err == nil {
				err = addRows(after, openAfter, rowsAfter)
			}
			if err != nil {
				return RecognizedAccounts{}, err
			}
		}
	}
	for _, v := range Recognize(r.Occasion, before, after) {
		if v.Ground != Undecided || rowsBefore != nil {
			found.add(v, byID)
		}
	}
	return found, nil
}

// pairKnown returns the pairs that Decided or equal external ids state, and the other accounts.
func (r RelinkedAccounts) pairKnown() (found RecognizedAccounts, before, after []LinkedAccount) {
	same := map[string]bool{} // external ids of Before
	for _, account := range r.After {
		known, ok := r.decided(account.ExternalID)
		if !ok {
			known, ok = r.sameExternalID(account)
		}
		if ok && !same[known.ExternalID] {
			found.Pairs = append(found.Pairs, RecognizedPair{known, account.ExternalID, ByIdentity})
			same[known.ExternalID] = true
			continue
		}
		after = append(after, r.linked(account))
	}
	for _, account := range r.Before {
		if !same[account.ExternalID] && !slices.Contains(r.Ended, account.ID) {
			before = append(before, r.linked(account.AccountData))
		}
	}
	return found, before, after
}

// sameExternalID returns the account of Before with the external id of an account of After.
func (r RelinkedAccounts) sameExternalID(account domain.AccountData) (domain.Account, bool) {
	i := slices.IndexFunc(r.Before, func(a domain.Account) bool { return a.ExternalID == account.ExternalID })
	if i < 0 {
		return domain.Account{}, false
	}
	if r.Occasion == NewConnection {
		a, b := r.linked(r.Before[i].AccountData), r.linked(account)
		if facts := relate(&a, &b); facts.against || facts.joint {
			return domain.Account{}, false
		}
	}
	return r.Before[i], true
}

// add adds a verdict. The keys of byID are the external ids of the accounts of Before.
func (r *RecognizedAccounts) add(v AccountVerdict, byID map[string]domain.Account) {
	for _, externalID := range v.Before {
		account := byID[externalID]
		switch v.Ground {
		case Undecided:
			if !slices.Contains(r.AmbiguousBefore, account.ID) {
				r.AmbiguousBefore = append(r.AmbiguousBefore, account.ID)
			}
		case MaybeContinues:
			if r.Maybe == nil {
				r.Maybe = map[string][]domain.AccountID{}
			}
			r.Maybe[v.After] = append(r.Maybe[v.After], account.ID)
		default:
			r.Pairs = append(r.Pairs, RecognizedPair{account, v.After, v.Ground})
		}
	}
	if v.Ground == Undecided {
		r.AmbiguousAfter = append(r.AmbiguousAfter, v.After)
	}
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
func addRows(accounts []LinkedAccount, ids map[string]bool, rowsOf func(string) ([]banktext.Row, error)) (err error) {
	for i := range accounts {
		if ids[accounts[i].ExternalID] {
			if accounts[i].Rows, err = rowsOf(accounts[i].ExternalID); err != nil {
				return err
			}
		}
	}
	return nil
}
