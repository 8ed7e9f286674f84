package postgres

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// Server is a server to which statements are sent. A DB has one server, unless DB.Route is called.
type Server struct {
	Pool *pgxpool.Pool

	sql   *sql.DB // uses Pool
	queue *connectionQueue
}

// NewServer returns the server that the pool connects to.
func NewServer(pool *pgxpool.Pool) *Server {
	queue := newConnectionQueue(pool)
	db := sql.OpenDB(connector{stdlib.GetPoolConnector(pool), queue})
	db.SetMaxIdleConns(0) // the pool keeps the idle connections
	return &Server{Pool: pool, sql: db, queue: queue}
}

// Close closes the pool. It waits until all connections of the pool are returned.
func (s *Server) Close() error {
	err := s.sql.Close()
	s.Pool.Close()
	return err
}

// Query runs a SELECT on the server. See gormstore.Dialect.Query.
func (s *Server) Query(ctx context.Context, sql string, args, columns []any, fn func() error) error {
	return s.query(ctx, sql, args, columns, fn)
}

// Main returns the server that Config.URL names.
func (db *DB) Main() *Server { return db.main }

// Route makes the store send the statements of a context to the server that the function returns for the context. The
// schema of all servers must be the same. Route must be called before a store is used.
func (db *DB) Route(server func(ctx context.Context) *Server) { db.server = server }

// routedPool is GORM's connection pool. It sends each statement to the server of the statement's context.
type routedPool struct{ db *DB }

var (
	_ gorm.ConnPool       = routedPool{}
	_ gorm.TxBeginner     = routedPool{}
	_ gorm.GetDBConnector = routedPool{}
)

// BeginTx implements gorm.TxBeginner.
func (p routedPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error) {
	return p.db.server(ctx).sql.BeginTx(ctx, opts)
}

// GetDBConn implements gorm.GetDBConnector. It returns the pool of the server that the URL names.
func (p routedPool) GetDBConn() (*sql.DB, error) { return p.db.main.sql, nil }

// PrepareContext implements gorm.ConnPool.
func (p routedPool) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return p.db.server(ctx).sql.PrepareContext(ctx, query)
}

// ExecContext implements gorm.ConnPool.
func (p routedPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.db.server(ctx).sql.ExecContext(ctx, query, args...)
}

// QueryContext implements gorm.ConnPool.
func (p routedPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.db.server(ctx).sql.QueryContext(ctx, query, args...)
}

// QueryRowContext implements gorm.ConnPool.
func (p routedPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.db.server(ctx).sql.QueryRowContext(ctx, query, args...)
}
