package main

import (
	"crypto/x509"
	"os"
	"os/exec"
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
