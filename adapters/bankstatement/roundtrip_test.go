package bankstatement_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	ofxformat "github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// The statements that the service writes are read back, and agree with the records of which they were written.
func TestTheServiceReadsItsOwnStatements(t *testing.T) {
	for name, tc := range map[string]struct {
		format  ports.StatementFormat
		want    witness.Format
		verdict witness.Verdict
	}{
		"camt.053": {camt053.Format{}, witness.Camt, witness.Agrees},
		"OFX":      {ofxformat.Format{}, witness.OFX, witness.LinesAgree},
		"CSV":      {csv.Format{}, witness.CSV, witness.LinesAgree},
	} {
		t.Run(name, func(t *testing.T) {
			s, records := porttest.SampleStatement()
			text := porttest.WriteSample(t, tc.format, s, porttest.Records(records...))
			f := bankstatement.Reader{}.Read([]byte(text), witness.Options{})
			if f.Refusal != nil || f.Format != tc.want || len(f.Statements) != 1 {
				t.Fatalf("read %s with %d statements: %v", f.Format, len(f.Statements), f.Refusal)
			}
			got := f.Statements[0]
			if c := got.Counts(); c.Lines != len(records) || c.Blocks != len(records) || got.Currency != s.Currency {
				t.Fatalf("the counts are %+v in %s", c, got.Currency)
			}
			for i, b := range got.Blocks() {
				if b.Date != records[i].Date || !b.Amount.Equal(records[i].Amount) {
					t.Errorf("line %d is %s of %s", i+1, b.Amount, b.Date)
				}
			}
			c := witness.Compare(witness.Input{Statement: got, Records: ofBooks(records), CoversTo: "2026-12-31"})
			if c.Verdict != tc.verdict || c.Buckets[witness.Both].Count != len(records) {
				t.Errorf("the verdict is %s: %+v", c.Verdict, c.Buckets)
			}
			if tc.format != (ports.StatementFormat)(csv.Format{}) {
				equalAmount(t, "the closing balance", *c.Proof.Closing.Amount, s.Balances.Closing.String())
				if got.Account.Number != s.Account.Number {
					t.Errorf("the account is %+v", got.Account)
				}
			}
		})
	}
}

func ofBooks(records []books.StatementRecord) (all []witness.Record) {
	for _, r := range records {
		all = append(all, witness.Record{
			ID: r.ID, Date: r.Date, Amount: r.Amount, Text: r.Description, ExternalID: r.ExternalID,
			References: r.References,
		})
	}
	return all
}

// ownFormats are the forms in which the service writes a statement.
var ownFormats = map[string]ports.StatementFormat{
	"camt.053": camt053.Format{}, "OFX 2.2": ofxformat.Format{}, "OFX 1.0.2": ofxformat.Format{SGML: true},
	"CSV": csv.Format{}, "CSV of Brazil": csv.Format{Brazilian: true},
}

// A statement of the service is read back although a value looks like something else in the files of banks.
func TestTheServiceReadsUnusualValuesOfItsOwnStatements(t *testing.T) {
	type statement struct {
		books.Statement

		text, party   string
		first, second string // amounts
	}
	for name, change := range map[string]func(s *statement){
		"nothing":                        func(*statement) {},
		"a text of a balance":            func(s *statement) { s.text, s.party = "SALDO DO DIA", "" },
		"two texts of balances":          func(s *statement) { s.text, s.party = "Saldo anterior", "Saldo" },
		"a text with a date":             func(s *statement) { s.text = "ENDING BALANCE AS OF 02/11/2026" },
		"a total":                        func(s *statement) { s.text = "TOTAL" },
		"a text of many lines":           func(s *statement) { s.text = "a\r\nb\n\n;c,\"d\"\n</STMTTRN>" },
		"a long text":                    func(s *statement) { s.text = strings.Repeat("Söhne, ;\"", 30_000) },
		"three decimals":                 func(s *statement) { s.first, s.second = "1.234", "-123.456" },
		"whole amounts":                  func(s *statement) { s.first, s.second = "1200", "-150" },
		"many digits":                    func(s *statement) { s.first, s.second = "123456789012.345", "-0.00001" },
		"a whole balance":                func(s *statement) { s.first, s.second = "149.75", "-150.25" },
		"a balance with three decimals":  func(s *statement) { s.first, s.second = "1.111", "-0.1" },
		"no number of the account":       func(s *statement) { s.Account.Number = "" },
		"a long number of the account":   func(s *statement) { s.Account.Number = "BR1500000000000010932840814P2" },
		"a longer number of the account": func(s *statement) { s.Account.Number = strings.Repeat("12345-", 7) },
		"a masked number of a card": func(s *statement) {
			s.Account.Number, s.Account.Type = "**** **** **** 1234", domain.CreditAccount
		},
		"a name for a number": func(s *statement) { s.Account.Number = "my account" },
		"another currency":    func(s *statement) { s.Currency, s.Account.Currency = "MXN", "MXN" },
		"days of two months":  func(s *statement) { s.Period = domain.Window{From: "2026-01-31", To: "2026-02-12"} },
	} {
		for format := range ownFormats {
			t.Run(name+", "+format, func(t *testing.T) {
				sample, records := porttest.SampleStatement()
				s := statement{sample, "Pix", "Maria", "250.25", "-1355"}
				change(&s)
				records = records[:2]
				for i, amount := range []string{s.first, s.second} {
					records[i].Amount = decimal.RequireFromString(amount)
					records[i].Description, records[i].Counterparty = s.text, s.party
				}
				readBack(t, ownFormats[format], s.Statement, records)
			})
		}
	}
}

// readBack writes the records as a statement whose opening balance is 1,000.5, and reads it.
func readBack(t *testing.T, format ports.StatementFormat, s books.Statement, records []books.StatementRecord) {
	t.Helper()
	s = withSums(s, records)
	c := compareText(t, porttest.WriteSample(t, format, s, porttest.Records(records...)), s, records)
	want := witness.Agrees
	if !format.HasBalances() {
		want = witness.LinesAgree
	}
	if c.Verdict != want || c.Buckets[witness.Both].Count != len(records) {
		t.Errorf("the verdict is %s: %+v, %+v", c.Verdict, c.Buckets, c.Proof)
	}
}

// withSums returns the statement with the balances and the totals of the records.
func withSums(s books.Statement, records []books.StatementRecord) books.Statement {
	s.Credits, s.Debits = books.StatementTotal{}, books.StatementTotal{}
	opening := decimal.RequireFromString("1000.5")
	closing := opening
	for _, r := range records {
		total := &s.Credits
		if r.Amount.IsNegative() {
			total = &s.Debits
		}
		total.Count, total.Sum = total.Count+1, total.Sum.Add(r.Amount.Abs())
		closing = closing.Add(r.Amount)
	}
	s.Balances = &books.StatementBalances{Opening: opening, Closing: closing}
	return s
}

// compareText compares the text of a statement with the records from which the statement s was written.
func compareText(
	t *testing.T, text string, s books.Statement, records []books.StatementRecord,
) witness.Comparison {
	t.Helper()
	f := bankstatement.Reader{}.Read([]byte(text), witness.Options{})
	selected, refusal := witness.Select(f, witness.OurAccount{Number: s.Account.Number, Currency: s.Currency}, "")
	if refusal != nil {
		t.Fatalf("refused: %v", refusal)
	}
	return witness.Compare(witness.Input{
		Statement: selected.Statement, Records: ofBooks(records), CoversTo: "2026-12-31",
		Balances: []witness.DayBalance{{Date: s.Period.To, Amount: s.Balances.Closing}},
	})
}

// A camt document states each amount several times: in the entry, in the balances and in the declared sums. The amount
// in the currency of a foreign purchase is not that of the account.
func TestNoAmountOfADocumentOfCAMTCanChange(t *testing.T) {
	s, records := porttest.SampleStatement()
	records = records[:2]
	s = withSums(s, records)
	text := porttest.WriteSample(t, camt053.Format{}, s, porttest.Records(records...))
	if c := compareText(t, text, s, records); c.Verdict != witness.Agrees {
		t.Fatalf("the whole document: %s", c.Verdict)
	}
	amounts := regexp.MustCompile(`<(Sum|Amt)(?: Ccy="BRL")?>([0-9.]+)<`).FindAllStringSubmatchIndex(text, -1)
	sums := 0
	for _, at := range amounts {
		amount := decimal.RequireFromString(text[at[4]:at[5]])
		changed := text[:at[4]] + amount.Add(decimal.New(1, -2)).String() + text[at[5]:]
		if c := compareText(t, changed, s, records); c.Verdict == witness.Agrees {
			t.Errorf("with a cent more in %s: %s", text[at[0]:at[1]], c.Verdict)
		}
		if text[at[2]:at[3]] == "Sum" {
			sums++
		}
	}
	if sums < 3 {
		t.Errorf("the document declares %d sums", sums)
	}
}
