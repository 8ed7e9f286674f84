package ports

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// StatementReader reads statement files of banks.
type StatementReader interface {
	// Read returns everything that the file contains. Each entry of the file is a block of a statement: a line, a
	// balance row, set apart, or refused with its text. A file that cannot be read as a whole has a Refusal. The file
	// is read without any I/O, and the memory is bounded by a multiple of its size.
	Read(content []byte, options witness.Options) witness.File
}

// BankStatementFile is a statement file of a bank, as a caller has sent it.
type BankStatementFile struct {
	Content []byte
	Name    string         // "" if the caller states none
	Format  witness.Format // "" if the content decides
	Account string         // the label or the number of the wanted statement; "" if the numbers decide
}

// BankStatementView is a bank statement with what is derived from other statements of its account.
type BankStatementView struct {
	witness.BankStatement
	Previous *witness.Previous // nil if there is none
}

// BankStatementFilter selects bank statements of an account. The zero value selects all that are not withdrawn.
type BankStatementFilter struct {
	Verdict   witness.Verdict // "" for all
	Window    domain.Window   // only statements with a line or a covered day in the window
	Withdrawn bool            // only those that are withdrawn
}

// MonthCoverage is what both witnesses say about a month of an account.
type MonthCoverage struct {
	Month     string // such as "2026-02"
	Feed      string // what a close of the last day of the month would state
	CoversTo  domain.Date
	Statement witness.Coverage
}

// BankStatementManager compares an account with a second witness. A comparison never changes a record.
//
// Every method returns NotFound unless the id belongs to an account, or to a bank statement, of the tenant.
type BankStatementManager interface {
	// AddBankStatement reads a statement file, compares it with the records of the account, and stores both. created is
	// false if the account has the same file already. It is then read again only if it was withdrawn or refused, or if
	// the request states another format or account. A file that cannot be compared is stored with the reason; a refused
	// one without its bytes. Errors: Invalid on "format"; Unavailable (memory_exhausted).
	AddBankStatement(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		file BankStatementFile) (s BankStatementView, created bool, err error)
	// AddWitnessAccount compares the account with another account of the tenant on the given days. created is false if
	// the two were compared on these days before; they are then compared again. Errors: Invalid on "accountId", "from"
	// or "to".
	AddWitnessAccount(ctx context.Context, tenant domain.TenantID, account, other domain.AccountID,
		days domain.Window) (s BankStatementView, created bool, err error)
	// ListBankStatements returns the bank statements of the account, the latest upload first.
	ListBankStatements(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		filter BankStatementFilter, page domain.PageRequest) (domain.Page[BankStatementView], error)
	// GetBankStatement returns a bank statement.
	GetBankStatement(ctx context.Context, tenant domain.TenantID,
		id witness.BankStatementID) (BankStatementView, error)
	// ListBankStatementLines returns the lines of the comparison in the order of the statement, and then the records
	// without a line by date. bucket is "" for all.
	ListBankStatementLines(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
		bucket witness.Bucket, page domain.PageRequest) (domain.Page[witness.Finding], error)
	// CompareAgain compares the statement with the present records. Errors: Conflict if it is not compared.
	CompareAgain(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID) (BankStatementView, error)
	// DecideBankStatement stores a decision. If it confirms groups, the statement is compared again. Errors: those of
	// witness.BankStatement.Decide.
	DecideBankStatement(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
		d witness.Decision) (BankStatementView, error)
	// WithdrawBankStatement removes the file and the lines of the statement. Errors: Conflict (revision_mismatch).
	WithdrawBankStatement(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID, match IfMatch) error
	// BankStatementFile returns the bytes of the file as they came. Errors: NotFound also if the statement has none.
	BankStatementFile(ctx context.Context, tenant domain.TenantID,
		id witness.BankStatementID) (content []byte, name string, err error)
	// SetCSVMapping stores the mapping of the columns of the account's CSV files, and reads again the files that wait
	// for it. Errors: those of witness.CSVMapping.Validate.
	SetCSVMapping(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		m witness.CSVMapping) error
	// AccountCoverage returns what both witnesses say about each month, from the month of from to that of to. A zero
	// date means the month of the first or the last day that is known. Errors: Invalid on "to" or "from" for an empty
	// or too long range.
	AccountCoverage(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		from, to domain.Date) ([]MonthCoverage, error)
}

// BankStatements stores bank statements, their files and the lines of their comparisons, and the mappings of the
// columns of CSV files.
type BankStatements interface {
	// Reserve stores the statement in StateReading, unless the account has one with the same Key, and returns the
	// stored one. It waits until all changes of records of both accounts that have begun are committed; later changes
	// increase Changes. If the statement is not saved before due, Claim returns it. Errors: NotFound if one of the
	// accounts does not exist.
	Reserve(ctx context.Context, s witness.BankStatement, due time.Time) (stored witness.BankStatement, isNew bool,
		err error)

	// Get returns a statement, also one in StateReading. Errors: NotFound.
	Get(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID) (witness.BankStatement, error)

	// Save replaces the stored statement, if its revision is still s.Revision. It increases the revision, and stores
	// what is set in w. All of this is one atomic change. If the statement is compared, the event
	// bank_statement.compared is stored with it. The statement then becomes due only if Changes is larger than
	// s.ComparedChanges. Errors: Conflict (revision_mismatch); NotFound.
	Save(ctx context.Context, s witness.BankStatement, w BankStatementWrite, entries AuditEntries) error

	// List returns the statements of an account, the latest upload first, without those in StateReading. A position in
	// the list consists of the TimeKey of UploadedAt and the id.
	List(ctx context.Context, tenant domain.TenantID, account domain.AccountID, filter BankStatementFilter,
		page domain.PageRequest) (domain.Page[witness.BankStatement], error)

	// Overviews returns the overviews of all compared statements of an account, in any order.
	Overviews(ctx context.Context, tenant domain.TenantID, account domain.AccountID) ([]witness.Overview, error)

	// Lines returns the findings of a comparison in their order; bucket is "" for all. A position in the list consists
	// of the number of the finding and the id of the statement. A call examines a bounded number of findings, so a page
	// can have fewer items than Limit, or none. The last page is the one without Next.
	Lines(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID, bucket witness.Bucket,
		page domain.PageRequest) (domain.Page[witness.Finding], error)

	// File returns the sealed file of a statement. Errors: NotFound if it has none.
	File(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID) (domain.Sealed, error)

	// Claim returns at most one statement that is due at the time now, of a tenant that is not in skip, and makes it
	// due again at claimEnd. It returns nil if none is due. A statement is due when records that may affect its
	// comparison have changed, when the account's readings of the bank reach lines that were left out, or when the
	// mapping that it waits for was stored.
	Claim(ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID) (*witness.BankStatement, error)

	// Discard deletes a statement that is still in StateReading. It does nothing to a statement in another state.
	Discard(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID) error

	// CSVMapping returns the mapping of an account; nil if there is none.
	CSVMapping(ctx context.Context, tenant domain.TenantID, account domain.AccountID) (*witness.CSVMapping, error)

	// SaveCSVMapping stores the mapping of an account, and makes due the statements of the account that wait for one.
	// Errors: NotFound if there is no such account.
	SaveCSVMapping(ctx context.Context, tenant domain.TenantID, account domain.AccountID, m witness.CSVMapping,
		at time.Time, entries AuditEntries) error
}

// BankStatementWrite is what BankStatements.Save stores beside the statement.
type BankStatementWrite struct {
	At time.Time
	// File is the sealed file; nil keeps the stored one. DropFile deletes it.
	File     domain.Sealed
	DropFile bool
	// Findings replace the stored ones if SetFindings is set.
	Findings    []witness.Finding
	SetFindings bool
	// Compared states that the statement was compared, so that the event is stored.
	Compared bool
}
