package gormstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// retryAfter is how long callers should wait before a retry while the database is unavailable.
const retryAfter = time.Second

// Translate converts a database error into an error for callers of the store. A domain.Error is returned unchanged,
// and so is an error that Translate has returned. Otherwise the first of these cases applies:
//
//   - If ctx has ended, the error of ctx is returned.
//   - A missing row becomes NotFound.
//   - A transient failure becomes Unavailable (database_unavailable).
//   - Any other error becomes an internal error.
//
// The texts of the last two kinds of error begin with the store method that was called, and are meant for the log.
func Translate(ctx context.Context, err error) error {
	translated := (*failure)(nil)
	switch e := (*domain.Error)(nil); {
	case err == nil, errors.As(err, &e), errors.As(err, &translated):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, gorm.ErrRecordNotFound):
		return domain.NotFoundError()
	case transient(err):
		return Unavailable(fmt.Errorf("%s: %w", operation(), err))
	}
	return &failure{operation(), err}
}

// stores is the import path of the folder that contains the packages of the stores.
const stores = "github.com/LerianStudio/aggregator-connections/adapters/persistence/"

// operation returns the name of the store method that has called Translate, directly or not, for example
// "records.pulls.StorePage". It searches the callers from the innermost one outwards, and returns the last one in a
// package of the stores.
func operation() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])]) // 3: the caller of Translate
	name := ""
	for {
		frame, more := frames.Next()
		function, isStore := strings.CutPrefix(frame.Function, stores)
		function = function[strings.LastIndexByte(function, '/')+1:]
		if name != "" && (!isStore || strings.Contains(function, "_test.")) {
			return name
		}
		name = strings.NewReplacer("(*", "", ")", "").Replace(function)
		if !more {
			return name
		}
	}
}

// Unavailable returns the error for a database that cannot be used at present. The cause is meant for the log.
func Unavailable(cause error) error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.StoreUnavailable, RetryAfter: retryAfter, Cause: cause,
	}
}

// failure is an internal error. Its text does not contain the text of the cause, because drivers quote the values that
// they reject. It contains only the store method, and codes and names by which the cause can be identified.
type failure struct {
	operation string
	cause     error
}

// Error returns a text that never contains a value from a request.
func (f *failure) Error() string {
	if e := (*pgconn.PgError)(nil); errors.As(f.cause, &e) {
		return fmt.Sprintf("%s: database: SQLSTATE %s %s %s", f.operation, e.Code, e.ConstraintName, e.Routine)
	}
	if e := sqliteError(nil); errors.As(f.cause, &e) {
		return fmt.Sprintf("%s: database: SQLite code %d", f.operation, e.Code())
	}
	inner := f.cause
	for next := errors.Unwrap(inner); next != nil; next = errors.Unwrap(inner) {
		inner = next
	}
	return fmt.Sprintf("%s: database: %T", f.operation, inner)
}

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.cause }

// sqliteError is implemented by the errors of the SQLite driver; Code returns SQLite's result
// code.
type sqliteError interface {
	error
	Code() int
}

// transientClasses and transientStates are the SQLSTATE classes and the individual SQLSTATEs after which a retry of the
// same call may succeed. Source: PostgreSQL 15, appendix A.
var (
	transientClasses = []string{
		"08", // connection exception
		"53", // insufficient resources: connections, memory, disk
		"58", // system error outside of PostgreSQL
	}
	transientStates = []string{
		"57P01", "57P02", "57P03", "57P05", // admin shutdown, crash shutdown, server is starting, idle session timeout
		"55000",          // object not in prerequisite state: the database accepts no connections
		"57014", "55P03", // query canceled, lock not available: our own time limits
		"25006",          // read-only transaction: the server is a standby during a switch-over
		"40001", "40P01", // serialisation failure, deadlock
	}
	// transientCodes contains the primary result codes of SQLite after which a retry may succeed. Source:
	// sqlite.org/rescode.html.
	transientCodes = []int{
		5, 6, // busy, locked
		8, 14, // read-only, cannot open
		9,      // SQLITE_INTERRUPT: our own time limit
		10, 13, // input/output, disk full
	}
)

// transient reports whether err means that the database is unavailable or too busy. It returns false if the
// database rejected the statement itself.
func transient(err error) bool {
	// A refused login is an outage, because the login was valid when the service started. The error of the server,
	// inside the ConnectError, is therefore not examined. Its code may not be transient, for example for an unknown
	// user.
	if e := (*pgconn.ConnectError)(nil); errors.As(err, &e) {
		return true
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return endsSession(e) || slices.Contains(transientStates, e.Code) ||
			len(e.Code) == 5 && slices.Contains(transientClasses, e.Code[:2])
	}
	if e := sqliteError(nil); errors.As(err, &e) {
		return slices.Contains(transientCodes, e.Code()&0xff)
	}
	if e := net.Error(nil); errors.As(err, &e) {
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone,
		context.DeadlineExceeded} {
		if errors.Is(err, lost) {
			return true
		}
	}
	// SafeToRetry recognises errors of pgx for a connection that was closed before anything was sent.
	return pgconn.SafeToRetry(err)
}

// isDeadlock reports whether PostgreSQL has ended the transaction to resolve a deadlock.
func isDeadlock(err error) bool {
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && e.Code == "40P01"
}

// endsSession reports whether the server or a pooler has closed the connection with this error. The SQLSTATE does not
// matter. A pooler returns such an error for a statement if the server refuses the pooler's login.
func endsSession(e *pgconn.PgError) bool {
	severity := cmp.Or(e.SeverityUnlocalized, e.Severity)
	return severity == "FATAL" || severity == "PANIC"
}

// IsDuplicate reports whether a unique index rejected the write. GORM translates the error of SQLite to
// gorm.ErrDuplicatedKey. The error of PostgreSQL is not translated, so that a log contains its SQLSTATE.
func IsDuplicate(err error) bool {
	const uniqueViolation = "23505"
	e := (*pgconn.PgError)(nil)
	return errors.Is(err, gorm.ErrDuplicatedKey) || errors.As(err, &e) && e.Code == uniqueViolation
}

// LeaseLost returns the error that makes a worker stop, because its pull is leased to another worker, has
// ended, or belongs to a deleted connection.
func LeaseLost() error { return &domain.Error{Kind: domain.Conflict, Code: domain.LeaseLost} }
