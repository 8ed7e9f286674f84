package postgres

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// connectTimeout bounds the attempt to connect to one host; the URL may set a shorter time with connect_timeout.
	connectTimeout = 5 * time.Second
	// closeTimeout bounds how long an interrupted connection takes to close. During this time, pgx asks the server to
	// cancel the statement. The pool counts the connection until it is closed. With the default of pgx (15 s), a server
	// that hangs would soon use up all connections of the pool.
	closeTimeout = time.Second
)

// keepAlive configures TCP keep-alive. The kernel then notices within 20 s that the machine of the server is gone. Only
// connections that wait without a timeout need keepAlive, such as the one that listens for notifications.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 8 * time.Second, Interval: 4 * time.Second, Count: 3}

// noticeLostServers configures connections to end soon in two cases:
//
//   - The server no longer responds.
//   - The server no longer accepts writes.
//
// If the URL contains several hosts, the next connection is opened to the server that is now the primary.
func noticeLostServers(config *pgx.ConnConfig) {
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > connectTimeout {
		config.ConnectTimeout = connectTimeout
	}
	config.DialFunc = dial
	onError := config.OnPgError
	config.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		return err.Code != readOnlyTransaction && onError(conn, err)
	}
}

// readOnlyTransaction is the SQLSTATE of a write to a server that is a standby, or has become read-only.
const readOnlyTransaction = "25006"

// dial connects to a server. pgx calls dial in two cases, which differ in the deadline of the context:
//
//   - For a normal connection, the context ends within connectTimeout.
//   - For a request to cancel a statement, pgx opens a separate connection. The context has a later deadline, so dial
//     limits this connection to closeTimeout.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	end, bounded := ctx.Deadline()
	cancels := bounded && time.Until(end) > connectTimeout
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	if cancels {
		dialer.Timeout = closeTimeout
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if cancels {
		if err := conn.SetDeadline(time.Now().Add(closeTimeout)); err != nil {
			return nil, err
		}
	}
	return serverConn{conn}, nil
}

// serverConn is a connection to a server. It shortens each deadline that is later than closeTimeout from now. pgx
// sets deadlines only to interrupt a statement and to close a connection, so other statements are not affected.
type serverConn struct{ net.Conn }

// SetDeadline implements net.Conn.
func (c serverConn) SetDeadline(at time.Time) error {
	if at.IsZero() {
		return c.Conn.SetDeadline(at)
	}
	return c.Conn.SetDeadline(slices.MinFunc([]time.Time{at, time.Now().Add(closeTimeout)}, time.Time.Compare))
}
