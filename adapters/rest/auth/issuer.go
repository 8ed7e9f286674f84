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

// maxKeySet is the maximum size of a JWK set, in bytes.
const maxKeySet = 1 << 20

// Issuer is where keys are published.
type Issuer struct {
	URL    string       // of the JWK set: absolute, http or https
	Client *http.Client // fetches the JWK set
	// OnError is called with the reason why keys could not be fetched, at most once in five
	// seconds and only with the errors below: they contain neither URL nor response. nil
	// reports nothing.
	OnError func(error)
}

// ErrIssuerURL reports a URL that keys cannot be fetched from.
var ErrIssuerURL = errors.New("the key set address must be an absolute http or https URL")

// The reasons why keys could not be fetched, besides a status. They replace the errors of
// net/http, which may quote the URL, with its credentials, or the response.
var (
	errTimeout     = errors.New("timeout waiting for the issuer")
	errNotResolved = errors.New("the issuer's name does not resolve")
	errTLS         = errors.New("no trusted TLS connection to the issuer")
	errRefused     = errors.New("the issuer refused the connection")
	errProtocol    = errors.New("no complete HTTP response from the issuer")
	errUnreadable  = errors.New("the issuer's response is not a JWK set")
	errNoKeys      = errors.New("no usable key in the issuer's JWK set")
)

// validate checks the URL. Errors: ErrIssuerURL.
func (i Issuer) validate() error {
	u, err := url.Parse(i.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ErrIssuerURL
	}
	return nil
}

// reportError passes a failure to OnError, if both are set.
func (i Issuer) reportError(failure error) {
	if failure != nil && i.OnError != nil {
		i.OnError(failure)
	}
}

// fetch fetches the JWK set once and returns at least one key. Errors: those above, or one
// with the status.
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
		return nil, fmt.Errorf("the issuer responded with status %d", response.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet))
	if err != nil {
		return nil, fetchError(err)
	}
	return parseKeys(raw)
}

// fetchError returns the reason why there was no response.
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
