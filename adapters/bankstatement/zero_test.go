package bankstatement_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// An entry that moves no money is informative. The file agrees with records that lack it, or have it, too.
func TestEntriesOfZeroAreApart(t *testing.T) {
	zero := "000000000000000000"
	files := map[string]string{
		"MT940": mt940(":60F:C260831EUR100,00", ":61:2609020902D10,00NTRFNONREF", ":61:2609020902C0,00NMSCNONREF",
			":86:TOTALS", ":62F:C260930EUR90,00"),
		"camt": camt(bal("OPBD", "100.00", "CRDT", "2026-09-01"), bal("CLBD", "90.00", "CRDT", "2026-09-30"),
			ntry("10.00", "DBIT", "BOOK"), ntry("0.00", "CRDT", "BOOK")),
		"CNAB 240": newCNAB(debitSegment, creditSegment, segment("03092026", zero+"C", "AVISO")).String(),
		"OFX": ofx(period("20260831", "20260930") + "<BANKTRANLIST>" + entry("20260831", "100.00", "SALDO ANTERIOR") +
			entry("20260902", "-10.00", "A") + entry("20260903", "0.00", "AVISO") +
			entry("20260930", "90.00", "SALDO DO DIA") + "</BANKTRANLIST>"),
		"CSV": table("data;lançamento;valor (R$);saldo (R$)", "31/08/2026;SALDO ANTERIOR;;1.000,00",
			"02/09/2026;PIX;-100,50;", "02/09/2026;AVISO;0,00;", "02/09/2026;SALDO DO DIA;;899,50"),
	}
	for name, content := range files {
		s := read([]byte(content)).Statements[0]
		if c := s.Counts(); c.Apart != 1 || c.Refused != 0 {
			t.Errorf("%s: the counts are %+v", name, c)
		}
		records := recordsOf(s, name, 0)
		for range 2 {
			c := witness.Compare(witness.Input{Statement: s, Records: records, CoversTo: "2026-12-31"})
			if c.Verdict != witness.Agrees || c.FirstDayApart != "" {
				t.Errorf("%s: the verdict is %s: %+v", name, c.Verdict, c.Buckets)
			}
			records = append(records, witness.Record{ID: idOf("zero"), Date: "2026-09-02", Text: "AVISO"})
		}
	}
}
