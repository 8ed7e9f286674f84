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
	ExternalID   string    // unique within MatchInput.Left and within MatchInput.Came
	Account      AccountID // a row without an account is never matched
	Amount       Money
	AccountMoney *Money // as in TransactionData
	Status       TransactionStatus
	Date         Date
	OccurredAt   time.Time
	Description  string
	Keys         InstitutionKeys
	// FirstRead and LastRead are the first and the last read of the vendor that showed the row. The reads of a
	// connection are numbered in the order in which they began. For a live row, LastRead may be lower than the number
	// of the last read that showed it. There is one exception: if that read was the first to show another row with the
	// same amount or institution key, LastRead must be the number of that read. Otherwise both rows could be matched,
	// although one read showed both.
	FirstRead, LastRead uint64
	// LearnedAt is when the service first saw the row. For a removed row (one that left), it is when the service found
	// that the vendor no longer has the row.
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
	Left []MatchRow // rows that left: the vendor no longer shows them
	Came []MatchRow // rows that came: they are new, and no earlier match has used them
	// Relinked means that Left and Came are both complete, because the account was linked again. Among rows that cannot
	// be distinguished, as many as possible are then matched.
	Relinked bool
	// Never contains pairs that must not be matched, because an operator or the vendor has shown that
	// they are different movements.
	Never map[MatchPair]bool
	// WithoutKeys disables the rule SameKey.
	WithoutKeys bool
}

// MatchPair contains the external ids of two rows: a removed row (Left) and a new row (Came).
type MatchPair struct{ Left, Came string }

// Match is a pair of rows that are the same movement.
type Match struct {
	MatchPair
	Rule MatchRule
}

// MatchRows finds pairs of a removed row and a new row that are the same movement. A row occurs in at most one match.
// The rules apply in the order of their constants, each to the rows that the previous rules did not match. Two rows are
// matched only if all of these conditions are true:
//
//   - they have the same account, currency and direction;
//   - no read showed both rows;
//   - their LearnedAt times are at most 14 days apart.
//
// The result is ordered by Left and does not depend on the order of the input. For n rows, MatchRows takes
// O(n log n) time plus at most 100 comparisons of texts for each row. Identical rows with different keys
// are the exception: every pair of them may be compared.
func MatchRows(in MatchInput) []Match {
	m := matcher{relinked: in.Relinked, never: in.Never, left: prepare(in.Left), came: prepare(in.Came)}
	if len(m.left) == 0 || len(m.came) == 0 {
		return nil
	}
	if !in.WithoutKeys {
		m.matchKeys()
	}
	m.matchDescriptions()
	m.matchSimilarTexts()
	m.matchForeignAmounts()
	slices.SortFunc(m.matches, func(a, b Match) int { return cmp.Compare(a.Left, b.Left) })
	return m.matches
}

// MatchKeys returns the keys by which the rule SameKey matches the row. Each key includes the account, the currency and
// the direction. The result maps the kind of each key to the key. The kinds are numbers from 0, in the order in which
// the rule applies them.
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
	left, came []*matchRow
	relinked   bool
	never      map[MatchPair]bool
	matches    []Match
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

// match records that left and came are the same movement.
func (m *matcher) match(left, came *matchRow, rule MatchRule) {
	left.matched, came.matched = true, true
	m.matches = append(m.matches, Match{MatchPair{left.ExternalID, came.ExternalID}, rule})
}
