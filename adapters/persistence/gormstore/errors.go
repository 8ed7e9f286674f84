package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// retryAfter is what callers are told to wait while the database is away.
const retryAfter = time.Second

// Translate turns a database's failure into the service's words: the context's own error
// where that has ended, NotFound for a missing row, Unavailable (database_unavailable)
// for what will pass, and an internal error for the rest. domain.Errors stay as they are.
func Translate(ctx context.Context, err error) error {
	switch e := (*domain.Error)(nil); {
	case err == nil, errors.As(err, &e):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, gorm.ErrRecordNotFound):
		return domain.NotFoundError()
	case passing(err):
		return Unavailable(err)
	}
	return &failure{err}
}

// Away is what callers see of a database that cannot be used now; the cause is for the log.
func Unavailable(cause error) error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.StoreUnavailable, RetryAfter: retryAfter, Cause: cause,
	}
}

// failure is an internal error. Its text names the place and the sort of the cause only:
// drivers quote the values that they choke on.
type failure struct{ cause error }

// Error never holds a value of a request.
func (f *failure) Error() string {
	if e := (*pgconn.PgError)(nil); errors.As(f.cause, &e) {
		return fmt.Sprintf("database: SQLSTATE %s %s %s", e.Code, e.ConstraintName, e.Routine)
	}
	if e := sqliteError(nil); errors.As(f.cause, &e) {
		return fmt.Sprintf("database: SQLite code %d", e.Code())
	}
	inner := f.cause
	for next := errors.Unwrap(inner); next != nil; next = errors.Unwrap(inner) {
		inner = next
	}
	return fmt.Sprintf("database: %T", inner)
}

// Unwrap gives the cause.
func (f *failure) Unwrap() error { return f.cause }

// sqliteError is how the SQLite driver tells its result code.
type sqliteError interface {
	error
	Code() int
}

// passingStates are the SQLSTATEs and classes that the same call may not meet again.
// Source: PostgreSQL 15, appendix A.
var (
	passingClasses = []string{
		"08", // connection exception
		"53", // insufficient resources: connections, memory, disk
		"58", // system error outside of PostgreSQL
	}
	passingStates = []string{
		"57P01", "57P02", "57P03", "57P05", // shutdown, crash, starting up, idle session ended
		"57014", "55P03", // canceled, lock not available: our own time limits
		"25006",          // read-only: a standby during a switch-over
		"40001", "40P01", // serialisation failure, deadlock
	}
	// passingCodes are SQLite's primary result codes. Source: sqlite.org/rescode.html.
	passingCodes = []int{
		5, 6, // busy, locked
		8, 14, // read-only, cannot open
		9,      // interrupted: our own time limit
		10, 13, // input/output, disk full
	}
)

// passing says whether the database is away, or too busy, rather than at odds with us.
func passing(err error) bool {
	// Looked for first: it wraps what the server said, be it that it knows no such user. The
	// login was good when the service started.
	if e := (*pgconn.ConnectError)(nil); errors.As(err, &e) {
		return true
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return slices.Contains(passingStates, e.Code) || len(e.Code) == 5 && slices.Contains(passingClasses, e.Code[:2])
	}
	if e := sqliteError(nil); errors.As(err, &e) {
		return slices.Contains(passingCodes, e.Code()&0xff)
	}
	if e := net.Error(nil); errors.As(err, &e) {
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone, context.DeadlineExceeded} {
		if errors.Is(err, lost) {
			return true
		}
	}
	// pgx says so of a connection that was found closed before anything was sent.
	return pgconn.SafeToRetry(err)
}

// duplicate says whether a unique index refused the write; GORM names it for both databases.
func duplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }
