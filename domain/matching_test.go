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

// left returns a removed row: the first of two reads showed it, and the second did not.
func left(id string, options ...rowOption) domain.MatchRow {
	r := movement(id, options...)
	if r.LastRead == 0 {
		r.FirstRead, r.LastRead = 1, 1
	}
	if r.LearnedAt.IsZero() {
		r.LearnedAt = noon
	}
	return r
}

// came returns a new row: only the second of two reads showed it.
func came(id string, options ...rowOption) domain.MatchRow {
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
func reads(first, last uint64) rowOption {
	return func(r *domain.MatchRow) { r.FirstRead, r.LastRead = first, last }
}
func at(hour int) rowOption {
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

// rows is a short name for a list of removed rows or of new rows.
type rows = []domain.MatchRow

// pairs formats each match as "left>came rule".
func pairs(matches []domain.Match) []string {
	out := []string{}
	for _, m := range matches {
		out = append(out, m.Left+">"+m.Came+" "+string(m.Rule))
	}
	return out
}

type matchCase struct {
	left, came rows
	relinked   bool
	want       []string
}

func runMatchCases(t *testing.T, cases map[string]matchCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := pairs(domain.MatchRows(domain.MatchInput{Left: c.left, Came: c.came, Relinked: c.relinked}))
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
			left: rows{left("a", transactionKey("k"))},
			came: rows{came("b", transactionKey("k"), amount("-51"), other, on("2026-03-01"))},
			want: []string{"a>b institution_key"},
		},
		"the authentication code": {
			left: rows{left("a", authentication("k"))},
			came: rows{came("b", authentication("k"), amount("-51"), other)},
			want: []string{"a>b institution_key"},
		},
		"a reference with the same amount": {
			left: rows{left("a", reference("k"))},
			came: rows{came("b", reference("k"), other, on("2026-03-01"))},
			want: []string{"a>b institution_key"},
		},
		"a reference with another amount": {
			left: rows{left("a", reference("k"))}, came: rows{came("b", reference("k"), other, amount("-51"))},
		},
		"a reference of the receiver with the same amount": {
			left: rows{left("a", receiverReference("k"))}, came: rows{came("b", receiverReference("k"), other)},
			want: []string{"a>b institution_key"},
		},
		"a reference of the receiver with another amount": {
			left: rows{left("a", receiverReference("k"))},
			came: rows{came("b", receiverReference("k"), other, amount("-51"))},
		},
		"the end-to-end id in the text, in another case": {
			left: rows{left("a", text("PIX E00000000202611101412abcdefghijk"))},
			came: rows{came("b", text("PAGAMENTO e00000000202611101412ABCDEFGHIJK MARIA"), on("2026-12-10"))},
			want: []string{"a>b institution_key"},
		},
		"all members of an instalment that moved by a month": {
			left: rows{left("a", instalment(tenth), text("LOJA PARC 2/10"))},
			came: rows{came("b", instalment(tenth), other, on("2026-12-10"))},
			want: []string{"a>b institution_key"},
		},
		"an instalment with another amount": {
			left: rows{left("a", instalment(tenth))}, came: rows{came("b", instalment(tenth), other, amount("-51"))},
		},
		"an instalment of another card": {
			left: rows{left("a", instalment(tenth))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.Card = "1" }), other)},
		},
		"an instalment of another total": {
			left: rows{left("a", instalment(tenth))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.Total = "501" }), other)},
		},
		"an instalment of another purchase date": {
			left: rows{left("a", instalment(tenth))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "2026-10-02" }), other)},
		},
		"instalments without a card": {
			left: rows{left("a", instalmentWith(func(i *domain.Instalment) { i.Card = "" }))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.Card = "" }), other)},
		},
		"instalments without a total": {
			left: rows{left("a", instalmentWith(func(i *domain.Instalment) { i.Total = "" }))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.Total = "" }), other)},
		},
		"instalments without a purchase date": {
			left: rows{left("a", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "" }))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "" }), other)},
		},
		"instalments without a number": {
			left: rows{left("a", instalmentWith(func(i *domain.Instalment) { i.Number = 0 }))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.Number = 0 }), other)},
		},
		"instalments without a count": {
			left: rows{left("a", instalmentWith(func(i *domain.Instalment) { i.Count = 0 }))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.Count = 0 }), other)},
		},
		"a key that names two rows that left": {
			left: rows{left("a", transactionKey("k")), left("c", transactionKey("k"), other)},
			came: rows{came("b", transactionKey("k"), on("2026-12-10"))},
		},
		"a key that names two rows that came": {
			left: rows{left("a", transactionKey("k"))},
			came: rows{came("b", transactionKey("k"), on("2026-12-10")), came("c", transactionKey("k"), other)},
		},
		"a key of which one row is matched by a stronger key": {
			left: rows{
				left("a", transactionKey("k"), receiverReference("r")), left("c", receiverReference("r"), other),
			},
			came: rows{
				came("b", transactionKey("k"), receiverReference("r")),
				came("d", receiverReference("r"), on("2026-12-10")),
			},
			want: []string{"a>b institution_key"},
		},
		"a weaker key does not take a row that is matched": {
			left: rows{left("a", transactionKey("k"), reference("r")), left("c", authentication("z"), other)},
			came: rows{came("b", transactionKey("k"), authentication("z"), pending)},
			want: []string{"a>b institution_key"},
		},
		"a posted row continued by a pending one": {
			left: rows{left("a", transactionKey("k"))}, came: rows{came("b", transactionKey("k"), pending)},
			want: []string{"a>b institution_key"},
		},
		"the same id of another kind": {
			left: rows{left("a", transactionKey("k"))}, came: rows{came("b", authentication("k"), other)},
		},
		"one id for two instalments": {
			left: rows{left("a", transactionKey("k"), text("LOJA PARC 2/10"))},
			came: rows{came("b", transactionKey("k"), text("LOJA PARC 3/10"))},
		},
		"the same id but another authentication code": {
			left: rows{left("a", transactionKey("k"), authentication("x"))},
			came: rows{came("b", transactionKey("k"), authentication("y"))},
		},
	})
}

func TestSameDescription(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"the same day": {
			left: rows{left("a")}, came: rows{came("b")}, want: []string{"a>b same_description"},
		},
		"a new document number, NSU, authorisation code and acquirer prefix": {
			left: rows{left("a", text("PAG*PADARIA DO ZE NSU 123456 AUT 9X"))},
			came: rows{came("b", text("Padaria do Zé - DOC 0098877"))}, want: []string{"a>b same_description"},
		},
		"five days later": {
			left: rows{left("a")}, came: rows{came("b", on("2026-11-15"))}, want: []string{"a>b same_description"},
		},
		"five days earlier": {
			left: rows{left("a")}, came: rows{came("b", on("2026-11-05"))}, want: []string{"a>b same_description"},
		},
		"six days later falls to the next rule": {
			left: rows{left("a")}, came: rows{came("b", on("2026-11-16"))}, want: []string{"a>b similar_text"},
		},
		"the nearest date wins": {
			left: rows{left("a")}, came: rows{came("b", on("2026-11-13")), came("c", on("2026-11-08"))},
			want: []string{"a>c same_description"},
		},
		"the nearest of two that left": {
			left: rows{left("a", on("2026-11-07")), left("c", on("2026-11-08"))}, came: rows{came("b")},
			want: []string{"c>b same_description"},
		},
		"two candidates equally near": {
			left: rows{left("a")}, came: rows{came("b", on("2026-11-12")), came("c", on("2026-11-08"))},
		},
		"two that left equally near": {
			left: rows{left("a", on("2026-11-12")), left("c", on("2026-11-08"))}, came: rows{came("b")},
		},
		"every other day, moved by one day": {
			left: rows{left("a", on("2026-11-08")), left("b", on("2026-11-10")), left("c", on("2026-11-12"))},
			came: rows{came("d", on("2026-11-09")), came("e", on("2026-11-11")), came("f", on("2026-11-13"))},
			want: []string{"a>d same_description", "b>e same_description", "c>f same_description"},
		},
		"one identical row that left and two that came": {
			left: rows{left("a")}, came: rows{came("b"), came("c")},
		},
		"two identical rows that left and one that came": {
			left: rows{left("a"), left("b")}, came: rows{came("c")},
		},
		"two and one, on another day": {
			left: rows{left("a"), left("b")}, came: rows{came("c", on("2026-11-12"))},
		},
		"two identical rows on each side": {
			left: rows{left("a", at(9)), left("b", at(12))}, came: rows{came("c", at(12)), came("d", at(9))},
			want: []string{"a>d same_description", "b>c same_description"},
		},
		"two and one after a new link": {
			left: rows{left("a"), left("b")}, came: rows{came("c")}, relinked: true,
			want: []string{"a>c same_description"},
		},
		"one and two after a new link": {
			left: rows{left("a")}, came: rows{came("b"), came("c")}, relinked: true,
			want: []string{"a>b same_description"},
		},
		"a posted row and a pending one, and one posted row after a new link": {
			left: rows{left("a", pending), left("b")}, came: rows{came("c")}, relinked: true,
			want: []string{"b>c same_description"},
		},
		"the rest of a new link on another day": {
			left: rows{left("a"), left("b")}, came: rows{came("c"), came("d", on("2026-11-11"))}, relinked: true,
			want: []string{"a>c same_description", "b>d same_description"},
		},
		"a posted row and a pending one": {
			left: rows{left("a")}, came: rows{came("b", pending)},
		},
		"a pending row and a posted one": {
			left: rows{left("a", pending)}, came: rows{came("b")}, want: []string{"a>b same_description"},
		},
		"two pending rows": {
			left: rows{left("a", pending)}, came: rows{came("b", pending)}, want: []string{"a>b same_description"},
		},
		"a posted row is first to choose": {
			left: rows{left("a", pending), left("b")}, came: rows{came("c"), came("d", pending)},
			want: []string{"a>d same_description", "b>c same_description"},
		},
		"two identical rows of which one pair is forbidden": {
			left: rows{left("a"), left("b")}, came: rows{came("c"), came("d", pending)},
		},
		"two instalments of one purchase": {
			left: rows{left("a", text("LOJA PARC 2/10"))}, came: rows{came("b", text("LOJA PARC 3/10"))},
		},
		"instalments of purchases with other counts": {
			left: rows{left("a", text("LOJA PARC 2/10"))}, came: rows{came("b", text("LOJA PARC 2/12"))},
		},
		"ten instalments on one day": {
			left: rows{left("a", text("LOJA PARC 1/2")), left("b", text("LOJA PARC 2/2"))},
			came: rows{came("c", text("LOJA PARCELA 2 DE 2")), came("d", text("LOJA PARCELA 1 DE 2"))},
			want: []string{"a>d same_description", "b>c same_description"},
		},
		"an instalment whose text no longer says so": {
			left: rows{left("a", text("LOJA PARC 1/2"))}, came: rows{came("b", text("LOJA"))},
			want: []string{"a>b same_description"},
		},
		"an instalment whose text did not say so": {
			left: rows{left("a", text("LOJA"))}, came: rows{came("b", text("LOJA PARC 1/2"))},
			want: []string{"a>b same_description"},
		},
		"the number in the metadata counts more than the text": {
			left: rows{left("a", text("LOJA PARC 1/2"), instalment(domain.Instalment{Number: 2, Count: 2}))},
			came: rows{came("b", text("LOJA PARC 2/2"))},
			want: []string{"a>b same_description"},
		},
		"another day in the text": {
			left: rows{
				left("a", text("PIX TRANSF MARIA 08/11")),
			},
			came: rows{came("b", text("PIX TRANSF MARIA 10/11"))},
		},
		"another time in the text": {
			left: rows{left("a", text("SAQUE 24H 09:15"))}, came: rows{came("b", text("SAQUE 24H 18:40"))},
		},
		"another tax number in the text": {
			left: rows{left("a", text("PIX 111.222.333-44"))}, came: rows{came("b", text("PIX 111.222.333-55"))},
		},
		"another tax number of a company in the text": {
			left: rows{
				left("a", text("PIX 11.222.333/0001-44")),
			},
			came: rows{came("b", text("PIX 11.222.333/0002-44"))},
		},
		"descriptions of digits must be equal": {
			left: rows{left("a", text("12345678"))}, came: rows{came("b", text("12345679"))},
		},
		"no description": {
			left: rows{left("a", text(""))}, came: rows{came("b", text(""))},
		},
		"a foreign purchase with the same account amount": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10", "-50.00"))},
			want: []string{"a>b same_description"},
		},
		"the same number in another currency": {
			left: rows{left("a")}, came: rows{came("b", dollars("-50", ""))},
		},
		"another direction": {
			left: rows{left("a")}, came: rows{came("b", amount("50"))},
		},
		"zero amounts": {
			left: rows{
				left("a", amount("0")),
			},
			came: rows{came("b", amount("0"))},
			want: []string{"a>b same_description"},
		},
		"another amount": {
			left: rows{left("a")}, came: rows{came("b", amount("-50.01"))},
		},
		"an invalid date": {
			left: rows{left("a", on("soon"), transactionKey("k"))}, came: rows{came("b", transactionKey("k"))},
		},
		"nothing left": {came: rows{came("b")}},
		"nothing came": {left: rows{left("a")}},
	})
}

func TestSimilarText(t *testing.T) {
	similar := text("PADARIA DO ZE ME")
	runMatchCases(t, map[string]matchCase{
		"enriched": {left: rows{left("a")}, came: rows{came("b", similar)}, want: []string{"a>b similar_text"}},
		"ten days later": {
			left: rows{left("a")}, came: rows{came("b", similar, on("2026-11-20"))}, want: []string{"a>b similar_text"},
		},
		"ten days earlier": {
			left: rows{left("a")}, came: rows{came("b", similar, on("2026-10-31"))}, want: []string{"a>b similar_text"},
		},
		"eleven days later":   {left: rows{left("a")}, came: rows{came("b", on("2026-11-21"))}},
		"eleven days earlier": {left: rows{left("a")}, came: rows{came("b", on("2026-10-30"))}},
		"too different":       {left: rows{left("a")}, came: rows{came("b", text("FARMACIA DO ZE"))}},
		"two candidates that came": {
			left: rows{left("a")}, came: rows{came("b", similar), came("c", text("PADARIA DO ZE LTDA"))},
		},
		"two candidates that left": {
			left: rows{left("a"), left("c", text("PADARIA DO ZE SP"))}, came: rows{came("b", similar)},
		},
		"a rival whose text has another volatile part": {
			left: rows{left("a", text("SAQUE 24H LOTE 12")), left("c", text("SAQUE 24H QXZ"))},
			came: rows{came("b", text("SAQUE 24H LOTE 77"))},
		},
		"the same word and another name are no rivals": {
			left: rows{left("a"), left("c", text("PADARIA CENTRAL"))}, came: rows{came("b", similar)},
			want: []string{"a>b similar_text"},
		},
		"a candidate that is ambiguous": {
			left: rows{left("a"), left("b"), left("c", text("PADARIA DO ZE SP"))},
			came: rows{came("d"), came("e", on("2026-11-18"), text("PADARIA DO ZE SP BR"))},
			want: []string{},
		},
		"a candidate that is matched counts no more": {
			left: rows{left("a"), left("c", text("PADARIA DO ZE SP"))}, came: rows{came("b"), came("d", similar)},
			want: []string{"a>b same_description", "c>d similar_text"},
		},
		"a posted row and a pending one": {left: rows{left("a")}, came: rows{came("b", similar, pending)}},
		"another account amount": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10", "-60"), similar)},
		},
	})
}

func TestForeignAmount(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"settled at another rate, five percent more": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10", "-52.50"))},
			want: []string{"a>b foreign_amount"},
		},
		"five percent less": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10", "-47.50"))},
			want: []string{"a>b foreign_amount"},
		},
		"more than five percent": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10", "-52.51"))},
		},
		"converted later": {
			left: rows{left("a", dollars("-10", ""), pending)}, came: rows{came("b", dollars("-10", "-50"))},
			want: []string{"a>b foreign_amount"},
		},
		"another foreign amount": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10.01", "-50.05"))},
		},
		"similar text after ten days": {
			left: rows{left("a", dollars("-10", "-50"))},
			came: rows{came("b", dollars("-10", "-51"), text("PADARIA DO ZE LTDA"), on("2026-11-20"))},
			want: []string{"a>b foreign_amount"},
		},
		"after eleven days": {
			left: rows{
				left("a", dollars("-10", "-50")),
			},
			came: rows{came("b", dollars("-10", "-51"), on("2026-11-21"))},
		},
		"another text": {
			left: rows{left("a", dollars("-10", "-50"))}, came: rows{came("b", dollars("-10", "-51"), text("HOTEL"))},
		},
		"the nearest date wins": {
			left: rows{left("a", dollars("-10", "-50"))},
			came: rows{
				came("b", dollars("-10", "-51"), on("2026-11-14")),
				came("c", dollars("-10", "-51"), on("2026-11-12"), text("PADARIA DO ZE LTDA")),
			},
			want: []string{"a>c foreign_amount"},
		},
		"two candidates on one day": {
			left: rows{left("a", dollars("-10", "-50"))},
			came: rows{
				came("b", dollars("-10", "-51")), came("c", dollars("-10", "-52"), text("PADARIA DO ZE LTDA")),
			},
		},
		"two identical purchases that settled": {
			left: rows{left("a", dollars("-10", "-50"), at(9)), left("b", dollars("-10", "-50"), at(12))},
			came: rows{came("c", dollars("-10", "-51"), at(12)), came("d", dollars("-10", "-51"), at(9))},
			want: []string{"a>d foreign_amount", "b>c foreign_amount"},
		},
		"two that left and one that settled": {
			left: rows{left("a", dollars("-10", "-50")), left("b", dollars("-10", "-50"))},
			came: rows{came("c", dollars("-10", "-51"))},
		},
		"an account amount in another currency": {
			left: rows{left("a", dollars("-10", "-50"))},
			came: rows{came("b", dollars("-10", ""), func(r *domain.MatchRow) {
				m := money("-50", "EUR")
				r.AccountMoney = &m
			})},
		},
	})
}

func TestWhatForbidsAMatch(t *testing.T) {
	const day = 24 * time.Hour
	runMatchCases(t, map[string]matchCase{
		"one read showed both": {left: rows{left("a", reads(1, 2))}, came: rows{came("b")}},
		"the read that showed both is the last one that showed the first": {
			left: rows{left("a", reads(1, 5))}, came: rows{came("b", reads(4, 6))},
		},
		"another row that a read showed together with it is no candidate": {
			left: rows{left("a", reads(1, 2))}, came: rows{came("b"), came("c", reads(3, 3))},
			want: []string{"a>c same_description"},
		},
		"another row that left while the new one was there is no candidate": {
			left: rows{left("a"), left("b", reads(1, 2))}, came: rows{came("c")},
			want: []string{"a>c same_description"},
		},
		"learned fourteen days apart": {
			left: rows{left("a")}, came: rows{came("b", learned(14*day))}, want: []string{"a>b same_description"},
		},
		"learned fourteen days before": {
			left: rows{left("a")}, came: rows{came("b", learned(-14*day))}, want: []string{"a>b same_description"},
		},
		"learned more than fourteen days apart": {
			left: rows{left("a", transactionKey("k"))},
			came: rows{came("b", transactionKey("k"), learned(14*day+time.Second))},
		},
		"learned more than fourteen days before": {
			left: rows{left("a", transactionKey("k"))},
			came: rows{came("b", transactionKey("k"), learned(-14*day-time.Second))},
		},
		"other references, although the row settled": {
			left: rows{left("a", reference("x"), pending)}, came: rows{came("b", reference("y"))},
		},
		"other references of the receiver": {
			left: rows{left("a", receiverReference("x"), pending)}, came: rows{came("b", receiverReference("y"))},
		},
		"other end-to-end ids": {
			left: rows{left("a", text("PIX MARIA E00000000202611101412abcdefghijk"), pending)},
			came: rows{came("b", text("PIX MARIA E00000000202611101412abcdefghijz"))},
		},
		"another counterparty": {
			left: rows{left("a", party("1"), pending)}, came: rows{came("b", party("2"))},
		},
		"the same counterparty": {
			left: rows{
				left("a", party("1")),
			},
			came: rows{came("b", party("1"))},
			want: []string{"a>b same_description"},
		},
		"other institution keys of posted rows": {
			left: rows{left("a", transactionKey("x"))}, came: rows{came("b", transactionKey("y"))},
		},
		"other institution keys of pending rows": {
			left: rows{left("a", transactionKey("x"), pending)}, came: rows{came("b", transactionKey("y"), pending)},
		},
		"another institution key of a row that settled": {
			left: rows{left("a", transactionKey("x"), pending)}, came: rows{came("b", transactionKey("y"))},
			want: []string{"a>b same_description"},
		},
		"other authentication codes of posted rows": {
			left: rows{left("a", authentication("x"))}, came: rows{came("b", authentication("y"))},
		},
		"another authentication code of a row that settled": {
			left: rows{left("a", authentication("x"), pending)}, came: rows{came("b", authentication("y"))},
			want: []string{"a>b same_description"},
		},
		"another card": {
			left: rows{left("a", instalment(domain.Instalment{Card: "8670"}))},
			came: rows{came("b", instalment(domain.Instalment{Card: "1234"}))},
		},
		"another card of a row that settled": {
			left: rows{left("a", instalment(domain.Instalment{Card: "8670"}), pending)},
			came: rows{came("b", instalment(domain.Instalment{Card: "1234"}))},
			want: []string{"a>b same_description"},
		},
		"the same instalment of another purchase": {
			left: rows{left("a", instalment(tenth))},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "2026-10-02" }))},
		},
		"an instalment whose purchase date is corrected when it settles": {
			left: rows{left("a", instalment(tenth), pending)},
			came: rows{came("b", instalmentWith(func(i *domain.Instalment) { i.PurchaseDate = "2026-10-02" }))},
			want: []string{"a>b same_description"},
		},
		"an institution key that is missing": {
			left: rows{left("a", transactionKey("x"))}, came: rows{came("b")}, want: []string{"a>b same_description"},
		},
		"another account": {
			left: rows{left("a", transactionKey("k"))},
			came: rows{came("b", transactionKey("k"), func(r *domain.MatchRow) { r.Account.UUID[0]++ })},
		},
		"no account": {
			left: rows{left("a", func(r *domain.MatchRow) { r.Account = domain.AccountID{} })},
			came: rows{came("b", func(r *domain.MatchRow) { r.Account = domain.AccountID{} })},
		},
	})
}

func TestAPairThatWasSplitIsNeverMatchedAgain(t *testing.T) {
	input := domain.MatchInput{
		Left: rows{left("a", transactionKey("k"))}, Came: rows{came("b", transactionKey("k"))},
		Never: map[domain.MatchPair]bool{{Left: "a", Came: "b"}: true},
	}
	if got := domain.MatchRows(input); len(got) != 0 {
		t.Errorf("matched %v", got)
	}
	input.Never = map[domain.MatchPair]bool{{Left: "b", Came: "a"}: true}
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
