package csv_test

import (
	stdcsv "encoding/csv"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// number and date match the cells that a spreadsheet with the locale pt-BR converts.
var (
	number = regexp.MustCompile(`^[-+]?[0-9.]*[0-9](,[0-9]+)?([eE][-+]?[0-9]+)?$`)
	date   = regexp.MustCompile(`^[0-9]{1,2}/[0-9]{1,2}(/[0-9]{4})?$`)
)

func TestBrazilianFormat(t *testing.T) { porttest.TestStatementFormat(t, csv.Format{Brazilian: true}) }

func TestASpreadsheetInBrazilConvertsOnlyAmountsDatesAndVersions(t *testing.T) {
	s, records := porttest.SampleStatement()
	r := records[1]
	r.ExternalID, r.References.TransactionID, r.Description = "00123456789012345678", "02/10", "12E5"
	r.Counterparty = "Padaria; filial 2"
	r.CounterpartyDocument = domain.NewPartyDocument("01234567000195")
	text := porttest.WriteSample(t, csv.Format{Brazilian: true}, s, porttest.Records(r))
	rest, found := strings.CutPrefix(text, "\ufeff")
	if !found {
		t.Error("the document has no byte order mark")
	}
	reader := stdcsv.NewReader(strings.NewReader(rest))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	want := map[string]string{
		"ID": r.ID.String(), "Data": "11/02/2026", "Valor": "-1355", "Moeda": "BRL", "Descri\u00e7\u00e3o": "'12E5",
		"Contraparte": "Padaria; filial 2", "Valor original": "-20", "Moeda original": "USD",
		"ID no agregador": "'00123456789012345678", "EndToEndId": "", "Refer\u00eancia": "'02/10",
		"CPF/CNPJ": "01.234.567/0001-95", "Vers\u00e3o": "12",
	}
	got := map[string]string{}
	for i, title := range rows[0] {
		got[title] = rows[1][i]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	converted := map[string]bool{"Data": true, "Valor": true, "Valor original": true, "Vers\u00e3o": true}
	for title, cell := range got {
		if (number.MatchString(cell) || date.MatchString(cell)) != converted[title] {
			t.Errorf("%s: a spreadsheet reads %q as another kind of value", title, cell)
		}
	}
}

func TestAnAmountInBrazilHasAComma(t *testing.T) {
	s, records := porttest.SampleStatement()
	text := porttest.WriteSample(t, csv.Format{Brazilian: true}, s, porttest.Records(records[0]))
	if !strings.Contains(text, ";250,25;BRL;") {
		t.Errorf("the document is %s", text)
	}
}
