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
	// closeTimeout bounds how long an interrupted connection takes to close. Before the connection is closed, pgx asks
	// the server to cancel the statement and waits for the end of the connection, and the pool still counts the
	// connection as open. The default of pgx is 15 s; a server that hangs would then exhaust the pool.
	closeTimeout = time.Second
)

// keepAlive makes the kernel notice within 20 s that the machine of the server is gone. It serves connections that only
// wait, such as the one that listens for notifications. Every other use of a connection has its own timeout.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 8 * time.Second, Interval: 4 * time.Second, Count: 3}

// noticeLostServers makes connections end soon when their server no longer responds or no longer accepts writes. The
// next connection then finds the server that is now the primary, if the URL contains several hosts.
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

// dial connects to a server. The context of a normal connection ends within connectTimeout. A context with a later
// deadline belongs to a request to cancel a statement, which pgx sends on a separate connection; dial limits such a
// connection to closeTimeout.
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

// serverConn is a connection to a server that limits each deadline to closeTimeout from now. pgx sets a deadline only
// to interrupt a connection, and to bound how long it takes to close.
type serverConn struct{ net.Conn }

// SetDeadline implements net.Conn.
func (c serverConn) SetDeadline(at time.Time) error {
	if at.IsZero() {
		return c.Conn.SetDeadline(at)
	}
	return c.Conn.SetDeadline(slices.MinFunc([]time.Time{at, time.Now().Add(closeTimeout)}, time.Time.Compare))
}
