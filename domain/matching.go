package domain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MatchRow contains the values of a vendor's row that are used for matching. Each value is stored with the row or
// computed from its stored metadata.
type MatchRow struct {
	ExternalID   string    // unique within MatchInput.Old and within MatchInput.New
	Account      AccountID // a row without an account is never matched
	Amount       Money
	AccountMoney *Money // as in TransactionData
	Status       TransactionStatus
	Date         Date
	OccurredAt   time.Time
	Description  string
	Keys         InstitutionKeys
	// FirstRead and LastRead are the numbers of the first and the last listing that contained the row. The listings of
	// a connection are numbered in the order in which they began. Rows of one listing are different movements, so they
	// must never be matched.
	//
	// For a live row, LastRead may be too low, with one exception. The last listing that contained the row may be the
	// first listing that contained another row with the same amount or institution key. LastRead must be exact in this
	// case, so that the two rows are not matched.
	FirstRead, LastRead uint64
	// LearnedAt depends on the kind of row. For a new row, it is when the service first saw the row. For an old row, it
	// is when the service found that the vendor no longer returns the row.
	LearnedAt time.Time
}

// NewMatchRow returns the MatchRow of a normalised transaction. The caller sets FirstRead, LastRead
// and LearnedAt.
func NewMatchRow(data TransactionData, account AccountID, keys InstitutionKeys) MatchRow {
	return MatchRow{
		ExternalID: data.ExternalID, Account: account, Amount: data.Amount, AccountMoney: data.AccountMoney,
		Status: data.Status, Date: data.Date, OccurredAt: data.OccurredAt, Description: data.Description, Keys: keys,
	}
}

// MatchInput contains the rows to match.
type MatchInput struct {
	Old []MatchRow // old rows: the vendor no longer returns them
	New []MatchRow // new rows that no earlier match has used
	// Relinked means that Old and New each contain all rows of the account, because the account was linked again. Among
	// rows that cannot be distinguished, as many as possible are then matched.
	Relinked bool
	// Never is the set of forbidden pairs. An operator or the vendor has shown that the rows of such a pair are
	// different movements.
	Never map[MatchPair]bool
	// WithoutKeys disables the rule SameKey.
	WithoutKeys bool
}

// MatchPair contains the external ids of an old row and a new row.
type MatchPair struct{ Old, New string }

// Match is a pair of rows that are the same movement.
type Match struct {
	MatchPair
	Rule MatchRule
}

// MatchRows pairs each old row with the new row that is the same movement, if there is one. An old row is a row that
// the vendor no longer returns. Each row is in at most one match. The rules apply one after another, in the order in
// which their constants are declared. Each rule applies to the rows that are still unmatched. Two rows are matched only
// if all of these conditions are true:
//
//   - they have the same account, currency and direction;
//   - no listing contained both rows;
//   - their LearnedAt times are at most 14 days apart;
//   - the pair is not in input.Never.
//
// The result is ordered by Old and does not depend on the order of the input.
//
// For n rows, MatchRows takes O(n log n) time, and compares at most 100 texts with each row. There is one exception: it
// may compare every pair of identical rows with different keys.
func MatchRows(input MatchInput) []Match {
	m := matcher{relinked: input.Relinked, never: input.Never, oldRows: prepare(input.Old), newRows: prepare(input.New)}
	if len(m.oldRows) == 0 || len(m.newRows) == 0 {
		return nil
	}
	if !input.WithoutKeys {
		m.matchKeys()
	}
	m.matchDescriptions()
	m.matchSimilarTexts()
	m.matchForeignAmounts()
	slices.SortFunc(m.matches, func(a, b Match) int { return cmp.Compare(a.Old, b.Old) })
	return m.matches
}

// MatchKeys returns the institution keys by which the rule SameKey matches the row. The result maps the kind of each
// key to the key. Kinds are numbered from 0, in the order in which SameKey applies them. Each key includes the account,
// the currency and the direction.
func MatchKeys(row MatchRow) map[int]string {
	prepared := newMatchRow(&row)
	if prepared == nil {
		return nil
	}
	keys := map[int]string{}
	for kind, keyOf := range keyKinds {
		if key := keyOf(prepared); key != "" {
			keys[kind] = joinParts(strconv.Itoa(kind), prepared.scope, key)
		}
	}
	return keys
}

// MatchKeyKinds is the number of kinds of keys.
var MatchKeyKinds = len(keyKinds)

// matcher holds the state of one call of MatchRows.
type matcher struct {
	oldRows, newRows []*matchRow
	relinked         bool
	never            map[MatchPair]bool
	matches          []Match
}

// matchRow is a MatchRow with the values that the rules compute from it.
type matchRow struct {
	MatchRow
	scope      string // account, currency and direction
	amount     string // canonical form of Amount
	converted  string // canonical form of AccountMoney; "" if it is nil
	day        int    // number of days from a fixed day to Date
	text       description
	instalment Instalment
	trigrams   []trigram // computed by grams
	matched    bool
	ambiguous  bool // the row cannot be distinguished from others; rules about texts skip it
}

// prepare returns the rows that can be matched, in an order that does not depend on the order of the input.
func prepare(rows []MatchRow) []*matchRow {
	prepared := make([]*matchRow, 0, len(rows))
	for i := range rows {
		if row := newMatchRow(&rows[i]); row != nil {
			prepared = append(prepared, row)
		}
	}
	slices.SortFunc(prepared, func(a, b *matchRow) int {
		return cmp.Or(
			cmp.Compare(a.day, b.day), cmp.Compare(a.Status, b.Status), a.OccurredAt.Compare(b.OccurredAt),
			cmp.Compare(a.Description, b.Description), cmp.Compare(a.ExternalID, b.ExternalID),
		)
	})
	return prepared
}

// newMatchRow returns the row with the values that the rules compute from it. It returns nil if the row has no account
// or no valid date.
func newMatchRow(row *MatchRow) *matchRow {
	day, err := time.Parse(time.DateOnly, string(row.Date))
	if err != nil || row.Account.IsZero() {
		return nil
	}
	prepared := matchRow{
		MatchRow: *row, day: int(day.Unix() / (24 * 60 * 60)), amount: canonical(row.Amount),
		text: parseDescription(row.Description), instalment: row.Keys.Instalment,
	}
	prepared.scope = joinParts(row.Account.String(), row.Amount.Currency, strconv.Itoa(row.Amount.Amount.Sign()))
	if row.AccountMoney != nil {
		prepared.converted = canonical(*row.AccountMoney)
	}
	if prepared.instalment.Number == 0 {
		prepared.instalment = prepared.text.instalment
	}
	return &prepared
}

// canonical returns a text that is equal for equal amounts.
func canonical(m Money) string { return m.Amount.String() + m.Currency }

// joinParts joins the parts of a key with NUL characters. No part may contain a NUL.
func joinParts(parts ...string) string { return strings.Join(parts, "\x00") }

// The method match adds a match of the two rows to the result, and marks both rows as matched.
func (m *matcher) match(oldRow, newRow *matchRow, rule MatchRule) {
	oldRow.matched, newRow.matched = true, true
	m.matches = append(m.matches, Match{MatchPair{oldRow.ExternalID, newRow.ExternalID}, rule})
}
