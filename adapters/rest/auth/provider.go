package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	maxProviderDocument = 256 << 10 // bytes
	providerTimeout     = 3 * time.Second
	providerTTL         = time.Hour
	providerRetry       = 10 * time.Second
)

// Provider reads the description that an OpenID Connect provider publishes of itself (OpenID Connect Discovery 1.0,
// section 4). It is safe for concurrent use.
type Provider struct {
	issuer string
	client *http.Client
	clock  ports.Clock

	mu          sync.Mutex
	tokenOrigin string
	next        time.Time // when the description is read again
}

// NewProvider returns the Provider with the given issuer URL. It sends no request.
func NewProvider(issuer string, client *http.Client, clock ports.Clock) *Provider {
	return &Provider{issuer: issuer, client: client, clock: clock}
}

// TokenOrigin returns the origin of the token endpoint, or "" while the provider cannot be read. It reads the
// description at most once an hour, or every 10 seconds after a failure, and waits at most 3 seconds for it. After a
// failure, it returns the origin that it knew before.
func (p *Provider) TokenOrigin(ctx context.Context) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	if now.Before(p.next) && p.next.Sub(now) <= providerTTL { // the second condition fails if the clock was set back
		return p.tokenOrigin
	}
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	origin, err := p.readTokenOrigin(ctx)
	switch {
	case err == nil:
		p.tokenOrigin, p.next = origin, now.Add(providerTTL)
	case errors.Is(context.Cause(ctx), context.Canceled): // the caller gave up: the next one tries at once
	default:
		p.next = now.Add(providerRetry)
	}
	return p.tokenOrigin
}

var errProvider = errors.New("the provider does not describe itself as OpenID Connect Discovery demands")

func (p *Provider) readTokenOrigin(ctx context.Context) (string, error) {
	address := strings.TrimSuffix(p.issuer, "/") + "/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxProviderDocument))
	if err != nil {
		return "", err
	}
	var found struct {
		Issuer        string `json:"issuer"`
		TokenEndpoint string `json:"token_endpoint"`
	}
	if response.StatusCode != http.StatusOK || json.Unmarshal(text, &found) != nil || found.Issuer != p.issuer {
		return "", errProvider
	}
	return p.originOf(found.TokenEndpoint)
}

// originOf returns the origin of an endpoint: one with https, or that of the issuer. The text of an origin is part of a
// header, so the host may only contain what a host contains.
func (p *Provider) originOf(endpoint string) (string, error) {
	issuer, err := url.Parse(p.issuer)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "", err
	case u.Scheme+u.Host == issuer.Scheme+issuer.Host:
	case u.Scheme != "https" || u.Host == "" || strings.ContainsFunc(u.Host, notHostRune):
		return "", errProvider
	}
	return u.Scheme + "://" + u.Host, nil
}

// notHostRune reports whether r occurs in no host name, address or port.
func notHostRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-.:[]", r):
		return false
	}
	return true
}
