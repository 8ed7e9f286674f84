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
	// SameKey: both rows have the same institution key, and no other removed or new row has it.
	//
	// Evidence: Pluggy looks up a transaction by "the institution's own transaction id, when the connection
	// provides one", and keeps its own id only if that key matches
	// (https://docs.pluggy.ai/en/docs/products/credit-card-statement-cycle). Belvo's
	// internal_identification is the institution's id of the transaction
	// (https://developers.belvo.com/apis/belvoopenapispec/transactions). Both stay the same after a new
	// login.
	SameKey MatchRule = "institution_key"

	// SameDescription: equal amounts, equal results of StripDescription, at most 5 days apart.
	//
	// Evidence: without an id of the institution, Pluggy derives its key from "description, amount,
	// date, and its position among identical transactions on the same day" (same page as above). A
	// new date, or a number in the description that the bank assigns again, therefore results in a new id.
	SameDescription MatchRule = "same_description"

	// SimilarText: equal amounts, similar descriptions, at most 10 days apart, and neither row has another candidate.
	//
	// Evidence: Belvo may create a second transaction "if an institution changes the amount,
	// description, or value_date of a transaction after it was already collected"
	// (https://support.belvo.com/hc/en-us/articles/9868950557597). Settling "can take days", and until
	// then every property can change (https://support.belvo.com/hc/en-us/articles/22296314310941).
	SimilarText MatchRule = "similar_text"

	// ForeignAmount: equal foreign amounts, similar descriptions, at most 10 days apart, and amounts in
	// the account's currency that differ by at most 5 %.
	//
	// Evidence: a purchase in a foreign currency is converted again when it settles. Pluggy states both
	// amounts, amount and amountInAccountCurrency
	// (https://docs.pluggy.ai/docs/transactions); Belvo's second one is local_currency_amount.
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
func (m *matcher) mayMatch(left, came *matchRow) bool {
	return m.areApart(left, came) && !keysDiffer(left, came) && !came.instalment.differs(left.instalment)
}

// textsMayMatch reports whether both rows may be matched by their texts. A removed row (left) that was posted is never
// matched with a new row (came) that is pending, because a posted transaction does not become pending again.
func (m *matcher) textsMayMatch(left, came *matchRow) bool {
	return !left.ambiguous && !came.ambiguous && m.isCandidate(left, came)
}

// isCandidate is like textsMayMatch, but allows ambiguous rows.
func (m *matcher) isCandidate(left, came *matchRow) bool {
	return m.mayMatch(left, came) && (left.Status == Pending || came.Status == Posted) && !textsDiffer(left, came)
}

// areApart reports whether no read showed both rows, their LearnedAt times are at most 14 days apart, and the pair is
// not excluded.
func (m *matcher) areApart(left, came *matchRow) bool {
	return left.LastRead < came.FirstRead && left.LearnedAt.Sub(came.LearnedAt).Abs() <= maxLearnedApart &&
		!m.never[MatchPair{left.ExternalID, came.ExternalID}]
}

// keysDiffer reports whether the institution keys prove that the rows are different movements. An id of the
// institution, a card number and the purchase date of an instalment may change only when a pending
// transaction is posted; a PIX reference and the other party never change.
func keysDiffer(left, came *matchRow) bool {
	a, b := &left.Keys, &came.Keys
	if differ(a.Reference, b.Reference) || differ(a.ReceiverReference, b.ReceiverReference) ||
		differ(left.text.payment, came.text.payment) || differ(a.CounterpartyDocument, b.CounterpartyDocument) {
		return true
	}
	settles := left.Status == Pending && came.Status == Posted
	return !settles && (differ(a.Transaction, b.Transaction) || differ(a.Authentication, b.Authentication) ||
		differ(a.Instalment.Card, b.Instalment.Card) || differ(a.Instalment.key(), b.Instalment.key()))
}

// textsDiffer reports whether the descriptions contain different dates, times or tax numbers.
func textsDiffer(left, came *matchRow) bool {
	a, b := &left.text, &came.text
	return differ(a.date, b.date) || differ(a.clock, b.clock) || differ(a.document, b.document)
}

// differ reports whether both values are known and not equal.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

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

// matchKeys applies the rule SameKey. A key that several removed rows share, or several new rows, identifies none of
// them, even if some of these rows are already matched.
func (m *matcher) matchKeys() {
	for _, keyOf := range keyKinds {
		lefts, cames := indexRows(m.left, keyOf), indexRows(m.came, keyOf)
		for _, left := range m.left {
			key := joinParts(left.scope, keyOf(left))
			if len(lefts[key]) != 1 || len(cames[key]) != 1 {
				continue
			}
			if came := cames[key][0]; !left.matched && !came.matched && m.mayMatch(left, came) {
				m.match(left, came, SameKey)
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
	m.matchNearest(ForeignAmount, classOf, similarTextDays, func(left, came *matchRow) bool {
		return movedLittle(left.AccountMoney, came.AccountMoney) && m.textsMayMatch(left, came) &&
			left.isSimilarTo(came)
	})
}

// movedLittle reports whether the amounts in the account's currency differ by at most 5 % of the amount before. If only
// one of the rows states such an amount, it returns true. If neither does, the purchase is not foreign, and it returns
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
	cames := indexRows(unmatched(m.came), classOf)
	for class, lefts := range indexRows(unmatched(m.left), classOf) {
		m.matchOnlyCandidates(lefts, cames[class])
	}
}

// matchOnlyCandidates matches the rows of one class that are each other's only candidate. Two kinds of rows
// are never matched, but count as candidates, so that their partners are not matched either:
//
//   - ambiguous rows;
//   - rows that share most of the shorter text with the other row. Their texts are probably the same, with
//     a volatile part that StripDescription does not know.
//
// Nothing is matched if a row would have to be compared with more than maxTextsCompared other rows.
func (m *matcher) matchOnlyCandidates(lefts, cames []*matchRow) {
	only, found, claims := map[*matchRow]*matchRow{}, map[*matchRow]int{}, map[*matchRow]int{}
	for _, left := range lefts {
		near := nearRows(cames, left.day)
		if len(near) > maxTextsCompared {
			return
		}
		for _, came := range near {
			if m.isCandidate(left, came) && left.overlapsWith(came) {
				only[left] = came
				found[left]++
				claims[came]++
			}
		}
	}
	for left, came := range only {
		if found[left] == 1 && claims[came] == 1 && m.textsMayMatch(left, came) && left.isSimilarTo(came) {
			m.match(left, came, SimilarText)
		}
	}
}

// nearRows returns the rows that are at most similarTextDays away from the day. rows is ordered by day.
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

// isSimilarTo reports whether the texts of both rows are similar. Volatile parts are ignored, and a text
// that consists only of volatile parts is never similar to another text. For transfers, most of the name of the other
// party must be the same as well. Otherwise "PIX ENVIADO JOAO SILVA" and "PIX ENVIADO JOAO SOUZA" would be similar only
// because both are transfers.
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

// overlapsWith reports whether most of the shorter text is part of the other one.
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
