package bankstatement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// A statement whose middle pages are missing agrees only where its balances or its period do not tell of them, and the
// vendor states its closing balance.
func TestAStatementWithoutItsMiddlePagesProvesNoMoreThanItStates(t *testing.T) {
	const d, l, a = witness.Differs, witness.LinesAgree, witness.Agrees
	list := func(days []int, row func(day int) string) (text string) {
		for _, day := range days {
			text += row(day)
		}
		return text
	}
	ofxEntry := func(day int) string { return entry(fmt.Sprintf("202609%02d", day), "-1.00", fmt.Sprint(day)) }
	camtEntry := func(day int) string {
		return strings.ReplaceAll(ntry("1.00", "DBIT", "BOOK"), "2026-09-02", fmt.Sprintf("2026-09-%02d", day))
	}
	const ledger = "</BANKTRANLIST><LEDGERBAL><BALAMT>91.00<DTASOF>20260909</LEDGERBAL>"
	for name, tc := range map[string]struct {
		file func(days []int) string
		// The verdicts if the feed lacks the same movements, and if it has them, each without and with a balance of the
		// vendor.
		lacks, has [2]witness.Verdict
	}{
		"CSV with balances": {func(days []int) string {
			return interTitles + "\n" + list(days, func(day int) string {
				return fmt.Sprintf("%02d/09/2026;Pix;A;-1,00;%d,00\n", day, 100-day)
			})
		}, [2]witness.Verdict{d, d}, [2]witness.Verdict{d, d}},
		"CSV without balances": {func(days []int) string {
			return "Data,Valor,Identificador,Descrição\n" + list(days, func(day int) string {
				return fmt.Sprintf("%02d/09/2026,-1.00,64f0-%d,Pix\n", day, day)
			})
		}, [2]witness.Verdict{l, l}, [2]witness.Verdict{l, l}},
		"CSV with a period": {func(days []int) string {
			return table("Período: 01/09/2026 a 09/09/2026", "data;lançamento;valor (R$);saldo (R$)") +
				list(days, func(day int) string { return fmt.Sprintf("%02d/09/2026;Pix;-1,00;\n", day) })
		}, [2]witness.Verdict{l, l}, [2]witness.Verdict{d, d}},
		"OFX with a period": {func(days []int) string {
			return ofx(period("20260901", "20260909") + "<BANKTRANLIST>" + list(days, ofxEntry) + ledger)
		}, [2]witness.Verdict{l, a}, [2]witness.Verdict{d, d}},
		"OFX without a period": {func(days []int) string {
			return ofx("<BANKTRANLIST>" + list(days, ofxEntry) + ledger)
		}, [2]witness.Verdict{l, l}, [2]witness.Verdict{l, l}},
		"camt": {func(days []int) string {
			return camt(bal("OPBD", "100.00", "CRDT", "2026-09-01") + bal("CLBD", "91.00", "CRDT", "2026-09-09") +
				list(days, camtEntry))
		}, [2]witness.Verdict{d, d}, [2]witness.Verdict{d, d}},
		"camt with a statement of each day": {func(days []int) string {
			var parts []string
			for _, day := range days {
				date := fmt.Sprintf("2026-09-%02d", day)
				parts = append(parts, bal("OPBD", fmt.Sprint(101-day), "CRDT", date)+
					bal("CLBD", fmt.Sprint(100-day), "CRDT", date)+camtEntry(day))
			}
			return stmts(parts...)
		}, [2]witness.Verdict{l, a}, [2]witness.Verdict{l, a}}, // the missing days are not covered
		"MT940": {func(days []int) string {
			return mt940(":60F:C260831EUR100,00", strings.TrimSuffix(list(days, func(day int) string {
				return fmt.Sprintf(":61:2609%02d09%02dD1,00NTRFNONREF\n", day, day)
			}), "\n"), ":62F:C260909EUR91,00")
		}, [2]witness.Verdict{d, d}, [2]witness.Verdict{d, d}},
		"CNAB 240": {func(days []int) string {
			records := strings.SplitAfter(newCNAB(debitSegment, creditSegment).String(), "\r\n")
			if len(days) < 9 {
				return strings.Join(append(records[:2:2], records[3:]...), "")
			}
			return strings.Join(records, "")
		}, [2]witness.Verdict{d, d}, [2]witness.Verdict{d, d}},
	} {
		read := func(days ...int) witness.Statement {
			return bankstatement.Reader{}.Read([]byte(tc.file(days)), witness.Options{}).Statements[0]
		}
		without, whole := read(1, 2, 3, 7, 8, 9), read(1, 2, 3, 4, 5, 6, 7, 8, 9)
		vendor := []witness.DayBalance{{Date: "2026-09-09", Amount: decimal.NewFromInt(91)}}
		for _, feed := range []struct {
			of   witness.Statement
			want [2]witness.Verdict
		}{{without, tc.lacks}, {whole, tc.has}} {
			in := witness.Input{Statement: without, Records: recordsOf(feed.of, "a", 0), CoversTo: "2026-12-31"}
			var got [2]witness.Verdict
			got[0] = witness.Compare(in).Verdict
			in.Balances = vendor
			if got[1] = witness.Compare(in).Verdict; got != feed.want {
				t.Errorf("%s, with %d records: the verdicts are %v, want %v", name, len(in.Records), got, feed.want)
			}
		}
	}
}
