package domain

import (
	"slices"
	"time"
)

// MaxStaged is how long the rows of a new account reference stay staged (stored, but not visible) while the vendor
// synchronises. After this time, the next complete read publishes them.
const MaxStaged = 24 * time.Hour

// RelinkInput contains the rows of one account before and after it was linked again. The members FirstRead, LastRead
// and LearnedAt of the rows are ignored. No external id occurs both in Came and in another list.
type RelinkInput struct {
	Live []MatchRow // rows that the vendor showed last under the earlier reference
	// NotShown contains rows that were removed recently because no read of the new reference had shown them. The vendor
	// has not withdrawn these rows, and may show them later.
	NotShown []MatchRow
	Left     []MatchRow // other rows that were removed recently
	Came     []MatchRow // rows that the vendor shows under the new reference
	Never    map[MatchPair]bool
	// WithoutKeys disables the rule SameKey, because the rule has already been applied to all rows of the account.
	WithoutKeys bool
}

// MatchRelinked matches the rows of an account that was linked again. Both Live and Came are complete, so as many rows
// as possible are matched among those that cannot be distinguished. The rows in NotShown are then matched in the same
// way with the remaining rows in Came. Finally, the rows in Left are matched as after any other removal.
func MatchRelinked(in RelinkInput) []Match {
	var matches []Match
	came := readBy(in.Came, 2)
	for _, side := range []struct {
		left     []MatchRow
		relinked bool
	}{{in.Live, true}, {in.NotShown, true}, {in.Left, false}} {
		found := MatchRows(MatchInput{
			Left: readBy(
				side.left,
				1,
			),
			Came:        came,
			Relinked:    side.relinked,
			Never:       in.Never,
			WithoutKeys: in.WithoutKeys,
		})
		matches = append(matches, found...)
		taken := make(map[string]bool, len(found))
		for _, match := range found {
			taken[match.Came] = true
		}
		came = slices.DeleteFunc(came, func(row MatchRow) bool { return taken[row.ExternalID] })
	}
	return matches
}

// MatchUnshown matches rows that a vendor shows only some time after an account was linked again. Their partners are
// rows of the earlier reference that no row of the new reference continues yet. It works like MatchRelinked, but
// ignores Left, and ignores the rows in Came that, according to Never, must not replace any row.
func MatchUnshown(in RelinkInput) []Match {
	in.Left, in.Came = nil, slices.DeleteFunc(slices.Clone(in.Came), func(row MatchRow) bool {
		return in.Never[MatchPair{Came: row.ExternalID}]
	})
	return MatchRelinked(in)
}

// readBy returns copies of the rows, in which both FirstRead and LastRead equal the argument read.
func readBy(rows []MatchRow, read uint64) []MatchRow {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].FirstRead, rows[i].LastRead, rows[i].LearnedAt = read, read, time.Time{}
	}
	return rows
}

// RecognizedPair is a listed account together with the stored account that it continues.
type RecognizedPair struct {
	Before Account
	After  string // external id
}

// RelinkedAccounts contains the accounts before and after they were linked again.
type RelinkedAccounts struct {
	Before   []Account
	After    []AccountData
	Identity func(AccountData) AccountIdentity // returns the identity of an account; a pure function
}

// Recognize returns the pairs of accounts in which an account in After continues an account in Before. Two accounts
// with the same external id are the same account. The other accounts are recognised by RecognizeAccounts, with the rows
// that rowsBefore and rowsAfter return. If one of these functions fails, Recognize returns its error. If rowsBefore is
// nil, accounts are not compared by their rows. comparable reports whether there are accounts that could be compared by
// their rows.
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
