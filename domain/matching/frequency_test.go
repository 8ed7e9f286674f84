package matching_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// shownAs returns a record of -47.31 BRL with a date and a text.
func shownAs(externalID, text string) matching.ShownRecord {
	date, description, _ := strings.Cut(text, " ")
	return matching.ShownRecord{
		ExternalID: externalID, Amount: "-47.31", Currency: "BRL", Date: domain.Date(date), Text: description,
	}
}

// TestAFrequencyCountsTheRecordsWithAmountAndText counts the records like an old row of 2026-11-09 and a new one of
// 2026-11-10 with the external id "n1". Both have the text PADARIA REAL unless the case names another.
func TestAFrequencyCountsTheRecordsWithAmountAndText(t *testing.T) {
	for name, tc := range map[string]struct {
		old, came string // "" means PADARIA REAL
		records   string // records with the ids 0, 1, …
		want      int
	}{
		"none":                        {"", "", "", 0},
		"equal texts":                 {"", "", "2026-11-01 PADARIA REAL\n2026-11-02 PADARIA REAL", 2},
		"another text":                {"", "", "2026-11-01 PADARIA NOVA", 0},
		"letters and accents":         {"", "", "2026-11-01 Padária  Real", 1},
		"a volatile number":           {"", "", "2026-11-01 PADARIA REAL NSU 4711", 1},
		"a date and a time":           {"", "", "2026-11-01 PADARIA REAL 31/10 09:12", 1},
		"another unlabelled number":   {"LOJA 12", "LOJA 12", "2026-11-01 LOJA 13", 0},
		"another instalment":          {"LOJA PARC 02/10", "LOJA PARC 02/10", "2026-10-09 LOJA PARC 01/10", 0},
		"another period":              {"ALUGUEL NOV/26", "ALUGUEL NOV/26", "2026-10-09 ALUGUEL OUT/26", 0},
		"the text of the new row":     {"", "PADARIA REAL SAO PAULO", "2026-11-01 PADARIA REAL SAO PAULO", 1},
		"180 days before and after":   {"", "", "2026-05-13 PADARIA REAL\n2027-05-08 PADARIA REAL", 2},
		"181 days before and after":   {"", "", "2026-05-12 PADARIA REAL\n2027-05-09 PADARIA REAL", 0},
		"an invalid date of a record": {"", "", "2026-99-12 PADARIA REAL", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var f matching.Frequency
			for i, text := range strings.Split(tc.records, "\n") {
				if text != "" {
					f.Add(shownAs(fmt.Sprint(i), text))
				}
			}
			row := func(id, day, text string) *banktext.Row {
				if text == "" {
					text = "PADARIA REAL"
				}
				return &rowsFrom(t, id, day+" P -47.31 BRL "+text)[0]
			}
			old, came := row("o", "2026-11-09", tc.old), row("n", "2026-11-10", tc.came)
			if got := f.Count(old, came); got != tc.want {
				t.Errorf("%d records", got)
			}
			own := shownAs(came.ExternalID, "2026-11-10 "+came.Description)
			f = matching.Frequency{}
			f.Add(own)
			if got := f.Count(old, came); got != 0 {
				t.Errorf("the record of the new row counts: %d", got)
			}
		})
	}
}

func TestAFrequentAmountIsAlwaysChance(t *testing.T) {
	var f matching.Frequency
	f.SetFrequent("-47.31", "BRL")
	for text, want := range map[string]matching.Verdict{
		"2026-11-09 P -47.31 BRL PIX ANA LEAL {doc=11144477735}": matching.Possible,
		"2026-11-09 P -47.32 BRL PIX ANA LEAL {doc=11144477735}": matching.Same,
	} {
		old := rowsFrom(t, "o", text)
		came := rowsFrom(t, "n", strings.Replace(text, "-09 ", "-10 ", 1))
		verdict, _ := matching.Judge(old[0], came[0], matching.Context{Shown: f.Count})
		if verdict != want {
			t.Errorf("%s: %s", text, verdict)
		}
	}
}

func TestOnlyTheBeginningOfALongTextIsCompared(t *testing.T) {
	long := strings.Repeat("é", matching.MaxShownText)
	if got := matching.ShownText(long + "x"); got != long {
		t.Errorf("%d bytes", len(got))
	}
}
