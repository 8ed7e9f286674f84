// Package postgres is the connector type "postgres": an engine connection to a
// PostgreSQL server.
//
// Its configuration is
//
//	{"host": "db.example.com", "port": 5432, "database": "ledger", "sslMode": "verify-full", "rootCertificate": "-----BEGIN …"}
//
// with port, sslMode and rootCertificate optional, and its credential the parts username
// and password. sslMode is libpq's, of which three are taken: verify-full (the default:
// a password goes only to the server that was meant), require (encrypted to whoever
// answers) and disable. rootCertificate is the PEM of the authority that verify-full
// trusts instead of the system's.
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

// probeTimeout bounds a probe, look-up and handshakes included.
const probeTimeout = 10 * time.Second

// Options are what the connector needs from outside.
type Options struct {
	// Addresses checks the server's address when a connection is configured, as a URL
	// https://host:port. Nil checks nothing.
	Egress ports.EgressGuard
	// Control sees each address just before it is dialled (net.Dialer.Control), and
	// refuses it by an error. Nil refuses nothing.
	Control func(network, address string, raw syscall.RawConn) error
}

// Connector is the connector type. It is safe for concurrent use.
type Connector struct{ options Options }

var _ ports.Connector = (*Connector)(nil)

// New makes the connector.
func New(o Options) *Connector { return &Connector{options: o} }

// Type is "postgres".
func (*Connector) Type() domain.ConnectorType { return "postgres" }

// Category is database.
func (*Connector) Category() domain.Category { return domain.CategoryDatabase }

// Validate implements ports.Connector. The canonical form has every default written out.
func (c *Connector) Validate(ctx context.Context, raw json.RawMessage, credential domain.Credential) (json.RawMessage, error) {
	cfg, faults := read(raw)
	faults = append(faults, judge(credential)...)
	if len(faults) > 0 {
		return nil, domain.Join(faults)
	}
	if c.options.Egress != nil {
		if err := c.options.Egress.Check(ctx, "https://"+cfg.address()); err != nil {
			return nil, err
		}
	}
	return json.Marshal(cfg)
}

// Probe connects, signs in and pings. It says "PostgreSQL" and the server's version
// number. Errors: Rejected (credential_rejected, account_not_found for a database that
// does not exist, access_denied, address_not_allowed); Unavailable (vendor_unreachable).
func (c *Connector) Probe(ctx context.Context, raw json.RawMessage, credential domain.Credential) (string, error) {
	cfg, faults := read(raw)
	if faults = append(faults, judge(credential)...); len(faults) > 0 {
		return "", domain.Join(faults)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	dsn, err := c.connection(cfg, credential)
	if err != nil {
		return "", err
	}
	conn, err := pgx.ConnectConfig(ctx, dsn)
	if err != nil {
		return "", translate(ctx, err)
	}
	// The probe is over: a server that does not take its leave must not hold it up.
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.Ping(ctx); err != nil {
		return "", translate(ctx, err)
	}
	return "PostgreSQL " + versionOf(conn.PgConn().ParameterStatus("server_version")), nil
}

// connection builds what pgx dials. Everything is set here: pgx would else fill the gaps
// from the process's environment (PGHOST, PGSSLCERT, ~/.pgpass, …).
func (c *Connector) connection(cfg config, credential domain.Credential) (*pgx.ConnConfig, error) {
	dsn, err := pgx.ParseConfig("host=127.0.0.1 port=5432 user=none dbname=none sslmode=disable target_session_attrs=any")
	if err != nil {
		return nil, unreachable(errSetup)
	}
	dsn.Host, dsn.Port, dsn.Database = cfg.Host, cfg.Port, cfg.Database
	dsn.User = string(credential.Part(partUsername).Reveal())
	dsn.Password = string(credential.Part(partPassword).Reveal())
	dsn.TLSConfig, dsn.Fallbacks = cfg.tls(), nil
	dsn.RuntimeParams = map[string]string{"application_name": "aggregator-connections"}
	dsn.ConnectTimeout = probeTimeout
	dsn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // poolers in between know no other
	dialer := &net.Dialer{Control: c.control}
	dsn.DialFunc = func(ctx context.Context, _, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", address)
	}
	// The dialer resolves, so that Control sees the very address that is dialled.
	dsn.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return dsn, nil
}

// control marks a refusal, so that translate knows it again below pgx's own errors.
func (c *Connector) control(network, address string, raw syscall.RawConn) error {
	if c.options.Control == nil || c.options.Control(network, address, raw) == nil {
		return nil
	}
	return notAllowed()
}

var number = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){0,2}`)

// versionOf takes the number alone: the rest of it is the peer's own text.
func versionOf(status string) string {
	if found := number.FindString(status); found != "" {
		return found
	}
	return "of an unknown version"
}

func (c config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) }
