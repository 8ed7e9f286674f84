package clients_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/debian"
)

// ensure installs a package of Debian with the file. The test is skipped if it is missing and cannot be installed.
func ensure(t *testing.T, file, name string) {
	t.Helper()
	if err := debian.Ensure(file, name); errors.Is(err, debian.ErrMissing) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// saveStatement writes a statement to a file with a record for each text, and returns the file and the sum. Each text
// is the description, the counterparty, the reference and the external id of its record.
func saveStatement(t *testing.T, format ports.StatementFormat, texts ...string) (file string, sum decimal.Decimal) {
	t.Helper()
	s, records := porttest.SampleStatement()
	s.Bank, s.Branch = "341", "0123"
	r, all := records[0], records[:0:0]
	amounts := []string{"1234.56", "-1234567.89", "-0.01", "1.234", "10", "1000"}
	documents := []string{"01234567000195", "39053344705"}
	for i, text := range texts {
		r.Amount = decimal.RequireFromString(amounts[i%len(amounts)])
		r.ID.UUID[15] = byte(i)
		r.Description, r.Counterparty, r.ExternalID = text, text, text
		r.References = domain.References{TransactionID: text}
		r.CounterpartyDocument = domain.NewPartyDocument(documents[i%len(documents)])
		all, sum = append(all, r), sum.Add(r.Amount)
	}
	file = filepath.Join(t.TempDir(), "statement."+format.Extension())
	content := porttest.WriteSample(t, format, s, porttest.Records(all...))
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, sum
}

// cell is a cell of a flat OpenDocument spreadsheet.
type cell struct {
	Kind   string   `xml:"value-type,attr"`
	Value  string   `xml:"value,attr"`
	Date   string   `xml:"date-value,attr"`
	Repeat int      `xml:"number-columns-repeated,attr"`
	Text   []string `xml:"p"`
}

// openInCalc opens the file in LibreOffice Calc with the locale pt-BR as a person does, with the detection of special
// numbers, and returns the cells of its rows.
func openInCalc(t *testing.T, file string) (rows [][]cell) {
	t.Helper()
	const program = "/usr/bin/soffice"
	ensure(t, program, "libreoffice-calc-nogui")
	dir := t.TempDir()
	const filter = "CSV:59,34,76,1,,1046,false,true" // semicolon, quote, UTF-8, first line, pt-BR, special numbers
	cmd := exec.CommandContext(t.Context(), program, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"),
		"--headless", "--infilter="+filter, "--convert-to", "fods", "--outdir", dir, file)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(filepath.Join(dir, "statement.fods"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Rows []struct {
			Repeat int    `xml:"number-rows-repeated,attr"`
			Cells  []cell `xml:"table-cell"`
		} `xml:"body>spreadsheet>table>table-row"`
	}
	if err := xml.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	for _, row := range document.Rows {
		var cells []cell
		for _, c := range row.Cells {
			cells = append(cells, slices.Repeat([]cell{c}, min(max(c.Repeat, 1), 20))...)
		}
		rows = append(rows, slices.Repeat([][]cell{cells}, min(max(row.Repeat, 1), 1000))...)
	}
	return rows
}

func TestASpreadsheetInBrazilReadsAmountsDatesAndTexts(t *testing.T) {
	texts := []string{
		"nov/2026",
		"5 jan",
		"12/11/2026",
		"VERDADEIRO",
		"FALSO",
		"TRUE",
		"(5)",
		"1E+05",
		"1e5",
		"00012345",
		"1.234",
		"R$ 10,00",
		"10%",
		"1/2",
		"12:30",
		"1 1/2",
		"2026-11-12",
		"12345678901234567890",
		"5-",
		"=1+1",
		"-1",
		"@SUM(A1)",
		"Padaria; filial 2",
		"JOSÉ da Silva",
		"99 Tecnologia",
		"13º salário",
		"Fatura nov/2026",
		"01a2277a-4647-7e48-92d4-1a1914361663",
		"01922770-4647-7048-9214-121914361663",
		"00000001-0002-0003-0004-000000000005",
		"2026e110-1101-7e48-92d4-1e1914361663",
	}
	file, want := saveStatement(t, csv.Format{Brazilian: true}, texts...)
	rows := openInCalc(t, file)
	if len(rows) < len(texts)+1 || rows[0][0].Text[0] != "ID" {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	var sum decimal.Decimal
	for i, text := range texts {
		row := rows[i+1]
		if row[1].Kind != "date" || row[1].Date != "2026-02-10" || row[2].Kind != "float" {
			t.Errorf("%q: date %+v, amount %+v", text, row[1], row[2])
		}
		sum = sum.Add(decimal.RequireFromString(row[2].Value))
		for column, title := range map[int]string{
			0: "id", 4: "description", 5: "counterparty", 8: "externalId", 10: "reference", 11: "document",
		} {
			c := row[column]
			if c.Kind != "string" || column != 0 && column != 11 && strings.TrimPrefix(c.Text[0], "'") != text {
				t.Errorf("%q: the %s is %+v", text, title, c)
			}
		}
		if document := row[11].Text[0]; document != "01.234.567/0001-95" && document != "390.533.447-05" {
			t.Errorf("%q: the document is %q", text, document)
		}
	}
	if !sum.Equal(want) {
		t.Errorf("the sum is %s, want %s", sum, want)
	}
}

// readWithOFXParse is a program that prints what ofxparse, the reader of Odoo's import, finds in a file.
const readWithOFXParse = `
import json, sys
from ofxparse import OfxParser
with open(sys.argv[1], 'rb') as f:
    account = OfxParser.parse(f).account
print(json.dumps({
    'bank': account.routing_number, 'branch': account.branch_id, 'account': account.account_id,
    'rows': [[str(t.amount), t.payee, t.memo] for t in account.statement.transactions],
}))`

func TestReadersOfOFXReadTheDocument(t *testing.T) {
	texts := []string{"Padaria JOSÉ & Filhos", "Açúcar <União>", "PIX 5"}
	file, _ := saveStatement(t, ofx.Format{SGML: true}, texts...)
	t.Run("ofxparse", func(t *testing.T) {
		ensure(t, "/usr/lib/python3/dist-packages/ofxparse/__init__.py", "python3-ofxparse")
		out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", readWithOFXParse, file).Output()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var got struct {
			Bank, Branch, Account string
			Rows                  [][]string
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		var rows [][]string
		for i, text := range texts {
			rows = append(rows, []string{[]string{"1234.56", "-1234567.89", "-0.01"}[i], text, text})
		}
		if diff := cmp.Diff(rows, got.Rows); diff != "" || got.Bank != "341" || got.Branch != "0123" {
			t.Errorf("bank %q, branch %q, rows (-want +got):\n%s", got.Bank, got.Branch, diff)
		}
	})
	t.Run("libofx", func(t *testing.T) {
		const program = "/usr/bin/ofxdump"
		ensure(t, program, "ofx")
		out, err := exec.CommandContext(t.Context(), program, file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for i, amount := range []string{"1234.56", "-1234567.89", "-0.01"} {
			for _, want := range []string{amount, texts[i]} {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is missing: %s", want, out)
				}
			}
		}
	})
}
