package witness_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The tests of this file are about what the balances of a statement prove.

// balance returns a balance of a day of September. Several values are the readings of an ambiguous text.
func balance(role witness.Role, n int, values ...string) witness.Balance {
	b := witness.Balance{Role: role, Date: day(n), Source: witness.Field, Block: -1}
	for _, value := range values {
		b.Readings = append(b.Readings, amount(value))
	}
	return b
}

func opening(n int, values ...string) witness.Balance { return balance(witness.Opening, n, values...) }
func closing(n int, values ...string) witness.Balance { return balance(witness.Closing, n, values...) }
func ledger(n int, values ...string) witness.Balance  { return balance(witness.Ledger, n, values...) }

// row returns the balance at the end of a day that the entry with an index states.
func row(block, n int, values ...string) witness.Balance {
	b := balance(witness.DayEnd, n, values...)
	b.Source, b.Block = witness.Row, block
	return b
}

func undated(b witness.Balance) witness.Balance {
	b.Date = ""
	return b
}

func startOfDay(b witness.Balance) witness.Balance {
	b.StartOfDay = true
	return b
}

func withLimit(b witness.Balance) witness.Balance {
	b.MayIncludeLimit = true
	return b
}

// running sets the balance after a line.
func running(value string) func(*witness.Block) {
	return func(b *witness.Block) {
		after := amount(value)
		b.Running = &after
	}
}

// refused returns an entry that cannot be read; n is its day, or less than -99 if it has none.
func refused(n int) witness.Block {
	b := witness.Block{Kind: witness.Refused, Raw: "?", Reason: "?", NoAmount: true}
	if n > -99 {
		b.Date = day(n)
	}
	return b
}

const noDay = -100

// balanceRow returns an entry that states a balance.
func balanceRow(n int) witness.Block { return witness.Block{Kind: witness.BalanceRow, Date: day(n)} }

func blocks(all ...witness.Block) []witness.Block { return all }

func balances(all ...witness.Balance) []witness.Balance { return all }

// declared returns the days of a period that the file declares.
func declared(from, to int) domain.Window { return domain.Window{From: day(from), To: day(to)} }

// short returns a day of September without its month, and another day of 2026 with it.
func short(d domain.Date) string {
	return strings.TrimPrefix(strings.TrimPrefix(string(d), "2026-"), "09-")
}

func stated(b witness.StatedBalance) string {
	text := "-"
	if b.Amount != nil {
		text = b.Amount.String()
	}
	if text = fmt.Sprint(text, "@", short(b.Date), " ", b.Source, " ", b.State); b.StartOfDay {
		text += " start"
	}
	return text
}

// proofText returns everything that a proof states.
func proofText(p witness.Proof) string {
	text := stated(p.Opening) + " | " + stated(p.Closing) + " | " + string(p.Basis)
	for _, w := range p.Covered {
		text += " " + short(w.From) + "-" + short(w.To)
	}
	text += " |"
	for _, d := range p.Days {
		text += " " + short(d.Date) + "=" + d.Amount.String()
	}
	if !p.Gap.IsZero() || p.FirstGap != "" {
		text += " | gap " + p.Gap.String() + "@" + short(p.FirstGap)
	}
	for _, w := range p.Warnings {
		text += " ! " + string(w.Code)
	}
	return text
}

func TestWhatTheBalancesOfAStatementProve(t *testing.T) {
	month := declared(1, 30)
	lines := blocks(line(2, "-50", "A"), line(5, "20", "B"), line(5, "-5", "C"), line(9, "-15", "D"))
	reversed := blocks(lines[3], lines[2], lines[1], lines[0])
	for _, tc := range []struct {
		name    string
		section witness.Section
		want    string
	}{
		{
			"the balances hold",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "50"))},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"newest first",
			witness.Section{Blocks: reversed, Balances: balances(opening(1, "100"), closing(9, "50"))},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"the declared days beside the chain have no line",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), closing(9, "50")),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field proved | 50@09 field proved | balances 01-30 | 01=100 09=50",
		},
		{
			"the file was made within the declared days",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), closing(9, "50")),
				Declared: month,
				Made:     day(20),
			},
			"100@01 field proved | 50@09 field proved | balances 01-19 | 01=100 09=50",
		},
		{
			"it is not known when the file was made",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "50")), Declared: month},
			"100@01 field proved | 50@09 field proved | balances 01-09 | 01=100 09=50",
		},
		{
			"a line is dated before the opening balance that contains it",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(3, "50"), closing(9, "50")),
				Declared: month,
				Made:     day(31),
			},
			"50@03 field contradicted | 50@09 field contradicted | declared 01-30 | 03=50 09=50 | gap 50@02",
		},
		{
			"the opening balance is that of the start of its day",
			witness.Section{Blocks: lines, Balances: balances(startOfDay(opening(2, "100")), closing(9, "50"))},
			"100@02 field proved start | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"the opening balance has no date",
			witness.Section{Blocks: lines, Balances: balances(undated(opening(1, "100")), closing(9, "50"))},
			"100@02 field proved start | 50@09 field proved | balances 02-09 | 09=50",
		},
		{
			"the closing balance has no date",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), undated(closing(9, "50")))},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"the only balance has two readings, and nothing tells which one is right",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100", "1"))},
			"-@01 field unavailable | -@09 derived unavailable | none | ! ambiguous_balance",
		},
		{
			"a line is missing",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "45"))},
			"100@01 field contradicted | 45@09 field contradicted | none | 01=100 09=45 | gap -5@02",
		},
		{
			"a line is missing before the end of a day",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), row(-1, 5, "60"), closing(9, "45"))},
			"100@01 field contradicted | 45@09 field contradicted | none | 01=100 05=60 09=45 | gap -5@02",
		},
		{
			"two lines are missing",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), row(-1, 5, "60"), closing(9, "40"))},
			"100@01 field contradicted | 40@09 field contradicted | none | 01=100 05=60 09=40 | gap -10@02",
		},
		{
			"a line is missing on a day without lines",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), row(-1, 5, "65"), row(-1, 7, "60"), closing(9, "45")),
			},
			"100@01 field contradicted | 45@09 field contradicted | none | 01=100 05=65 07=60 09=45 | gap -5@07",
		},
		{
			"a refused entry may be what is missing",
			witness.Section{
				Blocks:   append(blocks(refused(7)), lines...),
				Balances: balances(opening(1, "100"), closing(9, "45")),
			},
			"100@01 field unavailable | 45@09 field unavailable | none | 01=100 09=45 | gap -5@",
		},
		{
			"a refused entry without a date may be what is missing",
			witness.Section{
				Blocks:   append(blocks(refused(noDay)), lines...),
				Balances: balances(opening(1, "100"), closing(9, "45")),
			},
			"100@01 field unavailable | 45@09 field unavailable | none | 01=100 09=45 | gap -5@",
		},
		{
			"a refused entry of a later day is not what is missing",
			witness.Section{
				Blocks:   append(blocks(refused(10)), lines...),
				Balances: balances(opening(1, "100"), closing(9, "45")),
			},
			"100@01 field contradicted | 45@09 field contradicted | none | 01=100 09=45 | gap -5@02",
		},
		{
			"a refused entry of the last day may be what is missing",
			witness.Section{
				Blocks:   append(blocks(refused(9)), lines...),
				Balances: balances(opening(1, "100"), closing(9, "45")),
			},
			"100@01 field unavailable | 45@09 field unavailable | none | 01=100 09=45 | gap -5@",
		},
		{
			"a refused entry of the day of the opening balance is not what is missing",
			witness.Section{
				Blocks:   append(blocks(refused(1)), lines...),
				Balances: balances(opening(1, "100"), closing(9, "45")),
			},
			"100@01 field contradicted | 45@09 field contradicted | none | 01=100 09=45 | gap -5@02",
		},
		{
			"a refused entry of the day that begins with the opening balance may be what is missing",
			witness.Section{
				Blocks:   append(blocks(refused(1)), lines...),
				Balances: balances(startOfDay(opening(1, "100")), closing(9, "45")),
			},
			"100@01 field unavailable start | 45@09 field unavailable | none | 08-31=100 09=45 | gap -5@",
		},
		{
			"a refused entry before a closing balance without a date",
			witness.Section{
				Blocks:   append(blocks(refused(20)), lines...),
				Balances: balances(opening(1, "100"), undated(closing(9, "45"))),
			},
			"100@01 field unavailable | 45@09 field unavailable | none | 01=100 09=45 | gap -5@",
		},
		{
			"only one of two gaps has a refused entry",
			witness.Section{
				Blocks:   append(blocks(refused(3)), lines...),
				Balances: balances(opening(1, "100"), row(-1, 5, "60"), closing(9, "40")),
			},
			"100@01 field contradicted | 40@09 field contradicted | none | 01=100 05=60 09=40 | gap -10@09",
		},
		{
			"balances after the lines",
			witness.Section{
				Blocks: blocks(
					line(2, "-50", "A", running("50")),
					line(5, "20", "B", running("70")),
					line(5, "-5", "C", running("65")),
				),
			},
			"100@02 running proved start | 65@05 running proved | balances 02-05 | 02=50 05=65",
		},
		{
			"balances after the lines, newest first",
			witness.Section{
				Blocks: blocks(
					line(5, "-5", "C", running("65")),
					line(5, "20", "B", running("70")),
					line(2, "-50", "A", running("50")),
				),
			},
			"100@02 running proved start | 65@05 running proved | balances 02-05 | 02=50 05=65",
		},
		{
			"balances after the lines of one day, newest first",
			witness.Section{
				Blocks: blocks(
					line(5, "-5", "C", running("65")),
					line(5, "20", "B", running("70")),
					line(5, "-50", "A", running("50")),
				),
			},
			"100@05 running proved start | 65@05 running proved | balances 05-05 | 05=65",
		},
		{
			"balances after the lines, and a line is missing",
			witness.Section{
				Blocks: blocks(
					line(2, "-50", "A", running("50")),
					line(5, "20", "B", running("71")),
					line(5, "-5", "C", running("66")),
				),
			},
			"100@02 running contradicted start | 66@05 running contradicted | none | 02=50 05=66 | gap 1@05",
		},
		{
			"balances after the lines, and a refused entry between them",
			witness.Section{
				Blocks: blocks(
					line(2, "-50", "A", running("50")),
					refused(3),
					line(5, "20", "B", running("71")),
					line(5, "-5", "C", running("66")),
				),
			},
			"100@02 running unavailable start | 66@05 running unavailable | none | 02=50 05=66 | gap 1@",
		},
		{
			"balances after the lines, and a refused entry behind the gap",
			witness.Section{
				Blocks: blocks(
					line(2, "-50", "A", running("50")),
					line(5, "20", "B", running("71")),
					refused(5),
					line(5, "-5", "C", running("66")),
				),
			},
			"100@02 running contradicted start | 66@05 running contradicted | none | 02=50 05=66 | gap 1@05",
		},
		{
			"balances after the lines, newest first, and a refused entry between them",
			witness.Section{
				Blocks: blocks(
					line(5, "-5", "C", running("66")),
					line(5, "20", "B", running("71")),
					refused(3),
					line(2, "-50", "A", running("50")),
				),
			},
			"100@02 running unavailable start | 66@05 running unavailable | none | 02=50 05=66 | gap 1@",
		},
		{
			"one line with a balance",
			witness.Section{Blocks: blocks(line(2, "-50", "A", running("50"))), Declared: month, Made: day(31)},
			"100@02 running unavailable start | 50@02 running unavailable | declared 01-30 | 02=50",
		},
		{
			"balances of days beside each line",
			witness.Section{
				Blocks: blocks(
					line(2, "-50", "A", running("50")),
					line(5, "20", "B", running("65")),
					line(5, "-5", "C", running("65")),
				),
				DailyRunning: true,
			},
			"100@02 running proved start | 65@05 running proved | balances 02-05 | 02=50 05=65",
		},
		{
			"balances of days beside each line, newest first",
			witness.Section{
				Blocks: blocks(
					line(5, "-5", "C", running("65")),
					line(5, "20", "B", running("65")),
					line(2, "-50", "A", running("50")),
				),
				DailyRunning: true,
			},
			"100@02 running proved start | 65@05 running proved | balances 02-05 | 02=50 05=65",
		},
		{
			"rows with the balances of days",
			witness.Section{
				Blocks:   blocks(balanceRow(1), lines[0], balanceRow(2), lines[1], lines[2], balanceRow(5)),
				Balances: balances(row(0, 1, "100"), row(2, 2, "50"), row(5, 5, "65")),
			},
			"100@01 derived unavailable | 65@05 row proved | balances 02-05 | 01=100 02=50 05=65",
		},
		{
			"rows with the balances of days, newest first",
			witness.Section{
				Blocks:   blocks(balanceRow(5), lines[2], lines[1], balanceRow(2), lines[0], balanceRow(1)),
				Balances: balances(row(0, 5, "65"), row(3, 2, "50"), row(5, 1, "100")),
			},
			"100@01 derived unavailable | 65@05 row proved | balances 02-05 | 01=100 02=50 05=65",
		},
		{
			"rows without dates",
			witness.Section{
				Blocks:   blocks(lines[0], balanceRow(2), lines[1], lines[2], balanceRow(5)),
				Balances: balances(undated(row(1, 2, "50")), undated(row(4, 5, "65"))),
			},
			"100@01 derived unavailable | 65@05 row proved | balances 03-05 | 02=50 05=65",
		},
		{
			"rows without dates, newest first",
			witness.Section{
				Blocks:   blocks(balanceRow(5), lines[2], lines[1], balanceRow(2), lines[0]),
				Balances: balances(undated(row(0, 5, "65")), undated(row(3, 2, "50"))),
			},
			"100@01 derived unavailable | 65@05 row proved | balances 03-05 | 02=50 05=65",
		},
		{
			"a row without a date before all lines",
			witness.Section{
				Blocks:   blocks(balanceRow(1), lines[0]),
				Balances: balances(undated(row(0, 1, "100")), closing(2, "50")),
			},
			"100@01 derived unavailable | 50@02 field proved | none | 02=50",
		},
		{
			"rows between lines with balances",
			witness.Section{
				Blocks: blocks(
					balanceRow(5),
					line(5, "-5", "C", running("65")),
					line(5, "20", "B", running("70")),
					balanceRow(5),
					line(2, "-50", "A", running("50")),
				),
				Balances: balances(row(0, 5, "65"), row(3, 2, "50")),
			},
			"100@01 derived unavailable | 65@05 running proved | balances 03-05 | 02=50 05=65",
		},
		{
			"the rows include the limit",
			witness.Section{
				Blocks: lines,
				Balances: balances(
					opening(1, "100"),
					withLimit(row(-1, 5, "565")),
					withLimit(row(-1, 9, "550")),
					closing(9, "50"),
				),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50 ! balance_includes_limit",
		},
		{
			"the rows are off by two amounts",
			witness.Section{
				Blocks: lines,
				Balances: balances(
					opening(1, "100"),
					withLimit(row(-1, 5, "565")),
					withLimit(row(-1, 9, "551")),
					closing(9, "50"),
				),
			},
			"100@01 field contradicted | 50@09 field contradicted | none | 01=100 05=565 09=50 | gap 0@02",
		},
		{
			"the rows are too low",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), withLimit(row(-1, 5, "60")), closing(9, "50")),
			},
			"100@01 field contradicted | 50@09 field contradicted | none | 01=100 05=60 09=50 | gap 0@02",
		},
		{
			"the rows may include the limit, and hold",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), withLimit(row(-1, 5, "65")), closing(9, "50")),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 05=65 09=50",
		},
		{
			"nothing but rows that include the limit",
			witness.Section{
				Blocks:   lines,
				Balances: balances(withLimit(row(-1, 2, "550")), withLimit(row(-1, 5, "560"))),
			},
			"600@01 derived contradicted | 560@05 row contradicted | none | 02=550 05=560 | gap -5@05",
		},
		{
			"the others do not hold without the limit",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), withLimit(row(-1, 5, "565")), closing(9, "51")),
			},
			"100@01 field contradicted | 51@09 field contradicted | none | 01=100 05=565 09=51 | gap 1@02",
		},
		{
			"an opening balance with two readings",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "1", "100"), closing(9, "50"))},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"a closing balance with two readings",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "0.5", "50"))},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"only a closing balance with two readings",
			witness.Section{Blocks: lines, Balances: balances(closing(9, "0.5", "50"))},
			"-@09 field unavailable | -@09 field unavailable | none | ! ambiguous_balance",
		},
		{
			"only a closing balance",
			witness.Section{Blocks: lines, Balances: balances(closing(9, "50"))},
			"100@01 derived unavailable | 50@09 field unavailable | none | 09=50",
		},
		{
			"only an opening balance",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"))},
			"100@01 field unavailable | 50@09 derived unavailable | none | 01=100 09=50",
		},
		{
			"a balance that cannot be read",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9))},
			"100@01 field unavailable | 50@09 derived unavailable | none | 01=100 09=50",
		},
		{
			"the totals are others",
			witness.Section{
				Blocks:         lines,
				Balances:       balances(opening(1, "100"), closing(9, "50")),
				TotalsDisagree: true,
			},
			"100@01 field contradicted | 50@09 field contradicted | none | 01=100 09=50",
		},
		{
			"the totals are others, beside a refused entry",
			witness.Section{
				Blocks:         append(blocks(refused(7)), lines...),
				Balances:       balances(opening(1, "100"), closing(9, "50")),
				TotalsDisagree: true,
			},
			"100@01 field unavailable | 50@09 field unavailable | none | 01=100 09=50",
		},
		{
			"the balance of the download",
			witness.Section{Blocks: lines, Balances: balances(ledger(30, "50")), Declared: month, Made: day(31)},
			"100@08-31 derived unavailable | 50@30 field unavailable | declared 01-30 | 30=50",
		},
		{
			"the balance of the download, on the day of the last line",
			witness.Section{Blocks: lines, Balances: balances(ledger(9, "50"))},
			"100@01 derived unavailable | 50@09 field unavailable | none | 09=50",
		},
		{
			"the balance of the download, after the last line",
			witness.Section{Blocks: lines, Balances: balances(ledger(10, "50"))},
			"-@ absent unavailable | 50@10 field unavailable | none | 10=50",
		},
		{
			"the balance of the download, before the last line",
			witness.Section{Blocks: lines, Balances: balances(ledger(8, "65"))},
			"-@ absent unavailable | 65@08 field unavailable | none | 08=65",
		},
		{
			"the balance of the download, without a date",
			witness.Section{Blocks: lines, Balances: balances(undated(ledger(9, "50")))},
			"-@ absent unavailable | 50@ field unavailable | none |",
		},
		{
			"the balance of the download, after the declared days",
			witness.Section{Blocks: lines, Balances: balances(ledger(31, "50")), Declared: month, Made: day(32)},
			"100@08-31 derived unavailable | 50@10-01 field unavailable | declared 01-30 | 10-01=50 ! opening_derived",
		},
		{
			"the balance of the download, with two readings",
			witness.Section{Blocks: lines, Balances: balances(ledger(9, "0.5", "50"))},
			"-@ absent unavailable | -@09 field unavailable | none | ! ambiguous_balance",
		},
		{
			"two balances of one download",
			witness.Section{Blocks: lines, Balances: balances(ledger(9, "50"), ledger(9, "80"))},
			"100@01 derived unavailable | -@09 field unavailable | none |",
		},
		{
			"an earlier and a later balance of the download",
			witness.Section{
				Blocks:   lines,
				Balances: balances(ledger(9, "50"), ledger(8, "65")),
				Declared: month,
				Made:     day(31),
			},
			"100@08-31 derived unavailable | 50@09 field unavailable | declared 01-30 | 09=50",
		},
		{
			"an opening balance and that of the download",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), ledger(9, "50")),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field proved | 50@09 field proved | balances 01-30 | 01=100 09=50",
		},
		{
			"the balance of the download has no date, and fits",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), undated(ledger(9, "50")))},
			"100@01 field unavailable | 50@ field unavailable | none | 01=100",
		},
		{
			"the balance of the download is another one",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), ledger(9, "40")),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field contradicted | 40@09 field contradicted | " +
				"declared 01-30 | 01=100 09=40 ! balance_not_of_lines",
		},
		{
			"the balance of the day of the download is another one",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), ledger(9, "40")),
				Declared: month,
				Made:     day(9),
			},
			"100@01 field unavailable | 40@09 field unavailable | declared 01-08 | 01=100 09=40 ! balance_not_of_lines",
		},
		{
			"the balance of the download is another one, beside a refused entry",
			witness.Section{
				Blocks:   append(blocks(refused(7)), lines...),
				Balances: balances(opening(1, "100"), ledger(9, "40")),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field unavailable | 40@09 field unavailable | declared 01-30 | 01=100 09=40 ! balance_not_of_lines",
		},
		{
			"the balance of the download is another one, of a later day",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), ledger(10, "40")),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field unavailable | 40@10 field unavailable | declared 01-30 | 01=100 10=40 ! balance_not_of_lines",
		},
		{
			"the balances hold, and that of the download is another one",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), closing(9, "50"), ledger(30, "40")),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50 ! balance_not_of_lines",
		},
		{
			"the balances hold, and one without a date is another one",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), closing(9, "50"), undated(ledger(30, "40"))),
				Declared: month,
				Made:     day(31),
			},
			"100@01 field unavailable | 50@09 field unavailable | declared 01-30 | 01=100 09=50 ! balance_not_of_lines",
		},
		{
			"the balance of the download explains the last lines",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), row(-1, 5, "65"), ledger(9, "50"))},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 05=65 09=50",
		},
		{
			"the balance of the download does not explain the last lines",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), row(-1, 5, "65"), ledger(9, "51"))},
			"100@01 field proved | 65@05 row proved | balances 02-05 | 01=100 05=65 ! balance_not_of_lines",
		},
		{
			"a declared period",
			witness.Section{Blocks: lines, Declared: month, Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | declared 01-30 |",
		},
		{
			"a declared period without lines",
			witness.Section{Balances: balances(ledger(30, "50")), Declared: month, Made: day(31)},
			"50@08-31 derived unavailable | 50@30 field unavailable | declared 01-30 | 30=50",
		},
		{
			"a declared day",
			witness.Section{Blocks: lines[:1], Declared: declared(2, 2), Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"a declared period of two days",
			witness.Section{Blocks: lines[:1], Declared: declared(2, 3), Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | declared 02-03 |",
		},
		{
			"a declared period that ends before it begins",
			witness.Section{Blocks: lines[:1], Declared: declared(3, 2), Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"a declared period without an end",
			witness.Section{Blocks: lines[:1], Declared: domain.Window{From: day(1)}, Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"a line before the declared period",
			witness.Section{Blocks: lines, Declared: declared(3, 30), Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"a line after the declared period",
			witness.Section{Blocks: lines, Declared: declared(1, 8), Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"lines on both ends of the declared period",
			witness.Section{Blocks: lines, Declared: declared(2, 9), Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | declared 02-09 |",
		},
		{
			"made on the first declared day",
			witness.Section{Blocks: lines[:1], Declared: declared(2, 30), Made: day(2)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"made on the second declared day",
			witness.Section{Blocks: lines[:1], Declared: declared(2, 30), Made: day(3)},
			"-@ absent unavailable | -@ absent unavailable | declared 02-02 |",
		},
		{
			"a cut file",
			witness.Section{Blocks: lines, Declared: month, Made: day(31), Cut: true},
			"-@ absent unavailable | -@ absent unavailable | declared 01-08 |",
		},
		{
			"a cut file, newest first",
			witness.Section{Blocks: reversed, Declared: month, Made: day(31), Cut: true},
			"-@ absent unavailable | -@ absent unavailable | declared 03-30 |",
		},
		{
			"a cut file whose order is not known",
			witness.Section{Blocks: lines[1:3], Declared: month, Made: day(31), Cut: true},
			"-@ absent unavailable | -@ absent unavailable | none |",
		},
		{
			"a cut file without lines",
			witness.Section{Balances: balances(ledger(30, "50")), Declared: month, Made: day(31), Cut: true},
			"50@08-31 derived unavailable | 50@30 field unavailable | none | 30=50",
		},
		{
			"a cut file whose balances hold",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), closing(9, "50")),
				Declared: month,
				Made:     day(31),
				Cut:      true,
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"the last page is missing",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "50")), Unfinished: true},
			"100@01 field proved | 50@09 field proved | balances 02-08 | 01=100",
		},
		{
			"lines in no order",
			witness.Section{
				Blocks:   blocks(lines[3], lines[0], lines[1], lines[2]),
				Balances: balances(opening(1, "100"), row(-1, 5, "65"), closing(9, "50")),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 05=65 09=50",
		},
		{
			"a line long before the opening balance",
			witness.Section{
				Blocks:   blocks(line(-14, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(9, "50")),
			},
			"100@01 field proved | 50@09 field proved | none | 01=100 09=50",
		},
		{
			"a line two weeks before the opening balance",
			witness.Section{
				Blocks:   blocks(line(-13, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(9, "50")),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"a line two weeks after the closing balance",
			witness.Section{
				Blocks:   blocks(line(23, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(9, "50")),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"a line long after the closing balance",
			witness.Section{
				Blocks:   blocks(line(24, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(9, "50")),
			},
			"100@01 field proved | 50@09 field proved | none | 01=100 09=50",
		},
		{
			"newest first, and only balances of days",
			witness.Section{
				Blocks:   reversed[1:],
				Balances: balances(row(-1, 7, "65"), row(-1, 5, "65"), row(-1, 1, "100")),
			},
			"100@01 derived unavailable | 65@07 row proved | balances 02-07 | 01=100 05=65 07=65",
		},
		{
			"newest first, with refused entries between the balances of all lines",
			witness.Section{
				Blocks: blocks(
					line(6, "-5", "C", running("66")), refused(noDay), line(5, "20", "B", running("71")),
					refused(noDay), line(2, "-50", "A", running("50")), refused(noDay),
				),
			},
			"100@02 running unavailable start | 66@06 running unavailable | none | 02=50 05=71 06=66 | gap 1@",
		},
		{
			"refused entries in no order",
			witness.Section{
				Blocks:   append(blocks(refused(20), refused(3)), lines...),
				Balances: balances(opening(1, "100"), row(-1, 5, "60"), closing(9, "45")),
			},
			"100@01 field unavailable | 45@09 field unavailable | none | 01=100 05=60 09=45 | gap -5@",
		},
		{
			"other totals beside a refused entry without a date",
			witness.Section{
				Blocks:         append(blocks(refused(noDay)), lines...),
				Balances:       balances(opening(1, "100"), closing(9, "50")),
				TotalsDisagree: true,
			},
			"100@01 field unavailable | 50@09 field unavailable | none | 01=100 09=50",
		},
		{
			"the balance of the download is that of a day after which the balances do not hold",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "100"), row(-1, 5, "60"), closing(9, "45"), ledger(5, "60")),
			},
			"100@01 field contradicted | 45@09 field contradicted | none | 01=100 05=60 09=45 | gap -5@02",
		},
		{
			"the balance of the download is that of the last day with a balance",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), row(-1, 5, "65"), ledger(5, "65"))},
			"100@01 field proved | 65@05 row proved | balances 02-05 | 01=100 05=65",
		},
		{
			"the balance of the download is that of an earlier day",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), row(-1, 5, "65"), ledger(2, "50"))},
			"100@01 field proved | 65@05 row proved | balances 02-05 | 01=100 05=65",
		},
		{
			"the balance of the download fits, and the totals are other ones",
			witness.Section{
				Blocks: lines, Balances: balances(opening(1, "100"), ledger(9, "50")), TotalsDisagree: true,
			},
			"100@01 field contradicted | 50@09 field contradicted | none | 01=100 09=50",
		},
		{
			"a declared period without a beginning",
			witness.Section{Blocks: lines[:1], Declared: domain.Window{To: day(30)}, Made: day(31)},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
		{
			"a declared period without an end, beside balances",
			witness.Section{
				Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "50")),
				Declared: domain.Window{From: day(-5)}, Made: day(31),
			},
			"100@01 field proved | 50@09 field proved | balances 02-09 | 01=100 09=50",
		},
		{
			"the declared period ends before the closing balance",
			witness.Section{
				Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "50")), Declared: declared(1, 8),
			},
			"100@01 field proved | 50@09 field proved | balances 01-09 | 01=100 09=50",
		},
		{
			"several declared days before the chain",
			witness.Section{
				Blocks: lines[1:], Balances: balances(opening(4, "50"), closing(9, "50")),
				Declared: month, Made: day(31),
			},
			"50@04 field proved | 50@09 field proved | balances 01-30 | 04=50 09=50",
		},
		{
			"a declared day after the chain has a line",
			witness.Section{
				Blocks: blocks(line(12, "-50", "A")), Balances: balances(opening(1, "100"), closing(9, "50")),
				Declared: month, Made: day(31),
			},
			"100@01 field proved | 50@09 field proved | balances 01-11 | 01=100 09=50",
		},
		{
			"both balances have two readings, and the lines are in sum nothing",
			witness.Section{
				Blocks:   blocks(line(2, "-50", "A"), line(9, "50", "B")),
				Balances: balances(opening(1, "1000", "1"), closing(9, "1000", "1")), Declared: month, Made: day(31),
			},
			"-@01 field unavailable | -@09 field unavailable | declared 01-30 | ! ambiguous_balance",
		},
		{
			"both balances have two equal readings, and the lines are in sum nothing",
			witness.Section{
				Blocks:   blocks(line(2, "-50", "A"), line(9, "50", "B")),
				Balances: balances(opening(1, "0", "0.000"), closing(9, "0", "0.000")),
			},
			"0@01 field proved | 0@09 field proved | balances 02-09 | 01=0 09=0",
		},
		{
			"both balances have two readings, and the lines explain only one of each",
			witness.Section{
				Blocks:   lines,
				Balances: balances(opening(1, "1", "1000"), closing(9, "0.95", "950")),
			},
			"1000@01 field proved | 950@09 field proved | balances 02-09 | 01=1000 09=950",
		},
		{
			"a doubtful section",
			witness.Section{Blocks: lines, Balances: balances(opening(1, "100"), closing(9, "50")), Doubtful: true},
			"100@01 field proved | 50@09 field proved | none | 01=100 09=50",
		},
	} {
		s := tc.section
		if got := proofText(witness.Prove(witness.Statement{Sections: []witness.Section{s}})); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

func TestWhatTheSectionsOfAStatementProve(t *testing.T) {
	for _, tc := range []struct {
		name     string
		sections []witness.Section
		want     string
	}{
		{
			"two days that join",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "70"))}},
			"100@08-31 field proved | 70@02 field proved | balances 01-02 | 08-31=100 01=50 02=70",
		},
		{
			"days without a statement between",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(9, "20", "B")), Balances: balances(opening(8, "50"), closing(9, "70"))}},
			"100@08-31 field proved | 70@09 field proved | balances 01-09 | 08-31=100 01=50 08=50 09=70",
		},
		{
			"the later day first in the file",
			[]witness.Section{{
				Blocks:   blocks(line(2, "20", "B")),
				Balances: balances(opening(1, "50"), closing(2, "70")),
			},
				{Blocks: blocks(line(1, "-50", "A")), Balances: balances(opening(0, "100"), closing(1, "50"))}},
			"100@08-31 field proved | 70@02 field proved | balances 01-02 | 08-31=100 01=50 02=70",
		},
		{
			"each opening balance has the date of its own day",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(2, "50"), closing(2, "70"))}},
			"100@01 field proved | 70@02 field proved | balances 02-02 | 01=50 02=70",
		},
		{
			"each opening balance is that of the start of its day",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(startOfDay(opening(1, "100")), closing(1, "50")),
			},
				{
					Blocks:   blocks(line(2, "20", "B")),
					Balances: balances(startOfDay(opening(2, "50")), closing(2, "70")),
				}},
			"100@01 field proved start | 70@02 field proved | balances 01-02 | 08-31=100 01=50 02=70",
		},
		{
			"the second day begins with another balance",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "55"), closing(2, "75"))}},
			"100@08-31 field contradicted | 75@02 field contradicted | " +
				"balances 01-02 | 08-31=100 01=55 02=75 | gap 5@01",
		},
		{
			"a later day begins with another balance",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(9, "20", "B")), Balances: balances(opening(8, "55"), closing(9, "75"))}},
			"100@08-31 field unavailable | 75@09 field unavailable | " +
				"balances 01-01 09-09 | 08-31=100 01=50 08=55 09=75 ! balance_not_of_lines",
		},
		{
			"the second day does not hold",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "71"))}},
			"100@08-31 field contradicted | 71@02 field contradicted | " +
				"balances 01-01 | 08-31=100 01=50 02=71 | gap 1@02",
		},
		{
			"the first day does not hold",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "101"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "70"))}},
			"101@08-31 field contradicted | 70@02 field contradicted | " +
				"balances 02-02 | 08-31=101 01=50 02=70 | gap -1@01",
		},
		{
			"the second day has no balances",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B"))}},
			"100@08-31 field unavailable | -@ absent unavailable | balances 01-01 | 08-31=100 01=50",
		},
		{
			"the first day has no balances",
			[]witness.Section{{Blocks: blocks(line(1, "-50", "A"))},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "70"))}},
			"-@ absent unavailable | 70@02 field unavailable | balances 02-02 | 01=50 02=70",
		},
		{
			"a section of refused entries",
			[]witness.Section{{Blocks: blocks(refused(noDay))},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "75"))}},
			"50@01 field unavailable | 75@02 field unavailable | none | 01=50 02=75 | gap 5@",
		},
		{
			"numbers that follow",
			[]witness.Section{{
				Number:   7,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(1, "50")),
			},
				{
					Number:   8,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(9, "50"), closing(9, "70")),
				}},
			"100@01 field proved | 70@09 field proved | balances 02-09 | 01=50 09=70",
		},
		{
			"a number is missing",
			[]witness.Section{{
				Number:   7,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(1, "50")),
			},
				{
					Number:   9,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(9, "50"), closing(9, "70")),
				}},
			"100@01 field proved | 70@09 field proved | balances 09-09 | 01=50 09=70 ! statement_missing",
		},
		{
			"a number is missing, and the days are not those of the balances",
			[]witness.Section{{
				Number:   7,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(1, "50")),
			},
				{
					Number:   9,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(8, "50"), closing(9, "70")),
				}},
			"100@01 field proved | 70@09 field proved | balances 09-09 | 01=50 08=50 09=70 ! statement_missing",
		},
		{
			"the numbers begin again",
			[]witness.Section{{
				Number:   365,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{
					Number:   1,
					Blocks:   blocks(line(2, "20", "B")),
					Balances: balances(opening(1, "50"), closing(2, "70")),
				}},
			"100@08-31 field proved | 70@02 field proved | balances 01-02 | 08-31=100 01=50 02=70",
		},
		{
			"a number that is not known between",
			[]witness.Section{{
				Number:   7,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "70"))},
				{Number: 9, Blocks: blocks(line(3, "5", "C")), Balances: balances(opening(2, "70"), closing(3, "75"))}},
			"100@08-31 field proved | 75@03 field proved | " +
				"balances 01-03 | 08-31=100 01=50 02=70 03=75 ! statement_missing",
		},
		{
			"numbers of days of the year",
			[]witness.Section{{
				Number:   24401,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{
					Number:   25201,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(8, "50"), closing(9, "70")),
				}},
			"100@08-31 field proved | 70@09 field proved | balances 01-01 09-09 | 08-31=100 01=50 08=50 09=70",
		},
		{
			"numbers of days of the year, and the balances do not join",
			[]witness.Section{{
				Number:   24401,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{
					Number:   25201,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(8, "51"), closing(9, "71")),
				}},
			"100@08-31 field unavailable | 71@09 field unavailable | " +
				"balances 01-01 09-09 | 08-31=100 01=50 08=51 09=71 ! statement_missing ! balance_not_of_lines",
		},
		{
			"only the numbers tell the order",
			[]witness.Section{{
				Number:   8,
				Blocks:   blocks(line(2, "20", "B")),
				Balances: balances(opening(0, "50"), closing(2, "70")),
			},
				{
					Number:   7,
					Blocks:   blocks(line(1, "-50", "A")),
					Balances: balances(opening(0, "100"), closing(1, "50")),
				}},
			"100@08-31 field proved | 70@02 field proved | balances 01-02 | 08-31=100 01=50 02=70",
		},
		{
			"only the file tells the order",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{
					Blocks:   blocks(line(2, "20", "B")),
					Balances: balances(startOfDay(opening(-4, "50")), closing(2, "70")),
				}},
			"100@08-31 field proved | 70@02 field proved | balances 01-02 | 08-31=100 01=50 02=70",
		},
		{
			"two sections that overlap",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "70"))}},
			"100@08-31 field proved | 75@03 field proved | balances 01-03 | 08-31=100 01=50 02=70 03=75",
		},
		{
			"two sections that overlap, and the second ends later",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
				Made:     day(4),
			},
				{
					Blocks:   blocks(line(2, "20", "B"), line(5, "1", "D")),
					Balances: balances(startOfDay(opening(2, "50")), closing(5, "76")),
					Made:     day(6),
				}},
			"100@08-31 field proved | 76@05 field proved | balances 01-05 | 08-31=100 01=50 03=75 05=76",
		},
		{
			"two sections that overlap, and do not hold",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "71"))}},
			"100@08-31 field contradicted | 75@03 field contradicted | none | 08-31=100 01=50 02=71 03=75 | gap 0@02",
		},
		{
			"three sections that overlap",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:   blocks(line(2, "20", "B"), line(5, "1", "D")),
					Balances: balances(opening(1, "50"), closing(5, "76")),
				},
				{Blocks: blocks(line(4, "0.5", "E")), Balances: balances(opening(2, "70"), closing(4, "75.5"))}},
			"100@08-31 field contradicted | 76@05 field contradicted | " +
				"none | 08-31=100 01=50 02=70 03=75 04=75.5 05=76 | gap -0.5@05",
		},
		{
			"two sections that overlap, with rows",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:   blocks(line(2, "20", "B"), balanceRow(2)),
					Balances: balances(opening(1, "50"), undated(row(1, 2, "70")), closing(2, "70")),
				}},
			"100@08-31 field proved | 75@03 field proved | balances 01-03 | 08-31=100 01=50 02=70 03=75",
		},
		{
			"an overlap with other totals",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:         blocks(line(2, "20", "B")),
					Balances:       balances(opening(1, "50"), closing(2, "70")),
					TotalsDisagree: true,
				}},
			"100@08-31 field contradicted | 75@03 field contradicted | none | 08-31=100 01=50 02=70 03=75",
		},
		{
			"an overlap with a doubtful section",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:   blocks(line(2, "20", "B")),
					Balances: balances(opening(1, "50"), closing(2, "70")),
					Doubtful: true,
				}},
			"100@08-31 field proved | 75@03 field proved | none | 08-31=100 01=50 02=70 03=75",
		},
		{
			"an overlap whose last page is missing",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:     blocks(line(2, "20", "B"), line(5, "1", "D")),
					Balances:   balances(opening(1, "50"), closing(5, "76")),
					Unfinished: true,
				}},
			"100@08-31 field proved | 76@05 field proved | balances 01-04 | 08-31=100 01=50 03=75",
		},
		{
			"two sections that overlap, and list the closing balance first",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(closing(3, "75"), opening(0, "100")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(closing(2, "70"), opening(1, "50"))}},
			"100@08-31 field proved | 75@03 field proved | balances 01-03 | 08-31=100 01=50 02=70 03=75",
		},
		{
			"two sections that overlap and end on one day, and the last page of the second is missing",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:     blocks(line(2, "20", "B")),
					Balances:   balances(opening(1, "50"), closing(3, "75")),
					Unfinished: true,
				}},
			"100@08-31 field proved | 75@03 field proved | balances 01-02 | 08-31=100 01=50",
		},
		{
			"an overlap with the balance of a download",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A"), line(3, "5", "C")),
				Balances: balances(opening(0, "100"), closing(3, "75")),
			},
				{
					Blocks:   blocks(line(2, "20", "B")),
					Balances: balances(opening(1, "50"), closing(2, "70"), ledger(2, "60")),
				}},
			"100@08-31 field proved | 75@03 field proved | " +
				"balances 01-03 | 08-31=100 01=50 02=70 03=75 ! balance_not_of_lines",
		},
		{
			"only the file tells the order, and both sections end on one day",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(2, "50")),
			},
				{
					Blocks:   blocks(line(2, "20", "B")),
					Balances: balances(closing(2, "70"), startOfDay(opening(-4, "50"))),
				}},
			"100@08-31 field proved | 70@02 field proved | balances 01-02 | 08-31=100 02=70",
		},
		{
			"an empty section beside one that does not hold",
			[]witness.Section{{},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "75"))}},
			"50@01 field contradicted | 75@02 field contradicted | none | 01=50 02=75 | gap 5@02",
		},
		{
			"a number with three digits is missing",
			[]witness.Section{{
				Number:   101,
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(1, "100"), closing(1, "50")),
			},
				{
					Number:   103,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(9, "50"), closing(9, "70")),
				}},
			"100@01 field proved | 70@09 field proved | balances 09-09 | 01=50 09=70 ! statement_missing",
		},
		{
			"the number of the first section is not known",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{
					Number:   9,
					Blocks:   blocks(line(9, "20", "B")),
					Balances: balances(opening(9, "50"), closing(9, "70")),
				}},
			"100@08-31 field proved | 70@09 field proved | balances 01-09 | 08-31=100 01=50 09=70",
		},
		{
			"the opening balance of the second section has two readings",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50", "5"))}},
			"100@08-31 field unavailable | -@02 derived unavailable | " +
				"balances 01-01 | 08-31=100 01=50 ! ambiguous_balance",
		},
		{
			"the closing balance of the first section has two readings",
			[]witness.Section{{Blocks: blocks(line(1, "-50", "A")), Balances: balances(closing(1, "50", "5"))},
				{Blocks: blocks(line(2, "20", "B")), Balances: balances(opening(1, "50"), closing(2, "70"))}},
			"-@01 field unavailable | 70@02 field unavailable | balances 02-02 | 01=50 02=70 ! ambiguous_balance",
		},
		{
			"the first section proves nothing, and days lie between",
			[]witness.Section{{Blocks: blocks(line(1, "-50", "A")), Balances: balances(closing(1, "50"))},
				{Blocks: blocks(line(9, "20", "B")), Balances: balances(opening(8, "50"), closing(9, "70"))}},
			"100@08-31 derived unavailable | 70@09 field unavailable | balances 09-09 | 01=50 08=50 09=70",
		},
		{
			"declared days of two sections",
			[]witness.Section{{Blocks: blocks(line(1, "-50", "A")), Declared: declared(1, 5), Made: day(31)},
				{Blocks: blocks(line(9, "20", "B")), Declared: declared(6, 10), Made: day(31)}},
			"-@ absent unavailable | -@ absent unavailable | declared 01-10 |",
		},
		{
			"declared days of two sections with a hole",
			[]witness.Section{{Blocks: blocks(line(9, "20", "B")), Declared: declared(7, 10), Made: day(31)},
				{Blocks: blocks(line(1, "-50", "A")), Declared: declared(1, 5), Made: day(31)}},
			"-@ absent unavailable | -@ absent unavailable | declared 01-05 07-10 |",
		},
		{
			"declared days within others",
			[]witness.Section{{Blocks: blocks(line(1, "-50", "A")), Declared: declared(1, 20), Made: day(31)},
				{Blocks: blocks(line(9, "20", "B")), Declared: declared(6, 10), Made: day(31)}},
			"-@ absent unavailable | -@ absent unavailable | declared 01-20 |",
		},
		{
			"declared days beside balances",
			[]witness.Section{{
				Blocks:   blocks(line(1, "-50", "A")),
				Balances: balances(opening(0, "100"), closing(1, "50")),
			},
				{Blocks: blocks(line(9, "20", "B")), Declared: declared(6, 10), Made: day(31)}},
			"100@08-31 field unavailable | -@ absent unavailable | balances 01-01 06-10 | 08-31=100 01=50",
		},
		{
			"the same warning twice",
			[]witness.Section{{Blocks: blocks(line(1, "-50", "A")), Declared: declared(1, 1)},
				{Blocks: blocks(line(2, "20", "B")), Declared: declared(2, 2)}},
			"-@ absent unavailable | -@ absent unavailable | none | ! period_not_trusted",
		},
	} {
		before := fmt.Sprint(tc.sections)
		if got := proofText(witness.Prove(witness.Statement{Sections: tc.sections})); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
		if after := fmt.Sprint(tc.sections); after != before {
			t.Errorf("%s: the proof has changed the statement:\n got %s\nwant %s", tc.name, after, before)
		}
	}
}

// A refused entry may be a movement of its day, or of one within three weekdays. No balances prove that it is none.
func TestADayMayLackARefusedEntry(t *testing.T) {
	month := witness.Section{
		Blocks: blocks(line(2, "-50", "A"), refused(9)), Declared: declared(1, 30), Made: day(31),
	}
	valued, undated, proved, whole := month, month, month, month
	valued.Blocks = blocks(line(2, "-50", "A"), refused(9))
	valued.Blocks[1].ValueDate = day(21)
	undated.Blocks = blocks(line(2, "-50", "A"), refused(noDay))
	proved.Balances = balances(opening(0, "100"), closing(30, "50"))
	whole.Blocks = whole.Blocks[:1]
	for name, tc := range map[string]struct {
		section witness.Section
		lacks   []int // the days of September
	}{
		"near its day": {month, []int{4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}},
		"near its value date": {
			valued,
			[]int{4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24},
		},
		"the balances hold":       {proved, nil},
		"every entry can be read": {whole, nil},
	} {
		p := witness.Prove(witness.Statement{Sections: []witness.Section{tc.section}})
		var got []int
		for n := -9; n <= 40; n++ {
			if p.MayLack(day(n)) {
				got = append(got, n)
			}
		}
		if !slices.Equal(got, tc.lacks) {
			t.Errorf("%s: %v, want %v", name, got, tc.lacks)
		}
	}
	p := witness.Prove(witness.Statement{Sections: []witness.Section{undated}})
	if !p.MayLack(day(1)) || !p.MayLack(day(30)) || p.MayLack(day(0)) || p.MayLack(day(31)) {
		t.Error("an entry without a day may be of each covered day, and of no other")
	}
}

// A section of refused entries belongs to no days, and its entries may be of each day of the others.
func TestADayMayLackAnEntryOfAnotherSection(t *testing.T) {
	p := witness.Prove(witness.Statement{Sections: []witness.Section{
		{Blocks: blocks(line(2, "-50", "A")), Declared: declared(1, 30), Made: day(31)},
		{Blocks: blocks(refused(9))},
	}})
	for n, want := range map[int]bool{9: true, 4: true, 14: true, 3: false, 15: false} {
		if got := p.MayLack(day(n)); got != want {
			t.Errorf("the day %d may lack an entry: %t, want %t", n, got, want)
		}
	}
}

// The file was made on the day of its upload or before, but the upload alone does not tell that it was made after the
// days beside the chain.
func TestTheUploadLimitsTheCoveredDays(t *testing.T) {
	lines := blocks(line(2, "-50", "A"))
	hold := balances(opening(1, "100"), closing(9, "50"))
	for name, tc := range map[string]struct {
		made     domain.Date
		balances []witness.Balance
		want     []domain.Window
	}{
		"made after the period":          {day(31), nil, []domain.Window{declared(1, 19)}},
		"it is not known when":           {"", nil, []domain.Window{declared(1, 19)}},
		"balances":                       {day(31), hold, []domain.Window{declared(1, 19)}},
		"balances, and not known when":   {"", hold, []domain.Window{declared(1, 9)}},
		"balances, and made on the 15th": {day(15), hold, []domain.Window{declared(1, 14)}},
	} {
		p := witness.Prove(witness.Statement{Uploaded: day(20), Sections: []witness.Section{
			{Blocks: lines, Declared: declared(1, 30), Made: tc.made, Balances: tc.balances},
		}})
		if !slices.Equal(p.Covered, tc.want) {
			t.Errorf("%s: %v are covered, want %v", name, p.Covered, tc.want)
		}
	}
}

// The records of another account cover the declared days, even a single one, and have no opening balance.
func TestWhatTheRecordsOfAnAccountProve(t *testing.T) {
	records := []witness.Record{ours("1", 5, "-50", "A")}
	balances := []witness.DayBalance{{Date: day(5), Amount: amount("30")}, {Date: day(4), Amount: amount("80")}}
	for _, tc := range []struct {
		from, to int
		want     string
	}{
		{1, 5, "-@ absent unavailable | 30@05 field unavailable | declared 01-05 | 04=80 05=30"},
		{5, 5, "-@ absent unavailable | 30@05 field unavailable | declared 05-05 | 04=80 05=30"},
	} {
		s := witness.AccountStatement(witness.Account{}, "BRL", declared(tc.from, tc.to), records, balances)
		if got := proofText(witness.Prove(s)); got != tc.want {
			t.Errorf("the days %d to %d:\n got %s\nwant %s", tc.from, tc.to, got, tc.want)
		}
	}
}

// The balance of the start of a day is that of the end of the day before.
func TestTheDayAtWhoseEndABalanceIsStated(t *testing.T) {
	for want, b := range map[domain.Date]witness.StatedBalance{
		day(2): {Date: day(2)}, day(1): {Date: day(2), StartOfDay: true},
	} {
		if got := b.EndOfDay(); got != want {
			t.Errorf("the balance %+v is that of the end of %s, want %s", b, got, want)
		}
	}
}
