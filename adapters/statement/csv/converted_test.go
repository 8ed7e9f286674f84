package csv_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// cellOf returns the cell of a description in the form for spreadsheets in Brazil.
func cellOf(t *testing.T, format int, description string) string {
	t.Helper()
	s, records := porttest.SampleStatement()
	s.Format = format
	r := records[0]
	r.Description = description
	line := strings.Split(porttest.WriteSample(t, csv.Format{Brazilian: true}, s, porttest.Records(r)), "\r\n")[1]
	return strings.Split(line, ";")[4]
}

func TestATextThatASpreadsheetWouldConvertHasAnApostrophe(t *testing.T) {
	for _, text := range []string{
		"00012345", "1.234", "1.234,56", "(5)", "(1.234,56)", "5-", "10%", "1/2", "1 1/2", "1E+05", "1e-5", "12E5",
		"R$ 5,00", "5 R$", "(R$ 5)", "US$ 5", "$5", "€ 5", "5 EUR", "12/11/2026", "12.11.26", "12-nov", "nov/2026",
		"5 jan", "Jan 5", "5 abr. 2026", "1 de novembro de 2026", "segunda-feira, 5 de março de 2026", "MAIO/26",
		"2026-11-12T10:00:00Z", "12:30 pm", "10h30", "VERDADEIRO", "falso", "TRUE", "FALSE", " verdadeiro ", "#REF!",
		"#N/D", "１２３", "\u00a05", "'5", "''FALSO", "'#N/D",
	} {
		if got, want := cellOf(t, 0, text), "'"+text; got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		"", "PIX 5", "Parcela 1/2", "99 Tecnologia", "13º salário", "janeiro", "maio", "R$", "E", "falso alarme",
		"TED 12/11/2026", "5 pães", "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a03", "E1234567820260210",
		"01a2277a-4647-7e48-92d4-1a1914361663", "01A2277A-4647-7E48-92D4-1A1914361663",
		"01922770-4647-7048-9214-121914361663", "01922770-4647-7e48-9214-121914361663",
		"D12345678202602101200", "12ABC34501DE35", "'",
		"'Pix'",
	} {
		if got := cellOf(t, 0, text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for text, want := range map[string]string{"-5": "'-5", "'-5": "''-5", "=1": "'=1"} {
		if got := cellOf(t, 0, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// An id of a record is a UUID. Its letters can be a, c, d and e only, which are words of values.
func FuzzAUUIDHasNoApostrophe(f *testing.F) {
	f.Add([]byte("\x01\x92\x27\x70\x46\x47\x70\x48\x92\x14\x12\x19\x14\x36\x16\x63"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, err := uuid.FromBytes(b); err == nil && cellOf(t, 0, id.String()) != id.String() {
			t.Errorf("%s got an apostrophe", id)
		}
	})
}

// The documents of periods that are closed already keep their bytes.
func TestAnEarlierDocumentKeepsItsTexts(t *testing.T) {
	for format, want := range map[int]string{
		0: "'nov/2026", 1: "nov/2026", 2: "nov/2026", 3: "nov/2026", books.DocumentFormat: "'nov/2026",
	} {
		if got := cellOf(t, format, "nov/2026"); got != want {
			t.Errorf("format %d: the cell is %q, want %q", format, got, want)
		}
	}
	const id = "01a2277a-4647-7e48-92d4-1a1914361663"
	for format, want := range map[int]string{0: id, 3: id, 4: "'" + id, books.DocumentFormat: id} {
		if got := cellOf(t, format, id); got != want {
			t.Errorf("format %d: the cell is %q, want %q", format, got, want)
		}
	}
	if got := cellOf(t, 3, "12E5"); got != "'12E5" {
		t.Errorf("format 3: the cell is %q", got)
	}
}
