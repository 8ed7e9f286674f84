package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxKeySet is the maximum size of a JWK set, in bytes.
const maxKeySet = 1 << 20

// Issuer configures where and how the issuer's keys are fetched.
type Issuer struct {
	URL    string       // the URL of the JWK set: absolute, http or https
	Client *http.Client // fetches the JWK set
	// OnError is called when keys could not be fetched, at most once in five seconds. The error is one of the errors
	// below or names an HTTP status. It contains neither the URL nor the response. If OnError is nil, failures are not
	// reported.
	OnError func(error)
}

// ErrIssuerURL reports that keys cannot be fetched from the configured URL.
var ErrIssuerURL = errors.New("the key set address must be an absolute http or https URL")

// The reasons why keys could not be fetched, in addition to an HTTP status other than 200. They
// replace the errors of net/http, which may quote the response or the URL with its credentials.
var (
	errTimeout     = errors.New("timeout waiting for the response")
	errNotResolved = errors.New("the host name does not resolve")
	errTLS         = errors.New("no trusted TLS connection")
	errRefused     = errors.New("the connection was refused")
	errProtocol    = errors.New("no complete HTTP response")
	errUnreadable  = errors.New("the issuer's response is not a JWK set")
	errNoKeys      = errors.New("no usable key in the issuer's JWK set")
)

// validate returns ErrIssuerURL if the URL is not an absolute http or https URL.
func (i Issuer) validate() error {
	if _, ok := domain.ParseAbsoluteURL(i.URL); !ok {
		return ErrIssuerURL
	}
	return nil
}

// reportError passes the failure to OnError. It does nothing if there is no failure or if OnError is nil.
func (i Issuer) reportError(failure error) {
	if failure != nil && i.OnError != nil {
		i.OnError(failure)
	}
}

// fetch requests the JWK set once and returns its usable keys. If there is no error, it returns at least one key. Its
// error is one of the errors above, an error of the egress proxy, or an error that names the status of the response.
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

// fetchError converts an error of the HTTP client to errNotResolved, errTimeout, errTLS or errRefused, and returns an
// error of the egress proxy, whose text is fixed. All other errors become errProtocol.
func fetchError(err error) error {
	var (
		timeout net.Error
		name    *net.DNSError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		cert    *tls.CertificateVerificationError
		proxy   interface {
			error
			ByProxy()
		}
	)
	switch {
	case errors.As(err, &proxy):
		return proxy
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
