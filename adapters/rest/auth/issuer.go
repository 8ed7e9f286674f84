package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// maxKeySet bounds a key set, in bytes.
const maxKeySet = 1 << 20

// Issuer is where keys are published.
type Issuer struct {
	URL    string       // of the key set: absolute, http or https
	Client *http.Client // asks for it
	// Observe is told why keys could not be read, at most once in five seconds and in the
	// words below: neither address nor answer is in them. nil tells nobody.
	OnError func(error)
}

// ErrIssuerURL refuses an address that keys cannot be read from.
var ErrIssuerURL = errors.New("the key set address must be an absolute http or https URL")

// Why keys could not be read, beside a status. What net/http says instead may quote the
// address, with its credentials, or the answer.
var (
	errTimeout     = errors.New("no answer of the issuer in time")
	errNotResolved = errors.New("the issuer's name does not resolve")
	errTLS         = errors.New("no trusted TLS connection to the issuer")
	errRefused     = errors.New("the issuer refuses connections")
	errProtocol    = errors.New("no whole HTTP answer of the issuer")
	errUnreadable  = errors.New("the issuer's answer is not a JWK set")
	errNoKeys      = errors.New("no usable key in the issuer's JWK set")
)

// check refuses what cannot be asked. Errors: ErrIssuerURL.
func (i Issuer) validate() error {
	u, err := url.Parse(i.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ErrIssuerURL
	}
	return nil
}

// tell reports a failure, if somebody listens.
func (i Issuer) reportError(failure error) {
	if failure != nil && i.OnError != nil {
		i.OnError(failure)
	}
}

// fetch reads the key set once: at least one key. Errors: those above, or the status.
func (i Issuer) fetch(ctx context.Context) ([]key, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.URL, nil)
	if err != nil {
		return nil, ErrIssuerURL
	}
	response, err := i.Client.Do(request)
	if err != nil {
		return nil, fetchError(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered %d", response.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet))
	if err != nil {
		return nil, fetchError(err)
	}
	return parseKeys(raw)
}

// reason words what kept an answer from coming.
func fetchError(err error) error {
	var (
		timeout net.Error
		name    *net.DNSError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		cert    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &name):
		return errNotResolved
	case errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &cert):
		return errTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	}
	return errProtocol
}
