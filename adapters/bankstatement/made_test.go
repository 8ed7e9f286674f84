package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// A declared period covers no day on which the file was made, or a later one.
func TestTheDeclaredPeriodEndsBeforeTheMakingOfTheFile(t *testing.T) {
	september := period("20260901", "20260930")
	server := func(text string) string {
		return strings.Replace(ofx(september+two+ledger("10.00", "20260917")), "<OFX>",
			"<OFX><SIGNONMSGSRSV1><SONRS><DTSERVER>"+text+"</SONRS></SIGNONMSGSRSV1>", 1)
	}
	runFacts(t, map[string]fact{
		"the balance is of a day within the period": {
			content: ofx(september + two + ledger("10.00", "20260917")), counts: lines(2),
			covered: "2026-09-01..2026-09-16",
		},
		"the date of the making consists of zeros": {
			content: server("00000000000000"), counts: lines(2), covered: "2026-09-01..2026-09-16",
		},
		"the date of the making is stated": {
			content: server("20261005"), counts: lines(2), covered: "2026-09-01..2026-09-30",
		},
		"a line is later than the balance": {
			content: ofx(september + two + ledger("10.00", "20260902")), counts: lines(2),
			covered: "2026-09-01..2026-09-02",
		},
	})
	endless := read([]byte(ofx(period("20260901", "20271231") + two))).Statements[0]
	for uploaded, want := range map[domain.Date]string{
		"": "2026-09-01..2027-12-31", "2026-09-20": "2026-09-01..2026-09-19", "2026-09-01": "none",
		"2028-01-01": "2026-09-01..2027-12-31",
	} {
		endless.Uploaded = uploaded
		if got := coveredText(witness.Prove(endless)); got != want {
			t.Errorf("a file of the %s covers %s, want %s", uploaded, got, want)
		}
	}
}
