package domain

import (
	"sort"
	"time"

	"github.com/shopspring/decimal"
)

// MatchRule is the code of the rule by which two rows were recognised as one movement. It appears in
// responses of the API.
type MatchRule string

// The rules, in the order in which they apply.
const (
	// SameKey: both rows have the same institution key, and no other old or new row has this key.
	//
	// Evidence: Pluggy looks up a transaction by "the institution's own transaction id, when the connection provides
	// one" (https://docs.pluggy.ai/en/docs/products/credit-card-statement-cycle). Pluggy's id of the transaction stays
	// the same only if this lookup succeeds. Belvo's internal_identification is the institution's id of the transaction
	// (https://developers.belvo.com/apis/belvoopenapispec/transactions). At both vendors, the institution's id stays
	// the same after a new login.
	SameKey MatchRule = "institution_key"

	// SameDescription: equal amounts, equal results of StripDescription, at most 5 days apart.
	//
	// Evidence: if the institution provides no transaction id, Pluggy derives a key from "description, amount, date,
	// and its position among identical transactions on the same day"
	// (https://docs.pluggy.ai/en/docs/products/credit-card-statement-cycle). Therefore a new date, or a new number in
	// the description, results in a new id.
	SameDescription MatchRule = "same_description"

	// SimilarText: equal amounts, similar descriptions, at most 10 days apart, and neither row has another candidate.
	//
	// Evidence: Belvo may create a second transaction "if an institution changes the amount,
	// description, or value_date of a transaction after it was already collected"
	// (https://support.belvo.com/hc/en-us/articles/9868950557597). Settling "can take days", and until
	// then every property can change (https://support.belvo.com/hc/en-us/articles/22296314310941).
	SimilarText MatchRule = "similar_text"

	// ForeignAmount: equal foreign amounts, similar descriptions, at most 10 days apart. The amounts in the account's
	// currency differ by at most 5 %.
	//
	// Evidence: a purchase in a foreign currency is converted again when it settles. Pluggy returns the foreign amount
	// as amount and the converted amount as amountInAccountCurrency (https://docs.pluggy.ai/docs/transactions). Belvo
	// returns the converted amount as local_currency_amount.
	ForeignAmount MatchRule = "foreign_amount"
)

// The limits of the rules.
const (
	maxLearnedApart  = 14 * 24 * time.Hour
	sameTextDays     = 5
	similarTextDays  = 10
	minSimilarity    = 0.6
	maxPercentMoved  = 5
	maxTextsCompared = 100 // maximum number of rows that are compared with one row
)

// mayMatch reports whether both rows can be the same movement.
func (m *matcher) mayMatch(oldRow, newRow *matchRow) bool {
	return m.areApart(oldRow, newRow) && !keysDiffer(oldRow, newRow) && !newRow.instalment.differs(oldRow.instalment)
}

// textsMayMatch reports whether both rows may be matched by their texts. A posted old row is never matched with a
// pending new row, because a posted transaction does not become pending again.
func (m *matcher) textsMayMatch(oldRow, newRow *matchRow) bool {
	return !oldRow.ambiguous && !newRow.ambiguous && m.isCandidate(oldRow, newRow)
}

// isCandidate is like textsMayMatch, but allows ambiguous rows.
func (m *matcher) isCandidate(oldRow, newRow *matchRow) bool {
	return m.mayMatch(oldRow, newRow) && (oldRow.Status == Pending || newRow.Status == Posted) &&
		!textsDiffer(oldRow, newRow)
}

// areApart reports whether the new row can be the replacement of the old row:
//
//   - the last listing with the old row came before the first listing with the new row;
//   - the service learned of both rows within 14 days;
//   - the pair is not in MatchInput.Never.
func (m *matcher) areApart(oldRow, newRow *matchRow) bool {
	return oldRow.LastRead < newRow.FirstRead && oldRow.LearnedAt.Sub(newRow.LearnedAt).Abs() <= maxLearnedApart &&
		!m.never[MatchPair{oldRow.ExternalID, newRow.ExternalID}]
}

// keysDiffer reports whether the institution keys prove that the rows are different movements. A difference in a
// payment reference or in the other party is always a proof. The institution's ids, the card number and the instalment
// may change when a pending transaction is posted. In all other cases, a difference in one of them is a proof, too.
func keysDiffer(oldRow, newRow *matchRow) bool {
	a, b := &oldRow.Keys, &newRow.Keys
	if areDifferent(a.Reference, b.Reference) || areDifferent(a.ReceiverReference, b.ReceiverReference) ||
		areDifferent(
			oldRow.text.payment,
			newRow.text.payment,
		) || areDifferent(a.CounterpartyDocument, b.CounterpartyDocument) {
		return true
	}
	settles := oldRow.Status == Pending && newRow.Status == Posted
	return !settles &&
		(areDifferent(a.Transaction, b.Transaction) || areDifferent(a.Authentication, b.Authentication) ||
			areDifferent(a.Instalment.Card, b.Instalment.Card) || areDifferent(a.Instalment.key(), b.Instalment.key()))
}

// textsDiffer reports whether the descriptions contain different dates, times or tax numbers.
func textsDiffer(oldRow, newRow *matchRow) bool {
	a, b := &oldRow.text, &newRow.text
	return areDifferent(a.date, b.date) || areDifferent(a.clock, b.clock) || areDifferent(a.document, b.document)
}

// areDifferent reports whether both values are known and not equal.
func areDifferent(a, b string) bool { return a != "" && b != "" && a != b }

// keyKinds are the kinds of institution keys, the strongest first. Each function returns the key of a row, or
// "" if the row has none.
var keyKinds = []func(*matchRow) string{
	func(r *matchRow) string { return r.Keys.Transaction },
	func(r *matchRow) string { return r.Keys.Authentication },
	func(r *matchRow) string { return r.withAmount(r.text.payment) },
	func(r *matchRow) string { return r.withAmount(r.Keys.Reference) },
	func(r *matchRow) string { return r.withAmount(r.Keys.ReceiverReference) },
	func(r *matchRow) string { return r.withAmount(r.Keys.Instalment.key()) },
}

// withAmount returns the key combined with the amount of the row. It returns "" for an empty key.
func (r *matchRow) withAmount(key string) string {
	if key == "" {
		return ""
	}
	return joinParts(key, r.amount)
}

// matchKeys applies the rule SameKey. A key is used only if exactly one old row and exactly one new row have it. This
// count includes rows that are already matched.
func (m *matcher) matchKeys() {
	for _, keyOf := range keyKinds {
		oldRows, newRows := indexRows(m.oldRows, keyOf), indexRows(m.newRows, keyOf)
		for _, oldRow := range m.oldRows {
			key := joinParts(oldRow.scope, keyOf(oldRow))
			if len(oldRows[key]) != 1 || len(newRows[key]) != 1 {
				continue
			}
			if newRow := newRows[key][0]; !oldRow.matched && !newRow.matched && m.mayMatch(oldRow, newRow) {
				m.match(oldRow, newRow, SameKey)
			}
		}
	}
}

// indexRows maps each scope and key to its rows. Rows without a key are omitted.
func indexRows(rows []*matchRow, keyOf func(*matchRow) string) map[string][]*matchRow {
	index := map[string][]*matchRow{}
	for _, row := range rows {
		if key := keyOf(row); key != "" {
			key = joinParts(row.scope, key)
			index[key] = append(index[key], row)
		}
	}
	return index
}

// matchDescriptions applies the rule SameDescription.
func (m *matcher) matchDescriptions() {
	classOf := func(r *matchRow) string {
		if r.text.text == "" {
			return ""
		}
		return joinParts(r.scope, r.amount, r.converted, r.text.text)
	}
	m.matchNearest(SameDescription, classOf, sameTextDays, m.textsMayMatch)
}

// matchForeignAmounts applies the rule ForeignAmount.
func (m *matcher) matchForeignAmounts() {
	classOf := func(r *matchRow) string { return joinParts(r.scope, r.amount) }
	m.matchNearest(ForeignAmount, classOf, similarTextDays, func(oldRow, newRow *matchRow) bool {
		return movedLittle(oldRow.AccountMoney, newRow.AccountMoney) && m.textsMayMatch(oldRow, newRow) &&
			oldRow.isSimilarTo(newRow)
	})
}

// movedLittle reports whether the amounts in the account's currency differ by at most 5 % of the earlier amount. If
// only one of the amounts is known, it returns true. If neither is known, the purchase is not foreign, and it returns
// false.
func movedLittle(before, after *Money) bool {
	if before == nil || after == nil {
		return before != after
	}
	moved := after.Amount.Sub(before.Amount).Abs()
	return before.Currency == after.Currency &&
		moved.Mul(decimal.NewFromInt(100/maxPercentMoved)).LessThanOrEqual(before.Amount.Abs())
}

// matchSimilarTexts applies the rule SimilarText to each class of rows with the same amount.
func (m *matcher) matchSimilarTexts() {
	classOf := func(r *matchRow) string { return joinParts(r.scope, r.amount, r.converted) }
	newRows := indexRows(unmatched(m.newRows), classOf)
	for class, oldRows := range indexRows(unmatched(m.oldRows), classOf) {
		m.matchOnlyCandidates(oldRows, newRows[class])
	}
}

// matchOnlyCandidates matches two rows of one class if neither of them has another candidate. Two rows are candidates
// if isCandidate and overlapsWith return true. Two kinds of candidates are never matched, but count as candidates. They
// can therefore prevent the match of another row:
//
//   - ambiguous rows;
//   - rows with overlapping texts that are not similar (see isSimilarTo). The texts probably differ only in a volatile
//     part, which StripDescription does not know.
//
// Nothing is matched if a row would have to be compared with more than maxTextsCompared other rows.
func (m *matcher) matchOnlyCandidates(oldRows, newRows []*matchRow) {
	only, found, claims := map[*matchRow]*matchRow{}, map[*matchRow]int{}, map[*matchRow]int{}
	for _, oldRow := range oldRows {
		near := nearRows(newRows, oldRow.day)
		if len(near) > maxTextsCompared {
			return
		}
		for _, newRow := range near {
			if m.isCandidate(oldRow, newRow) && oldRow.overlapsWith(newRow) {
				only[oldRow] = newRow
				found[oldRow]++
				claims[newRow]++
			}
		}
	}
	for oldRow, newRow := range only {
		if found[oldRow] == 1 && claims[newRow] == 1 && m.textsMayMatch(oldRow, newRow) && oldRow.isSimilarTo(newRow) {
			m.match(oldRow, newRow, SimilarText)
		}
	}
}

// nearRows returns the rows that are dated at most similarTextDays before or after the day. The rows must be ordered by
// day.
func nearRows(rows []*matchRow, day int) []*matchRow {
	first := sort.Search(len(rows), func(i int) bool { return rows[i].day >= day-similarTextDays })
	end := sort.Search(len(rows), func(i int) bool { return rows[i].day > day+similarTextDays })
	return rows[first:end]
}

func unmatched(rows []*matchRow) []*matchRow {
	var open []*matchRow
	for _, row := range rows {
		if !row.matched {
			open = append(open, row)
		}
	}
	return open
}

// isSimilarTo reports whether the texts of both rows are similar. It ignores volatile parts. A text that has only
// volatile parts is never similar to another text.
//
// For transfers, most of the other party's name must be the same as well. "PIX ENVIADO JOAO SILVA" is therefore not
// similar to "PIX ENVIADO JOAO SOUZA".
func (r *matchRow) isSimilarTo(other *matchRow) bool {
	if r.text.unstable || other.text.unstable || similarity(r.grams(), other.grams()) < minSimilarity {
		return false
	}
	a, b := otherParty(r.text.text), otherParty(other.text.text)
	if a == r.text.text && b == other.text.text {
		return true
	}
	return overlap(trigramsOf(a), trigramsOf(b)) >= minSimilarity
}

// overlapsWith compares the texts of the two rows. It reports whether most of the shorter text is part of the longer
// text.
func (r *matchRow) overlapsWith(other *matchRow) bool {
	return overlap(r.grams(), other.grams()) >= minSimilarity
}

// grams returns the trigrams of the row's text.
func (r *matchRow) grams() []trigram {
	if r.trigrams == nil {
		r.trigrams = trigramsOf(r.text.text)
	}
	return r.trigrams
}
