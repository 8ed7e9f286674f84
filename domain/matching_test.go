package domain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var checking = domain.AccountID{UUID: uuid.MustParse("019aa000-0000-7000-8000-000000000001")}

// rowOption changes a row that a test creates.
type rowOption func(*domain.MatchRow)

// movement returns a posted payment of R$ 50 at a bakery, dated 10 November. The options change the row.
func movement(id string, options ...rowOption) domain.MatchRow {
	r := domain.MatchRow{
		ExternalID: id, Account: checking, Amount: money("-50.00", "BRL"), Status: domain.Posted,
		Date: "2026-11-10", Description: "PADARIA DO ZE",
	}
	for _, option := range options {
		option(&r)
	}
	return r
}

// oldRow returns a row that has disappeared: the first of two listings contained the row, and the second did not.
func oldRow(id string, options ...rowOption) domain.MatchRow {
	r := movement(id, options...)
	if r.LastRead == 0 {
		r.FirstRead, r.LastRead = 1, 1
	}
	if r.LearnedAt.IsZero() {
		r.LearnedAt = noon
	}
	return r
}

// newRow returns a row that has appeared: the first of two listings did not contain the row, and the second did.
func newRow(id string, options ...rowOption) domain.MatchRow {
	r := movement(id, options...)
	if r.FirstRead == 0 {
		r.FirstRead, r.LastRead = 2, 2
	}
	if r.LearnedAt.IsZero() {
		r.LearnedAt = noon
	}
	return r
}

func money(amount, currency string) domain.Money {
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		panic(err)
	}
	return m
}

func on(date domain.Date) rowOption { return func(r *domain.MatchRow) { r.Date = date } }
func text(description string) rowOption {
	return func(r *domain.MatchRow) { r.Description = description }
}
func pending(r *domain.MatchRow) { r.Status = domain.Pending }
func amount(value string) rowOption {
	return func(r *domain.MatchRow) { r.Amount = money(value, "BRL") }
}
func learned(after time.Duration) rowOption {
	return func(r *domain.MatchRow) { r.LearnedAt = noon.Add(after) }
}
func readBetween(first, last uint64) rowOption {
	return func(r *domain.MatchRow) { r.FirstRead, r.LastRead = first, last }
}
func learnedAtHour(hour int) rowOption {
	return func(r *domain.MatchRow) { r.OccurredAt = time.Date(2026, 11, 10, hour, 0, 0, 0, time.UTC) }
}
func transactionKey(key string) rowOption {
	return func(r *domain.MatchRow) { r.Keys.Transaction = key }
}
func authentication(key string) rowOption {
	return func(r *domain.MatchRow) { r.Keys.Authentication = key }
}
func reference(key string) rowOption { return func(r *domain.MatchRow) { r.Keys.Reference = key } }
func receiverReference(key string) rowOption {
	return func(r *domain.MatchRow) { r.Keys.ReceiverReference = key }
}
func party(document string) rowOption {
	return func(r *domain.MatchRow) { r.Keys.CounterpartyDocument = document }
}
func instalment(i domain.Instalment) rowOption {
	return func(r *domain.MatchRow) { r.Keys.Instalment = i }
}
func dollars(foreign, account string) rowOption {
	return func(r *domain.MatchRow) {
		r.Amount = money(foreign, "USD")
		if account != "" {
			m := money(account, "BRL")
			r.AccountMoney = &m
		}
	}
}

// rows is a short name for a list of old rows or of new rows.
type rows = []domain.MatchRow

// pairs formats each match as "old>new rule".
func pairs(matches []domain.Match) []string {
	out := []string{}
	for _, m := range matches {
		out = append(out, m.Old+">"+m.New+" "+string(m.Rule))
	}
	return out
}

type matchCase struct {
	oldRow, newRow rows
	relinked       bool
	want           []string
}

func runMatchCases(t *testing.T, cases map[string]matchCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := pairs(domain.MatchRows(domain.MatchInput{Old: c.oldRow, New: c.newRow, Relinked: c.relinked}))
			if c.want == nil {
				c.want = []string{}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var tenth = domain.Instalment{PurchaseDate: "2026-10-01", Number: 2, Count: 10, Total: "500", Card: "8670"}

func instalmentWith(change func(*domain.Instalment)) rowOption {
	i := tenth
	change(&i)
	return instalment(i)
}

func TestSameKey(t *testing.T) {
	other := text("OUTRA LOJA")
	runMatchCases(t, map[string]matchCase{
		"the institution's id, with another amount, text and a far date": {
			oldRow: rows{oldRow("a", transactionKey("k"))},
			newRow: rows{newRow("b", transactionKey("k"), amount("-51"), other, on("2026-03-01"))},
			want:   []string{"a>b institution_key"},
		},
		"the authentication code": {
			oldRow: rows{oldRow("a", authentication("k"))},
			newRow: rows{newRow("b", authentication("k"), amount("-51"), other)},
			want:   []string{"a>b institution_key"},
		},
		"a reference with the same amount": {
			oldRow: rows{oldRow("a", reference("k"))},
			newRow: rows{newRow("b", reference("k"), other, on("2026-03-01"))},
			want:   []string{"a>b institution_key"},
		},
		"a reference with another amount": {
			oldRow: rows{oldRow("a", reference("k"))}, newRow: rows{newRow("b", reference("k"), other, amount("-51"))},
		},
		"a reference of the receiver with the same amount": {
			oldRow: rows{oldRow("a", receiverReference("k"))}, newRow: rows{newRow("b", receiverReference("k"), other)},
			want: []string{"a>b institution_key"},
		},
		"a reference of the receiver with another amount": {
			oldRow: rows{oldRow("a", receiverReference("k"))},
			newRow: rows{newRow("b", receiverReference("k"), other, amount("-51"))},
		},
		"the end-to-end id in the text, in another case": {
			oldRow: rows{oldRow("a", text("PIX E00000000202611101412abcdefghijk"))},
			newRow: rows{newRow("b", text("PAGAMENTO e00000000202611101412ABCDEFGHIJK MARIA"), on("2026-12-10"))},
			want:   []string{"a>b institution_key"},
		},
		"all members of an instalment that moved by a month": {
			oldRow: rows{oldRow("a", instalment(tenth), text("LOJA PARC 2/10"))},
			newRow: rows{newRow("b", instalment(tenth), other, on("2026-12-10"))},
			want:   []string{"a>b institution_key"},
		},
		"an instalment with another amount": {
			oldRow: rows{
				oldRow("a", instalment(tenth)),
			},
			newRow: rows{newRow("b", instalment(tenth), other, amount("-51"))},
		},
		"an instalment of another card": {
			oldRow: rows{oldRow("a", instalment(tenth))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.Card = "1" }), other)},
		},
		"an instalment of another total": {
			oldRow: rows{oldRow("a", instalment(tenth))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.Total = "501" }), other)},
		},
		"an instalment of another purchase date": {
			oldRow: rows{oldRow("a", instalment(tenth))},
			newRow: rows{
				newRow("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "2026-10-02" }), other),
			},
		},
		"instalments without a card": {
			oldRow: rows{oldRow("a", instalmentWith(func(i *domain.Instalment) { i.Card = "" }))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.Card = "" }), other)},
		},
		"instalments without a total": {
			oldRow: rows{oldRow("a", instalmentWith(func(i *domain.Instalment) { i.Total = "" }))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.Total = "" }), other)},
		},
		"instalments without a purchase date": {
			oldRow: rows{oldRow("a", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "" }))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "" }), other)},
		},
		"instalments without a number": {
			oldRow: rows{oldRow("a", instalmentWith(func(i *domain.Instalment) { i.Number = 0 }))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.Number = 0 }), other)},
		},
		"instalments without a count": {
			oldRow: rows{oldRow("a", instalmentWith(func(i *domain.Instalment) { i.Count = 0 }))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.Count = 0 }), other)},
		},
		"a key that names two old rows": {
			oldRow: rows{oldRow("a", transactionKey("k")), oldRow("c", transactionKey("k"), other)},
			newRow: rows{newRow("b", transactionKey("k"), on("2026-12-10"))},
		},
		"a key that names two new rows": {
			oldRow: rows{oldRow("a", transactionKey("k"))},
			newRow: rows{newRow("b", transactionKey("k"), on("2026-12-10")), newRow("c", transactionKey("k"), other)},
		},
		"a key of which one row is matched by a stronger key": {
			oldRow: rows{
				oldRow("a", transactionKey("k"), receiverReference("r")), oldRow("c", receiverReference("r"), other),
			},
			newRow: rows{
				newRow("b", transactionKey("k"), receiverReference("r")),
				newRow("d", receiverReference("r"), on("2026-12-10")),
			},
			want: []string{"a>b institution_key"},
		},
		"a weaker key does not take a row that is matched": {
			oldRow: rows{oldRow("a", transactionKey("k"), reference("r")), oldRow("c", authentication("z"), other)},
			newRow: rows{newRow("b", transactionKey("k"), authentication("z"), pending)},
			want:   []string{"a>b institution_key"},
		},
		"a posted row continued by a pending one": {
			oldRow: rows{oldRow("a", transactionKey("k"))}, newRow: rows{newRow("b", transactionKey("k"), pending)},
			want: []string{"a>b institution_key"},
		},
		"the same id of another kind": {
			oldRow: rows{oldRow("a", transactionKey("k"))}, newRow: rows{newRow("b", authentication("k"), other)},
		},
		"one id for two instalments": {
			oldRow: rows{oldRow("a", transactionKey("k"), text("LOJA PARC 2/10"))},
			newRow: rows{newRow("b", transactionKey("k"), text("LOJA PARC 3/10"))},
		},
		"the same id but another authentication code": {
			oldRow: rows{oldRow("a", transactionKey("k"), authentication("x"))},
			newRow: rows{newRow("b", transactionKey("k"), authentication("y"))},
		},
	})
}

func TestSameDescription(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"the same day": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b")}, want: []string{"a>b same_description"},
		},
		"a new document number, NSU, authorisation code and acquirer prefix": {
			oldRow: rows{oldRow("a", text("PAG*PADARIA DO ZE NSU 123456 AUT 9X"))},
			newRow: rows{newRow("b", text("Padaria do Zé - DOC 0098877"))}, want: []string{"a>b same_description"},
		},
		"five days later": {
			oldRow: rows{
				oldRow("a"),
			},
			newRow: rows{newRow("b", on("2026-11-15"))},
			want:   []string{"a>b same_description"},
		},
		"five days earlier": {
			oldRow: rows{
				oldRow("a"),
			},
			newRow: rows{newRow("b", on("2026-11-05"))},
			want:   []string{"a>b same_description"},
		},
		"six days later falls to the next rule": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", on("2026-11-16"))}, want: []string{"a>b similar_text"},
		},
		"the nearest date wins": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", on("2026-11-13")), newRow("c", on("2026-11-08"))},
			want: []string{"a>c same_description"},
		},
		"the nearest of two old rows": {
			oldRow: rows{oldRow("a", on("2026-11-07")), oldRow("c", on("2026-11-08"))}, newRow: rows{newRow("b")},
			want: []string{"c>b same_description"},
		},
		"two candidates equally near": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", on("2026-11-12")), newRow("c", on("2026-11-08"))},
		},
		"two old rows equally near": {
			oldRow: rows{oldRow("a", on("2026-11-12")), oldRow("c", on("2026-11-08"))}, newRow: rows{newRow("b")},
		},
		"every other day, moved by one day": {
			oldRow: rows{oldRow("a", on("2026-11-08")), oldRow("b", on("2026-11-10")), oldRow("c", on("2026-11-12"))},
			newRow: rows{newRow("d", on("2026-11-09")), newRow("e", on("2026-11-11")), newRow("f", on("2026-11-13"))},
			want:   []string{"a>d same_description", "b>e same_description", "c>f same_description"},
		},
		"one identical old row and two new ones": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b"), newRow("c")},
		},
		"two identical old rows and one new one": {
			oldRow: rows{oldRow("a"), oldRow("b")}, newRow: rows{newRow("c")},
		},
		"two and one, on another day": {
			oldRow: rows{oldRow("a"), oldRow("b")}, newRow: rows{newRow("c", on("2026-11-12"))},
		},
		"two identical rows on each side": {
			oldRow: rows{
				oldRow("a", learnedAtHour(9)),
				oldRow("b", learnedAtHour(12)),
			},
			newRow: rows{newRow("c", learnedAtHour(12)), newRow("d", learnedAtHour(9))},
			want:   []string{"a>d same_description", "b>c same_description"},
		},
		"two and one after a new link": {
			oldRow: rows{oldRow("a"), oldRow("b")}, newRow: rows{newRow("c")}, relinked: true,
			want: []string{"a>c same_description"},
		},
		"one and two after a new link": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b"), newRow("c")}, relinked: true,
			want: []string{"a>b same_description"},
		},
		"a posted row and a pending one, and one posted row after a new link": {
			oldRow: rows{oldRow("a", pending), oldRow("b")}, newRow: rows{newRow("c")}, relinked: true,
			want: []string{"b>c same_description"},
		},
		"the rest of a new link on another day": {
			oldRow: rows{
				oldRow("a"),
				oldRow("b"),
			},
			newRow:   rows{newRow("c"), newRow("d", on("2026-11-11"))},
			relinked: true,
			want:     []string{"a>c same_description", "b>d same_description"},
		},
		"a posted row and a pending one": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", pending)},
		},
		"a pending row and a posted one": {
			oldRow: rows{oldRow("a", pending)}, newRow: rows{newRow("b")}, want: []string{"a>b same_description"},
		},
		"two pending rows": {
			oldRow: rows{
				oldRow("a", pending),
			},
			newRow: rows{newRow("b", pending)},
			want:   []string{"a>b same_description"},
		},
		"a posted row is first to choose": {
			oldRow: rows{oldRow("a", pending), oldRow("b")}, newRow: rows{newRow("c"), newRow("d", pending)},
			want: []string{"a>d same_description", "b>c same_description"},
		},
		"two identical rows of which one pair is forbidden": {
			oldRow: rows{oldRow("a"), oldRow("b")}, newRow: rows{newRow("c"), newRow("d", pending)},
		},
		"two instalments of one purchase": {
			oldRow: rows{oldRow("a", text("LOJA PARC 2/10"))}, newRow: rows{newRow("b", text("LOJA PARC 3/10"))},
		},
		"instalments of purchases with other counts": {
			oldRow: rows{oldRow("a", text("LOJA PARC 2/10"))}, newRow: rows{newRow("b", text("LOJA PARC 2/12"))},
		},
		"ten instalments on one day": {
			oldRow: rows{oldRow("a", text("LOJA PARC 1/2")), oldRow("b", text("LOJA PARC 2/2"))},
			newRow: rows{newRow("c", text("LOJA PARCELA 2 DE 2")), newRow("d", text("LOJA PARCELA 1 DE 2"))},
			want:   []string{"a>d same_description", "b>c same_description"},
		},
		"an instalment whose text no longer says so": {
			oldRow: rows{oldRow("a", text("LOJA PARC 1/2"))}, newRow: rows{newRow("b", text("LOJA"))},
			want: []string{"a>b same_description"},
		},
		"an instalment whose text did not say so": {
			oldRow: rows{oldRow("a", text("LOJA"))}, newRow: rows{newRow("b", text("LOJA PARC 1/2"))},
			want: []string{"a>b same_description"},
		},
		"the number in the metadata counts more than the text": {
			oldRow: rows{oldRow("a", text("LOJA PARC 1/2"), instalment(domain.Instalment{Number: 2, Count: 2}))},
			newRow: rows{newRow("b", text("LOJA PARC 2/2"))},
			want:   []string{"a>b same_description"},
		},
		"another day in the text": {
			oldRow: rows{
				oldRow("a", text("PIX TRANSF MARIA 08/11")),
			},
			newRow: rows{newRow("b", text("PIX TRANSF MARIA 10/11"))},
		},
		"another time in the text": {
			oldRow: rows{oldRow("a", text("SAQUE 24H 09:15"))}, newRow: rows{newRow("b", text("SAQUE 24H 18:40"))},
		},
		"another tax number in the text": {
			oldRow: rows{
				oldRow("a", text("PIX 111.222.333-44")),
			},
			newRow: rows{newRow("b", text("PIX 111.222.333-55"))},
		},
		"another tax number of a company in the text": {
			oldRow: rows{
				oldRow("a", text("PIX 11.222.333/0001-44")),
			},
			newRow: rows{newRow("b", text("PIX 11.222.333/0002-44"))},
		},
		"descriptions of digits must be equal": {
			oldRow: rows{oldRow("a", text("12345678"))}, newRow: rows{newRow("b", text("12345679"))},
		},
		"no description": {
			oldRow: rows{oldRow("a", text(""))}, newRow: rows{newRow("b", text(""))},
		},
		"a foreign purchase with the same account amount": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))}, newRow: rows{newRow("b", dollars("-10", "-50.00"))},
			want: []string{"a>b same_description"},
		},
		"the same number in another currency": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", dollars("-50", ""))},
		},
		"another direction": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", amount("50"))},
		},
		"zero amounts": {
			oldRow: rows{
				oldRow("a", amount("0")),
			},
			newRow: rows{newRow("b", amount("0"))},
			want:   []string{"a>b same_description"},
		},
		"another amount": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", amount("-50.01"))},
		},
		"an invalid date": {
			oldRow: rows{oldRow("a", on("soon"), transactionKey("k"))}, newRow: rows{newRow("b", transactionKey("k"))},
		},
		"no old row": {newRow: rows{newRow("b")}},
		"no new row": {oldRow: rows{oldRow("a")}},
	})
}

func TestSimilarText(t *testing.T) {
	similar := text("PADARIA DO ZE ME")
	runMatchCases(t, map[string]matchCase{
		"enriched": {oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", similar)}, want: []string{"a>b similar_text"}},
		"ten days later": {
			oldRow: rows{
				oldRow("a"),
			},
			newRow: rows{newRow("b", similar, on("2026-11-20"))},
			want:   []string{"a>b similar_text"},
		},
		"ten days earlier": {
			oldRow: rows{
				oldRow("a"),
			},
			newRow: rows{newRow("b", similar, on("2026-10-31"))},
			want:   []string{"a>b similar_text"},
		},
		"eleven days later":   {oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", on("2026-11-21"))}},
		"eleven days earlier": {oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", on("2026-10-30"))}},
		"too different":       {oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", text("FARMACIA DO ZE"))}},
		"two new candidates": {
			oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", similar), newRow("c", text("PADARIA DO ZE LTDA"))},
		},
		"two old candidates": {
			oldRow: rows{oldRow("a"), oldRow("c", text("PADARIA DO ZE SP"))}, newRow: rows{newRow("b", similar)},
		},
		"a rival whose text has another volatile part": {
			oldRow: rows{oldRow("a", text("SAQUE 24H LOTE 12")), oldRow("c", text("SAQUE 24H QXZ"))},
			newRow: rows{newRow("b", text("SAQUE 24H LOTE 77"))},
		},
		"the same word and another name are no rivals": {
			oldRow: rows{oldRow("a"), oldRow("c", text("PADARIA CENTRAL"))}, newRow: rows{newRow("b", similar)},
			want: []string{"a>b similar_text"},
		},
		"a candidate that is ambiguous": {
			oldRow: rows{oldRow("a"), oldRow("b"), oldRow("c", text("PADARIA DO ZE SP"))},
			newRow: rows{newRow("d"), newRow("e", on("2026-11-18"), text("PADARIA DO ZE SP BR"))},
			want:   []string{},
		},
		"a candidate that is matched counts no more": {
			oldRow: rows{
				oldRow("a"),
				oldRow("c", text("PADARIA DO ZE SP")),
			},
			newRow: rows{newRow("b"), newRow("d", similar)},
			want:   []string{"a>b same_description", "c>d similar_text"},
		},
		"a posted row and a pending one": {oldRow: rows{oldRow("a")}, newRow: rows{newRow("b", similar, pending)}},
		"another account amount": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))}, newRow: rows{newRow("b", dollars("-10", "-60"), similar)},
		},
	})
}

func TestForeignAmount(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"settled at another rate, five percent more": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))}, newRow: rows{newRow("b", dollars("-10", "-52.50"))},
			want: []string{"a>b foreign_amount"},
		},
		"five percent less": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))}, newRow: rows{newRow("b", dollars("-10", "-47.50"))},
			want: []string{"a>b foreign_amount"},
		},
		"more than five percent": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))}, newRow: rows{newRow("b", dollars("-10", "-52.51"))},
		},
		"converted later": {
			oldRow: rows{oldRow("a", dollars("-10", ""), pending)}, newRow: rows{newRow("b", dollars("-10", "-50"))},
			want: []string{"a>b foreign_amount"},
		},
		"another foreign amount": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))}, newRow: rows{newRow("b", dollars("-10.01", "-50.05"))},
		},
		"similar text after ten days": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))},
			newRow: rows{newRow("b", dollars("-10", "-51"), text("PADARIA DO ZE LTDA"), on("2026-11-20"))},
			want:   []string{"a>b foreign_amount"},
		},
		"after eleven days": {
			oldRow: rows{
				oldRow("a", dollars("-10", "-50")),
			},
			newRow: rows{newRow("b", dollars("-10", "-51"), on("2026-11-21"))},
		},
		"another text": {
			oldRow: rows{
				oldRow("a", dollars("-10", "-50")),
			},
			newRow: rows{newRow("b", dollars("-10", "-51"), text("HOTEL"))},
		},
		"the nearest date wins": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))},
			newRow: rows{
				newRow("b", dollars("-10", "-51"), on("2026-11-14")),
				newRow("c", dollars("-10", "-51"), on("2026-11-12"), text("PADARIA DO ZE LTDA")),
			},
			want: []string{"a>c foreign_amount"},
		},
		"two candidates on one day": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))},
			newRow: rows{
				newRow("b", dollars("-10", "-51")), newRow("c", dollars("-10", "-52"), text("PADARIA DO ZE LTDA")),
			},
		},
		"two identical purchases that settled": {
			oldRow: rows{
				oldRow("a", dollars("-10", "-50"), learnedAtHour(9)),
				oldRow("b", dollars("-10", "-50"), learnedAtHour(12)),
			},
			newRow: rows{
				newRow("c", dollars("-10", "-51"), learnedAtHour(12)),
				newRow("d", dollars("-10", "-51"), learnedAtHour(9)),
			},
			want: []string{"a>d foreign_amount", "b>c foreign_amount"},
		},
		"two old rows and one that settled": {
			oldRow: rows{oldRow("a", dollars("-10", "-50")), oldRow("b", dollars("-10", "-50"))},
			newRow: rows{newRow("c", dollars("-10", "-51"))},
		},
		"an account amount in another currency": {
			oldRow: rows{oldRow("a", dollars("-10", "-50"))},
			newRow: rows{newRow("b", dollars("-10", ""), func(r *domain.MatchRow) {
				m := money("-50", "EUR")
				r.AccountMoney = &m
			})},
		},
	})
}

func TestWhatForbidsAMatch(t *testing.T) {
	const day = 24 * time.Hour
	runMatchCases(t, map[string]matchCase{
		"one read showed both": {oldRow: rows{oldRow("a", readBetween(1, 2))}, newRow: rows{newRow("b")}},
		"the read that showed both is the last one that showed the first": {
			oldRow: rows{oldRow("a", readBetween(1, 5))}, newRow: rows{newRow("b", readBetween(4, 6))},
		},
		"another row that a read showed together with it is no candidate": {
			oldRow: rows{oldRow("a", readBetween(1, 2))}, newRow: rows{newRow("b"), newRow("c", readBetween(3, 3))},
			want: []string{"a>c same_description"},
		},
		"another old row that was there together with the new one is no candidate": {
			oldRow: rows{oldRow("a"), oldRow("b", readBetween(1, 2))}, newRow: rows{newRow("c")},
			want: []string{"a>c same_description"},
		},
		"learned fourteen days apart": {
			oldRow: rows{
				oldRow("a"),
			},
			newRow: rows{newRow("b", learned(14*day))},
			want:   []string{"a>b same_description"},
		},
		"learned fourteen days before": {
			oldRow: rows{
				oldRow("a"),
			},
			newRow: rows{newRow("b", learned(-14*day))},
			want:   []string{"a>b same_description"},
		},
		"learned more than fourteen days apart": {
			oldRow: rows{oldRow("a", transactionKey("k"))},
			newRow: rows{newRow("b", transactionKey("k"), learned(14*day+time.Second))},
		},
		"learned more than fourteen days before": {
			oldRow: rows{oldRow("a", transactionKey("k"))},
			newRow: rows{newRow("b", transactionKey("k"), learned(-14*day-time.Second))},
		},
		"other references, although the row settled": {
			oldRow: rows{oldRow("a", reference("x"), pending)}, newRow: rows{newRow("b", reference("y"))},
		},
		"other references of the receiver": {
			oldRow: rows{
				oldRow("a", receiverReference("x"), pending),
			},
			newRow: rows{newRow("b", receiverReference("y"))},
		},
		"other end-to-end ids": {
			oldRow: rows{oldRow("a", text("PIX MARIA E00000000202611101412abcdefghijk"), pending)},
			newRow: rows{newRow("b", text("PIX MARIA E00000000202611101412abcdefghijz"))},
		},
		"another counterparty": {
			oldRow: rows{oldRow("a", party("1"), pending)}, newRow: rows{newRow("b", party("2"))},
		},
		"the same counterparty": {
			oldRow: rows{
				oldRow("a", party("1")),
			},
			newRow: rows{newRow("b", party("1"))},
			want:   []string{"a>b same_description"},
		},
		"other institution keys of posted rows": {
			oldRow: rows{oldRow("a", transactionKey("x"))}, newRow: rows{newRow("b", transactionKey("y"))},
		},
		"other institution keys of pending rows": {
			oldRow: rows{
				oldRow("a", transactionKey("x"), pending),
			},
			newRow: rows{newRow("b", transactionKey("y"), pending)},
		},
		"another institution key of a row that settled": {
			oldRow: rows{oldRow("a", transactionKey("x"), pending)}, newRow: rows{newRow("b", transactionKey("y"))},
			want: []string{"a>b same_description"},
		},
		"other authentication codes of posted rows": {
			oldRow: rows{oldRow("a", authentication("x"))}, newRow: rows{newRow("b", authentication("y"))},
		},
		"another authentication code of a row that settled": {
			oldRow: rows{oldRow("a", authentication("x"), pending)}, newRow: rows{newRow("b", authentication("y"))},
			want: []string{"a>b same_description"},
		},
		"another card": {
			oldRow: rows{oldRow("a", instalment(domain.Instalment{Card: "8670"}))},
			newRow: rows{newRow("b", instalment(domain.Instalment{Card: "1234"}))},
		},
		"another card of a row that settled": {
			oldRow: rows{oldRow("a", instalment(domain.Instalment{Card: "8670"}), pending)},
			newRow: rows{newRow("b", instalment(domain.Instalment{Card: "1234"}))},
			want:   []string{"a>b same_description"},
		},
		"the same instalment of another purchase": {
			oldRow: rows{oldRow("a", instalment(tenth))},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "2026-10-02" }))},
		},
		"an instalment whose purchase date is corrected when it settles": {
			oldRow: rows{oldRow("a", instalment(tenth), pending)},
			newRow: rows{newRow("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "2026-10-02" }))},
			want:   []string{"a>b same_description"},
		},
		"an institution key that is missing": {
			oldRow: rows{
				oldRow("a", transactionKey("x")),
			},
			newRow: rows{newRow("b")},
			want:   []string{"a>b same_description"},
		},
		"another account": {
			oldRow: rows{oldRow("a", transactionKey("k"))},
			newRow: rows{newRow("b", transactionKey("k"), func(r *domain.MatchRow) { r.Account.UUID[0]++ })},
		},
		"no account": {
			oldRow: rows{oldRow("a", func(r *domain.MatchRow) { r.Account = domain.AccountID{} })},
			newRow: rows{newRow("b", func(r *domain.MatchRow) { r.Account = domain.AccountID{} })},
		},
	})
}

func TestAPairThatWasSplitIsNeverMatchedAgain(t *testing.T) {
	input := domain.MatchInput{
		Old: rows{oldRow("a", transactionKey("k"))}, New: rows{newRow("b", transactionKey("k"))},
		Never: map[domain.MatchPair]bool{{Old: "a", New: "b"}: true},
	}
	if got := domain.MatchRows(input); len(got) != 0 {
		t.Errorf("matched %v", got)
	}
	input.Never = map[domain.MatchPair]bool{{Old: "b", New: "a"}: true}
	if got := domain.MatchRows(input); len(got) != 1 {
		t.Errorf("another pair forbids the match: %v", got)
	}
}

func TestAMatchRowIsBuiltFromATransaction(t *testing.T) {
	account := money("-50", "BRL")
	data := domain.TransactionData{
		ExternalID: "a", Account: "vendor's", Amount: money("-10", "USD"), AccountMoney: &account,
		Status: domain.Pending, Date: "2026-11-10", OccurredAt: noon, Description: "X",
	}
	keys := domain.InstitutionKeys{Transaction: "k"}
	want := domain.MatchRow{
		ExternalID: "a", Account: checking, Amount: data.Amount, AccountMoney: &account, Status: domain.Pending,
		Date: "2026-11-10", OccurredAt: noon, Description: "X", Keys: keys,
	}
	sameMoney := cmp.Comparer(func(a, b domain.Money) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, domain.NewMatchRow(data, checking, keys), sameMoney); diff != "" {
		t.Error(diff)
	}
}
