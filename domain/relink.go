package domain

import (
	"slices"
	"time"
)

// MaxStaged is how long the rows of a new account reference stay staged (stored, but invisible to readers) while the
// vendor synchronises. After this time, the next pull publishes them without a proof that they are complete.
const MaxStaged = 24 * time.Hour

// RelinkInput contains the rows of one account before and after it was linked again. The fields FirstRead, LastRead and
// LearnedAt of the rows are ignored. No row in New has the same external id as a row in Live, NotShown or Old.
type RelinkInput struct {
	Live []MatchRow // rows of the earlier reference that are not removed
	// NotShown contains rows that the service removed recently. The reason is that no listing has contained these rows
	// since the account was linked again. The vendor has not reported their removal, and may return the rows later.
	NotShown []MatchRow
	Old      []MatchRow // other rows that were removed recently
	New      []MatchRow // rows that the vendor returns under the new reference
	Never    map[MatchPair]bool
	// WithoutKeys disables the rule SameKey, because the rule has already been applied to all rows of the account.
	WithoutKeys bool
}

// MatchRelinked matches the rows of an account that was linked again. It compares the new rows with three lists of old
// rows, one after another:
//
//   - Live: as many rows as possible are matched, even if they cannot be distinguished. This is safe because the lists
//     Live and New are complete.
//   - NotShown: as many rows as possible are matched, even if they cannot be distinguished.
//   - Old: only rows that can be distinguished are matched. MatchInput.Relinked is not set.
func MatchRelinked(input RelinkInput) []Match {
	var matches []Match
	newRows := readBy(input.New, 2)
	for _, side := range []struct {
		oldRows  []MatchRow
		relinked bool
	}{{input.Live, true}, {input.NotShown, true}, {input.Old, false}} {
		found := MatchRows(MatchInput{
			Old: readBy(
				side.oldRows,
				1,
			),
			New:         newRows,
			Relinked:    side.relinked,
			Never:       input.Never,
			WithoutKeys: input.WithoutKeys,
		})
		matches = append(matches, found...)
		taken := make(map[string]bool, len(found))
		for _, match := range found {
			taken[match.New] = true
		}
		newRows = slices.DeleteFunc(newRows, func(row MatchRow) bool { return taken[row.ExternalID] })
	}
	return matches
}

// MatchCarriedOver matches new rows with carried-over rows. A carried-over row is a stored row that the vendor has not
// returned since its account was linked again.
//
// MatchCarriedOver works like MatchRelinked, with two differences:
//
//   - It does not use input.Old. The carried-over rows are in input.Live and input.NotShown.
//   - It does not match a new row if input.Never contains the pair of "" and this row.
func MatchCarriedOver(input RelinkInput) []Match {
	input.Old, input.New = nil, slices.DeleteFunc(slices.Clone(input.New), func(row MatchRow) bool {
		return input.Never[MatchPair{New: row.ExternalID}]
	})
	return MatchRelinked(input)
}

// readBy returns copies of the rows. In each copy, FirstRead and LastRead are readNumber, and LearnedAt is zero.
func readBy(rows []MatchRow, readNumber uint64) []MatchRow {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].FirstRead, rows[i].LastRead, rows[i].LearnedAt = readNumber, readNumber, time.Time{}
	}
	return rows
}

// RecognizedPair contains a stored account and a listed account that are the same bank account.
type RecognizedPair struct {
	Before Account
	After  string // the external id of the account in RelinkedAccounts.After
}

// RelinkedAccounts contains the accounts before and after they were linked again.
type RelinkedAccounts struct {
	Before   []Account
	After    []AccountData
	Identity func(AccountData) AccountIdentity // returns the identity of an account; a pure function
}

// Recognize returns the pairs of accounts in Before and After that are the same bank account. Accounts with the same
// external id are a pair. RecognizeAccounts finds the other pairs.
//
// The functions rowsBefore and rowsAfter return the rows of an account. If rowsBefore is nil, no rows are compared.
//
// The second result is true if some accounts can be recognised only by a comparison of their rows. It does not depend
// on rowsBefore. Errors: the errors of rowsBefore and rowsAfter.
func (r RelinkedAccounts) Recognize(
	rowsBefore func(Account) ([]MatchRow, error), rowsAfter func(externalID string) ([]MatchRow, error),
) (pairs []RecognizedPair, comparable bool, err error) {
	byID := map[string]Account{}
	var before, after []LinkedAccount
	for _, account := range r.Before {
		byID[account.ExternalID] = account
	}
	same := map[string]bool{}
	for _, account := range r.After {
		if known, ok := byID[account.ExternalID]; ok {
			pairs, same[account.ExternalID] = append(pairs, RecognizedPair{known, account.ExternalID}), true
			continue
		}
		after = append(after, r.linked(account))
	}
	for _, account := range r.Before {
		if !same[account.ExternalID] {
			before = append(before, r.linked(account.AccountData))
		}
	}
	candidates := ComparableAccounts(before, after)
	if rowsBefore != nil {
		for _, pair := range candidates {
			if err := addRows(before, pair.Before, func(id string) ([]MatchRow, error) {
				return rowsBefore(byID[id])
			}); err != nil {
				return nil, false, err
			}
			if err := addRows(after, pair.After, rowsAfter); err != nil {
				return nil, false, err
			}
		}
	}
	for _, pair := range RecognizeAccounts(before, after) {
		pairs = append(pairs, RecognizedPair{byID[pair.Before], pair.After})
	}
	return pairs, len(candidates) > 0, nil
}

func (r RelinkedAccounts) linked(data AccountData) LinkedAccount {
	return LinkedAccount{
		ExternalID: data.ExternalID, Type: data.Type, Subtype: data.Subtype, Currency: data.Currency,
		Identity: r.Identity(data),
	}
}

// addRows sets the rows of the account with this external id.
func addRows(accounts []LinkedAccount, externalID string, rowsOf func(string) ([]MatchRow, error)) (err error) {
	for i := range accounts {
		if accounts[i].ExternalID == externalID {
			accounts[i].Rows, err = rowsOf(externalID)
		}
	}
	return err
}
