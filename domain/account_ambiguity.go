package domain

import (
	"maps"
	"slices"
	"time"
)

// AccountAmbiguity describes why the rows of a new account reference stay staged: some accounts cannot be told apart,
// or too few of the known transactions have a matching row. The zero value means that there is no such reason.
type AccountAmbiguity struct {
	Since time.Time `json:"since,omitzero"` // when ambiguous accounts were first found; zero if there are none
	// Before contains the former accounts, and After the external ids of the accounts of the new reference.
	Before []AccountID `json:"before,omitempty"`
	After  []string    `json:"after,omitempty"`
	// Continues contains the decisions of operators. It maps the external id of a new account to the former account
	// that continues as it.
	Continues map[string]AccountID `json:"continues,omitempty"`
	// Ended contains the former accounts that no account continues, as operators have decided. It outlasts the
	// reference.
	Ended []AccountID `json:"ended,omitempty"`
	// UnmatchedSince is when a complete read first found too few matching rows for the known transactions of an
	// account; zero if no read did. Unmatched is the number of transactions without a matching row in the last such
	// read.
	UnmatchedSince time.Time `json:"unmatchedSince,omitzero"`
	Unmatched      int       `json:"unmatched,omitempty"`
}

// IsZero reports whether a contains no ambiguous accounts, no decisions and no time of unmatched transactions.
func (a AccountAmbiguity) IsZero() bool {
	return a.Since.IsZero() && len(a.Before) == 0 && len(a.After) == 0 && len(a.Continues) == 0 &&
		len(a.Ended) == 0 && a.UnmatchedSince.IsZero()
}

// MayPublish reports whether the rows of a complete read may become visible.
//
// unmatched is the number of transactions that would be removed because they have no matching row. It counts only the
// accounts in which fewer than half of the transactions have a matching row. If unmatched is positive, an earlier
// complete read, at least an hour ago, must also have found such transactions.
func (a AccountAmbiguity) MayPublish(unmatched int, at time.Time) bool {
	return unmatched == 0 || !a.UnmatchedSince.IsZero() && !a.UnmatchedSince.After(at.Add(-massRemovalWait))
}

// FoundUnmatched returns the ambiguity after a complete read. rows is the number of transactions for which the read
// has found no matching row. UnmatchedSince becomes at, unless it is already set.
func (a AccountAmbiguity) FoundUnmatched(rows int, at time.Time) AccountAmbiguity {
	if a.UnmatchedSince.IsZero() {
		a.UnmatchedSince = at
	}
	a.Unmatched = rows
	return a
}

// Found returns the ambiguity after a comparison of the accounts. before and after are the accounts that the
// comparison could not tell apart. Since becomes at, unless it is already set. The decisions stay the same.
func (a AccountAmbiguity) Found(before []AccountID, after []string, at time.Time) AccountAmbiguity {
	if a.Since.IsZero() {
		a.Since = at
	}
	a.Before, a.After = slices.Clone(before), slices.Clone(after)
	return a
}

// Includes reports whether a former account is ambiguous.
func (a AccountAmbiguity) Includes(account AccountID) bool {
	return !a.Since.IsZero() && slices.Contains(a.Before, account)
}

// NotAmbiguous returns the error for a decision about an account that is not ambiguous.
func NotAmbiguous() error {
	return &Error{Kind: Conflict, Code: AccountNotAmbiguous, Message: "no rows wait for a decision about the account"}
}

// Continue returns the ambiguity after an operator has decided that a former account continues as the new account
// with this external id. An earlier decision about the former account is removed.
//
// Errors: Conflict (account_not_ambiguous) if the account is not in Before; Invalid on "externalId" if the external
// id is not in After.
func (a AccountAmbiguity) Continue(account AccountID, externalID string) (AccountAmbiguity, error) {
	if !a.Includes(account) {
		return AccountAmbiguity{}, NotAmbiguous()
	}
	if !slices.Contains(a.After, externalID) {
		return AccountAmbiguity{}, FieldError("externalId", "is not an account that waits for this decision")
	}
	a.Continues = maps.Clone(a.Continues)
	maps.DeleteFunc(a.Continues, func(_ string, other AccountID) bool { return other == account })
	if a.Continues == nil {
		a.Continues = map[string]AccountID{}
	}
	a.Continues[externalID] = account
	return a, nil
}

// End returns the ambiguity after an operator has decided that no new account continues a former account. The account
// is no longer ambiguous. If it was the last one, no account is.
//
// Errors: Conflict (account_not_ambiguous) if the account is not in Before.
func (a AccountAmbiguity) End(account AccountID) (AccountAmbiguity, error) {
	if !a.Includes(account) {
		return AccountAmbiguity{}, NotAmbiguous()
	}
	a.Before = slices.DeleteFunc(slices.Clone(a.Before), func(id AccountID) bool { return id == account })
	a = a.EndGone(account)
	a.Continues = maps.Clone(a.Continues)
	maps.DeleteFunc(a.Continues, func(_ string, other AccountID) bool { return other == account })
	if len(a.Before) == 0 {
		a.Since, a.After = time.Time{}, nil
	}
	return a, nil
}

// EndGone returns the ambiguity after an operator has decided that no account continues an account that is gone.
func (a AccountAmbiguity) EndGone(account AccountID) AccountAmbiguity {
	if !slices.Contains(a.Ended, account) {
		a.Ended = append(slices.Clone(a.Ended), account)
	}
	return a
}

// AfterReference returns the ambiguity after the accounts of the reference were stored, or for another reference: only
// Ended remains.
func (a AccountAmbiguity) AfterReference() AccountAmbiguity { return AccountAmbiguity{Ended: a.Ended} }
