package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	credential = porttest.Credential
	invalid    = porttest.NewInvalidConfig
)

var good = credential("username", "reader", "password", "password-canary")

// plaintext allows connections without TLS. Most servers of these tests do not have TLS.
var plaintext = postgres.Options{AllowHTTP: true}

func TestConnector(t *testing.T) {
	porttest.TestConnector(t, porttest.ConnectorSuite{
		Open:       func(a ports.EgressGuard) ports.Connector { return postgres.New(postgres.Options{Egress: a}) },
		Config:     `{"database":"ledger", "host":"::1", "port":6432}`,
		Credential: good,
		Canonical:  `{"host":"::1","port":6432,"database":"ledger","sslMode":"verify-full"}`,
		Address:    "https://[::1]:6432",
		Invalid: map[string]porttest.InvalidConfig{
			"nothing": invalid(
				``, domain.Credential{}, "config", "credential.username", "credential.password",
			),
			"null": invalid(
				`null`, good, "config.host", "config.port", "config.database", "config.sslMode",
			),
			"an empty object": invalid(`{}`, good, "config.host", "config.database"),
			"not an object":   invalid(`["config-canary"]`, good, "config"),
			"every field": invalid(
				`{"host":"/var/run","port":0,"database":"a\u0000b","sslMode":"prefer"}`, good, "config.host",
				"config.port", "config.database", "config.sslMode",
			),
			"a port too high": invalid(`{"host":"h","database":"d","port":65536}`, good, "config.port"),
			"a port as text":  invalid(`{"host":"h","database":"d","port":"5432"}`, good, "config.port"),
			"an unknown member": invalid(
				`{"host":"h","database":"d","sslmode":"disable"}`, good, "config.sslmode",
			),
			"a member with a value": invalid(`{"host":"h","database":"d","config-canary":1}`, good, "config"),
			"a duplicate member":    invalid(`{"host":"h","host":"g","database":"d"}`, good, "config"),
			"two hosts":             invalid(`{"host":"a,b","database":"d"}`, good, "config.host"),
			"a long host": invalid(
				`{"host":"`+strings.Repeat("h", 254)+`","database":"d"}`, good, "config.host",
			),
			"a host with userinfo": invalid(`{"host":"u@h","database":"d"}`, good, "config.host"),
			"a long database": invalid(
				`{"host":"h","database":"`+strings.Repeat("d", 64)+`"}`, good, "config.database",
			),
			"a connection without TLS": invalid(
				`{"host":"h","database":"d","sslMode":"disable"}`, good, "config.sslMode",
			),
			"an invalid root certificate": invalid(
				`{"host":"h","database":"d","rootCertificate":"config-canary"}`, good, "config.rootCertificate",
			),
			"a password with a NUL": invalid(
				`{"host":"h","database":"d"}`, credential("username", "u\x00x", "password", "p\x00"),
				"credential.username", "credential.password",
			),
			"half a credential": invalid(
				`{"host":"h","database":"d"}`, credential("username", "u"), "credential.password",
			),
			"an unknown part": invalid(
				`{"host":"h","database":"d"}`, credential("username", "u", "password", "p", "part-canary", "x"),
				"credential",
			),
		},
	})
}

// The members that Lerian's documentation names are another form, in which the password may be missing.
func TestConnectorWithDocumentedMembers(t *testing.T) {
	const minimal = `"host":"h","databaseName":"d","userName":"u"}`
	password := credential("password", "password-canary")
	porttest.TestConnector(t, porttest.ConnectorSuite{
		Open: func(a ports.EgressGuard) ports.Connector { return postgres.New(postgres.Options{Egress: a}) },
		Config: `{"databaseType":"postgresql","databaseName":"ledger","host":"::1","port":6432,"userName":"reader",` +
			`"schema":"public"}`,
		Credential: password,
		Canonical: `{"databaseType":"POSTGRESQL","host":"::1","port":6432,"databaseName":"ledger","schema":"public",` +
			`"userName":"reader","sslMode":"verify-full"}`,
		Address: "https://[::1]:6432",
		Invalid: map[string]porttest.InvalidConfig{
			"another database": invalid(`{"databaseType":"MYSQL",`+minimal, password, "config.databaseType"),
			"a number as type": invalid(`{"databaseType":7,`+minimal, password, "config.databaseType"),
			"nothing else": invalid(
				`{"databaseType":"POSTGRESQL"}`, domain.Credential{},
				"config.host", "config.databaseName", "config.userName",
			),
			"a member of the other form": invalid(
				`{"databaseType":"POSTGRESQL","database":"d",`+minimal, password, "config.database",
			),
			"a long schema": invalid(
				`{"databaseType":"POSTGRESQL","schema":"`+strings.Repeat(
					"s",
					64,
				)+`",`+minimal,
				password,
				"config.schema",
			),
			"a role with a NUL": invalid(
				`{"databaseType":"POSTGRESQL","host":"h","databaseName":"d","userName":"a\u0000b"}`, password,
				"config.userName",
			),
			"a role in the credential": invalid(`{"databaseType":"POSTGRESQL",`+minimal, good, "credential"),
			"a connection without TLS": invalid(
				`{"databaseType":"POSTGRESQL","sslMode":"disable",`+minimal, password, "config.sslMode",
			),
		},
	})
	_, err := postgres.New(postgres.Options{}).Validate(t.Context(), []byte(`{"databaseType":"POSTGRESQL",`+minimal),
		domain.Credential{})
	if err != nil {
		t.Errorf("without a password: %v", err)
	}
}

func TestMinimalConfigGetsDefaults(t *testing.T) {
	got, err := postgres.New(postgres.Options{}).Validate(
		t.Context(), json.RawMessage(`{"host":"db.example.com","database":"ledger"}`), good,
	)
	if err != nil ||
		string(got) != `{"host":"db.example.com","port":5432,"database":"ledger","sslMode":"verify-full"}` {
		t.Errorf("the canonical form is %s (%v)", got, err)
	}
}

// newServer returns the configuration of a real PostgreSQL server. The server has a role with the username and the
// password of the valid credential (good).
func newServer(t *testing.T) map[string]any {
	t.Helper()
	dsn := pgtest.DSN(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	const role = `DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'password-canary'; EXCEPTION WHEN ` +
		`duplicate_object THEN NULL; END $$`
	if _, err := conn.Exec(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"host": u.Hostname(), "port": json.Number(u.Port()), "database": strings.TrimPrefix(u.Path, "/"),
		"sslMode": "disable",
	}
}

func encode(t *testing.T, config map[string]any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestProbeReportsTheServerVersion(t *testing.T) {
	config := newServer(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	// The PG… variables of the process's environment must not affect a tenant's connection.
	t.Setenv("PGHOST", "nowhere.invalid")
	t.Setenv("PGOPTIONS", "-c no_such_setting=1")
	t.Setenv("PGSSLMODE", "verify-full")
	got, err := postgres.New(plaintext).Probe(t.Context(), encode(t, config), good)
	if err != nil {
		t.Fatalf("Probe: %v (%v)", err, errors.Unwrap(err))
	}
	if !strings.HasPrefix(got, "PostgreSQL 1") {
		t.Errorf("found %q", got)
	}
}

func TestProbeMapsFailureToCode(t *testing.T) {
	config := newServer(t)
	closing := newClosingServer(t)
	cases := map[string]struct {
		change     map[string]any
		credential domain.Credential
		want       domain.Code
	}{
		"an unknown role": {
			nil, credential("username", "user-canary", "password", "password-canary"), domain.CredentialRejected,
		},
		"an unknown database":            {map[string]any{"database": "db_canary"}, good, domain.AccountNotFound},
		"a server without TLS, verified": {map[string]any{"sslMode": "verify-full"}, good, domain.VendorUnreachable},
		"a server without TLS, required": {map[string]any{"sslMode": "require"}, good, domain.VendorUnreachable},
		"no server listens":              {map[string]any{"port": 1}, good, domain.VendorUnreachable},
		"no such name": {
			map[string]any{"host": "host-canary.invalid"}, good, domain.VendorUnreachable,
		},
		"no PostgreSQL": {map[string]any{"port": closing}, good, domain.VendorUnreachable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			raw := maps.Clone(config)
			maps.Copy(raw, c.change)
			_, err := postgres.New(plaintext).Probe(t.Context(), encode(t, raw), c.credential)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			porttest.SecretFree(t, err)
		})
	}
}

// newClosingServer starts a server that accepts connections and closes them immediately. It returns
// the server's port.
func newClosingServer(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestProbeDialsNothingThatEgressForbids(t *testing.T) {
	config := newServer(t)
	config["host"] = "localhost"
	var seen []string
	c := postgres.New(postgres.Options{AllowHTTP: true, Control: func(_, address string, _ syscall.RawConn) error {
		seen = append(seen, address)
		return errors.New("address-canary")
	}})
	_, err := c.Probe(t.Context(), encode(t, config), good)
	if !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("got %v, want address_not_allowed", err)
	}
	for _, address := range seen {
		if host, _, _ := net.SplitHostPort(address); net.ParseIP(host) == nil {
			t.Errorf("Control was called with %q, which is not an address", address)
		}
	}
	if len(seen) == 0 {
		t.Error("Control was not called")
	}
}

func TestProbeStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := postgres.New(plaintext).Probe(
		ctx, encode(t, newServer(t)), good,
	); !errors.Is(err, domain.Interrupted) {
		t.Errorf("got %v, want interrupted", err)
	}
}

// A password must not be sent without TLS unless the current settings allow it, even if the settings allowed it when
// the connection was created.
func TestProbeNeedsTLSUnlessPlaintextIsAllowed(t *testing.T) {
	config := encode(t, newServer(t))
	dialed := false
	c := postgres.New(postgres.Options{Control: func(string, string, syscall.RawConn) error {
		dialed = true
		return nil
	}})
	if _, err := c.Probe(t.Context(), config, good); !errors.Is(err, domain.AddressNotAllowed) || dialed {
		t.Errorf("without AllowHTTP: got %v, want address_not_allowed; dialed: %t", err, dialed)
	}
	allowed := postgres.New(plaintext)
	if _, err := allowed.Validate(t.Context(), config, good); err != nil {
		t.Errorf("with AllowHTTP: %v", err)
	}
	if _, err := allowed.Probe(t.Context(), config, good); err != nil {
		t.Errorf("with AllowHTTP: %v", err)
	}
}
