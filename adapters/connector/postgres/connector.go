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
// with port, sslMode and rootCertificate optional, and its credential has the parts username
// and password. sslMode is libpq's, of which three values are supported: verify-full (the
// default: a password is sent only to the verified server), require (encrypted, but the
// server is not verified) and disable. rootCertificate is the PEM of the authority that
// verify-full trusts instead of the system's.
// https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
package postgres

import (
	"context"
	"encoding/json"
	"net"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// probeTimeout bounds a probe, including name lookup and handshakes.
const probeTimeout = 10 * time.Second

// Options are the dependencies of the connector.
type Options struct {
	// Egress checks the server's address when a connection is configured, as a URL
	// https://host:port. Nil allows every address.
	Egress ports.EgressGuard
	// Control is called with each address just before it is dialled (net.Dialer.Control), and
	// rejects it by returning an error. Nil allows every address.
	Control func(network, address string, raw syscall.RawConn) error
}

// Connector is the connector type. It is safe for concurrent use.
type Connector struct{ options Options }

var _ ports.Connector = (*Connector)(nil)

// New returns the connector.
func New(o Options) *Connector { return &Connector{options: o} }

// Type returns "postgres".
func (*Connector) Type() domain.ConnectorType { return "postgres" }

// Category returns database.
func (*Connector) Category() domain.Category { return domain.CategoryDatabase }

// Validate implements ports.Connector. The canonical form contains every default.
func (c *Connector) Validate(ctx context.Context, raw json.RawMessage,
	credential domain.Credential,
) (json.RawMessage, error) {
	cfg, errs := decodeConfig(raw)
	errs = append(errs, validateCredential(credential)...)
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

// Probe connects, authenticates and pings. It returns "PostgreSQL" and the server's version
// number. Errors: Rejected (credential_rejected, account_not_found for a database that
// does not exist, access_denied, address_not_allowed); Unavailable (vendor_unreachable).
func (c *Connector) Probe(ctx context.Context, raw json.RawMessage, credential domain.Credential) (string, error) {
	cfg, errs := decodeConfig(raw)
	if errs = append(errs, validateCredential(credential)...); len(errs) > 0 {
		return "", domain.Join(errs)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	dsn, err := c.pgxConfig(cfg, credential)
	if err != nil {
		return "", err
	}
	conn, err := pgx.ConnectConfig(ctx, dsn)
	if err != nil {
		return "", probeError(ctx, err)
	}
	// The probe has its result: a server that delays the end of the connection must not delay it.
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.Ping(ctx); err != nil {
		return "", probeError(ctx, err)
	}
	return "PostgreSQL " + versionOf(conn.PgConn().ParameterStatus("server_version")), nil
}

// pgxConfig builds the configuration for pgx. Every member is set here, because otherwise pgx
// takes missing ones from the process's environment (PGHOST, PGSSLCERT, ~/.pgpass, …).
func (c *Connector) pgxConfig(cfg config, credential domain.Credential) (*pgx.ConnConfig, error) {
	dsn, err := pgx.ParseConfig(
		"host=127.0.0.1 port=5432 user=none dbname=none sslmode=disable target_session_attrs=any",
	)
	if err != nil {
		return nil, unreachable(errSetup)
	}
	dsn.Host, dsn.Port, dsn.Database = cfg.Host, cfg.Port, cfg.Database
	dsn.User = string(credential.Part(partUsername).Reveal())
	dsn.Password = string(credential.Part(partPassword).Reveal())
	dsn.TLSConfig, dsn.Fallbacks = cfg.tls(), nil
	dsn.RuntimeParams = map[string]string{"application_name": "aggregator-connections"}
	dsn.ConnectTimeout = probeTimeout
	dsn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // connection poolers support no other mode
	dialer := &net.Dialer{Control: c.control}
	dsn.DialFunc = func(ctx context.Context, _, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", address)
	}
	// The dialer resolves the name, so that Control checks exactly the address that is dialled.
	dsn.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return dsn, nil
}

// control returns an error that probeError recognises inside pgx's own errors.
func (c *Connector) control(network, address string, raw syscall.RawConn) error {
	if c.options.Control == nil || c.options.Control(network, address, raw) == nil {
		return nil
	}
	return notAllowed()
}

var versionNumber = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){0,2}`)

// versionOf returns only the number, because the rest is text of the peer.
func versionOf(status string) string {
	if found := versionNumber.FindString(status); found != "" {
		return found
	}
	return "of an unknown version"
}

func (c config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) }
