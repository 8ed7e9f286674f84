package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// fileFactor is the number of bytes of memory to reserve for each byte of a statement file.
	fileFactor = 16
	// accountMemory is the memory in bytes that a comparison reserves before it reads records.
	accountMemory = 1 << 20
	// recordPortion is the number of records for which a comparison reserves recordMemory bytes at a time.
	recordPortion, recordMemory = 5000, 4 << 20
	// maxCompared is the maximum number of records in a comparison.
	maxCompared = 300_000
	// nearDays is the number of days around a statement in which records are compared. Only an equal identifier matches
	// a record of another day than those of the statement, apart from a few weekdays.
	nearDays = 92
	// comparisonClaim is the time after which an unfinished comparison is made again.
	comparisonClaim = 2 * time.Minute
)

func fileMemory(bytes int) int64 { return accountMemory + fileFactor*int64(bytes) }

func memoryFor(s witness.BankStatement) int64 { return fileMemory(s.Reading.Bytes) }

// comparisonMemory is the memory that is reserved for one comparison.
type comparisonMemory struct {
	service *Service
	tenant  domain.TenantID
	bytes   int64
	release func()
}

// reserveFor reserves memory for a comparison. The caller must call release.
func (s *Service) reserveFor(ctx context.Context, tenant domain.TenantID, bytes int64) (*comparisonMemory, error) {
	release, err := s.reserve(ctx, tenant, bytes)
	return &comparisonMemory{s, tenant, bytes, release}, err
}

// grow reserves more memory. It replaces the reservation by a larger one: only the first reservation of a tenant may
// exceed the tenant's share, so a second one beside that of a large file would wait for itself.
func (m *comparisonMemory) grow(ctx context.Context, bytes int64) (err error) {
	m.release()
	m.bytes += bytes
	if m.release, err = m.service.reserve(ctx, m.tenant, m.bytes); err != nil {
		m.release = func() {}
	}
	return err
}

// withComparison calls fn, which reads and compares a bank statement, while it holds memory and a share of the costly
// reads of the tenant. Errors: Unavailable (memory_exhausted, too_many_reads); those of fn.
func (s *Service) withComparison(
	ctx context.Context, tenant domain.TenantID, bytes int64, fn func(m *comparisonMemory) error,
) error {
	return s.withShare(ctx, s.readShares, tenant, func() error {
		m, err := s.reserveFor(ctx, tenant, bytes)
		if err != nil {
			return err
		}
		defer func() { m.release() }()
		return fn(m)
	})
}

// reserve reserves memory of the tenant.
func (s *Service) reserve(ctx context.Context, tenant domain.TenantID, bytes int64) (release func(), err error) {
	if s.Memory == nil {
		return func() {}, nil
	}
	return s.Memory.Acquire(ctx, tenant, bytes)
}

// NextComparison implements ports.Maintenance.
func (s *Service) NextComparison(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	now := s.Clock.Now()
	statement, err := s.BankStatements.Claim(ctx, now, now.Add(comparisonClaim), skip)
	if err != nil || statement == nil {
		return nil, err
	}
	return workOf(statement.Tenant, "bank statement "+statement.ID.String(), func(ctx context.Context) error {
		return s.compareDue(ctx, *statement)
	}), nil
}

// compareDue does what is due for a statement.
func (s *Service) compareDue(ctx context.Context, statement witness.BankStatement) error {
	switch statement.State { //nolint:exhaustive // nothing is due in the other states
	case witness.StateReading: // the process that has read it is dead
		return s.BankStatements.Discard(ctx, statement.Tenant, statement.ID)
	case witness.StateCompared, witness.StateNeedsMapping:
		m, err := s.reserveFor(ctx, statement.Tenant, memoryFor(statement))
		if err != nil {
			return err
		}
		defer func() { m.release() }()
		_, err = s.compareAgain(ctx, m, statement, "")
		return err
	}
	return s.saveBankStatement(ctx, &statement, ports.BankStatementWrite{At: s.Clock.Now()}, "")
}

// compareAgain reads the witness of a statement again, compares it with the present records, and saves the result. A
// file that waits for a mapping is read with the present one.
func (s *Service) compareAgain(
	ctx context.Context, m *comparisonMemory, statement witness.BankStatement, action string,
) (witness.BankStatement, error) {
	if statement.Witness.IsZero() {
		content, err := s.openFile(ctx, statement)
		if err != nil {
			return statement, err
		}
		options := statement.Reading.Options
		if statement.State == witness.StateNeedsMapping {
			options.Mapping = nil
		}
		return s.readFile(ctx, m, statement, content, options, action)
	}
	selected, refusal, err := s.readWitness(ctx, m, &statement)
	if err != nil {
		return statement, err
	}
	w := ports.BankStatementWrite{At: s.Clock.Now(), SetFindings: true, Compared: refusal == nil}
	if refusal != nil {
		statement.Decline(*refusal)
	} else if w.Findings, err = s.compare(ctx, m, &statement, selected, action != ""); err != nil {
		return statement, err
	}
	return statement, s.saveBankStatement(ctx, &statement, w, action)
}

// readWitness returns the records of the account that is the witness as a statement. Its days begin when both accounts
// have a record: before, it is not known that nothing is missing.
func (s *Service) readWitness(
	ctx context.Context, m *comparisonMemory, statement *witness.BankStatement,
) (read witness.Statement, refusal *witness.Refusal, err error) {
	var ours domain.Account
	var began domain.Date
	err = s.Ledger.Snapshot(ctx, m.tenant, statement.Account, func(view ports.AccountView) (err error) {
		ours = view.Account
		began, err = view.FirstDay(ctx)
		return err
	})
	if err != nil {
		return read, nil, err
	}
	days := statement.Reading.Days
	theirs, err := s.readRecords(ctx, m, statement.Witness, days, 0)
	if err != nil {
		return read, nil, err
	}
	account := theirs.account
	if refusal := witness.CheckCurrency(account.Currency, ours.Currency); refusal != nil {
		return read, refusal, nil
	}
	if theirs.coversTo == "" || theirs.coversTo < days.To {
		days.To = theirs.coversTo
	}
	if began == "" || theirs.began == "" {
		days.To = ""
	}
	days.From = max(days.From, began, theirs.began)
	numbers := witness.Account{Number: account.Number, Bank: account.Institution.ID}
	read = witness.AccountStatement(numbers, account.Currency, days, theirs.records, theirs.balances)
	statement.Reading = witness.Reading{Days: statement.Reading.Days, BankReadAt: account.BankReadAt}
	statement.Reading.Read(witness.Selected{Statement: read, Match: witness.MatchChosen})
	return read, nil, nil
}

// compare compares a statement with the records of its account, and returns the findings. asked is set if a caller
// has asked for the comparison.
func (s *Service) compare(
	ctx context.Context, m *comparisonMemory, statement *witness.BankStatement, read witness.Statement, asked bool,
) ([]witness.Finding, error) {
	ours, err := s.readRecords(ctx, m, statement.Account, daysOf(read), nearDays)
	if err != nil {
		return nil, err
	}
	result := witness.Compare(witness.Input{
		Statement: read, Records: ours.records, CoversTo: ours.coversTo, Balances: ours.balances,
		Confirmed: statement.Confirmed(),
	})
	statement.Compared(result, s.Clock.Now(), asked)
	statement.ComparedChanges = statement.Changes
	return result.Findings, nil
}

// daysOf returns the days that a statement mentions.
func daysOf(statement witness.Statement) domain.Window {
	var days domain.Window
	add := func(dates ...domain.Date) {
		for _, date := range dates {
			if date == "" {
				continue
			}
			if days.From == "" || date < days.From {
				days.From = date
			}
			days.To = max(days.To, date)
		}
	}
	for _, section := range statement.Sections {
		add(section.Declared.From, section.Declared.To)
		for i := range section.Blocks {
			add(section.Blocks[i].Date, section.Blocks[i].ValueDate)
		}
		for _, b := range section.Balances {
			add(b.Date)
		}
	}
	return days
}

// ourRecords are the records of an account that a comparison needs.
type ourRecords struct {
	account  domain.Account
	records  []witness.Record
	began    domain.Date // the day of the first record; "" if there is none
	coversTo domain.Date
	balances []witness.DayBalance
}

// readRecords reads the live records of an account in the days and in the given number of days around them.
func (s *Service) readRecords(
	ctx context.Context, m *comparisonMemory, id domain.AccountID, days domain.Window, around int,
) (ours ourRecords, err error) {
	readings, err := s.readings(ctx, m.tenant, id)
	if err != nil {
		return ours, err
	}
	err = s.Ledger.Snapshot(ctx, m.tenant, id, func(view ports.AccountView) (err error) {
		ours.account, ours.coversTo = view.Account, view.CoversTo(s.coverage())
		if ours.began, err = view.FirstDay(ctx); err != nil {
			return err
		}
		sums := books.NewDayBalances(view.Completeness, view.Account.Currency, readings, s.coverage())
		if days.From == "" {
			return nil
		}
		near := domain.Window{From: days.From.AddDays(-around), To: days.To.AddDays(around)}
		for t, err := range view.Live(ctx, domain.Window{From: near.From}) {
			if err != nil {
				return err
			}
			record := witness.RecordOf(t, view.Account.Currency)
			if !record.Pending {
				sums.Add(record.Date, record.Amount, !record.Unknown)
			}
			if !near.Contains(record.Date) {
				continue
			}
			if len(ours.records)%recordPortion == 0 {
				if err := m.grow(ctx, recordMemory); err != nil {
					return err
				}
			}
			if ours.records = append(ours.records, record); len(ours.records) > maxCompared {
				return &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge}
			}
		}
		for _, b := range sums.In(near) {
			ours.balances = append(ours.balances, witness.DayBalance(b))
		}
		return nil
	})
	return ours, err
}

// maxReadings is the maximum number of readings of an account's balance that a comparison uses, the latest ones.
const maxReadings = 1000

// readings returns the readings of the account's balance, newest first.
func (s *Service) readings(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) ([]books.AccountBalance, error) {
	page, err := s.Ledger.Balances(ctx, tenant, id, domain.Window{}, domain.PageRequest{Limit: maxReadings})
	return page.Items, err
}
