package witness

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The limits of a statement file.
const (
	MaxFileBytes = 8 << 20 // of the bytes as they came
	MaxBlocks    = 200_000 // of all statements of the file
)

// Format is the format of a statement file.
type Format string

// The formats.
const (
	OFX     Format = "ofx"
	CNAB240 Format = "cnab240"
	CSV     Format = "csv"
	Camt    Format = "camt"
	MT940   Format = "mt940"
)

// Options are what a caller knows about a file. The zero Options leave everything to the content.
type Options struct {
	Format  Format      // "" if the content decides
	Mapping *CSVMapping // nil if the file has the columns of a known dialect
}

// File contains everything that a reader has found in a statement file. If Refusal is set, only Format and Encoding may
// be set besides it.
type File struct {
	Format     Format
	Dialect    string // the name of the table of a CSV file; "mapping" with Options.Mapping
	Encoding   string // "ascii", "utf-8", "utf-16le", "utf-16be", "windows-1252", …
	Statements []Statement
	Warnings   []Warning // about the file as a whole
	// Investments contains the accounts of statements of investments, which are not read.
	Investments []Account
	Refusal     *Refusal
}

// Refusal states why a file, or a statement of a file, is not compared.
type Refusal struct {
	Code    RefusalCode
	Line    int    // line of the file, from 1; 0 if no line is to blame
	Message string // a sentence for the caller
	// Rows contains the first cells of a CSV file whose columns are not known, so that a person can map them.
	Rows [][]string
}

// Error returns the message with its line number.
func (r Refusal) Error() string {
	if r.Line == 0 {
		return r.Message
	}
	return fmt.Sprintf("line %d: %s", r.Line, r.Message)
}

// RefusalCode is the kind of a refusal.
type RefusalCode string

// The codes of refusals. NeedsMapping and NeedsAccount are not final: the caller can add what is missing.
const (
	EmptyFile     RefusalCode = "empty"
	TooLarge      RefusalCode = "too_large"
	TooManyBlocks RefusalCode = "too_many_blocks"
	NotText       RefusalCode = "not_text"       // PDF, ZIP, image, NUL bytes
	UnknownFormat RefusalCode = "unknown_format" // also another format than Options.Format states
	NotAStatement RefusalCode = "not_a_statement"
	BankError     RefusalCode = "bank_error" // the bank's error answer in place of a statement
	Malformed     RefusalCode = "malformed"
	OtherAccount  RefusalCode = "other_account"
	OtherCurrency RefusalCode = "other_currency"
	NeedsMapping  RefusalCode = "needs_mapping"
	NeedsAccount  RefusalCode = "needs_account"
)

// Warning is a finding that does not stop the reading.
type Warning struct {
	Code WarningCode `json:"code"`
	// Blocks contains the positions of the blocks that the warning concerns, from 1 in their statement; nil if it
	// concerns the whole statement.
	Blocks []int `json:"blocks,omitempty"`
}

// WarningCode is the kind of a warning.
type WarningCode string

// The codes of warnings.
const (
	SignsFromTypes       WarningCode = "signs_from_types"        // no amount has a sign; the types were used
	ReversalsInverted    WarningCode = "reversals_inverted"      // only so the balances agree
	AmbiguousBalance     WarningCode = "ambiguous_balance"       // a balance has several readings
	UnreadableBalance    WarningCode = "unreadable_balance"      // a balance or its date cannot be read
	BalanceNotOfTheLines WarningCode = "balance_not_of_lines"    // a balance includes movements that the file lacks
	BalanceWithLimit     WarningCode = "balance_includes_limit"  // the balances of days are all off by one amount
	OpeningDerived       WarningCode = "opening_derived"         // the closing is later than the declared period
	PeriodNotTrusted     WarningCode = "period_not_trusted"      // lines lie outside, or it is the day of the download
	TotalsDisagree       WarningCode = "totals_disagree"         // sums or counts are not those of the lines
	RepeatedIDs          WarningCode = "repeated_ids"            // several lines have one id of the bank
	DateClamped          WarningCode = "date_clamped"            // 30 February
	RecordsPadded        WarningCode = "records_padded"          // blanks at the end of a record are missing
	HeaderMissing        WarningCode = "header_missing"          // a lote has no header, so no opening
	TrailerMissing       WarningCode = "trailer_missing"         // a lote or a file has no trailer
	UndecodableText      WarningCode = "undecodable_text"        // bytes that the encoding does not define
	MixedDates           WarningCode = "lines_out_of_order"      // neither oldest nor newest first, or all lines again
	SignContradictsType  WarningCode = "sign_contradicts_type"   // the sign of the amount was taken
	PartsDoNotSum        WarningCode = "batch_parts_do_not_sum"  // the parts of a line are not its amount
	LaterSection         WarningCode = "later_section_set_apart" // lines after the period, without balances
	StatementMissing     WarningCode = "statement_missing"       // the bank's numbers leave out a statement or a page
)

// Account identifies the account of a statement in the bank's own notation. A value that the file does not state is "".
type Account struct {
	Bank   string `json:"bank,omitempty"`
	Branch string `json:"branch,omitempty"`
	Number string `json:"number,omitempty"` // with check digit; an IBAN if the file states one
	// Sub tells apart several accounts with one number, such as the automatic investment of a current account.
	Sub  string `json:"sub,omitempty"`
	Card bool   `json:"card,omitempty"`
}

// Label returns the parts of the account, separated by slashes. Select accepts it as the chosen account.
func (a Account) Label() string {
	var label string
	for _, part := range []string{a.Bank, a.Branch, a.Number, a.Sub} {
		if part != "" && label != "" {
			label += "/"
		}
		label += part
	}
	return label
}

// description names the account in a message. A file may state only the bank.
func (a Account) description() string {
	if a.Number == "" && a.Bank != "" {
		return "an account of bank " + a.Bank
	}
	return "account " + a.Label()
}

// Statement contains what a file states about one account.
type Statement struct {
	Account  Account
	Currency string // ISO 4217; "" if the file states none
	Sections []Section
	Warnings []Warning
	// CoversTo is the last day that is complete at an account which is the witness; "" for a file.
	CoversTo domain.Date
	// Uploaded is the day on which the file was added; "" if it is not known. The file was made on that day or before.
	Uploaded domain.Date
}

// Section is a part of a statement with its own balances: a day of a camt file, a lote, the pages of one MT940
// statement. Most files have one section for each account.
type Section struct {
	Declared domain.Window // the period that the file declares; zero if it declares none
	Made     domain.Date   // when the file was made, at the latest; "" if unknown
	Number   int           // the bank's running number of the statement; 0 if unknown
	Blocks   []Block       // in the order of the file
	Balances []Balance
	// DailyRunning states that Block.Running is the balance at the end of the block's day, repeated in each of its
	// rows.
	DailyRunning bool
	// TotalsDisagree states that a sum or a count of the file is not that of the blocks.
	TotalsDisagree bool
	// Cut states that the file ends before the list of the blocks does, so that blocks may be missing.
	Cut bool
	// Unfinished states that the last balance is that of a page: the page behind it is missing, and may contain more
	// movements of the same day.
	Unfinished bool
	// Doubtful states that lines may be copies of others and no balance tells, or that a declared sum is another one.
	Doubtful bool
	// uploaded is Statement.Uploaded.
	uploaded domain.Date
}

// Kind is what a block is.
type Kind string

// The kinds of blocks.
const (
	Line       Kind = "line"        // a booked movement
	BalanceRow Kind = "balance_row" // a balance that is written like a movement
	Apart      Kind = "apart"       // a future, pending or informative movement
	Refused    Kind = "refused"     // cannot be read exactly
)

// Block is one entry of a file.
type Block struct {
	Kind      Kind
	FileLine  int         // line of the file, from 1
	Date      domain.Date // the day of the booking; "" if a refused block or a balance row has none
	ValueDate domain.Date // "" if it is not stated
	Amount    decimal.Decimal
	NoAmount  bool // the amount cannot be read, and Amount is zero
	Text      string
	IDs       []ID
	// Parts are the movements that the bank has booked as this line. Their sum is Amount. It is nil without parts.
	Parts   []Part
	Running *decimal.Decimal // the balance after the line; nil if the file states none
	Reason  string           // why the block is apart or refused; "" otherwise
	Raw     string           // the text in the file; only of a refused block, and at most MaxRaw bytes
}

// MaxRaw is the maximum length of Block.Raw in bytes.
const MaxRaw = 4096

// Part is a movement within a batch.
type Part struct {
	Amount decimal.Decimal
	IDs    []ID
}

// ID is an identifier that the file gives to a line.
type ID struct {
	Kind  string `json:"kind"` // the element or column of the file: "FITID", "EndToEndId"
	Value string `json:"value"`
	// Stable states that the identifier names the same movement in every file and at the vendor. Only such an
	// identifier matches a record.
	Stable bool `json:"stable"`
}

// Role is what a balance of a section is the balance of.
type Role string

// The roles of balances.
const (
	Opening Role = "opening" // before the first line
	DayEnd  Role = "day_end" // after the last line of a day
	Closing Role = "closing" // after the last line
	// Ledger is a balance at the moment of the download. It may include movements that the file does not list.
	Ledger Role = "ledger"
)

// Source is where a balance comes from.
type Source string

// The sources of balances.
const (
	Field   Source = "field"   // a field of the file that is meant for it
	Row     Source = "row"     // an entry that is written like a movement
	Running Source = "running" // the balances that the lines state
	Derived Source = "derived" // another balance and the sum of the lines
	Absent  Source = "absent"
)

// Balance is a balance that a section states.
type Balance struct {
	Role Role
	Date domain.Date // "" if it is not stated or not readable
	// StartOfDay states that an opening balance is that of the beginning of its date, and not of its end.
	StartOfDay bool
	// Readings are the values that the text may have. A text that can be read in one way has one reading. It is nil if
	// the text cannot be read.
	Readings []decimal.Decimal
	Source   Source
	Block    int // index in Section.Blocks of a Row
	// MayIncludeLimit states that the bank may have added the overdraft limit.
	MayIncludeLimit bool
}

// Counts are the numbers of blocks by kind.
type Counts struct {
	Blocks      int `json:"blocks"`
	Lines       int `json:"lines"`
	BalanceRows int `json:"balanceRows"`
	Apart       int `json:"apart"`
	Refused     int `json:"refused"`
}

// Blocks returns all blocks of the statement in the order of the file. The position of a block is its index plus 1.
func (s Statement) Blocks() []Block {
	if len(s.Sections) == 1 {
		return s.Sections[0].Blocks
	}
	var all []Block
	for _, section := range s.Sections {
		all = append(all, section.Blocks...)
	}
	return all
}

// Counts returns the numbers of blocks. Blocks is the sum of the others.
func (s Statement) Counts() Counts {
	var c Counts
	for _, section := range s.Sections {
		for i := range section.Blocks {
			c.add(section.Blocks[i].Kind)
		}
	}
	return c
}

func (c *Counts) add(kind Kind) {
	c.Blocks++
	switch kind {
	case Line:
		c.Lines++
	case BalanceRow:
		c.BalanceRows++
	case Apart:
		c.Apart++
	case Refused:
		c.Refused++
	}
}

// Sums are the sums of the booked lines. Both are not negative.
type Sums struct {
	Credits decimal.Decimal `json:"credits"`
	Debits  decimal.Decimal `json:"debits"`
}

// Sums returns the sums of the booked lines.
func (s Statement) Sums() Sums {
	var sums Sums
	for _, section := range s.Sections {
		for i := range section.Blocks {
			if b := &section.Blocks[i]; b.Kind == Line && b.Amount.IsNegative() {
				sums.Debits = sums.Debits.Sub(b.Amount)
			} else if b.Kind == Line {
				sums.Credits = sums.Credits.Add(b.Amount)
			}
		}
	}
	return sums
}

// lines returns the indexes of the booked lines.
func (s *Section) lines() []int {
	lines := make([]int, 0, len(s.Blocks))
	for i := range s.Blocks {
		if s.Blocks[i].Kind == Line {
			lines = append(lines, i)
		}
	}
	return lines
}

// Net returns the sum of the booked lines.
func (s *Section) Net() decimal.Decimal {
	var net decimal.Decimal
	for i := range s.Blocks {
		if s.Blocks[i].Kind == Line {
			net = net.Add(s.Blocks[i].Amount)
		}
	}
	return net
}

// Days returns the days of the first and the last booked line, and false if there is no line.
func (s *Section) Days() (domain.Window, bool) {
	var days domain.Window
	for _, i := range s.lines() {
		date := s.Blocks[i].Date
		if days.From == "" || date < days.From {
			days.From = date
		}
		days.To = max(days.To, date)
	}
	return days, days.From != ""
}

// AddWarning adds a warning about a block. Position is that of the block in the statement, from 1; 0 for the whole
// statement.
func AddWarning(warnings []Warning, code WarningCode, position int) []Warning {
	i := slices.IndexFunc(warnings, func(w Warning) bool { return w.Code == code })
	if i < 0 {
		warnings = append(warnings, Warning{Code: code})
		i = len(warnings) - 1
	}
	if position > 0 {
		warnings[i].Blocks = append(warnings[i].Blocks, position)
	}
	return warnings
}
