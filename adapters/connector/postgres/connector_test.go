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
	refused    = porttest.Refused
)

var good = credential("username", "reader", "password", "password-canary")

func TestConnector(t *testing.T) {
	porttest.TestConnector(t, porttest.ConnectorBench{
		Open:       func(a ports.EgressGuard) ports.Connector { return postgres.New(postgres.Options{Egress: a}) },
		Config:     `{"database":"ledger", "host":"::1", "port":6432}`,
		Credential: good,
		Canonical:  `{"host":"::1","port":6432,"database":"ledger","sslMode":"verify-full"}`,
		Address:    "https://[::1]:6432",
		Refused: map[string]porttest.RefusedConfig{
			"nothing":                 refused(``, domain.Credential{}, "config", "credential.username", "credential.password"),
			"null":                    refused(`null`, good, "config.host", "config.port", "config.database", "config.sslMode"),
			"an empty object":         refused(`{}`, good, "config.host", "config.database"),
			"no object":               refused(`["config-canary"]`, good, "config"),
			"every field":             refused(`{"host":"/var/run","port":0,"database":"a\u0000b","sslMode":"prefer"}`, good, "config.host", "config.port", "config.database", "config.sslMode"),
			"a port too high":         refused(`{"host":"h","database":"d","port":65536}`, good, "config.port"),
			"a port as text":          refused(`{"host":"h","database":"d","port":"5432"}`, good, "config.port"),
			"an unknown member":       refused(`{"host":"h","database":"d","sslmode":"disable"}`, good, "config.sslmode"),
			"a member with a value":   refused(`{"host":"h","database":"d","config-canary":1}`, good, "config"),
			"a doubled member":        refused(`{"host":"h","host":"g","database":"d"}`, good, "config"),
			"two hosts":               refused(`{"host":"a,b","database":"d"}`, good, "config.host"),
			"a host with userinfo":    refused(`{"host":"u@h","database":"d"}`, good, "config.host"),
			"a long database":         refused(`{"host":"h","database":"`+strings.Repeat("d", 64)+`"}`, good, "config.database"),
			"a root that is none":     refused(`{"host":"h","database":"d","rootCertificate":"config-canary"}`, good, "config.rootCertificate"),
			"a password with a NUL":   refused(`{"host":"h","database":"d"}`, credential("username", "u\x00x", "password", "p\x00"), "credential.username", "credential.password"),
			"half a credential":       refused(`{"host":"h","database":"d"}`, credential("username", "u"), "credential.password"),
			"a part that is not ours": refused(`{"host":"h","database":"d"}`, credential("username", "u", "password", "p", "part-canary", "x"), "credential"),
		},
	})
}

func TestTheLeastConfiguration(t *testing.T) {
	got, err := postgres.New(postgres.Options{}).Validate(t.Context(), json.RawMessage(`{"host":"db.example.com","database":"ledger"}`), good)
	if err != nil || string(got) != `{"host":"db.example.com","port":5432,"database":"ledger","sslMode":"verify-full"}` {
		t.Errorf("it became %s (%v)", got, err)
	}
}

// server gives the configuration of a real server, with a role for the credential good.
func server(t *testing.T) map[string]any {
	t.Helper()
	dsn := pgtest.DSN(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	const role = `DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'password-canary'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`
	if _, err := conn.Exec(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"host": u.Hostname(), "port": json.Number(u.Port()), "database": strings.TrimPrefix(u.Path, "/"), "sslMode": "disable",
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

func TestProbeARealServer(t *testing.T) {
	config := server(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	// The environment of the process must not leak into a tenant's connection.
	t.Setenv("PGHOST", "nowhere.invalid")
	t.Setenv("PGOPTIONS", "-c no_such_setting=1")
	t.Setenv("PGSSLMODE", "verify-full")
	got, err := postgres.New(postgres.Options{}).Probe(t.Context(), encode(t, config), good)
	if err != nil {
		t.Fatalf("Probe: %v (%v)", err, errors.Unwrap(err))
	}
	if !strings.HasPrefix(got, "PostgreSQL 1") {
		t.Errorf("found %q", got)
	}
}

func TestProbeTellsWhatIsWrong(t *testing.T) {
	config := server(t)
	silent := silentServer(t)
	cases := map[string]struct {
		change     map[string]any
		credential domain.Credential
		want       domain.Code
	}{
		"an unknown role":     {nil, credential("username", "user-canary", "password", "password-canary"), domain.CredentialRejected},
		"an unknown database": {map[string]any{"database": "db_canary"}, good, domain.AccountNotFound},
		"no TLS there":        {map[string]any{"sslMode": "verify-full"}, good, domain.VendorUnreachable},
		"no TLS required":     {map[string]any{"sslMode": "require"}, good, domain.VendorUnreachable},
		"nobody listens":      {map[string]any{"port": 1}, good, domain.VendorUnreachable},
		"no such name":        {map[string]any{"host": "host-canary.invalid"}, good, domain.VendorUnreachable},
		"no PostgreSQL":       {map[string]any{"port": silent}, good, domain.VendorUnreachable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			raw := maps.Clone(config)
			maps.Copy(raw, c.change)
			_, err := postgres.New(postgres.Options{}).Probe(t.Context(), encode(t, raw), c.credential)
			if !errors.Is(err, c.want) {
				t.Errorf("gave %v, want %s", err, c.want)
			}
			porttest.SecretFree(t, err)
		})
	}
}

// silentServer takes connections and closes them at once.
func silentServer(t *testing.T) int {
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
	config := server(t)
	config["host"] = "localhost"
	var seen []string
	c := postgres.New(postgres.Options{Control: func(_, address string, _ syscall.RawConn) error {
		seen = append(seen, address)
		return errors.New("address-canary")
	}})
	_, err := c.Probe(t.Context(), encode(t, config), good)
	if !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("gave %v, want address_not_allowed", err)
	}
	for _, address := range seen {
		if host, _, _ := net.SplitHostPort(address); net.ParseIP(host) == nil {
			t.Errorf("asked about %q, which is no address", address)
		}
	}
	if len(seen) == 0 {
		t.Error("nothing was asked")
	}
}

func TestProbeEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := postgres.New(postgres.Options{}).Probe(ctx, encode(t, server(t)), good); !errors.Is(err, domain.Interrupted) {
		t.Errorf("gave %v, want interrupted", err)
	}
}
