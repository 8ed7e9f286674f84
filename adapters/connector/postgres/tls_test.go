package postgres_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// newTLSServer starts a PostgreSQL server that requires TLS and a password for the role reader. It
// returns the server's port and its certificate in PEM.
func newTLSServer(t *testing.T) (port int, root string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "connector-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	certificate, key := newCertificate(t)
	write(t, filepath.Join(dir, "server.crt"), certificate)
	write(t, filepath.Join(dir, "server.key"), key)
	write(
		t, filepath.Join(dir, "hba"),
		[]byte("hostssl all reader 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n"),
	)
	chownToServer(t, dir)
	s, err := pgtest.Start(pgtest.Options{Settings: map[string]string{
		"ssl": "on", "hba_file": filepath.Join(dir, "hba"),
		"ssl_cert_file": filepath.Join(dir, "server.crt"), "ssl_key_file": filepath.Join(dir, "server.key"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE ROLE reader LOGIN PASSWORD " +
			"'password-canary'", "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
	} {
		if _, err = conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.Port(), string(certificate)
}

// chownToServer makes the user postgres the owner of the directory and of its files if the test runs as root. In that
// case the server runs as postgres and rejects a private key that belongs to another user.
func chownToServer(t *testing.T, dir string) {
	t.Helper()
	u, err := user.Lookup("postgres")
	if os.Geteuid() != 0 || err != nil {
		return
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	for _, name := range []string{"", "server.crt", "server.key", "hba"} {
		if err := os.Chown(filepath.Join(dir, name), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func newCertificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}

func TestProbeOverTLS(t *testing.T) {
	port, root := newTLSServer(t)
	other, _ := newCertificate(t)
	bad := credential("username", "reader", "password", "wrong-canary")
	cases := map[string]struct {
		config     map[string]any
		credential domain.Credential
		want       error
	}{
		"verified by the named root":   {map[string]any{"rootCertificate": root}, good, nil},
		"not verified by the system's": {map[string]any{}, good, domain.VendorUnreachable},
		"not verified by another root": {
			map[string]any{"rootCertificate": string(other)}, good, domain.VendorUnreachable,
		},
		"a name that the certificate lacks": {
			map[string]any{"rootCertificate": root, "host": "localhost"}, good, domain.VendorUnreachable,
		},
		"encrypted, but not verified":         {map[string]any{"sslMode": "require"}, good, nil},
		"unencrypted where that is forbidden": {map[string]any{"sslMode": "disable"}, good, domain.CredentialRejected},
		"a wrong password":                    {map[string]any{"sslMode": "require"}, bad, domain.CredentialRejected},
		"a database without the privilege": {
			map[string]any{"sslMode": "require", "database": "closed"}, good, domain.AccessDenied,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			raw := map[string]any{"host": "127.0.0.1", "port": port, "database": "postgres"}
			maps.Copy(raw, c.config)
			_, err := postgres.New(plaintext).Probe(t.Context(), encode(t, raw), c.credential)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
