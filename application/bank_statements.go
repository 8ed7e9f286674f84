package application

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// reserveFor is how long a bank statement may be read before the process that reads it counts as dead.
	reserveFor = 5 * time.Minute
	// saveAttempts is the maximum number of attempts to compare a bank statement while others change it.
	saveAttempts = 8
	// maxFileName is the maximum length of the name of a statement file in characters.
	maxFileName = 200
)

// AddBankStatement implements ports.BankStatementManager.
func (s *Service) AddBankStatement(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	file ports.BankStatementFile,
) (view ports.BankStatementView, created bool, err error) {
	known := []witness.Format{"", witness.OFX, witness.CNAB240, witness.CSV, witness.Camt, witness.MT940}
	if !slices.Contains(known, file.Format) {
		return view, false, domain.FieldError("format", "must be one of: ofx, cnab240, csv, camt, mt940")
	}
	if name := []rune(domain.CleanText(file.Name)); len(name) > 0 {
		file.Name = string(name[:min(len(name), maxFileName)])
	}
	statement := s.newBankStatement(ctx, tenant, account)
	statement.Key = witness.HashFile(file.Content)
	statement.Reading = witness.Reading{Name: file.Name, Bytes: len(file.Content), SHA256: statement.Key}
	options := witness.ReadingOptions{Format: file.Format, Account: file.Account}
	reserve := statement
	err = s.withComparison(ctx, tenant, fileMemory(len(file.Content)), func(m *comparisonMemory) error {
		return untilSaved(func() error {
			stored, isNew, err := s.BankStatements.Reserve(ctx, reserve, s.Clock.Now().Add(reserveFor))
			created = created || isNew
			if err != nil {
				return err
			}
			if !isNew && stored.State != witness.StateReading {
				same, err := s.isRead(ctx, stored, options)
				if err != nil || same {
					statement = stored
					return err
				}
			}
			statement, err = s.readFile(ctx, m, stored, file.Content, options, "bank_statement.create")
			return err
		})
	})
	if err != nil {
		return view, false, err
	}
	view, err = s.bankStatementView(ctx, statement)
	return view, created, err
}

// untilSaved calls save again while another request has changed the statement since save has read it. Errors: those of
// save; RevisionMismatch after saveAttempts calls.
func untilSaved(save func() error) (err error) {
	for range saveAttempts {
		if err = save(); !errors.Is(err, domain.RevisionMismatch) {
			break
		}
	}
	return err
}

// newBankStatement returns a statement that the caller in ctx adds.
func (s *Service) newBankStatement(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) witness.BankStatement {
	return witness.BankStatement{
		ID: witness.BankStatementID{UUID: s.IDs.New()}, Tenant: tenant, Account: account,
		UploadedBy: cmp.Or(domain.CleanText(ports.CallerOf(ctx).Actor), ports.UnknownActor), UploadedAt: s.Clock.Now(),
	}
}

// isRead reports whether the stored statement need not be read again with these options.
func (s *Service) isRead(
	ctx context.Context, stored witness.BankStatement, options witness.ReadingOptions,
) (bool, error) {
	read := stored.Reading.Options
	sameFormat := read.Format == options.Format || read.Format == "" && stored.Reading.Format == options.Format
	if stored.State == witness.StateWithdrawn || stored.State == witness.StateRefused ||
		!sameFormat || read.Account != options.Account {
		return false, nil
	}
	if stored.State != witness.StateNeedsMapping && read.Mapping == nil {
		return true, nil
	}
	mapping, err := s.BankStatements.CSVMapping(ctx, stored.Tenant, stored.Account)
	return reflect.DeepEqual(mapping, read.Mapping), err
}

// readFile reads the file of a statement, compares it with the records and saves both. action is that of the audit
// entry; "" if the service itself reads the file again. Other options than before end the decisions about the lines.
func (s *Service) readFile(ctx context.Context, m *comparisonMemory, statement witness.BankStatement,
	content []byte, options witness.ReadingOptions, action string,
) (witness.BankStatement, error) {
	if statement.Reading.Options != options {
		statement.EndDecisions(s.Clock.Now())
	}
	w := ports.BankStatementWrite{At: s.Clock.Now(), SetFindings: true}
	selected, refusal, err := s.readStatement(ctx, &statement, content, options)
	if err != nil {
		return statement, err
	}
	if refusal != nil {
		statement.Decline(*refusal)
	} else if w.Findings, err = s.compare(ctx, m, &statement, selected.Statement, action != ""); err != nil {
		return statement, err
	}
	w.Compared, w.DropFile = refusal == nil, statement.State == witness.StateRefused
	if !w.DropFile {
		if w.File, err = s.Sealer.SealFile(statement.Tenant, statement.ID, content); err != nil {
			return statement, err
		}
	}
	return statement, s.saveBankStatement(ctx, &statement, w, action)
}

// readStatement reads the file and takes the statement of the account from it. It sets what the reading has found.
func (s *Service) readStatement(
	ctx context.Context, statement *witness.BankStatement, content []byte, options witness.ReadingOptions,
) (selected witness.Selected, refusal *witness.Refusal, err error) {
	file := s.StatementReader.Read(content, witness.Options{Format: options.Format})
	if file.Refusal != nil && file.Refusal.Code == witness.NeedsMapping {
		if options.Mapping == nil {
			options.Mapping, err = s.BankStatements.CSVMapping(ctx, statement.Tenant, statement.Account)
		}
		if err != nil {
			return selected, nil, err
		}
		if options.Mapping != nil {
			file = s.StatementReader.Read(content, witness.Options{Format: options.Format, Mapping: options.Mapping})
		}
	}
	read := &statement.Reading
	*read = witness.Reading{
		Name: read.Name, Bytes: read.Bytes, SHA256: read.SHA256,
		Format: file.Format, Dialect: file.Dialect, Encoding: file.Encoding, Options: options,
	}
	ours, err := s.ourAccount(ctx, statement.Tenant, statement.Account)
	if err != nil {
		return selected, nil, err
	}
	selected, refusal = witness.Select(file, ours, options.Account)
	if refusal == nil {
		selected.Statement.Uploaded = s.coverage().Day(statement.UploadedAt)
		selected.Statement.Warnings = append(selected.Statement.Warnings, file.Warnings...)
		read.Read(selected)
		read.Currency = cmp.Or(read.Currency, ours.Currency)
	}
	return selected, refusal, nil
}

// ourAccount returns the numbers of an account.
func (s *Service) ourAccount(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) (witness.OurAccount, error) {
	account, err := s.Ledger.Account(ctx, tenant, id)
	ours := witness.OurAccount{Number: account.Number, Currency: account.Currency, Subtype: account.Subtype}
	if identifier, ok := s.aggregators[account.Vendor].(ports.AccountIdentifier); ok && err == nil {
		ours.Identity = identifier.AccountIdentity(account.AccountData)
	}
	return ours, err
}

// saveBankStatement saves a statement, and sets its new revision.
func (s *Service) saveBankStatement(
	ctx context.Context, statement *witness.BankStatement, w ports.BankStatementWrite, action string,
) error {
	var entries ports.AuditEntries
	if action != "" {
		entries = s.audits.EntriesOf(ctx, action, statement.ID.String())
	}
	err := s.BankStatements.Save(ctx, *statement, w, entries)
	if err == nil {
		statement.Revision++
		if action != "" {
			s.audits.Emit(ctx, statement.Tenant, action, statement.ID.String())
		}
	}
	return err
}

// AddWitnessAccount implements ports.BankStatementManager.
func (s *Service) AddWitnessAccount(ctx context.Context, tenant domain.TenantID, account, other domain.AccountID,
	days domain.Window,
) (view ports.BankStatementView, created bool, err error) {
	if err := checkWitness(account, other, days); err != nil {
		return view, false, err
	}
	ours, err := s.Ledger.Account(ctx, tenant, account)
	if err != nil {
		return view, false, err
	}
	theirs, err := s.Ledger.Account(ctx, tenant, other)
	if errors.Is(err, domain.NotFound) {
		return view, false, domain.FieldError("accountId", "is not the id of an account")
	}
	if err == nil && witness.CheckCurrency(theirs.Currency, ours.Currency) != nil {
		err = domain.FieldError("accountId", "must be an account in "+ours.Currency)
	}
	if err != nil {
		return view, false, err
	}
	statement := s.newBankStatement(ctx, tenant, account)
	statement.Witness, statement.Reading = other, witness.Reading{Days: days}
	statement.Key = other.String() + " " + string(days.From) + " " + string(days.To)
	reserve := statement
	err = s.withComparison(ctx, tenant, accountMemory, func(m *comparisonMemory) error {
		return untilSaved(func() error {
			stored, isNew, err := s.BankStatements.Reserve(ctx, reserve, s.Clock.Now().Add(reserveFor))
			created = created || isNew
			if err == nil {
				statement, err = s.compareAgain(ctx, m, stored, "bank_statement.create")
			}
			return err
		})
	})
	if err != nil {
		return view, false, err
	}
	view, err = s.bankStatementView(ctx, statement)
	return view, created, err
}

// checkWitness checks the request to compare an account with another one. Errors: Invalid.
func checkWitness(account, other domain.AccountID, days domain.Window) error {
	switch {
	case other == account:
		return domain.FieldError("accountId", "must be another account")
	case days.From == "":
		return domain.FieldError("from", "is required")
	case days.To == "":
		return domain.FieldError("to", "is required")
	}
	for field, day := range map[string]domain.Date{"from": days.From, "to": days.To} {
		if _, err := domain.ParseDate(string(day)); err != nil {
			return domain.FieldError(field, "must be a date (YYYY-MM-DD)")
		}
	}
	return days.Validate()
}

// ListBankStatements implements ports.BankStatementManager.
func (s *Service) ListBankStatements(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	filter ports.BankStatementFilter, page domain.PageRequest,
) (views domain.Page[ports.BankStatementView], err error) {
	if err := filter.Window.Validate(); err != nil {
		return views, err
	}
	if _, err := s.Ledger.Account(ctx, tenant, account); err != nil {
		return views, err
	}
	indexed := filter == ports.BankStatementFilter{}
	found, err := readFiltered(ctx, s, tenant, indexed, func() (domain.Page[witness.BankStatement], error) {
		return s.BankStatements.List(ctx, tenant, account, filter, page)
	})
	if err != nil {
		return views, err
	}
	all, err := s.BankStatements.Overviews(ctx, tenant, account)
	views.Next = found.Next
	for _, statement := range found.Items {
		views.Items = append(views.Items, ports.BankStatementView{
			BankStatement: statement, Previous: witness.PreviousOf(statement, all),
		})
	}
	return views, err
}

// GetBankStatement implements ports.BankStatementManager.
func (s *Service) GetBankStatement(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (ports.BankStatementView, error) {
	statement, err := s.visibleStatement(ctx, tenant, id)
	if err != nil {
		return ports.BankStatementView{}, err
	}
	return s.bankStatementView(ctx, statement)
}

// visibleStatement returns a statement that callers see.
func (s *Service) visibleStatement(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (witness.BankStatement, error) {
	statement, err := s.BankStatements.Get(ctx, tenant, id)
	if err == nil && statement.State == witness.StateReading {
		err = domain.NotFoundError()
	}
	return statement, err
}

// bankStatementView returns the statement with the one before it. The stored number of changes is read again, because
// records may have changed since.
func (s *Service) bankStatementView(
	ctx context.Context, statement witness.BankStatement,
) (ports.BankStatementView, error) {
	all, err := s.BankStatements.Overviews(ctx, statement.Tenant, statement.Account)
	return ports.BankStatementView{BankStatement: statement, Previous: witness.PreviousOf(statement, all)}, err
}

// ListBankStatementLines implements ports.BankStatementManager.
func (s *Service) ListBankStatementLines(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
	bucket witness.Bucket, page domain.PageRequest,
) (domain.Page[witness.Finding], error) {
	if _, err := s.visibleStatement(ctx, tenant, id); err != nil {
		return domain.Page[witness.Finding]{}, err
	}
	return readFiltered(ctx, s, tenant, bucket == "", func() (domain.Page[witness.Finding], error) {
		return s.BankStatements.Lines(ctx, tenant, id, bucket, page)
	})
}

// CompareAgain implements ports.BankStatementManager.
func (s *Service) CompareAgain(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (ports.BankStatementView, error) {
	return s.changeBankStatement(ctx, tenant, id, func(
		m *comparisonMemory, statement witness.BankStatement,
	) (witness.BankStatement, error) {
		if statement.State != witness.StateCompared {
			return statement, &domain.Error{Kind: domain.Conflict}
		}
		return s.compareAgain(ctx, m, statement, "bank_statement.compare")
	})
}

// DecideBankStatement implements ports.BankStatementManager.
func (s *Service) DecideBankStatement(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
	d witness.Decision,
) (ports.BankStatementView, error) {
	d.Note = domain.CleanText(d.Note)
	if err := d.Validate(); err != nil {
		return ports.BankStatementView{}, err
	}
	d.By, d.At = cmp.Or(domain.CleanText(ports.CallerOf(ctx).Actor), ports.UnknownActor), s.Clock.Now()
	return s.changeBankStatement(ctx, tenant, id, func(
		m *comparisonMemory, statement witness.BankStatement,
	) (witness.BankStatement, error) {
		findings, err := s.allFindings(ctx, statement)
		if err != nil {
			return statement, err
		}
		if err := statement.Decide(d, findings); err != nil {
			return statement, err
		}
		if d.Kind == witness.GroupConfirmed {
			return s.compareAgain(ctx, m, statement, "bank_statement.decide")
		}
		w := ports.BankStatementWrite{At: d.At}
		return statement, s.saveBankStatement(ctx, &statement, w, "bank_statement.decide")
	})
}

// allFindings returns all findings of a comparison.
func (s *Service) allFindings(ctx context.Context, statement witness.BankStatement) (all []witness.Finding, err error) {
	page := domain.PageRequest{Limit: 10 * smallPage}
	for {
		found, err := s.BankStatements.Lines(ctx, statement.Tenant, statement.ID, "", page)
		all = append(all, found.Items...)
		if err != nil || found.Next.IsZero() {
			return all, err
		}
		page.After = found.Next
	}
}

// changeBankStatement calls change with a statement, and again if somebody else has changed it meanwhile.
func (s *Service) changeBankStatement(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
	change func(*comparisonMemory, witness.BankStatement) (witness.BankStatement, error),
) (view ports.BankStatementView, err error) {
	statement, err := s.visibleStatement(ctx, tenant, id)
	if err != nil {
		return view, err
	}
	err = s.withComparison(ctx, tenant, memoryFor(statement), func(m *comparisonMemory) error {
		return untilSaved(func() error {
			changed, err := change(m, statement)
			if !errors.Is(err, domain.RevisionMismatch) {
				statement = changed
				return err
			}
			var failure error
			statement, failure = s.visibleStatement(ctx, tenant, id)
			return cmp.Or(failure, err)
		})
	})
	if err != nil {
		return view, err
	}
	return s.bankStatementView(ctx, statement)
}

// WithdrawBankStatement implements ports.BankStatementManager.
func (s *Service) WithdrawBankStatement(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID, match ports.IfMatch,
) error {
	_, err := s.changeBankStatement(ctx, tenant, id, func(
		_ *comparisonMemory, b witness.BankStatement,
	) (witness.BankStatement, error) {
		if match != nil && !slices.Contains(match, b.Revision) {
			return b, &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch}
		}
		if b.State == witness.StateWithdrawn {
			return b, nil
		}
		b.Withdraw()
		w := ports.BankStatementWrite{At: s.Clock.Now(), DropFile: true, SetFindings: true}
		return b, s.saveBankStatement(ctx, &b, w, "bank_statement.withdraw")
	})
	return err
}

// BankStatementFile implements ports.BankStatementManager. It stores the audit entry before it returns the content.
func (s *Service) BankStatementFile(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (content []byte, name string, err error) {
	statement, err := s.visibleStatement(ctx, tenant, id)
	if err != nil {
		return nil, "", err
	}
	if content, err = s.openFile(ctx, statement); err != nil {
		return nil, "", err
	}
	return content, statement.Reading.Name, s.audits.Append(ctx, tenant, "bank_statement.download", id.String())
}

// openFile returns the file of a statement. Errors: NotFound if it has none; Unavailable (credential_unopened).
func (s *Service) openFile(ctx context.Context, statement witness.BankStatement) ([]byte, error) {
	sealed, err := s.BankStatements.File(ctx, statement.Tenant, statement.ID)
	if err != nil {
		return nil, err
	}
	return s.Sealer.OpenFile(statement.Tenant, statement.ID, sealed)
}

// maxMapped is the maximum number of files that are read again at once when a mapping was stored. A background task
// reads the others.
const maxMapped = 10

// SetCSVMapping implements ports.BankStatementManager.
func (s *Service) SetCSVMapping(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, m witness.CSVMapping,
) error {
	if err := m.Validate(); err != nil {
		return err
	}
	const action = "account.csv_mapping"
	before, err := s.BankStatements.CSVMapping(ctx, tenant, account)
	if err != nil {
		return err
	}
	changed := before == nil || !reflect.DeepEqual(*before, m)
	var entries ports.AuditEntries
	if changed { // a request without effect is not recorded
		entries = s.audits.EntriesOf(ctx, action, account.String())
	}
	if err := s.BankStatements.SaveCSVMapping(ctx, tenant, account, m, s.Clock.Now(), entries); err != nil {
		return err
	}
	if changed {
		s.audits.Emit(ctx, tenant, action, account.String())
	}
	if err := s.readMapped(ctx, tenant, account); err != nil && ctx.Err() == nil {
		// The mapping is stored, and the background task reads the files.
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "bank statement", Err: err})
	}
	return nil
}

// readMapped reads files of the account that have waited for a mapping.
func (s *Service) readMapped(ctx context.Context, tenant domain.TenantID, account domain.AccountID) error {
	found, err := s.BankStatements.List(ctx, tenant, account, ports.BankStatementFilter{},
		domain.PageRequest{Limit: 10 * maxMapped})
	read := 0
	for _, statement := range found.Items {
		if err != nil || read == maxMapped {
			break
		}
		if statement.State == witness.StateNeedsMapping {
			read++
			err = s.withComparison(ctx, tenant, memoryFor(statement), func(m *comparisonMemory) error {
				_, err := s.compareAgain(ctx, m, statement, "")
				return err
			})
		}
		if errors.Is(err, domain.RevisionMismatch) {
			err = nil // somebody else has read it
		}
	}
	return err
}
