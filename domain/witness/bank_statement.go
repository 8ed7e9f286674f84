package witness

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// BankStatementID identifies a bank statement.
type BankStatementID = domain.ID[BankStatement]

// StatementState is the state of a stored bank statement.
type StatementState string

// The states of bank statements.
const (
	// StateReading is the state before the first comparison is stored. Callers never see such a statement.
	StateReading      StatementState = "reading"
	StateCompared     StatementState = "compared"
	StateNeedsAccount StatementState = "needs_account"
	StateNeedsMapping StatementState = "needs_mapping"
	StateRefused      StatementState = "refused"
	StateWithdrawn    StatementState = "withdrawn"
)

// BankStatement is a second witness about an account: a statement file, or another account of the tenant.
type BankStatement struct {
	ID         BankStatementID
	Tenant     domain.TenantID
	Account    domain.AccountID
	Connection domain.ConnectionID // of Account; a store sets it
	// Witness is the other account; zero if a file is the witness.
	Witness domain.AccountID
	// Key identifies the witness among those of the account: the SHA-256 hash of the file in hex, or the other account
	// with the days.
	Key        string
	State      StatementState
	Reading    Reading
	Comparison *Result // nil unless State is StateCompared
	Decisions  []Decision
	UploadedBy string
	UploadedAt time.Time

	// Revision increases with each change that a caller or a comparison makes.
	Revision int64
	// Changes is the number of changes of records that may affect the comparison. ComparedChanges is that number when
	// the compared records were read.
	Changes, ComparedChanges int64
}

// HashFile returns the SHA-256 hash of a file in lower-case hex.
func HashFile(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// Stale reports whether records have changed since they were compared.
func (s BankStatement) Stale() bool { return s.State == StateCompared && s.Changes > s.ComparedChanges }

// Reading is what the reading of the witness has found, and what the caller has stated about it.
type Reading struct {
	Name     string         `json:"name,omitempty"` // of the file, as the caller states it
	Bytes    int            `json:"bytes,omitempty"`
	SHA256   string         `json:"sha256,omitempty"` // in lower-case hex
	Format   Format         `json:"format,omitempty"`
	Dialect  string         `json:"dialect,omitempty"`
	Encoding string         `json:"encoding,omitempty"`
	Options  ReadingOptions `json:"options,omitzero"`
	Days     domain.Window  `json:"days,omitzero"` // the days that the caller wants to compare with another account
	// BankReadAt is when the vendor of the other account last read the bank; zero if it is not known.
	BankReadAt time.Time `json:"bankReadAt,omitzero"`
	Reason     string    `json:"reason,omitempty"` // why the statement is not compared
	Account    Account   `json:"account,omitzero"`
	Match      Match     `json:"match,omitempty"`
	Currency   string    `json:"currency,omitempty"`
	Counts     Counts    `json:"counts,omitzero"`
	Sums       Sums      `json:"sums,omitzero"`
	Warnings   []Warning `json:"warnings,omitempty"`
	// Period contains all lines and all days that the statement covers; zero if there are none.
	Period domain.Window `json:"period,omitzero"`
}

// ReadingOptions is what a caller has stated about a file. A file is read again if a later request states something
// else.
type ReadingOptions struct {
	Format  Format      `json:"format,omitempty"`
	Account string      `json:"account,omitempty"` // the label or the number of the wanted statement
	Mapping *CSVMapping `json:"mapping,omitempty"` // nil unless the columns of the file are not known
}

// Result is a stored comparison. Its lines are stored apart.
type Result struct {
	At time.Time `json:"at"`
	// AskedAt is when a caller has last asked for a comparison; zero if that is At. The service compares again when
	// records change. The order in which it does so says nothing about the statements.
	AskedAt       time.Time         `json:"askedAt,omitzero"`
	Verdict       Verdict           `json:"verdict"`
	CoversTo      domain.Date       `json:"coversTo,omitempty"`
	Opening       StatedBalance     `json:"opening"`
	Closing       StatedBalance     `json:"closing"`
	Covered       []domain.Window   `json:"covered,omitempty"`
	Basis         Basis             `json:"basis"`
	Buckets       map[Bucket]Total  `json:"buckets,omitempty"`
	Balances      []ComparedBalance `json:"balances,omitempty"`
	FirstDayApart domain.Date       `json:"firstDayApart,omitempty"`
	Unexplained   decimal.Decimal   `json:"unexplained"`
	// WaitsFor is the earliest day of the statement after the last complete day of the account; "" if there is none.
	WaitsFor domain.Date `json:"waitsFor,omitempty"`
}

// asked returns when a caller has last asked for a comparison.
func (r *Result) asked() time.Time {
	if r.AskedAt.IsZero() {
		return r.At
	}
	return r.AskedAt
}

// maxWarned is the maximum number of positions of a warning that are kept.
const maxWarned = 1000

// Read sets what the statement of a file or of another account contains.
func (r *Reading) Read(s Selected) {
	r.Account, r.Match, r.Currency = s.Statement.Account, s.Match, s.Statement.Currency
	r.Counts, r.Sums, r.Reason = s.Statement.Counts(), s.Statement.Sums(), ""
	r.Warnings = s.Statement.Warnings
}

// Compared makes c the comparison of the statement. asked is set if a caller has asked for it.
func (s *BankStatement) Compared(c Comparison, at time.Time, asked bool) {
	var askedAt time.Time
	if before := s.Comparison; !asked && before != nil {
		askedAt = before.asked()
	}
	s.State = StateCompared
	s.Comparison = &Result{
		At: at, AskedAt: askedAt, Verdict: c.Verdict, CoversTo: c.CoversTo,
		Opening: c.Proof.Opening, Closing: c.Proof.Closing,
		Covered: c.Proof.Covered, Basis: c.Proof.Basis, Buckets: c.Buckets, Balances: c.Balances,
		FirstDayApart: c.FirstDayApart, Unexplained: c.Unexplained,
	}
	period := domain.Window{}
	for _, w := range c.Listed {
		period = spanDays(period, w.From, w.To)
		if c.CoversTo != "" && w.To > c.CoversTo {
			s.Comparison.WaitsFor = domain.EarlierDate(s.Comparison.WaitsFor, max(w.From, c.CoversTo.AddDays(1)))
		}
	}
	for i := range c.Findings {
		f := &c.Findings[i]
		if f.Position == 0 || f.Date == "" || f.Bucket == SetApart || f.Bucket == BalanceRows {
			continue
		}
		period = spanDays(period, f.Date, f.Date)
		if f.Bucket == Outside {
			s.Comparison.WaitsFor = domain.EarlierDate(s.Comparison.WaitsFor, f.Date)
		}
	}
	s.Reading.Period = period
	for _, w := range c.Proof.Warnings {
		s.Reading.Warnings = AddWarning(s.Reading.Warnings, w.Code, 0)
	}
	for i, w := range s.Reading.Warnings {
		s.Reading.Warnings[i].Blocks = w.Blocks[:min(len(w.Blocks), maxWarned)]
	}
	s.endAccepted(c, at)
}

func spanDays(w domain.Window, from, to domain.Date) domain.Window {
	return domain.Window{From: domain.EarlierDate(w.From, from), To: max(w.To, to)}
}

// Decline sets why the statement is not compared.
func (s *BankStatement) Decline(r Refusal) {
	s.Comparison, s.Reading.Reason, s.State = nil, r.Error(), StateRefused
	switch r.Code { //nolint:exhaustive // every other code is final
	case NeedsAccount:
		s.State = StateNeedsAccount
	case NeedsMapping:
		s.State = StateNeedsMapping
	}
}

// Withdraw removes everything that the statement has found.
func (s *BankStatement) Withdraw() {
	s.State, s.Comparison = StateWithdrawn, nil
	s.Reading = Reading{
		Name: s.Reading.Name, Bytes: s.Reading.Bytes, SHA256: s.Reading.SHA256, Format: s.Reading.Format,
		Encoding: s.Reading.Encoding, Days: s.Reading.Days, Period: s.Reading.Period,
	}
}

// DecisionKind is what a person has decided.
type DecisionKind string

// The kinds of decisions.
const (
	Explained      DecisionKind = "explained"       // the difference has a reason outside of both
	GroupConfirmed DecisionKind = "group_confirmed" // the records of a proposed group are the line
	GroupRejected  DecisionKind = "group_rejected"  // they are not
	Accepted       DecisionKind = "accepted"        // the differences need no attention
)

// Decision is what a person has decided about a statement or some of its lines.
type Decision struct {
	Kind    DecisionKind `json:"decision"`
	Lines   []int        `json:"lines,omitempty"` // positions of lines; nil for the whole statement
	Note    string       `json:"note"`
	By      string       `json:"by"`
	At      time.Time    `json:"at"`
	EndedAt time.Time    `json:"endedAt,omitzero"` // when a later difference, or another reading, has ended it
	Groups  []Group      `json:"groups,omitempty"` // the groups of GroupConfirmed
	// Differences contains a hash of 8 bytes for each difference that Accepted has accepted.
	Differences []byte `json:"differences,omitempty"`
}

// The limits of decisions.
const (
	MaxDecisions     = 500 // of a statement
	MaxDecisionLines = 1000
	MaxDecisionNote  = 1000 // characters
)

// Validate returns an error if the decision cannot be made. Errors: Invalid on the member.
func (d Decision) Validate() error {
	ofGroups := d.Kind == GroupConfirmed || d.Kind == GroupRejected
	var errs []*domain.Error
	invalid := func(field, message string, wrong bool) {
		if wrong {
			errs = append(errs, domain.FieldError(field, message))
		}
	}
	invalid("decision", "must be explained, group_confirmed, group_rejected or accepted",
		!ofGroups && d.Kind != Explained && d.Kind != Accepted)
	invalid("lines", "is required for decisions about groups", ofGroups && len(d.Lines) == 0)
	invalid("lines", "must have at most 1000 items", len(d.Lines) > MaxDecisionLines)
	invalid("note", "is required", d.Note == "")
	invalid("note", "must have at most 1000 characters", len([]rune(d.Note)) > MaxDecisionNote)
	if len(errs) == 0 {
		return nil
	}
	return domain.Join(errs)
}

// Decide adds a decision. findings are those of the comparison. Errors: Invalid on "lines" if a position is not that of
// a line, or a line has no proposed group; Conflict if the statement is not compared or has too many decisions.
func (s *BankStatement) Decide(d Decision, findings []Finding) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if s.State != StateCompared || len(s.Decisions) >= MaxDecisions {
		return &domain.Error{Kind: domain.Conflict}
	}
	byPosition := map[int]*Finding{}
	for i := range findings {
		if findings[i].Position > 0 {
			byPosition[findings[i].Position] = &findings[i]
		}
	}
	for _, position := range d.Lines {
		f := byPosition[position]
		switch {
		case f == nil:
			return domain.FieldError("lines", "must be positions of the statement")
		case d.Kind != GroupConfirmed && d.Kind != GroupRejected:
		case f.Bucket != ProposedGroup:
			return domain.FieldError("lines", "must be lines with a proposed group")
		case d.Kind == GroupConfirmed:
			d.Groups = append(d.Groups, Group{position, f.Records})
		}
	}
	if d.Kind == Accepted {
		d.Differences = differencesOf(findings, s.Comparison.Balances)
	}
	s.Decisions = append(s.Decisions, d)
	return nil
}

// Confirmed returns the groups that persons have confirmed.
func (s BankStatement) Confirmed() (groups []Group) {
	for _, d := range s.Decisions {
		if d.EndedAt.IsZero() {
			groups = append(groups, d.Groups...)
		}
	}
	return groups
}

// EndDecisions ends all decisions, because their lines may be others when the file is read in another way.
func (s *BankStatement) EndDecisions(at time.Time) {
	s.Decisions = slices.Clone(s.Decisions)
	for i := range s.Decisions {
		if d := &s.Decisions[i]; d.EndedAt.IsZero() {
			d.EndedAt = at
		}
	}
}

// Accepted reports whether a person has accepted the differences of the comparison.
func (s BankStatement) Accepted() bool {
	return slices.ContainsFunc(s.Decisions, func(d Decision) bool { return d.Kind == Accepted && d.EndedAt.IsZero() })
}

// endAccepted ends the acceptance if the comparison has a difference that the accepted one did not have.
func (s *BankStatement) endAccepted(c Comparison, at time.Time) {
	if !s.Accepted() {
		return
	}
	now := differencesOf(c.Findings, c.Balances)
	s.Decisions = slices.Clone(s.Decisions)
	for i := range s.Decisions {
		if d := &s.Decisions[i]; d.Kind == Accepted && d.EndedAt.IsZero() && !containsAll(d.Differences, now) {
			d.EndedAt = at
		}
	}
}

// containsAll reports whether the sorted hashes contain all of the others.
func containsAll(hashes, others []byte) bool {
	known := map[uint64]bool{}
	for h := range slices.Chunk(hashes, 8) {
		known[binary.BigEndian.Uint64(h)] = true
	}
	for h := range slices.Chunk(others, 8) {
		if !known[binary.BigEndian.Uint64(h)] {
			return false
		}
	}
	return true
}

// differencesOf returns the hashes of all differences of a comparison.
func differencesOf(findings []Finding, balances []ComparedBalance) (hashes []byte) {
	add := func(texts ...string) {
		h := fnv.New64a()
		for _, text := range texts {
			_, _ = h.Write([]byte(text)) // never fails
			_, _ = h.Write([]byte{0})
		}
		hashes = h.Sum(hashes)
	}
	for i := range findings {
		f := &findings[i]
		switch f.Bucket { //nolint:exhaustive // the other buckets contain no differences
		case OnlyTheirs, OnlyOurs, Different:
			texts := []string{string(f.Bucket), string(f.Date), f.Amount.String(), f.Text}
			for _, member := range []string{memberDate, memberValue} {
				texts = append(texts, f.Different[member].Theirs, f.Different[member].Ours)
			}
			add(texts...)
		}
	}
	for _, b := range balances {
		if b.Difference != nil && !b.Difference.IsZero() {
			add("balance", string(b.Date), b.Difference.String())
		}
	}
	return hashes
}
