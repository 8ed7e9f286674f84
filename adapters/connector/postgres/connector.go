// Package postgres is the connector type "postgres": an engine connection to a
// PostgreSQL server.
//
// Its configuration is
//
//	{
//	  "host": "db.example.com", "port": 5432, "database": "ledger",
//	  "sslMode": "verify-full", "rootCertificate": "-----BEGIN …"
//	}
//
// The members port, sslMode and rootCertificate are optional. The credential has the parts username and password.
// sslMode has the same meaning as in libpq. Three of libpq's modes are supported:
//
//   - verify-full (the default): a password is sent only to the verified server
//   - require: the connection is encrypted, but the server is not verified
//   - disable: the connection is not encrypted. This mode is refused unless Options.AllowHTTP is set
//
// The members that Lerian's documentation names are another form of the configuration, with the role's name in it:
//
//	{
//	  "databaseType": "POSTGRESQL", "host": "db.example.com", "port": 5432, "databaseName": "ledger",
//	  "schema": "public", "userName": "reader", "sslMode": "verify-full"
//	}
//
// port, schema and sslMode are optional. The schema must exist. The credential has the part password, or none.
//
// rootCertificate is the certificate, in PEM, of the authority that verify-full trusts instead of
// the system's authorities.
// https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
package postgres

import (
	"context"
	"encoding/json"
	"net"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// DefaultTimeout bounds a probe, including name lookup and handshakes.
const DefaultTimeout = 10 * time.Second

// Options are the dependencies of the connector.
type Options struct {
	// Egress checks the server's address, which is passed as the URL https://host:port, when a connection is
	// configured. Nil allows every address.
	Egress ports.EgressGuard
	// Control is called with each IP address just before the probe connects to it (see
	// net.Dialer.Control). It rejects the address by returning an error. Nil allows every address.
	Control func(network, address string, raw syscall.RawConn) error
	// AllowHTTP allows the sslMode "disable". The password and all data are then sent without encryption.
	AllowHTTP bool
	// Timeout bounds a probe; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Connector is the connector type "postgres". It is safe for concurrent use.
type Connector struct{ options Options }

var _ ports.Connector = (*Connector)(nil)

// New returns a connector with the given dependencies.
func New(o Options) *Connector {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return &Connector{options: o}
}

// Type returns "postgres".
func (*Connector) Type() domain.ConnectorType { return "postgres" }

// Category returns domain.CategoryDatabase.
func (*Connector) Category() domain.Category { return domain.CategoryDatabase }

// Validate implements ports.Connector. The returned canonical form contains every default.
func (c *Connector) Validate(ctx context.Context, raw json.RawMessage,
	credential domain.Credential,
) (json.RawMessage, error) {
	cfg, errs := decodeConfig(raw)
	if c.forbids(cfg) {
		errs = append(errs, domain.FieldError("config.sslMode", "must be require or verify-full"))
	}
	errs = append(errs, cfg.validateCredential(credential)...)
	if len(errs) > 0 {
		return nil, domain.Join(errs)
	}
	if c.options.Egress != nil {
		if err := c.options.Egress.Check(ctx, "https://"+cfg.address()); err != nil {
			return nil, err
		}
	}
	return json.Marshal(cfg)
}

// Probe connects, authenticates and pings. It returns "PostgreSQL" and the server's version number. Errors:
//
//   - Rejected (credential_rejected, access_denied)
//   - Rejected (account_not_found) if the database or the schema does not exist
//   - Rejected (address_not_allowed) if the egress guard forbids the address, or if the connection would not use TLS
//     and Options.AllowHTTP is not set
//   - Unavailable (vendor_unreachable)
//   - Unavailable (malformed_response) if the server exceeds maxReceived or maxIterations.
func (c *Connector) Probe(ctx context.Context, raw json.RawMessage, credential domain.Credential) (string, error) {
	cfg, errs := decodeConfig(raw)
	if errs = append(errs, cfg.validateCredential(credential)...); len(errs) > 0 {
		return "", domain.Join(errs)
	}
	if c.forbids(cfg) { // AllowHTTP may have been turned off since the connection was configured
		return "", notAllowed()
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	dial := &onceDialer{control: c.control}
	// After a timeout, pgx waits for the server in the background for up to 15 s. Closing the connection ends this
	// wait.
	defer dial.close()
	dsn, err := pgxConfig(cfg, credential, dial.dial)
	if err != nil {
		return "", err
	}
	dsn.ConnectTimeout = c.options.Timeout
	conn, err := pgx.ConnectConfig(ctx, dsn)
	if err != nil {
		return "", probeError(ctx, err)
	}
	// Close waits for the server until ctx ends. Because the timeout of the probe ends ctx, a slow server cannot extend
	// the probe.
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.Ping(ctx); err != nil {
		return "", probeError(ctx, err)
	}
	if err := cfg.findSchema(ctx, conn); err != nil {
		return "", err
	}
	return "PostgreSQL " + versionOf(conn.PgConn().ParameterStatus("server_version")), nil
}

// forbids reports whether cfg turns TLS off although Options.AllowHTTP is not set.
func (c *Connector) forbids(cfg config) bool {
	return cfg.SSLMode == sslDisable && !c.options.AllowHTTP
}

// pgxConfig returns the configuration for pgx. It sets every member, because otherwise pgx
// takes missing members from the process's environment (PGHOST, PGSSLCERT, ~/.pgpass, …).
func pgxConfig(cfg config, credential domain.Credential, dial pgconn.DialFunc) (*pgx.ConnConfig, error) {
	dsn, err := pgx.ParseConfig(
		"host=127.0.0.1 port=5432 user=none dbname=none sslmode=disable target_session_attrs=any",
	)
	if err != nil {
		return nil, unreachable(errSetup)
	}
	dsn.Host, dsn.Port, dsn.Database = cfg.Host, cfg.Port, cfg.Database
	dsn.User = cfg.user(credential)
	dsn.Password = string(credential.Part(partPassword).Reveal())
	dsn.TLSConfig, dsn.Fallbacks = cfg.tls(), nil
	dsn.RuntimeParams = map[string]string{"application_name": "aggregator-connections"}
	dsn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // connection poolers support no other mode
	dsn.DialFunc, dsn.BuildFrontend = dial, newFrontend
	// pgx must not resolve the host name. The dialer resolves it, so that Control checks exactly the
	// address to which the dialer connects.
	dsn.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return dsn, nil
}

// user returns the name of the role that signs in.
func (c config) user(credential domain.Credential) string {
	if c.documented != nil {
		return c.documented.UserName
	}
	return string(credential.Part(partUsername).Reveal())
}

// findSchema checks that the configured schema exists. Errors: those of Probe.
func (c config) findSchema(ctx context.Context, conn *pgx.Conn) error {
	if c.documented == nil || c.documented.Schema == "" {
		return nil
	}
	var exists bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)",
		c.documented.Schema).Scan(&exists)
	if err != nil {
		return probeError(ctx, err)
	}
	if !exists {
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	return nil
}

// onceDialer dials the server of a probe, and fails when it is called again. To cancel a query, pgx would dial the
// server a second time. It would do so in the background, up to 15 s after the end of the probe.
type onceDialer struct {
	control func(network, address string, raw syscall.RawConn) error
	dialed  atomic.Bool                 // atomic, because pgx also dials in the background
	conn    atomic.Pointer[limitedConn] // the connection, once it is established
}

// dial implements pgconn.DialFunc.
func (d *onceDialer) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if d.dialed.Swap(true) {
		return nil, errSecondDial
	}
	conn, err := (&net.Dialer{Control: d.control}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	limited := newLimitedConn(conn)
	d.conn.Store(limited)
	return limited, nil
}

// close closes the connection if there is one.
func (d *onceDialer) close() {
	if conn := d.conn.Load(); conn != nil {
		_ = conn.Close()
	}
}

// control calls Options.Control. If Control rejects the address, control returns an error that
// probeError can find among the errors that pgx wraps.
func (c *Connector) control(network, address string, raw syscall.RawConn) error {
	if c.options.Control == nil || c.options.Control(network, address, raw) == nil {
		return nil
	}
	return notAllowed()
}

var versionNumber = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){0,2}`)

// versionOf returns the version number at the start of the given text, which is the server's parameter server_version.
// It drops the rest of the text, because the server can put anything there.
func versionOf(status string) string {
	if found := versionNumber.FindString(status); found != "" {
		return found
	}
	return "of an unknown version"
}

func (c config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) }
