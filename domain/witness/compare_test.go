package witness_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

func amount(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func idOf(name string) domain.TransactionID {
	return domain.TransactionID{UUID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(name))}
}

// day returns a day of September 2026. The 1st is a Tuesday, the 5th a Saturday.
func day(n int) domain.Date { return domain.Date("2026-09-01").AddDays(n - 1) }

// line returns a line of a day of September.
func line(n int, value, text string, change ...func(*witness.Block)) witness.Block {
	b := witness.Block{Kind: witness.Line, Date: day(n), Amount: amount(value), Text: text}
	for _, c := range change {
		c(&b)
	}
	return b
}

func withID(value string, stable bool) func(*witness.Block) {
	return func(b *witness.Block) {
		b.IDs = append(b.IDs, witness.ID{Kind: "EndToEndId", Value: value, Stable: stable})
	}
}

func valued(n int) func(*witness.Block) { return func(b *witness.Block) { b.ValueDate = day(n) } }

func withParts(values ...string) func(*witness.Block) {
	return func(b *witness.Block) {
		for _, value := range values {
			b.Parts = append(b.Parts, witness.Part{Amount: amount(value)})
		}
	}
}

// withPart adds a part with a stable identifier to a line.
func withPart(value, id string) func(*witness.Block) {
	return func(b *witness.Block) {
		ids := []witness.ID{{Kind: "EndToEndId", Value: id, Stable: true}}
		b.Parts = append(b.Parts, witness.Part{Amount: amount(value), IDs: ids})
	}
}

func ours(name string, n int, value, text string, change ...func(*witness.Record)) witness.Record {
	r := witness.Record{ID: idOf(name), Date: day(n), Amount: amount(value), Text: text}
	for _, c := range change {
		c(&r)
	}
	return r
}

func endToEnd(value string) func(*witness.Record) {
	return func(r *witness.Record) { r.References.EndToEndID = value }
}

func pending(r *witness.Record) { r.Pending = true }

// september returns a statement of the whole month whose balances hold.
func september(blocks ...witness.Block) witness.Statement {
	s := witness.Section{Blocks: blocks, Declared: domain.Window{From: day(1), To: day(30)}, Made: day(31)}
	s.Balances = []witness.Balance{
		{Role: witness.Opening, Date: day(0), Readings: []decimal.Decimal{amount("100")}, Source: witness.Field},
		{
			Role: witness.Closing, Date: day(30), Readings: []decimal.Decimal{amount("100").Add(s.Net())},
			Source: witness.Field,
		},
	}
	return witness.Statement{Currency: "BRL", Sections: []witness.Section{s}}
}

// linesOnly returns a statement without balances.
func linesOnly(blocks ...witness.Block) witness.Statement {
	return witness.Statement{Sections: []witness.Section{{
		Blocks: blocks, Declared: domain.Window{From: day(1), To: day(30)}, Made: day(31),
	}}}
}

// summary returns the findings as short texts: bucket, how the line was matched, and on what both differ.
func summary(c witness.Comparison) (all []string) {
	for _, f := range c.Findings {
		text := string(f.Bucket)
		if f.MatchedBy != "" {
			text += " " + string(f.MatchedBy)
		}
		if f.Position == 0 {
			text += " " + f.Text
		}
		for _, member := range []string{"date", "amount"} {
			if d, found := f.Different[member]; found {
				text += fmt.Sprintf(" %s %s/%s", member, strings.TrimPrefix(d.Theirs, "2026-09-"),
					strings.TrimPrefix(d.Ours, "2026-09-"))
			}
		}
		if f.Equal != nil {
			text += fmt.Sprintf(" %d:%d", f.Equal.Theirs, f.Equal.Ours)
		}
		if len(f.Records) > 1 {
			text += fmt.Sprintf(" %d records", len(f.Records))
		}
		all = append(all, text)
	}
	records := c.Findings[:0:0]
	for _, f := range c.Findings {
		if f.Position == 0 {
			records = append(records, f)
		}
	}
	slices.Sort(all[len(all)-len(records):]) // records of one day are ordered by their ids
	return all
}

// Each case is a worked example of a pass. docs/second-witness.md describes them.
func TestThePasses(t *testing.T) {
	const pix = "E12345678202609021200abcdef12345"
	for name, tc := range map[string]struct {
		lines   []witness.Block
		records []witness.Record
		want    []string
		verdict witness.Verdict
	}{
		"an equal id on another day": {
			[]witness.Block{line(2, "-50", "PIX", withID(pix, true))}, []witness.Record{ours("a", 20, "-50", "x",
				endToEnd(pix))},
			[]string{"different id date 02/20"}, witness.DatesDiffer,
		},
		"an equal id decides between equal amounts": {
			[]witness.Block{line(2, "-50", "A", withID("E1", true)), line(2, "-50", "B", withID("E2", true))},
			[]witness.Record{ours("b", 2, "-50", "?", endToEnd("E2")), ours("a", 2, "-50", "?", endToEnd("E1"))},
			[]string{"both id", "both id"}, witness.Agrees,
		},
		"an id that is not stable matches nothing": {
			[]witness.Block{line(2, "-50", "PIX", withID("1", false))}, []witness.Record{ours("a", 20, "-50", "x",
				endToEnd("1"))},
			[]string{"only_theirs", "only_ours x"}, witness.Differs,
		},
		"a day and an amount": {
			[]witness.Block{line(2, "-50", "PIX")}, []witness.Record{ours("a", 2, "-50.00", "other text")},
			[]string{"both day_amount"}, witness.Agrees,
		},
		"the value date is a day of the line": {
			[]witness.Block{line(7, "-50", "PIX", valued(5))}, []witness.Record{ours("a", 5, "-50", "PIX")},
			[]string{"both day_amount"}, witness.Agrees,
		},
		"six equal lines and five records": {
			slices.Repeat([]witness.Block{line(2, "-5", "CAFÉ")}, 6),
			[]witness.Record{
				ours("1", 2, "-5", "CAFÉ"), ours("2", 2, "-5", "CAFÉ"), ours("3", 2, "-5", "CAFÉ"), ours("4", 2, "-5",
					"CAFÉ"),
				ours("5", 2, "-5", "CAFÉ"),
			},
			[]string{
				"both day_amount", "both day_amount", "both day_amount", "both day_amount", "both day_amount",
				"only_theirs 6:5",
			}, witness.Differs,
		},
		"the text tells which of two lines is missing": {
			[]witness.Block{line(2, "-5", "TARIFA PIX"), line(2, "-5", "PIX FULANO 02/09")},
			[]witness.Record{ours("a", 2, "-5", "Pix enviado Fulano")}, []string{"only_theirs 2:1",
				"both day_amount"}, witness.Differs,
		},
		"an amount on the next weekday": {
			[]witness.Block{line(7, "-50", "PIX")}, []witness.Record{ours("a", 5, "-50", "PIX")},
			[]string{"different amount_near_day date 07/05"}, witness.DatesDiffer,
		},
		"three weekdays over a weekend": {
			[]witness.Block{line(4, "-50", "PIX")}, []witness.Record{ours("a", 9, "-50", "PIX")},
			[]string{"different amount_near_day date 04/09"}, witness.DatesDiffer,
		},
		"four weekdays are too many": {
			[]witness.Block{line(4, "-50", "PIX")}, []witness.Record{ours("a", 10, "-50", "PIX")},
			[]string{"only_theirs", "only_ours PIX"}, witness.Differs,
		},
		"two records near one line": {
			[]witness.Block{line(8, "-50", "PIX")}, []witness.Record{ours("a", 7, "-50", "A"), ours("b", 9, "-50",
				"B")},
			[]string{"only_theirs", "only_ours A", "only_ours B"}, witness.Differs,
		},
		"two lines near one record": {
			[]witness.Block{line(7, "-50", "A"), line(9, "-50", "B")}, []witness.Record{ours("a", 8, "-50", "A")},
			[]string{"only_theirs", "only_theirs", "only_ours A"}, witness.Differs,
		},
		"an equal id with another amount": {
			[]witness.Block{line(2, "-50", "PIX", withID(pix, true))}, []witness.Record{ours("a", 2, "-51", "x",
				endToEnd(pix))},
			[]string{"different id_other_amount amount -50/-51"}, witness.Differs,
		},
		"a day and a text with another amount": {
			[]witness.Block{line(2, "-1200.5", "INT  PAG TÍT")}, []witness.Record{ours("a", 2, "-1205.5",
				"int pag tit")},
			[]string{"different day_text amount -1200.5/-1205.5"}, witness.Differs,
		},
		"a text that two lines have": {
			[]witness.Block{line(2, "-1", "PIX"), line(2, "-2", "PIX")}, []witness.Record{ours("a", 2, "-7", "PIX")},
			[]string{"only_theirs", "only_theirs", "only_ours PIX"}, witness.Differs,
		},
		"no text is no equal text": {
			[]witness.Block{line(2, "-1", "")}, []witness.Record{ours("a", 2, "-7", "")},
			[]string{"only_theirs", "only_ours "}, witness.Differs,
		},
		"one line and the records that are its sum": {
			[]witness.Block{line(2, "-100", "LOTE")},
			[]witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B")},
			[]string{"proposed_group sum 2 records"}, witness.Inconclusive,
		},
		"a payment less its fee": {
			[]witness.Block{line(2, "97.5", "CARTÃO")},
			[]witness.Record{ours("a", 2, "100", "VENDA"), ours("b", 2, "-2.5", "TAXA")},
			[]string{"proposed_group sum 2 records"}, witness.Inconclusive,
		},
		"two groups with one sum": {
			[]witness.Block{line(2, "-100", "LOTE")},
			[]witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B"), ours("c", 2, "-70", "C"), ours("d",
				2, "-30", "D")},
			[]string{"only_theirs", "only_ours A", "only_ours B", "only_ours C", "only_ours D"}, witness.Differs,
		},
		"a sum that is a cent off": {
			[]witness.Block{line(2, "-100", "LOTE")}, []witness.Record{ours("a", 2, "-60", "A"), ours("b", 2,
				"-40.01", "B")},
			[]string{"only_theirs", "only_ours A", "only_ours B"}, witness.Differs,
		},
		"a sum of records of two days": {
			[]witness.Block{line(2, "-100", "LOTE")}, []witness.Record{ours("a", 2, "-60", "A"), ours("b", 3, "-40",
				"B")},
			[]string{"only_theirs", "only_ours A", "only_ours B"}, witness.Differs,
		},
		"the file lists the parts of a line": {
			[]witness.Block{line(2, "-100", "LOTE", withParts("-60", "-40"))},
			[]witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B")}, []string{"both parts 2 records"},
			witness.Agrees,
		},
		"a record is missing of the parts": {
			[]witness.Block{line(2, "-100", "LOTE", withParts("-60", "-40"))}, []witness.Record{ours("a", 2, "-60",
				"A")},
			[]string{"only_theirs", "only_ours A"}, witness.Differs,
		},
		"the parts have identifiers": {
			[]witness.Block{line(2, "-100", "LOTE", withPart("-60", "E1"), withPart("-40", "E2"))},
			[]witness.Record{ours("a", 20, "-60", "A", endToEnd("E1")), ours("b", 20, "-40", "B", endToEnd("E2"))},
			[]string{"both parts 2 records"}, witness.Agrees,
		},
		"two parts with one identifier": {
			[]witness.Block{line(2, "-100", "LOTE", withPart("-50", "E1"), withPart("-50", "E1"))},
			[]witness.Record{ours("a", 20, "-50", "A", endToEnd("E1"))},
			[]string{"only_theirs", "only_ours A"}, witness.Differs,
		},
		"equal parts": {
			[]witness.Block{line(2, "-100", "LOTE", withParts("-50", "-50"))},
			[]witness.Record{ours("a", 2, "-50", "A"), ours("b", 2, "-50", "B")},
			[]string{"both parts 2 records"}, witness.Agrees,
		},
		"a record is missing of equal parts": {
			[]witness.Block{line(2, "-100", "LOTE", withParts("-50", "-50"))},
			[]witness.Record{ours("a", 2, "-50", "A")}, []string{"only_theirs", "only_ours A"}, witness.Differs,
		},
		"one part": {
			[]witness.Block{line(2, "-100", "LOTE", withParts("-60"))}, []witness.Record{ours("a", 2, "-60", "A")},
			[]string{"only_theirs", "only_ours A"}, witness.Differs,
		},
		"the parts are of the value date": {
			[]witness.Block{line(7, "-100", "LOTE", withParts("-60", "-40"), valued(5))},
			[]witness.Record{ours("a", 5, "-60", "A"), ours("b", 5, "-40", "B")},
			[]string{"both parts 2 records"}, witness.Agrees,
		},
		"two lines with one identifier and amount": {
			[]witness.Block{line(2, "-50", "A", withID("E1", true)), line(2, "-50", "B", withID("E1", true))},
			[]witness.Record{ours("a", 9, "-50", "A", endToEnd("E1")), ours("b", 20, "-50", "B", endToEnd("E1"))},
			[]string{"different id date 02/09", "different id date 02/20"}, witness.DatesDiffer,
		},
		"of equal identifiers, the record of the day": {
			[]witness.Block{line(9, "-50", "A", withID("E1", true))},
			[]witness.Record{
				ours("a", 2, "-50", "A", endToEnd("E1")), ours("b", 9, "-50", "B", endToEnd("E1")),
				ours("c", 20, "-50", "C", endToEnd("E1")),
			},
			[]string{"both id", "only_ours A", "only_ours C"}, witness.Differs,
		},
		"an identifier in two members of a record": {
			[]witness.Block{line(2, "-50", "A", withID("E1", true))},
			[]witness.Record{ours("a", 9, "-50", "A", endToEnd("E1"), func(r *witness.Record) { r.ExternalID = "e1" })},
			[]string{"different id date 02/09"}, witness.DatesDiffer,
		},
		"equal texts are matched first": {
			[]witness.Block{line(2, "-5", "PIX MARIA"), line(2, "-5", "PIX JOAO")},
			[]witness.Record{ours("b", 2, "-5", "Pix João"), ours("a", 2, "-5", "x"), ours("c", 2, "-5", "pix maria")},
			[]string{"both day_amount", "both day_amount", "only_ours x 2:3"}, witness.Differs,
		},
		"the record with more common words": {
			[]witness.Block{line(2, "-5", "PIX ENVIADO MARIA SILVA")},
			[]witness.Record{ours("a", 2, "-5", "PIX ENVIADO JOAO"), ours("b", 2, "-5", "MARIA SILVA PIX")},
			[]string{"both day_amount", "only_ours PIX ENVIADO JOAO 1:2"}, witness.Differs,
		},
		"near the value date": {
			[]witness.Block{line(14, "-50", "PIX", valued(7))}, []witness.Record{ours("a", 8, "-50", "PIX")},
			[]string{"different amount_near_day date 14/08"}, witness.DatesDiffer,
		},
		"the value date is near a second record": {
			[]witness.Block{line(14, "-50", "PIX", valued(7))},
			[]witness.Record{ours("a", 8, "-50", "A"), ours("b", 15, "-50", "B")},
			[]string{"only_theirs", "only_ours A", "only_ours B"}, witness.Differs,
		},
		"two near pairs that are far from each other": {
			[]witness.Block{line(15, "-50", "B"), line(1, "-50", "A")},
			[]witness.Record{ours("b", 16, "-50", "B"), ours("a", 2, "-50", "A")},
			[]string{"different amount_near_day date 15/16", "different amount_near_day date 01/02"},
			witness.DatesDiffer,
		},
		"one line is the sum of records with both signs": {
			[]witness.Block{line(2, "-30", "LOTE")},
			[]witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "30", "B"), ours("c", 2, "-7", "C")},
			[]string{"proposed_group sum 2 records", "only_ours C"}, witness.Differs,
		},
		"three records are the sum": {
			[]witness.Block{line(2, "100", "LOTE")},
			[]witness.Record{ours("a", 2, "60", "A"), ours("b", 2, "30", "B"), ours("c", 2, "10", "C")},
			[]string{"proposed_group sum 3 records"}, witness.Inconclusive,
		},
		"one record is no group": {
			[]witness.Block{line(2, "-100", "LOTE", valued(3))}, []witness.Record{ours("a", 9, "-100", "A")},
			[]string{"only_theirs", "only_ours A"}, witness.Differs,
		},
		"two lines claim one group": {
			[]witness.Block{line(2, "-100", "LOTE 1"), line(2, "-100", "LOTE 2")},
			[]witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B")},
			[]string{"only_theirs 2:0", "only_theirs 2:0", "only_ours A", "only_ours B"}, witness.Differs,
		},
		"two lines and two groups": {
			[]witness.Block{line(2, "-100", "LOTE 1"), line(3, "-70", "LOTE 2")},
			[]witness.Record{
				ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B"), ours("c", 3, "-60", "C"), ours("d", 3, "-10", "D"),
			},
			[]string{"proposed_group sum 2 records", "proposed_group sum 2 records"}, witness.Inconclusive,
		},
		"a record of nothing": {
			nil, []witness.Record{ours("a", 2, "0", "A")}, []string{"outside A"}, witness.Agrees,
		},
		"a record without a known amount": {
			nil, []witness.Record{ours("a", 2, "0", "A", func(r *witness.Record) { r.Unknown = true })},
			[]string{"outside A"}, witness.Inconclusive,
		},
		"pending records": {
			nil, []witness.Record{ours("a", 2, "-50", "PIX", pending)}, []string{"pending PIX"}, witness.Agrees,
		},
		"a pending record is no match": {
			[]witness.Block{line(2, "-50", "PIX")}, []witness.Record{ours("a", 2, "-50", "PIX", pending)},
			[]string{"only_theirs", "pending PIX"}, witness.Differs,
		},
		"a record on a day that is not covered": {
			nil, []witness.Record{ours("a", 35, "-50", "PIX")}, []string{"outside PIX"}, witness.Agrees,
		},
		"a line that is matched by its day is no candidate for another day": {
			[]witness.Block{line(7, "-50", "A"), line(8, "-50", "B")},
			[]witness.Record{ours("a", 7, "-50", "A"), ours("b", 9, "-50", "B")},
			[]string{"both day_amount", "different amount_near_day date 08/09"}, witness.DatesDiffer,
		},
		"an identifier that one line has twice and another one once": {
			[]witness.Block{
				line(2, "-50", "A", withID("E1", true), withID("E1", true)), line(2, "-52", "B", withID("E1", true)),
			}, []witness.Record{ours("a", 20, "-51", "X", endToEnd("E1"))},
			[]string{"only_theirs", "only_theirs", "only_ours X"}, witness.Differs,
		},
		"records with the sign of the line are tried before all": {
			[]witness.Block{line(2, "-100", "LOTE")}, []witness.Record{
				ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B"), ours("c", 2, "-110", "C"), ours("d", 2, "10", "D"),
			},
			[]string{"proposed_group sum 2 records", "only_ours C", "only_ours D"}, witness.Differs,
		},
		"a refused block": {
			[]witness.Block{{Kind: witness.Refused, Raw: "?", Reason: "line 1: ?"}}, nil, []string{"refused"},
			witness.Inconclusive,
		},
		"blocks that are no lines": {
			[]witness.Block{
				{Kind: witness.Apart, Date: day(40), Amount: amount("1")}, {Kind: witness.BalanceRow, Date: day(2),
					Amount: amount("1")},
			}, nil, []string{"apart", "balance_row"}, witness.Agrees,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := witness.Input{Statement: september(tc.lines...), Records: tc.records, CoversTo: day(60)}
			c := witness.Compare(in)
			if diff := cmp.Diff(tc.want, summary(c)); diff != "" {
				t.Error(diff)
			}
			if c.Verdict != tc.verdict {
				t.Errorf("the verdict is %s, want %s", c.Verdict, tc.verdict)
			}
			slices.Reverse(in.Records)
			if other := witness.Compare(in); !cmp.Equal(summary(other), summary(c)) || other.Verdict != c.Verdict {
				t.Error("the order of the records changes the result")
			}
		})
	}
}

func TestLaterLinesAreOutside(t *testing.T) {
	s := september(line(2, "-50", "A"), line(10, "-60", "B"), line(14, "-70", "C"))
	records := []witness.Record{ours("a", 2, "-50", "A"), ours("b", 9, "-60", "B"), ours("x", 12, "-1", "PARTIAL")}
	c := witness.Compare(witness.Input{Statement: s, Records: records, CoversTo: day(9)})
	want := []string{"both day_amount", "outside", "outside", "outside B", "outside PARTIAL"}
	if diff := cmp.Diff(want, summary(c)); diff != "" || c.Verdict != witness.Agrees {
		t.Errorf("the verdict is %s: %s", c.Verdict, diff)
	}
}

// Two lines are later than the last complete day, and the records of their value date are their counterparts.
func TestTheCounterpartsOfLaterLinesAreOutside(t *testing.T) {
	s := september(line(10, "-60", "A", valued(9)), line(10, "-60", "B", valued(9)))
	records := []witness.Record{
		ours("a", 9, "-60", "A"), ours("b", 9, "-60", "B"), ours("c", 9, "-7", "C"), ours("d", 10, "-8", "D"),
	}
	c := witness.Compare(witness.Input{Statement: s, Records: records, CoversTo: day(9)})
	want := []string{"outside", "outside", "only_ours C", "outside A", "outside B", "outside D"}
	if diff := cmp.Diff(want, summary(c)); diff != "" {
		t.Error(diff)
	}
}

// Theirs are the lines, ours the records without a line.
func TestTheBucketsAndTheFirstDayApart(t *testing.T) {
	both := ours("a", 2, "-50", "A")
	for name, tc := range map[string]struct {
		lines   []witness.Block
		records []witness.Record
		bucket  witness.Bucket
		count   int
		sum     string
		first   domain.Date
	}{
		"two lines are only theirs": {
			blocks(line(9, "-7", "B"), line(8, "-3", "C")), nil, witness.OnlyTheirs, 2, "-10", day(8),
		},
		"two records are only ours": {
			nil, []witness.Record{ours("b", 9, "-7", "B"), ours("c", 8, "-3", "C")}, witness.OnlyOurs, 2, "-10", day(8),
		},
		"the record is earlier": {
			blocks(line(9, "-7", "B")), []witness.Record{ours("b", 8, "-7", "B")}, witness.Different, 1, "-7", day(8),
		},
		"the line is earlier": {
			blocks(line(8, "-7", "B")), []witness.Record{ours("b", 9, "-7", "B")}, witness.Different, 1, "-7", day(8),
		},
		"nothing": {nil, nil, witness.Both, 1, "-50", ""},
	} {
		c := witness.Compare(witness.Input{
			Statement: september(append(blocks(line(2, "-50", "A")), tc.lines...)...),
			Records:   append([]witness.Record{both}, tc.records...), CoversTo: day(30),
		})
		if got := c.Buckets[tc.bucket]; got.Count != tc.count || !got.Sum.Equal(amount(tc.sum)) ||
			c.FirstDayApart != tc.first {
			t.Errorf("%s: %+v, first day apart %q", name, c.Buckets, c.FirstDayApart)
		}
	}
}

// One balance that is contradicted is enough, whatever later ones say.
func TestEachBalanceCounts(t *testing.T) {
	s := september(line(2, "-50", "A"))
	s.Sections[0].Balances = append(s.Sections[0].Balances, row(-1, 9, "50"))
	for name, tc := range map[string]struct {
		ninth, last string
		want        witness.Verdict
	}{
		"both agree": {"50", "50", witness.Agrees}, "the first differs": {"51", "50", witness.Differs},
		"the last differs": {"50", "51", witness.Differs},
	} {
		c := witness.Compare(witness.Input{
			Statement: s, Records: []witness.Record{ours("a", 2, "-50", "A")}, CoversTo: day(30),
			Balances: []witness.DayBalance{
				{Date: day(9), Amount: amount(tc.ninth)},
				{Date: day(30), Amount: amount(tc.last)},
			},
		})
		if c.Verdict != tc.want {
			t.Errorf("%s: %s", name, c.Verdict)
		}
	}
}

func TestAFileWithoutLinesAndWithoutCoveredDaysProvesNothing(t *testing.T) {
	apart := line(3, "-1", "X")
	apart.Kind = witness.Apart
	for name, s := range map[string]witness.Statement{
		"nothing": {Sections: []witness.Section{{}}}, "an entry that is apart": {
			Sections: []witness.Section{{Blocks: blocks(apart)}},
		},
	} {
		records := []witness.Record{ours("a", 2, "-50", "A")}
		if c := witness.Compare(witness.Input{Statement: s, Records: records}); c.Verdict != witness.Inconclusive {
			t.Errorf("%s: %s", name, c.Verdict)
		}
	}
}

// The other account is complete only up to an earlier day.
func TestTheEarlierOfBothLastCompleteDaysCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		ours, theirs domain.Date
		want         []string
	}{
		"ours is earlier":   {day(9), day(20), []string{"both day_amount", "outside"}},
		"theirs is earlier": {day(20), day(9), []string{"both day_amount", "outside"}},
		"only theirs":       {"", day(9), []string{"both day_amount", "outside"}},
		"only ours":         {day(9), "", []string{"both day_amount", "outside"}},
		"the last day":      {day(10), day(20), []string{"both day_amount", "only_theirs"}},
	} {
		s := linesOnly(line(2, "-50", "A"), line(10, "-60", "B"))
		s.CoversTo = tc.theirs
		c := witness.Compare(witness.Input{
			Statement: s, Records: []witness.Record{ours("a", 2, "-50", "A")}, CoversTo: tc.ours,
		})
		if diff := cmp.Diff(tc.want, summary(c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDecisionsAboutGroups(t *testing.T) {
	s := september(line(2, "-100", "LOTE"))
	records := []witness.Record{ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B")}
	group := []witness.Group{{Position: 1, Records: []domain.TransactionID{idOf("b"), idOf("a")}}}
	for name, tc := range map[string]struct {
		change  func(*witness.Input)
		verdict witness.Verdict
	}{
		"confirmed": {func(in *witness.Input) { in.Confirmed = group }, witness.Agrees},
		"a confirmed group whose records have changed": {func(in *witness.Input) {
			in.Confirmed, in.Records = group, slices.Clone(records)
			in.Records[0].Amount = amount("-61")
		}, witness.Differs},
		"a confirmed group that lacks a record": {func(in *witness.Input) {
			in.Confirmed = []witness.Group{{Position: 1, Records: append(group[0].Records, idOf("c"))}}
		}, witness.Inconclusive},
		"a confirmed group that names a record twice": {func(in *witness.Input) {
			in.Confirmed = []witness.Group{{Position: 1, Records: []domain.TransactionID{idOf("a"), idOf("a")}}}
		}, witness.Inconclusive},
		"a confirmed group without records": {func(in *witness.Input) {
			in.Confirmed = []witness.Group{{Position: 1}}
		}, witness.Inconclusive},
		"a confirmed group that names an unknown record": {func(in *witness.Input) {
			in.Confirmed = []witness.Group{{Position: 1, Records: []domain.TransactionID{idOf("b"), idOf("?")}}}
		}, witness.Inconclusive},
		"a confirmed group whose records another group has": {func(in *witness.Input) {
			in.Statement = september(line(2, "-100", "LOTE"), line(2, "-100", "LOTE 2"))
			in.Confirmed = append(slices.Clone(group), witness.Group{Position: 2, Records: group[0].Records})
		}, witness.Differs},
		"a confirmed group without records of a line of nothing": {func(in *witness.Input) {
			in.Statement = september(line(2, "-100", "LOTE"), line(2, "0", "X"))
			in.Confirmed = append(slices.Clone(group), witness.Group{Position: 2})
		}, witness.Differs},
		"a confirmed group of a position before the first": {func(in *witness.Input) {
			in.Confirmed = []witness.Group{{Position: 0, Records: group[0].Records}}
		}, witness.Inconclusive},
		"a confirmed group of another line": {func(in *witness.Input) {
			in.Confirmed = []witness.Group{{Position: 9, Records: group[0].Records}}
		}, witness.Inconclusive},
	} {
		in := witness.Input{Statement: s, Records: records, CoversTo: day(30)}
		tc.change(&in)
		if c := witness.Compare(in); c.Verdict != tc.verdict {
			t.Errorf("%s: the verdict is %s, want %s", name, c.Verdict, tc.verdict)
		}
	}
}

// Within the limits of the search, a group of some records of the day is found. Beyond them, only all records of one
// direction, or all records, are a group.
func TestTheLimitsOfTheGroups(t *testing.T) {
	for name, tc := range map[string]struct {
		in, out int    // the numbers of records that are received and paid
		line    string // "in", "all" or "two", whose sum is the amount of the line
		want    int    // the number of records of the group; 0 if there is none
	}{
		"two of 24":                       {24, 0, "two", 2},
		"two of 25":                       {25, 0, "two", 0},
		"all of 25":                       {25, 0, "in", 25},
		"all received ones of 101":        {60, 41, "in", 60},
		"all of 101":                      {60, 41, "all", 101},
		"two of 101":                      {60, 41, "two", 0},
		"all received ones of 100":        {60, 40, "in", 60},
		"two of the received ones":        {20, 80, "two", 2},
		"two of the received ones of 101": {20, 81, "two", 0},
		"all of 25 received ones and one that is paid": {25, 1, "all", 26},
	} {
		var records []witness.Record
		var in, all decimal.Decimal
		value := decimal.NewFromInt(1)
		for i := range tc.in {
			value = value.Add(value)
			records = append(records, ours(fmt.Sprint(i), 2, value.String(), "VENDA"))
			in = in.Add(value)
		}
		all = in
		for i := range tc.out {
			paid := decimal.NewFromInt(int64(-1000 - i*i)).Div(decimal.NewFromInt(1024))
			records = append(records, ours(fmt.Sprint("out", i), 2, paid.String(), "TAXA"))
			all = all.Add(paid)
		}
		sum := map[string]decimal.Decimal{"in": in, "all": all, "two": decimal.NewFromInt(2 + 8)}[tc.line]
		c := witness.Compare(witness.Input{Statement: september(line(2, sum.String(), "CARTÃO")), Records: records})
		got := 0
		if c.Findings[0].Bucket == witness.ProposedGroup {
			got = len(c.Findings[0].Records)
		}
		if got != tc.want {
			t.Errorf("%s: a group of %d records, want %d", name, got, tc.want)
		}
	}
}

// A line against 60 records: too many to try all groups, so all of them together are proposed.
func TestALargeGroupIsTheWholeDay(t *testing.T) {
	var records []witness.Record
	for i := range 60 {
		records = append(records, ours(fmt.Sprint(i), 2, fmt.Sprint(100+i*i), "VENDA"))
	}
	var sum decimal.Decimal
	for _, r := range records {
		sum = sum.Add(r.Amount)
	}
	c := witness.Compare(witness.Input{Statement: september(line(2, sum.String(), "CARTÃO")), Records: records})
	if got := summary(c); len(got) != 1 || got[0] != "proposed_group sum 60 records" {
		t.Errorf("the findings are %v", got)
	}
}

func TestVerdictsAndBalances(t *testing.T) {
	same := []witness.Record{ours("a", 2, "-50", "A")}
	lines := []witness.Block{line(2, "-50", "A")}
	ledger := func(value string) witness.Statement {
		s := linesOnly(lines...)
		s.Sections[0].Balances = []witness.Balance{
			{Role: witness.Ledger, Date: day(30), Readings: []decimal.Decimal{amount(value)}, Source: witness.Field},
		}
		return s
	}
	reading := func(n int, value string) []witness.DayBalance {
		return []witness.DayBalance{{Date: day(n), Amount: amount(value)}}
	}
	broken := september(lines...)
	broken.Sections[0].Balances[1].Readings = []decimal.Decimal{amount("51")}
	for name, tc := range map[string]struct {
		in                 witness.Input
		verdict            witness.Verdict
		state              witness.State
		unexplained, first string
	}{
		"the file proves its balance": {
			witness.Input{Statement: september(lines...), Records: same}, witness.Agrees, witness.Proved, "0", "",
		},
		"no balance": {
			witness.Input{Statement: linesOnly(lines...), Records: same}, witness.LinesAgree, witness.Unavailable, "0",
			"",
		},
		"a balance alone": {
			witness.Input{Statement: ledger("50"), Records: same}, witness.LinesAgree, witness.Unavailable, "0", "",
		},
		"our balance proves theirs": {
			witness.Input{Statement: ledger("50"), Records: same, Balances: reading(30, "50")}, witness.Agrees,
			witness.Proved, "0", "",
		},
		"our balance contradicts theirs": {
			witness.Input{Statement: ledger("50"), Records: same, Balances: reading(30, "49.99")}, witness.Differs,
			witness.Contradicted,
			"0.01", "2026-09-30",
		},
		"our balance of another day": {
			witness.Input{Statement: ledger("50"), Records: same, Balances: reading(29, "1")}, witness.LinesAgree,
			witness.Unavailable, "0", "",
		},
		"the lines do not explain the balance": {
			witness.Input{Statement: broken, Records: same}, witness.Differs, witness.Contradicted, "1", "2026-09-02",
		},
		"a missing record explains the difference": {
			witness.Input{Statement: september(lines...), Balances: reading(30, "100")}, witness.Differs,
			witness.Contradicted, "0", "2026-09-02",
		},
		"a moved day explains the difference": {
			witness.Input{
				Statement: september(line(30, "-50", "A")), Records: []witness.Record{ours("a", 31, "-50", "A")},
				Balances: reading(30, "100"),
			}, witness.DatesDiffer, witness.Proved, "0", "2026-09-30",
		},
		"nothing to compare": {
			witness.Input{Statement: witness.Statement{Sections: []witness.Section{{}}}}, witness.Inconclusive,
			witness.Unavailable, "0", "",
		},
		"a record without a known amount": {
			witness.Input{Statement: september(lines...), Records: append(slices.Clone(same), ours("u", 3, "0", "?",
				func(r *witness.Record) {
					r.Unknown = true
				}))}, witness.Inconclusive, witness.Proved, "0", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := witness.Compare(tc.in)
			if c.Verdict != tc.verdict || c.Proof.Closing.State != tc.state {
				t.Errorf("the verdict is %s, and the closing balance %s: %v", c.Verdict, c.Proof.Closing.State,
					summary(c))
			}
			if !c.Unexplained.Equal(amount(tc.unexplained)) || string(c.FirstDayApart) != tc.first {
				t.Errorf("%s is unexplained, and the first day apart is %q", c.Unexplained, c.FirstDayApart)
			}
		})
	}
}

func refusedOn(day domain.Date) witness.Block {
	return witness.Block{Kind: witness.Refused, NoAmount: true, Date: day, Raw: "?", Reason: "line 1: ?"}
}

// A record may be the movement of a refused block. Then it is not known to be missing, and a gap between the balances
// beside the block is not known to be wrong.
func TestARefusedBlockMayBeWhatIsMissing(t *testing.T) {
	fee, rent := ours("a", 2, "-10", "TARIFA"), ours("b", 22, "-80", "ALUGUEL")
	pix, same := line(3, "-50", "PIX"), ours("c", 3, "-50", "PIX")
	gap := september(pix, refusedOn(day(2)))
	gap.Sections[0].Balances[1].Readings[0] = amount("40")
	running := func(n int, value, balance string) witness.Block {
		after := amount(balance)
		b := line(n, value, "B")
		b.Running = &after
		return b
	}
	for name, tc := range map[string]struct {
		statement witness.Statement
		records   []witness.Record
		want      []string
		verdict   witness.Verdict
		state     witness.State
		first     domain.Date
	}{
		"a record of its day": {
			linesOnly(refusedOn(day(2)), pix), []witness.Record{fee, same},
			[]string{"refused", "both day_amount", "outside TARIFA"}, witness.Inconclusive, witness.Unavailable, "",
		},
		"a record that the bank books three weekdays later": {
			linesOnly(refusedOn(day(7)), pix), []witness.Record{fee, same},
			[]string{"refused", "both day_amount", "outside TARIFA"}, witness.Inconclusive, witness.Unavailable, "",
		},
		"a record of another day": {
			linesOnly(refusedOn(day(2)), pix), []witness.Record{fee, rent, same},
			[]string{"refused", "both day_amount", "only_ours ALUGUEL", "outside TARIFA"}, witness.Differs,
			witness.Unavailable, day(22),
		},
		"a block without a date": {
			linesOnly(refusedOn(""), pix), []witness.Record{fee, rent, same},
			[]string{"refused", "both day_amount", "outside ALUGUEL", "outside TARIFA"}, witness.Inconclusive,
			witness.Unavailable, "",
		},
		"balances that hold without the block": {
			september(refusedOn(day(2))), []witness.Record{fee}, []string{"refused", "only_ours TARIFA"},
			witness.Differs, witness.Proved, day(2),
		},
		"balances that lack the amount of the block": {
			gap, []witness.Record{fee, same},
			[]string{"both day_amount", "refused", "outside TARIFA"}, witness.Inconclusive, witness.Unavailable, "",
		},
		"a block between the balances of two lines": {
			linesOnly(running(1, "-1", "99"), refusedOn(""), running(3, "-2", "87")), []witness.Record{fee},
			[]string{"only_theirs", "refused", "only_theirs", "outside TARIFA"}, witness.Differs,
			witness.Unavailable, day(1),
		},
		"a gap after the block": {
			linesOnly(refusedOn(""), running(1, "-1", "99"), running(3, "-2", "87")), nil,
			[]string{"refused", "only_theirs", "only_theirs"}, witness.Differs, witness.Contradicted, day(1),
		},
		"a gap before the block": {
			linesOnly(running(1, "-1", "99"), running(3, "-2", "87"), refusedOn("")), nil,
			[]string{"only_theirs", "only_theirs", "refused"}, witness.Differs, witness.Contradicted, day(1),
		},
		"another account": {
			witness.AccountStatement(witness.Account{}, "BRL", domain.Window{From: day(1), To: day(30)},
				[]witness.Record{ours("x", 2, "-2", "?", func(r *witness.Record) { r.Unknown = true }), same}, nil),
			[]witness.Record{fee, rent, same},
			[]string{"refused", "both day_amount", "only_ours ALUGUEL", "outside TARIFA"}, witness.Differs,
			witness.Unavailable, day(22),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := witness.Compare(witness.Input{Statement: tc.statement, Records: tc.records, CoversTo: day(60)})
			if diff := cmp.Diff(tc.want, summary(c)); diff != "" {
				t.Error(diff)
			}
			for _, f := range c.Findings {
				if f.NoAmount != (f.Bucket == witness.RefusedBlock) {
					t.Errorf("%s: the amount is known: %t", f.Bucket, !f.NoAmount)
				}
			}
			if c.Verdict != tc.verdict || c.Proof.Closing.State != tc.state || c.FirstDayApart != tc.first {
				t.Errorf("%s, closing %s, first day apart %q; want %s, %s, %q", c.Verdict, c.Proof.Closing.State,
					c.FirstDayApart, tc.verdict, tc.state, tc.first)
			}
		})
	}
}

func TestTwoAccountsAreCompared(t *testing.T) {
	theirs := []witness.Record{ours("1", 2, "-50", "A"), ours("2", 3, "-20", "B"), ours("3", 20, "-1", "LATER",
		pending)}
	records := []witness.Record{ours("a", 2, "-50", "A"), ours("b", 3, "-20", "B")}
	balances := []witness.DayBalance{{Date: day(4), Amount: amount("30")}, {Date: day(5), Amount: amount("30")}}
	statement := witness.AccountStatement(
		witness.Account{Number: "1"}, "BRL", domain.Window{From: day(1), To: day(5)}, theirs, balances)
	for name, tc := range map[string]struct {
		records  []witness.Record
		balances []witness.DayBalance
		coversTo domain.Date
		verdict  witness.Verdict
	}{
		"equal records, no common balance": {records, nil, day(5), witness.LinesAgree},
		"equal records and balances":       {records, balances[:1], day(5), witness.Agrees},
		"another balance": {
			records, []witness.DayBalance{{Date: day(4), Amount: amount("31")}}, day(5), witness.Differs,
		},
		"a record less":                 {records[:1], nil, day(5), witness.Differs},
		"a record that is not complete": {records[:1], nil, day(2), witness.LinesAgree},
		"a record more": {
			append(slices.Clone(records), ours("c", 4, "1", "C")), nil, day(9), witness.Differs,
		},
		"a record after both": {
			append(slices.Clone(records), ours("c", 6, "1", "C")), nil, day(9), witness.LinesAgree,
		},
	} {
		c := witness.Compare(witness.Input{
			Statement: statement, Records: tc.records, Balances: tc.balances, CoversTo: tc.coversTo,
		})
		if c.Verdict != tc.verdict {
			t.Errorf("%s: the verdict is %s, want %s: %v", name, c.Verdict, tc.verdict, summary(c))
		}
	}
}

// large returns a statement of many lines, and the records of most of them.
func large(n int) witness.Input {
	rng := rand.New(rand.NewPCG(1, 1))
	in := witness.Input{CoversTo: "2030-12-31"}
	var blocks []witness.Block
	for i := range n {
		b := line(i*365/n, decimal.New(int64(rng.IntN(100_000)+1), -2).Neg().String(), fmt.Sprintf("PIX ENVIADO %d",
			i%5000))
		r := ours(fmt.Sprint(i), 1, b.Amount.String(), b.Text)
		r.Date = b.Date
		switch rng.IntN(100) {
		case 0:
			r.Date = r.Date.AddDays(1)
		case 1:
			r.Amount = r.Amount.Add(amount("0.01"))
		case 2:
			r.Text = "OTHER"
		case 3:
			blocks = append(blocks, b)
			continue
		}
		blocks, in.Records = append(blocks, b), append(in.Records, r)
	}
	in.Statement = september(blocks...)
	return in
}

func TestManyLinesAreCompared(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n /= 10
	}
	in := large(n)
	c := witness.Compare(in)
	lines := 0
	for _, f := range c.Findings {
		if f.Position > 0 {
			lines++
		}
	}
	if lines != n || c.Verdict != witness.Differs || c.Buckets[witness.Both].Count < n*9/10 {
		t.Errorf("%d lines: %v", lines, c.Buckets)
	}
}

func BenchmarkCompare(b *testing.B) {
	in := large(100_000)
	b.ReportAllocs()
	for b.Loop() {
		witness.Compare(in)
	}
}

// Of records of one day and amount, a line has the one with its text. The others follow in their order.
func TestOfEqualRecordsALineHasTheOneWithItsText(t *testing.T) {
	for _, texts := range [][2]string{{"A", "B"}, {"B", "A"}} {
		records := []witness.Record{ours("1", 2, "-5", texts[0]), ours("2", 2, "-5", texts[1])}
		for name, lines := range map[string][]witness.Block{
			"a line": blocks(line(2, "-5", "B")), "two lines": blocks(line(2, "-5", "A"), line(2, "-5", "B")),
			"two lines in the other order": blocks(line(2, "-5", "B"), line(2, "-5", "A")),
		} {
			c := witness.Compare(witness.Input{Statement: september(lines...), Records: records, CoversTo: day(30)})
			for i, l := range lines {
				want := records[slices.Index(texts[:], l.Text)].ID
				if got := c.Findings[i].Records; len(got) != 1 || got[0] != want {
					t.Errorf("%s: the line %s has %v, want the record %v", name, l.Text, got, want)
				}
			}
		}
	}
}

// Texts are compared word by word up to 400 pairs of lines and records. Beyond, and without common words, lines and
// records are matched in their order, so that the last lines remain.
func TestWhichOfTooManyLinesRemains(t *testing.T) {
	for _, tc := range []struct {
		name           string
		text           string // of the lines from the second on
		lines, records int
		first, last    witness.Bucket
	}{
		{"400 pairs", "PIX", 25, 16, witness.OnlyTheirs, witness.OnlyTheirs},
		{"403 pairs", "PIX", 31, 13, witness.Both, witness.OnlyTheirs},
		{"no common words", "X", 3, 2, witness.Both, witness.OnlyTheirs},
		{"one line less", "PIX", 3, 2, witness.OnlyTheirs, witness.Both},
	} {
		lines := blocks(line(2, "-5", "TARIFA"))
		for i := range tc.lines - 1 {
			lines = append(lines, line(2, "-5", fmt.Sprint(tc.text, " L", i)))
		}
		var records []witness.Record
		for i := range tc.records {
			records = append(records, ours(fmt.Sprint(i), 2, "-5", fmt.Sprint("PIX R", i)))
		}
		c := witness.Compare(witness.Input{Statement: september(lines...), Records: records, CoversTo: day(30)})
		if first, last := c.Findings[0].Bucket, c.Findings[tc.lines-1].Bucket; first != tc.first || last != tc.last {
			t.Errorf("%s: the first line is %s and the last one %s, want %s and %s", tc.name, first, last, tc.first,
				tc.last)
		}
	}
}

// Each part of a line has a record of its own, also if all have one identifier. A line of too many parts is not matched
// by them.
func TestTheNumberOfPartsOfALine(t *testing.T) {
	for _, tc := range []struct {
		parts  int
		one    bool // all parts have one identifier
		bucket witness.Bucket
	}{
		{70, true, witness.Both}, {5000, false, witness.Both}, {5001, false, witness.OnlyTheirs},
	} {
		b := line(2, fmt.Sprint(-tc.parts), "LOTE")
		var records []witness.Record
		for i := range tc.parts {
			id := "E1"
			if !tc.one {
				id = fmt.Sprint("E", i)
			}
			withPart("-1", id)(&b)
			records = append(records, ours(fmt.Sprint(i), 20, "-1", "PIX", endToEnd(id)))
		}
		c := witness.Compare(witness.Input{Statement: september(b), Records: records, CoversTo: day(30)})
		if got := c.Findings[0].Bucket; got != tc.bucket {
			t.Errorf("a line of %d parts is %s, want %s", tc.parts, got, tc.bucket)
		}
	}
}

// A line and a record of one amount belong together within three weekdays. Saturday and Sunday count as the Friday
// before, also at the end of 1969.
func TestHowManyWeekdaysLieBetween(t *testing.T) {
	for _, tc := range []struct {
		line, record domain.Date
		near         bool
	}{
		{"2026-09-07", "2026-09-02", true}, {"2026-09-07", "2026-09-01", false}, // Monday; Wednesday and Tuesday before
		{"2026-09-09", "2026-09-06", true}, {"2026-09-10", "2026-09-06", false}, // the Sunday counts as the Friday
		{"1970-01-02", "1969-12-30", true}, {"1970-01-02", "1969-12-29", false}, // Friday; Tuesday and Monday before
		{"1969-12-31", "1969-12-28", true}, {"1970-01-01", "1969-12-28", false}, // the Sunday counts as the Friday
		{"1970-01-05", "1970-01-02", true}, {"1970-01-01", "1969-12-26", false}, {"1969-12-31", "1969-12-26", true},
	} {
		b, r := line(1, "-50", "A"), ours("a", 1, "-50", "B")
		b.Date, r.Date = tc.line, tc.record
		c := witness.Compare(witness.Input{
			Statement: witness.Statement{Sections: []witness.Section{{Blocks: blocks(b)}}},
			Records:   []witness.Record{r},
		})
		if got := c.Findings[0].MatchedBy; (got == witness.ByNearDay) != tc.near {
			t.Errorf(
				"%s and %s: the line is matched by %q; within three weekdays: %t",
				tc.line,
				tc.record,
				got,
				tc.near,
			)
		}
	}
}

// A search for groups that takes too many steps ends, and so do all searches of a comparison together.
func TestTheSearchesForGroupsEnd(t *testing.T) {
	for _, tc := range []struct {
		costly int // lines for which 131,072 of 2,097,152 steps are used in vain
		want   witness.Bucket
	}{{15, witness.ProposedGroup}, {16, witness.OnlyTheirs}} {
		var lines []witness.Block
		var records []witness.Record
		for range tc.costly {
			lines = append(lines, line(2, "12000.5", "CARTÃO"))
		}
		for i := range 24 {
			records = append(records, ours(fmt.Sprint(i), 2, fmt.Sprint(1000+i), "VENDA"))
		}
		lines = append(lines, line(20, "-100", "LOTE"))
		records = append(records, ours("a", 20, "-60", "A"), ours("b", 20, "-40", "B"), ours("c", 20, "-7", "C"))
		c := witness.Compare(witness.Input{Statement: september(lines...), Records: records, CoversTo: day(30)})
		if got := c.Findings[tc.costly].Bucket; got != tc.want {
			t.Errorf("after %d costly lines, the line of a group is %s, want %s", tc.costly, got, tc.want)
		}
	}
}

// The difference of each balance is explained by the listed differences up to its day. An entry that is no line, and a
// movement whose amount differs, explain nothing.
func TestWhatExplainsTheDifferenceOfABalance(t *testing.T) {
	apart := witness.Block{Kind: witness.Apart, Date: day(3), Amount: amount("7")}
	same := line(2, "-50", "A")
	rowOf9 := func(s witness.Statement, value string) witness.Statement {
		s.Sections[0].Balances = append(s.Sections[0].Balances, row(-1, 9, value))
		return s
	}
	for name, tc := range map[string]struct {
		statement   witness.Statement
		records     []witness.Record
		balances    map[int]string
		verdict     witness.Verdict
		closing     witness.State
		unexplained string
	}{
		"an entry that is apart": {
			september(same, apart), []witness.Record{ours("a", 2, "-50", "A")}, map[int]string{30: "50"},
			witness.Agrees, witness.Proved, "0",
		},
		"a record that only we have": {
			september(same), []witness.Record{ours("a", 2, "-50", "A"), ours("x", 3, "-7", "X")},
			map[int]string{30: "43"}, witness.Differs, witness.Contradicted, "0",
		},
		"another amount": {
			september(line(2, "-50", "A", withID("E1", true))),
			[]witness.Record{ours("a", 2, "-51", "X", endToEnd("E1"))}, map[int]string{30: "49"}, witness.Differs,
			witness.Contradicted, "0",
		},
		"a moved day behind a later line of the file": {
			rowOf9(september(line(20, "-1", "B"), line(11, "-7", "C")), "100"),
			[]witness.Record{ours("b", 20, "-1", "B"), ours("c", 8, "-7", "C")}, map[int]string{9: "93", 30: "92"},
			witness.DatesDiffer, witness.Proved, "0",
		},
	} {
		in := witness.Input{Statement: tc.statement, Records: tc.records, CoversTo: day(30)}
		for n, value := range tc.balances {
			in.Balances = append(in.Balances, witness.DayBalance{Date: day(n), Amount: amount(value)})
		}
		c := witness.Compare(in)
		if c.Verdict != tc.verdict || c.Proof.Closing.State != tc.closing ||
			!c.Unexplained.Equal(amount(tc.unexplained)) {
			t.Errorf("%s: %s, closing %s, unexplained %s; want %s, %s, %s", name, c.Verdict, c.Proof.Closing.State,
				c.Unexplained, tc.verdict, tc.closing, tc.unexplained)
		}
	}
}

// Our balance of a day proves or contradicts only their balance of the same day. A derived opening balance is one of
// the balances that are compared.
func TestOurBalanceProvesOnlyThatOfItsDay(t *testing.T) {
	s := linesOnly(line(2, "-50", "A"), line(3, "50", "B"))
	s.Sections[0].Balances = balances(ledger(30, "50")) // the derived opening balance is 50, too
	records := []witness.Record{ours("a", 2, "-50", "A"), ours("b", 3, "50", "B")}
	for _, tc := range []struct {
		day              int
		ours             string
		opening, closing witness.State
	}{
		{30, "50", witness.Unavailable, witness.Proved}, {0, "50", witness.Proved, witness.Unavailable},
		{30, "49", witness.Unavailable, witness.Contradicted}, {0, "49", witness.Contradicted, witness.Unavailable},
		{15, "49", witness.Unavailable, witness.Unavailable},
	} {
		c := witness.Compare(
			witness.Input{Statement: s, Records: records, CoversTo: day(30), Balances: []witness.DayBalance{
				{Date: day(tc.day), Amount: amount(tc.ours)},
			}},
		)
		if c.Proof.Opening.State != tc.opening || c.Proof.Closing.State != tc.closing {
			t.Errorf("our balance %s of the day %d: opening %s, closing %s; want %s, %s", tc.ours, tc.day,
				c.Proof.Opening.State, c.Proof.Closing.State, tc.opening, tc.closing)
		}
		var days []domain.Date
		for _, b := range c.Balances {
			days = append(days, b.Date)
		}
		if want := []domain.Date{day(0), day(30)}; !slices.Equal(days, want) {
			t.Errorf("the balances of %v are compared, want %v", days, want)
		}
	}
}

// Days after the last complete day of the account are not compared, also if the file lists all of their movements.
func TestDaysThatTheVendorHasNotReadAreNotCovered(t *testing.T) {
	for name, tc := range map[string]struct {
		lines    []witness.Block
		records  []witness.Record
		coversTo domain.Date
		verdict  witness.Verdict
		covered  []domain.Window
	}{
		"the whole statement is later": {
			lines: blocks(line(2, "-50", "A")), coversTo: "2026-08-31", verdict: witness.Inconclusive,
		},
		"a record of ours is later, too": {
			records: []witness.Record{ours("a", 2, "-50", "A")}, coversTo: "2026-08-31", verdict: witness.Inconclusive,
		},
		"a later line": {
			lines:   blocks(line(2, "-50", "A"), line(20, "-7", "B")),
			records: []witness.Record{ours("a", 2, "-50", "A")}, coversTo: day(19), verdict: witness.Agrees,
			covered: []domain.Window{declared(1, 19)},
		},
		"its day": {
			lines:   blocks(line(2, "-50", "A"), line(20, "-7", "B")),
			records: []witness.Record{ours("a", 2, "-50", "A")}, coversTo: day(20), verdict: witness.Differs,
			covered: []domain.Window{declared(1, 20)},
		},
		"no known day": {
			lines: blocks(line(2, "-50", "A")), records: []witness.Record{ours("a", 2, "-50", "A")},
			verdict: witness.Agrees, covered: []domain.Window{declared(1, 30)},
		},
	} {
		c := witness.Compare(witness.Input{
			Statement: september(tc.lines...), Records: tc.records, CoversTo: tc.coversTo,
		})
		if c.Verdict != tc.verdict || !slices.Equal(c.Proof.Covered, tc.covered) ||
			(c.Proof.Basis == witness.BasisNone) != (tc.covered == nil) {
			t.Errorf("%s: %s, covered %v by %s, want %s and %v",
				name, c.Verdict, c.Proof.Covered, c.Proof.Basis, tc.verdict, tc.covered)
		}
	}
}
