package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// withoutRoots is the name of an environment variable. The test below sets it when it starts the test binary a second
// time, without the root certificates of the system.
const withoutRoots = "TEST_WITHOUT_ROOTS"

// An image that is built from scratch contains no root certificates. In such an image, the binary must trust the
// embedded root certificates.
func TestPublicCertificatesAreTrustedOnASystemWithoutRoots(t *testing.T) {
	if os.Getenv(withoutRoots) == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = []string{withoutRoots + "=true", "SSL_CERT_FILE=" + os.DevNull, "SSL_CERT_DIR=" + t.TempDir()}
		if printed, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, printed)
		}
		return
	}
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := certificate.Verify(x509.VerifyOptions{}); err == nil {
			return
		}
	}
	t.Error("no root certificate is trusted")
}

// withFile is the name of an environment variable with the file of a server's certificate, whose authority the
// process must trust besides the public ones.
const withFile = "TEST_WITH_AUTHORITY"

func TestTheAuthoritiesOfAFileAreTrustedInAddition(t *testing.T) {
	if file := os.Getenv(withFile); file != "" {
		if errTrust != nil {
			t.Fatal(errTrust)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := certificate.Verify(x509.VerifyOptions{}); err != nil {
			t.Errorf("the authority of the file: %v", err)
		}
		TestPublicCertificatesAreTrustedOnASystemWithoutRoots(t)
		return
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	noRoots := []string{"SSL_CERT_FILE=" + os.DevNull, "SSL_CERT_DIR=" + t.TempDir()}
	for name, system := range map[string][]string{"with the roots of the system": nil, "without them": noRoots} {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append([]string{withoutRoots + "=true", withFile + "=" + file, trustedCAFile + "=" + file}, system...)
		if printed, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, printed)
		}
	}
}
