package rest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// bankStatementView is the representation of a bank statement in responses.
type bankStatementView struct {
	ID               string                 `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8b01" doc:"The id of the bank statement"`
	AccountID        string                 `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account whose records are compared"`
	Source           witnessSourceView      `json:"source" doc:"The witness"`
	State            string                 `json:"state" enum:"compared,needs_account,needs_mapping,refused,withdrawn" example:"compared" doc:"needs_account: the file has several accounts; add it again with statementAccount. needs_mapping: the columns of the CSV file are not known; set csv-mapping"`
	Reason           string                 `json:"reason,omitempty" example:"line 3: the date is not readable" doc:"Why the statement is not compared"`
	StatementAccount *statementAccountView  `json:"statementAccount,omitempty" doc:"The account in the file; absent if the file was not read"`
	Currency         string                 `json:"currency,omitempty" example:"BRL" doc:"ISO 4217; absent if the witness states none"`
	Covered          []coveredDaysView      `json:"covered" doc:"The days on which the witness lists all movements"`
	CoveredBasis     string                 `json:"coveredBasis" enum:"balances,declared,none" example:"balances" doc:"Why these days are covered"`
	Opening          *statedBalanceView     `json:"opening,omitempty" doc:"The opening balance of the witness; absent unless compared"`
	Closing          *statedBalanceView     `json:"closing,omitempty" doc:"The closing balance of the witness; absent unless compared"`
	Counts           blockCountsView        `json:"counts" doc:"The numbers of entries by kind; blocks is the sum of the others"`
	Sums             statementSumsView      `json:"sums" doc:"The sums of the booked lines; both are not negative"`
	Previous         *previousView          `json:"previous,omitempty" doc:"The file before this one, of the same account"`
	Comparison       *comparisonView        `json:"comparison,omitempty" doc:"The latest comparison; absent unless compared"`
	Warnings         []statementWarningView `json:"warnings" doc:"Findings that did not stop the reading"`
	Decisions        []bankDecisionView     `json:"decisions" doc:"What persons have decided, oldest first"`
	UploadedBy       string                 `json:"uploadedBy" example:"maria" doc:"Who added it"`
	UploadedAt       time.Time              `json:"uploadedAt" example:"2026-03-02T10:00:00Z" doc:"When it was added"`
}

// witnessSourceView describes a witness: a file or another account.
type witnessSourceView struct {
	Kind       string    `json:"kind" enum:"file,account" example:"file" doc:"What the witness is"`
	Name       string    `json:"name,omitempty" example:"extrato-2026-02.ofx" doc:"The name of the file, as the caller stated it"`
	Bytes      *int      `json:"bytes,omitempty" minimum:"0" example:"5120" doc:"The size of the file"`
	SHA256     string    `json:"sha256,omitempty" example:"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" doc:"The SHA-256 hash of the file in lower-case hex"`
	Format     string    `json:"format,omitempty" example:"ofx" doc:"ofx, cnab240, csv, camt or mt940; absent if it was not recognised"`
	Dialect    string    `json:"dialect,omitempty" example:"inter" doc:"The table of a CSV file; mapping if the account's csv-mapping was used"`
	Encoding   string    `json:"encoding,omitempty" example:"utf-8" doc:"The encoding of the file"`
	AccountID  string    `json:"accountId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The other account"`
	BankReadAt time.Time `json:"bankReadAt,omitzero" example:"2026-03-02T09:30:00Z" doc:"When the vendor of the other account last read the bank"`
}

// statementAccountView is an account in the notation of its bank.
type statementAccountView struct {
	Bank   string `json:"bank,omitempty" example:"0341" doc:"The bank"`
	Branch string `json:"branch,omitempty" example:"1234" doc:"The branch"`
	Number string `json:"number,omitempty" example:"56789-0" doc:"The number"`
	Match  string `json:"match" enum:"exact,normalised,chosen,absent" example:"exact" doc:"How the account was recognised. absent: the number is not known on both sides"`
}

// coveredDaysView is a range of days.
type coveredDaysView struct {
	From string `json:"from" format:"date" example:"2026-02-01" doc:"The first day"`
	To   string `json:"to" format:"date" example:"2026-02-28" doc:"The last day"`
}

// statedBalanceView is a balance of the witness.
type statedBalanceView struct {
	Amount string `json:"amount,omitempty" example:"1500.00" doc:"A signed decimal; absent if there is none, or if it can be read in several ways"`
	Date   string `json:"date,omitempty" example:"2026-02-28" doc:"The day of the balance; absent if it is not known"`
	Source string `json:"source" enum:"field,row,running,derived,absent" example:"field" doc:"Where the balance comes from"`
	State  string `json:"state" enum:"proved,contradicted,unavailable" example:"proved" doc:"Whether another balance and the lines between explain it"`
}

// blockCountsView contains the numbers of entries.
type blockCountsView struct {
	Blocks      int `json:"blocks" example:"40" doc:"All entries"`
	Lines       int `json:"lines" example:"37" doc:"Booked movements"`
	BalanceRows int `json:"balanceRows" example:"2" doc:"Balances that are written like movements"`
	Apart       int `json:"apart" example:"1" doc:"Movements that are not booked"`
	Refused     int `json:"refused" example:"0" doc:"Entries that cannot be read exactly"`
}

// equalView contains the numbers of lines and records with one day and amount.
type equalView struct {
	Theirs int `json:"theirs" example:"6" doc:"Lines"`
	Ours   int `json:"ours" example:"5" doc:"Records"`
}

// bothSides is a member that differs: theirs and ours.
type bothSides []string

// Schema returns the schema of an array of two texts.
func (bothSides) Schema() *operation.Schema {
	return &operation.Schema{
		Type: operation.TypeArray, Items: &operation.Schema{Type: operation.TypeString},
		Description: "theirs and ours", Examples: []any{[]any{"-50.00", "-51.00"}},
	}
}

// statementSumsView contains the sums of the booked lines.
type statementSumsView struct {
	Credits string `json:"credits" example:"1200.50" doc:"The sum of the money in"`
	Debits  string `json:"debits" example:"300.00" doc:"The sum of the money out"`
}

// previousView is the file before another one.
type previousView struct {
	ID            string `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8b00" doc:"The id of the bank statement"`
	GapDays       int    `json:"gapDays" example:"0" doc:"The days between the two that neither has"`
	OverlapDays   int    `json:"overlapDays" example:"0" doc:"The days that both have"`
	OpeningAgrees *bool  `json:"openingAgrees,omitempty" example:"true" doc:"Whether its closing balance is the opening balance of this one; absent if they overlap or a balance is not known"`
}

// comparisonView is the representation of a comparison.
type comparisonView struct {
	At            time.Time                  `json:"at" example:"2026-03-02T10:00:00Z" doc:"When it was made"`
	Verdict       string                     `json:"verdict" enum:"differs,inconclusive,dates_differ,agrees,lines_agree" example:"agrees" doc:"The result"`
	Stale         bool                       `json:"stale" example:"false" doc:"Whether records have changed since; the service compares again within a minute after the pull"`
	Buckets       map[string]bucketTotalView `json:"buckets" doc:"The numbers and sums of the lines and records by bucket"`
	Balances      []comparedBalanceView      `json:"balances" doc:"The balances of the witness at the ends of days"`
	FirstDayApart string                     `json:"firstDayApart,omitempty" format:"date" example:"2026-02-10" doc:"The first day on which the two part; absent if they do not"`
	Unexplained   string                     `json:"unexplained" example:"0" doc:"What the listed differences do not explain of the difference of the balances"`
}

// bucketTotalView contains the number and the sum of the lines of a bucket.
type bucketTotalView struct {
	Count int    `json:"count" example:"37" doc:"The number of lines"`
	Sum   string `json:"sum" example:"520.37" doc:"The sum of their amounts"`
}

// comparedBalanceView is a balance of a day on both sides.
type comparedBalanceView struct {
	Date       string `json:"date" format:"date" example:"2026-02-28" doc:"The day at whose end the balance is meant"`
	Theirs     string `json:"theirs" example:"1500.00" doc:"The balance of the witness"`
	Ours       string `json:"ours,omitempty" example:"1500.00" doc:"The balance as the vendor states it; absent if it is not known"`
	Difference string `json:"difference,omitempty" example:"0" doc:"theirs less ours"`
}

// statementWarningView is a finding that did not stop the reading.
type statementWarningView struct {
	Code   string `json:"code" example:"repeated_ids" doc:"The kind of finding"`
	Blocks []int  `json:"blocks" example:"3" doc:"The positions of the entries, at most 1000; empty for the whole statement"`
}

// bankDecisionView is what a person has decided.
type bankDecisionView struct {
	Decision string    `json:"decision" enum:"explained,group_confirmed,group_rejected,accepted" example:"explained" doc:"The decision"`
	Lines    []int     `json:"lines,omitempty" example:"3" doc:"The positions of the lines; absent for the whole statement"`
	Note     string    `json:"note" example:"the bank corrects it on Monday" doc:"Why"`
	By       string    `json:"by" example:"maria" doc:"Who decided"`
	At       time.Time `json:"at" example:"2026-03-02T10:00:00Z" doc:"When"`
	EndedAt  time.Time `json:"endedAt,omitzero" example:"2026-03-03T10:00:00Z" doc:"When a later difference has ended it"`
}

func bankStatementOf(s ports.BankStatementView) bankStatementView {
	r := s.Reading
	v := bankStatementView{
		ID:           s.ID.String(),
		AccountID:    s.Account.String(),
		Source:       witnessSourceOf(s.BankStatement),
		State:        string(s.State),
		Reason:       r.Reason,
		Currency:     r.Currency,
		Covered:      []coveredDaysView{},
		CoveredBasis: string(witness.BasisNone),
		Counts:       blockCountsView(r.Counts),
		Sums:         statementSumsView{r.Sums.Credits.String(), r.Sums.Debits.String()},
		Warnings:     []statementWarningView{},
		Decisions:    mapItems(s.Decisions, bankDecisionOf),
		UploadedBy:   s.UploadedBy,
		UploadedAt:   utcOrZero(s.UploadedAt),
	}
	if r.Match != "" {
		v.StatementAccount = &statementAccountView{r.Account.Bank, r.Account.Branch, r.Account.Number, string(r.Match)}
	}
	for _, w := range r.Warnings {
		v.Warnings = append(v.Warnings, statementWarningView{string(w.Code), append([]int{}, w.Blocks...)})
	}
	if p := s.Previous; p != nil {
		v.Previous = &previousView{p.ID.String(), p.GapDays, p.OverlapDays, p.OpeningAgrees}
	}
	if c := s.Comparison; c != nil {
		v.Covered, v.CoveredBasis = mapItems(c.Covered, coveredDaysOf), string(c.Basis)
		v.Opening, v.Closing = statedBalanceOf(c.Opening), statedBalanceOf(c.Closing)
		v.Comparison = comparisonOf(*c, s.Stale())
	}
	return v
}

func witnessSourceOf(s witness.BankStatement) witnessSourceView {
	r := s.Reading
	if !s.Witness.IsZero() {
		return witnessSourceView{Kind: "account", AccountID: s.Witness.String(), BankReadAt: utcOrZero(r.BankReadAt)}
	}
	return witnessSourceView{
		Kind: "file", Name: r.Name, Bytes: &r.Bytes, SHA256: r.SHA256, Format: string(r.Format), Dialect: r.Dialect,
		Encoding: r.Encoding,
	}
}

func coveredDaysOf(w domain.Window) coveredDaysView {
	return coveredDaysView{string(w.From), string(w.To)}
}

func statedBalanceOf(b witness.StatedBalance) *statedBalanceView {
	v := &statedBalanceView{Date: string(b.Date), Source: string(b.Source), State: string(b.State)}
	if b.Amount != nil {
		v.Amount = b.Amount.String()
	}
	return v
}

func comparisonOf(c witness.Result, stale bool) *comparisonView {
	v := &comparisonView{
		At: utcOrZero(c.At), Verdict: string(c.Verdict), Stale: stale, Buckets: map[string]bucketTotalView{},
		Balances: mapItems(c.Balances, comparedBalanceOf), FirstDayApart: string(c.FirstDayApart),
		Unexplained: c.Unexplained.String(),
	}
	for bucket, total := range c.Buckets {
		v.Buckets[string(bucket)] = bucketTotalView{total.Count, total.Sum.String()}
	}
	return v
}

func comparedBalanceOf(b witness.ComparedBalance) comparedBalanceView {
	v := comparedBalanceView{Date: string(b.Date), Theirs: b.Theirs.String()}
	if b.Ours != nil {
		v.Ours, v.Difference = b.Ours.String(), b.Difference.String()
	}
	return v
}

func bankDecisionOf(d witness.Decision) bankDecisionView {
	return bankDecisionView{
		Decision: string(d.Kind), Lines: d.Lines, Note: d.Note, By: d.By, At: utcOrZero(d.At),
		EndedAt: utcOrZero(d.EndedAt),
	}
}

// bankStatementLineView is the representation of a line, or of a record without a line.
type bankStatementLineView struct {
	Position       int                  `json:"position,omitzero" example:"3" doc:"The position of the entry in the statement, from 1; absent for a record without a line"`
	Date           string               `json:"date,omitempty" example:"2026-02-10" doc:"The day of the booking; absent if an entry that is no line has none"`
	ValueDate      string               `json:"valueDate,omitempty" example:"2026-02-10" doc:"The value date, if it is stated"`
	Amount         string               `json:"amount,omitempty" example:"-50.00" doc:"A signed decimal in the currency of the statement; absent if it cannot be read, or is not known in this currency"`
	Text           string               `json:"text" example:"PIX ENVIADO" doc:"The text of the entry or the record"`
	IDs            []lineIDView         `json:"ids,omitempty" doc:"The identifiers of the line"`
	Bucket         string               `json:"bucket" enum:"both,different,only_theirs,only_ours,proposed_group,pending,outside,apart,refused,balance_row" example:"both" doc:"What the comparison has found"`
	TransactionIDs []string             `json:"transactionIds,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The records"`
	MatchedBy      string               `json:"matchedBy,omitempty" example:"day_amount" doc:"The pass that has matched the line: person, id, day_amount, amount_near_day, id_other_amount, day_text, parts or sum"`
	Different      map[string]bothSides `json:"different,omitempty" doc:"The members that differ, date or amount: theirs and ours"`
	Equal          *equalView           `json:"equal,omitempty" doc:"The numbers of lines and records with this day and amount, if they differ"`
	Reason         string               `json:"reason,omitempty" example:"line 12: the amount can be read in two ways" doc:"Why an entry is apart or refused"`
	Raw            string               `json:"raw,omitempty" example:"10/02/2026;PIX;1.234" doc:"The text of a refused entry in the file"`
}

// lineIDView is an identifier of a line.
type lineIDView struct {
	Kind  string `json:"kind" example:"EndToEndId" doc:"The element or column of the file"`
	Value string `json:"value" example:"E00000000202602101200abcdef12345" doc:"The identifier"`
}

func bankStatementLineOf(f witness.Finding) bankStatementLineView {
	v := bankStatementLineView{
		Position:  f.Position,
		Date:      string(f.Date),
		ValueDate: string(f.ValueDate),
		Text:      f.Text,
		Bucket:    string(f.Bucket),
		MatchedBy: string(f.MatchedBy),
		Reason:    f.Reason,
		Raw:       f.Raw,
	}
	if !f.NoAmount {
		v.Amount = f.Amount.String()
	}
	if f.Equal != nil {
		v.Equal = &equalView{f.Equal.Theirs, f.Equal.Ours}
	}
	for _, id := range f.IDs {
		v.IDs = append(v.IDs, lineIDView{id.Kind, id.Value})
	}
	for _, id := range f.Records {
		v.TransactionIDs = append(v.TransactionIDs, id.String())
	}
	for member, d := range f.Different {
		if v.Different == nil {
			v.Different = map[string]bothSides{}
		}
		v.Different[member] = bothSides{d.Theirs, d.Ours}
	}
	return v
}

// csvMappingView is the representation of the columns of an account's CSV files.
type csvMappingView struct {
	Date        string   `json:"date" example:"Data" doc:"The title of the column with the date"`
	DateFormat  string   `json:"dateFormat" example:"dd/MM/yyyy" doc:"dd, MM and yyyy or yy, in the order of the file"`
	Amount      string   `json:"amount,omitempty" example:"Valor" doc:"The title of the column with the amount, signed or beside a column of marks such as C and D, which is found; otherwise credit and debit. A row with another mark is refused"`
	Credit      string   `json:"credit,omitempty" example:"Crédito" doc:"The title of the column with money in"`
	Debit       string   `json:"debit,omitempty" example:"Débito" doc:"The title of the column with money out"`
	Decimal     string   `json:"decimal" example:"," doc:"The decimal separator, a comma or a point"`
	Inverted    bool     `json:"inverted,omitzero" example:"false" doc:"Whether money out is positive"`
	Description []string `json:"description,omitempty" example:"Descrição" doc:"The titles of the columns with the text"`
	Balance     string   `json:"balance,omitempty" example:"Saldo" doc:"The title of the column with the balance after each row"`
	ID          string   `json:"id,omitempty" example:"Identificador" doc:"The title of the column with an identifier"`
	SkipRows    int      `json:"skipRows,omitzero" minimum:"0" maximum:"1000" example:"0" doc:"The number of rows before the titles"`
}

// monthCoverageView is what both witnesses say about a month.
type monthCoverageView struct {
	Month     string        `json:"month" example:"2026-02" doc:"The month"`
	Feed      feedMonthView `json:"feed" doc:"What the aggregator delivers"`
	Statement string        `json:"statement" enum:"agrees,lines_agree,dates_differ,differs,inconclusive,partial,none" example:"agrees" doc:"The worst verdict of the newest comparisons of the days. partial: some days are not covered; none: no statement has a day of the month"`
	IDs       []string      `json:"ids" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8b01" doc:"The bank statements, newest comparison first"`
}

// feedMonthView is what the aggregator delivers about a month.
type feedMonthView struct {
	State    string `json:"state" enum:"unknown,complete,drifting,unverified,not_covered" example:"complete" doc:"What a close of the last day of the month would state. not_covered for a month that has not ended; unknown before the account's first row"`
	CoversTo string `json:"coversTo,omitempty" format:"date" example:"2026-02-28" doc:"The last day up to which the records of the account are complete; absent if it is not known"`
}

func monthCoverageOf(m ports.MonthCoverage) monthCoverageView {
	return monthCoverageView{
		Month: m.Month, Feed: feedMonthView{m.Feed, string(m.CoversTo)}, Statement: string(m.Statement.Verdict),
		IDs: mapItems(m.Statement.IDs, witness.BankStatementID.String),
	}
}
