package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// cachedStatements is the number of compiled statements that a connection keeps, cachedLength the length of the longest
// text of a kept statement, in bytes. SQLite spends more time on compiling a short statement than on running it.
const (
	cachedStatements = 64
	cachedLength     = 8192
)

// connector opens connections that keep their compiled statements. Package sql would compile each statement anew.
type connector struct{ driver.Connector }

func newConnector(name string) (driver.Connector, error) {
	c, err := sqlite.NewConnector(name)
	return connector{c}, err
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{sqliteConn: opened.(sqliteConn), kept: map[string]*compiledStatement{}}, nil
}

// sqliteConn is what package sql uses of a connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// conn is a connection and its compiled statements. Package sql calls one method at a time.
type conn struct {
	sqliteConn
	kept map[string]*compiledStatement
}

// compiledStatement is a compiled statement of a connection.
type compiledStatement struct {
	stmt
	inUse bool // its rows are being read
}

// stmt is what package sql uses of a statement.
type stmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// observe is called before each statement; nil except in tests, which ask for the plans of the statements.
var observe func(ctx context.Context, c driver.QueryerContext, text string, args []driver.NamedValue)

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if observe != nil {
		observe(ctx, c.sqliteConn, text, args)
	}
	s, err := c.statement(ctx, text)
	if err != nil || s == nil {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if observe != nil {
		observe(ctx, c.sqliteConn, text, args)
	}
	s, err := c.statement(ctx, text)
	if err != nil || s == nil {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.inUse = true
	return &statementRows{Rows: rows, statement: s}, nil
}

// statement returns the compiled statement. It returns nil if the text is too long to be kept, or if the rows of this
// statement are being read.
func (c *conn) statement(ctx context.Context, text string) (*compiledStatement, error) {
	if s := c.kept[text]; s != nil || len(text) > cachedLength {
		if s == nil || s.inUse {
			return nil, nil
		}
		return s, nil
	}
	prepared, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if len(c.kept) >= cachedStatements {
		c.forgetOne()
	}
	s := &compiledStatement{stmt: prepared.(stmt)}
	c.kept[text] = s
	return s, nil
}

// forgetOne closes one of the statements that are not in use.
func (c *conn) forgetOne() {
	for text, s := range c.kept {
		if !s.inUse {
			delete(c.kept, text)
			_ = s.Close() // it was reset after its last use, so that closing it has nothing to report
			return
		}
	}
}

// Close implements driver.Conn.
func (c *conn) Close() error {
	var errs []error
	for _, s := range c.kept {
		errs = append(errs, s.Close())
	}
	clear(c.kept)
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// statementRows are the rows of a statement. Closing them frees the statement for the next call.
type statementRows struct {
	driver.Rows
	statement *compiledStatement
}

// Close implements driver.Rows.
func (r *statementRows) Close() error {
	err := r.Rows.Close()
	r.statement.inUse = false
	return err
}
