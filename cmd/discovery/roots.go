package main

import (
	"crypto/x509"
	"errors"
	"os"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// trustedCAFile is the setting with the file of further certificate authorities, in PEM.
const trustedCAFile = "TRUSTED_CA_FILE"

// errTrust is the error of trustRoots at the start of the process. main reports it. Package x509 reads the root
// certificates once, so they must be complete before the first connection.
var errTrust = trustRoots(os.Getenv(trustedCAFile))

// trustRoots makes all connections trust the root certificates of the system, or embedded ones if the system has none,
// as an image that is built from scratch, and the certificate authorities in the file. It must be called only once.
func trustRoots(file string) error {
	if file == "" {
		x509.SetFallbackRoots(embeddedRoots())
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return usageError{Err: errors.New(trustedCAFile + " cannot be read")}
	}
	roots, err := x509.SystemCertPool()
	if err != nil || roots.Equal(x509.NewCertPool()) {
		roots = embeddedRoots()
	}
	if !roots.AppendCertsFromPEM(text) {
		return usageError{Err: errors.New(trustedCAFile + " contains no certificate in PEM")}
	}
	// With this option, the pool replaces the root certificates of the system, which are part of it.
	options := []string{"x509usefallbackroots=1"}
	if set := os.Getenv("GODEBUG"); set != "" {
		options = append([]string{set}, options...)
	}
	if err := os.Setenv("GODEBUG", strings.Join(options, ",")); err != nil {
		return err
	}
	x509.SetFallbackRoots(roots)
	return nil
}

// embeddedRoots returns the root certificates that the binary contains.
func embeddedRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			panic(err) // a defect of the package that the binary was built with
		}
		if root.Constraint == nil {
			pool.AddCert(certificate)
		} else {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return pool
}
