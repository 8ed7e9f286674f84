package bankstatement_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// expectedFile is what testdata/expected.json states about a file. The files have the dialects of real banks, and
// invented contents.
type expectedFile struct {
	File   string `json:"file"`
	Format string `json:"format"`
	Reader struct {
		Encoding   string              `json:"encoding_of_bytes"`
		Statements []expectedStatement `json:"statements"`
		Lots       []expectedLot       `json:"lots"`
		// of a CSV file
		Lines   int     `json:"lines"`
		Credits string  `json:"credits"`
		Debits  string  `json:"debits"`
		Opening string  `json:"running_balance_first_row_implies_opening"`
		Closing string  `json:"running_balance_last"`
		Holds   bool    `json:"running_balance_chain_holds"`
		Days    [2]Date `json:"period_of_lines"`
	} `json:"reader"`
}

type Date = *domain.Date

type expectedStatement struct {
	BankID   *string `json:"bank_id"`
	BranchID *string `json:"branch_id"`
	Account  string  `json:"account_id"`
	Kind     string  `json:"kind"`
	Currency string  `json:"currency"`
	Declared [2]Date `json:"period_declared"`
	Days     [2]Date `json:"period_of_lines"`
	Blocks   int     `json:"stmttrn_blocks"`
	Rows     []struct {
		N      int    `json:"n"`
		Date   Date   `json:"date"`
		Amount string `json:"amount"`
	} `json:"balance_lines"`
	Credits      string           `json:"credits"`
	Debits       string           `json:"debits"`
	LedgerAmount *string          `json:"closing_balance"`
	LedgerDate   Date             `json:"closing_balance_date"`
	Repeated     map[string][]int `json:"repeated_fitids"`
	// camt and MT940
	CamtAccount string         `json:"account"`
	Opening     *string        `json:"opening_balance"`
	ByStatus    map[string]int `json:"entries_by_status"`
	BookedIn    string         `json:"booked_credits"`
	BookedOut   string         `json:"booked_debits"`
	Lines       int            `json:"lines"`
	OpeningTag  string         `json:"opening_tag"`
	ClosingTag  string         `json:"closing_tag"`
}

type expectedLot struct {
	Account  string `json:"account"`
	Lines    int    `json:"lines"`
	Future   int    `json:"lines_informative"`
	Opening  string `json:"opening_balance"`
	Closing  string `json:"closing_balance"`
	Credits  string `json:"credits"`
	Debits   string `json:"debits"`
	Currency string `json:"currency"`
	Holds    bool   `json:"opening_plus_net_equals_closing"`
}

func expectations(t *testing.T) map[string]expectedFile {
	t.Helper()
	var list []expectedFile
	readJSON(t, "testdata/expected.json", &list)
	byName := map[string]expectedFile{}
	for _, e := range list {
		byName[e.File] = e
	}
	return byName
}

func readJSON(t testing.TB, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}

func readSample(t testing.TB, name string) witness.File {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	f := bankstatement.Reader{}.Read(content, witness.Options{})
	if f.Refusal != nil {
		t.Fatalf("%s is refused: %v", name, f.Refusal)
	}
	return f
}

func equalAmount(t testing.TB, what string, got decimal.Decimal, want string) {
	t.Helper()
	if !got.Equal(decimal.RequireFromString(want)) {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
}

func TestTheFiguresOfTheOFXFiles(t *testing.T) {
	for name, e := range expectations(t) {
		if e.Format != "ofx" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := readSample(t, name)
			if f.Format != witness.OFX || f.Encoding != e.Reader.Encoding ||
				len(f.Statements) != len(e.Reader.Statements) {
				t.Fatalf("read %s in %s with %d statements", f.Format, f.Encoding, len(f.Statements))
			}
			for i, want := range e.Reader.Statements {
				checkOFX(t, f.Statements[i], want)
			}
		})
	}
}

func checkOFX(t *testing.T, s witness.Statement, want expectedStatement) {
	t.Helper()
	if s.Account.Number != want.Account || s.Currency != want.Currency || s.Account.Card != (want.Kind == "card") {
		t.Errorf("the account is %+v in %s", s.Account, s.Currency)
	}
	for _, part := range []struct {
		got  string
		want *string
	}{{s.Account.Bank, want.BankID}, {s.Account.Branch, want.BranchID}} {
		if part.want != nil && part.got != *part.want {
			t.Errorf("the account is %+v", s.Account)
		}
	}
	c := s.Counts()
	if c.Blocks != want.Blocks || c.BalanceRows != len(want.Rows) || c.Refused != 0 {
		t.Errorf("the counts are %+v, want %d blocks and %d balance rows", c, want.Blocks, len(want.Rows))
	}
	blocks := s.Blocks()
	for _, row := range want.Rows {
		b := blocks[row.N-1]
		if b.Kind != witness.BalanceRow || row.Date != nil && b.Date != *row.Date {
			t.Errorf("block %d is %+v", row.N, b)
		}
		equalAmount(t, "the balance row", b.Amount, row.Amount)
	}
	if d := s.Sections[0].Declared; d.From != *want.Declared[0] || d.To != *want.Declared[1] {
		t.Errorf("the declared period is %v", d)
	}
	// The figures of the file include movements that are set apart.
	var credits, debits decimal.Decimal
	first, last := domain.Date("9999"), domain.Date("")
	for _, b := range blocks {
		if b.Kind != witness.Line && b.Kind != witness.Apart {
			continue
		}
		first, last = min(first, b.Date), max(last, b.Date)
		if b.Amount.IsNegative() {
			debits = debits.Sub(b.Amount)
		} else {
			credits = credits.Add(b.Amount)
		}
	}
	equalAmount(t, "credits", credits, want.Credits)
	equalAmount(t, "debits", debits, want.Debits)
	if first != *want.Days[0] || last != *want.Days[1] {
		t.Errorf("the lines are of %s to %s", first, last)
	}
	checkLedger(t, s.Sections[0], want)
	repeated := 0
	for _, w := range s.Warnings {
		if w.Code == witness.RepeatedIDs {
			repeated = len(w.Blocks)
		}
	}
	if repeated != len(want.Repeated) {
		t.Errorf("%d ids are repeated, want %v", repeated, want.Repeated)
	}
}

func checkLedger(t *testing.T, s witness.Section, want expectedStatement) {
	t.Helper()
	var ledger *witness.Balance
	for i, b := range s.Balances {
		if b.Role == witness.Ledger {
			ledger = &s.Balances[i]
		}
	}
	if (ledger == nil) != (want.LedgerAmount == nil) {
		t.Fatalf("the balance of the download is %+v", ledger)
	}
	if ledger == nil {
		return
	}
	equalAmount(t, "the balance of the download", ledger.Readings[0], *want.LedgerAmount)
	if want.LedgerDate == nil && ledger.Date != "" || want.LedgerDate != nil && ledger.Date != *want.LedgerDate {
		t.Errorf("the balance of the download is of %q", ledger.Date)
	}
}

func TestTheFiguresOfTheCSVFiles(t *testing.T) {
	for name, e := range expectations(t) {
		if e.Format != "csv" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := readSample(t, name)
			s := f.Statements[0]
			if c := s.Counts(); f.Format != witness.CSV || c.Lines != e.Reader.Lines || c.Refused != 0 {
				t.Errorf("read %s with %+v", f.Format, c)
			}
			equalAmount(t, "credits", s.Sums().Credits, e.Reader.Credits)
			equalAmount(t, "debits", s.Sums().Debits, e.Reader.Debits)
			p := witness.Prove(s)
			equalAmount(t, "the opening balance", *p.Opening.Amount, e.Reader.Opening)
			equalAmount(t, "the closing balance", *p.Closing.Amount, e.Reader.Closing)
			if (p.Closing.State == witness.Proved) != e.Reader.Holds {
				t.Errorf("the closing balance is %s", p.Closing.State)
			}
			if days, _ := s.Sections[0].Days(); days.From != *e.Reader.Days[0] || days.To != *e.Reader.Days[1] {
				t.Errorf("the lines are of %v", days)
			}
		})
	}
}

func TestTheFiguresOfTheCNABFile(t *testing.T) {
	const name = "10-itau-extrato.ret"
	f := readSample(t, name)
	lots := expectations(t)[name].Reader.Lots
	if f.Format != witness.CNAB240 || len(f.Statements) != len(lots) {
		t.Fatalf("read %s with %d statements", f.Format, len(f.Statements))
	}
	for i, want := range lots {
		s := f.Statements[i]
		if c := s.Counts(); c.Lines+c.Apart != want.Lines || c.Apart != want.Future || c.Refused != 0 {
			t.Errorf("the counts of lote %d are %+v", i+1, c)
		}
		p := witness.Prove(s)
		equalAmount(t, "the opening balance", *p.Opening.Amount, want.Opening)
		equalAmount(t, "the closing balance", *p.Closing.Amount, want.Closing)
		equalAmount(t, "credits", s.Sums().Credits, want.Credits)
		equalAmount(t, "debits", s.Sums().Debits, want.Debits)
		if (p.Closing.State == witness.Proved) != want.Holds || s.Currency != want.Currency {
			t.Errorf("the closing balance of lote %d is %s in %s", i+1, p.Closing.State, s.Currency)
		}
	}
	if got := f.Statements[0].Account.Label(); got != "341/1234/11111-8" {
		t.Errorf("the first account is %s", got)
	}
}

func TestTheFiguresOfTheCamtFile(t *testing.T) {
	const name = "11-camt053.xml"
	f := readSample(t, name)
	want := expectations(t)[name].Reader.Statements[0]
	s := f.Statements[0]
	if c := s.Counts(); c.Lines != want.ByStatus["BOOK"] || c.Apart != want.ByStatus["PDNG"] || c.Refused != 0 {
		t.Errorf("the counts are %+v", c)
	}
	equalAmount(t, "credits", s.Sums().Credits, want.BookedIn)
	equalAmount(t, "debits", s.Sums().Debits, want.BookedOut)
	p := witness.Prove(s)
	equalAmount(t, "the opening balance", *p.Opening.Amount, *want.Opening)
	equalAmount(t, "the closing balance", *p.Closing.Amount, *want.LedgerAmount)
	if p.Closing.State != witness.Proved || s.Account.Number != want.CamtAccount {
		t.Errorf("the closing balance of %s is %s", s.Account.Number, p.Closing.State)
	}
	if parts := s.Blocks()[0].Parts; len(parts) != 3 {
		t.Errorf("the batch has %d parts", len(parts))
	}
}

func TestThePagesOfAnMT940StatementAreOneStatement(t *testing.T) {
	f := readSample(t, "12-mt940.sta")
	if len(f.Statements) != 1 || len(f.Statements[0].Sections) != 1 {
		t.Fatalf("read %d statements", len(f.Statements))
	}
	s := f.Statements[0]
	if c := s.Counts(); c.Lines != 4 || c.Refused != 0 {
		t.Errorf("the counts are %+v", c)
	}
	p := witness.Prove(s)
	equalAmount(t, "the opening balance", *p.Opening.Amount, "1000.00")
	equalAmount(t, "the closing balance", *p.Closing.Amount, "994.50")
	if p.Closing.State != witness.Proved {
		t.Errorf("the closing balance is %s", p.Closing.State)
	}
	last := s.Blocks()[3]
	if last.Date != "2026-10-01" || last.ValueDate != "2026-09-30" {
		t.Errorf("the last line is booked on %s with the value date %s", last.Date, last.ValueDate)
	}
}

func TestBalancesOfBalanceRowsProveOnlyTheirDays(t *testing.T) {
	for name, want := range map[string]struct{ opening, closing, day string }{
		"13-bb-saldo-lines.ofx":   {"312.40", "12.40", "2026-09-04"},
		"14-itau-saldo-lines.ofx": {"1500.00", "-1210.00", "2026-09-30"},
	} {
		p := witness.Prove(readSample(t, name).Statements[0])
		equalAmount(t, "the opening balance", *p.Opening.Amount, want.opening)
		equalAmount(t, "the closing balance", *p.Closing.Amount, want.closing)
		if p.Closing.State != witness.Proved || string(p.Closing.Date) != want.day || p.Closing.Source != witness.Row {
			t.Errorf("%s: the closing balance is %+v", name, p.Closing)
		}
	}
}

// feed contains the records of a comparison in testdata/compare.
type feed struct {
	Account string         `json:"account"`
	Period  [2]domain.Date `json:"period"`
	Records []struct {
		ID          string      `json:"id"`
		BookingDate domain.Date `json:"booking_date"`
		Amount      string      `json:"amount"`
		Description string      `json:"description"`
		Status      string      `json:"status"`
		Reference   string      `json:"reference"`
	} `json:"records"`
}

type expectedComparison struct {
	Statement string `json:"statement"`
	Expected  struct {
		Counts      map[string]int `json:"counts"`
		Informative int            `json:"informative"`
		NotBooked   int            `json:"not_booked"`
		Outside     int            `json:"outside_period"`
		OnlyInFeed  []string       `json:"only_in_feed"`
		Different   []struct {
			Feed      string `json:"feed"`
			What      string `json:"what"`
			File      string `json:"file"`
			FeedValue string `json:"feed_value"`
		} `json:"different"`
		Groups []struct {
			Feed []string `json:"feed"`
		} `json:"groups"`
	} `json:"expected"`
}

// idOf returns the id of a record that a feed names.
func idOf(name string) domain.TransactionID {
	return domain.TransactionID{UUID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(name))}
}

// comparisonOf reads a folder of testdata/compare.
func comparisonOf(t testing.TB, folder string) (in witness.Input, want expectedComparison) {
	t.Helper()
	var records feed
	readJSON(t, filepath.Join(folder, "feed.json"), &records)
	readJSON(t, filepath.Join(folder, "expected.json"), &want)
	for _, r := range records.Records {
		in.Records = append(in.Records, witness.Record{
			ID: idOf(r.ID), Date: r.BookingDate, Amount: decimal.RequireFromString(r.Amount), Text: r.Description,
			Pending: r.Status == "pending", References: domain.References{EndToEndID: r.Reference},
		})
	}
	in.CoversTo = records.Period[1]
	selected, refusal := witness.Select(readSample(t, filepath.Base(want.Statement)),
		witness.OurAccount{Number: records.Account}, "")
	if refusal != nil {
		t.Fatal(refusal)
	}
	in.Statement = selected.Statement
	return in, want
}

func TestTheComparisonsOfTheSamples(t *testing.T) {
	verdicts := map[string]witness.Verdict{
		"01-itau": witness.Differs, "02-cnab-future-line": witness.Agrees, "03-camt-batch": witness.Agrees,
		"04-scheduled-line": witness.LinesAgree, "05-balance-lines": witness.Agrees,
	}
	folders, err := filepath.Glob("testdata/compare/*")
	if err != nil || len(folders) != len(verdicts) {
		t.Fatalf("found %d folders: %v", len(folders), err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			in, want := comparisonOf(t, folder)
			for _, later := range []int{0, 60} {
				in.CoversTo = in.CoversTo.AddDays(later)
				c := witness.Compare(in)
				checkComparison(t, c, want)
				if wanted := verdicts[filepath.Base(folder)]; c.Verdict != wanted {
					t.Errorf("the verdict is %s, want %s", c.Verdict, wanted)
				}
			}
		})
	}
}

func checkComparison(t *testing.T, c witness.Comparison, want expectedComparison) {
	t.Helper()
	buckets := map[string]witness.Bucket{
		"both": witness.Both, "only_in_file": witness.OnlyTheirs, "only_in_feed": witness.OnlyOurs,
		"different": witness.Different, "pending": witness.PendingOurs,
	}
	for name, count := range want.Expected.Counts {
		if got := c.Buckets[buckets[name]].Count; got != count {
			t.Errorf("%s: %d, want %d", name, got, count)
		}
	}
	e := want.Expected
	if apart := e.Informative + e.NotBooked + e.Outside; c.Buckets[witness.SetApart].Count != apart {
		t.Errorf("%d lines are apart, want %d", c.Buckets[witness.SetApart].Count, apart)
	}
	byRecord := map[domain.TransactionID]witness.Finding{}
	for _, f := range c.Findings {
		for _, id := range f.Records {
			byRecord[id] = f
		}
	}
	for _, name := range e.OnlyInFeed {
		if got := byRecord[idOf(name)].Bucket; got != witness.OnlyOurs {
			t.Errorf("%s is in %s", name, got)
		}
	}
	for _, d := range e.Different {
		got := byRecord[idOf(d.Feed)].Different[d.What]
		if d.What == "amount" {
			equalAmount(t, "their amount", decimal.RequireFromString(got.Theirs), d.File)
			equalAmount(t, "our amount", decimal.RequireFromString(got.Ours), d.FeedValue)
		} else if got.Theirs != d.File || got.Ours != d.FeedValue {
			t.Errorf("%s differs in %+v", d.Feed, got)
		}
	}
	for _, g := range e.Groups {
		if got := byRecord[idOf(g.Feed[0])]; len(got.Records) != len(g.Feed) || got.Bucket != witness.Both {
			t.Errorf("the group is %+v", got)
		}
	}
}
