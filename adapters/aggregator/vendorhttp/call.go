package vendorhttp

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Vendor is what is specific to one vendor. One value serves all calls.
type Vendor struct {
	Name domain.Vendor
	// Budgets are rate limits in requests per minute, by [Call.Resource]; a resource
	// without one is not limited.
	Budgets map[string]int
	// ClassifyError reads the body of an error response and returns what it means; nil, or
	// a nil result, leaves the meaning to the status. It must not copy text of the body. If
	// it sets no RetryAfter, that is filled in from the headers of the response.
	ClassifyError func(status int, body []byte) *domain.Error
}

// Call is one request to a vendor.
type Call struct {
	Vendor *Vendor
	Method string // "": GET
	// BaseURL is the base URL of the connection. Its path, if any, precedes Path.
	BaseURL string
	// Path begins with "/"; what is inserted into it is escaped (url.PathEscape).
	Path string
	// PathTemplate is Path without its ids ("/items/{id}"), for [Config.OnCall] and
	// [Config.AttemptContext].
	PathTemplate string
	// Query is sent unchanged, without "?": printable ASCII without spaces and "#".
	Query string
	// Resource names the rate budget that the call uses; "": none.
	Resource string
	// Retryable: the request may be sent again after a failure, because it is idempotent. A
	// GET always may.
	Retryable bool
	// Body returns the JSON body, once per attempt; nil: no body.
	Body func() []byte
	// SetAuth sets the authentication headers, once per attempt; nil: none.
	SetAuth func(http.Header)
}

func (c Call) method() string {
	if c.Method == "" {
		return http.MethodGet
	}
	return c.Method
}

func (c Call) retryable() bool { return c.Retryable || c.method() == http.MethodGet }

// target builds the URL from a base URL that the guard accepts. It is at the same host,
// so no path or query that contains text of a vendor can lead to another one.
// Errors: Rejected (address_not_allowed), Unavailable (malformed_response).
func (c Call) target(guard *Guard) (*url.URL, error) {
	base, err := guard.parse(c.BaseURL)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(c.Path, "/") || !isRequestText(c.Path) || !isRequestText(c.Query) {
		return nil, malformed(invalidRequest)
	}
	raw := base.Scheme + "://" + base.Host + strings.TrimRight(base.EscapedPath(), "/") + c.Path
	target, err := url.Parse(raw)
	if err != nil || target.Host != base.Host || target.RawQuery != "" {
		return nil, malformed(invalidRequest)
	}
	target.RawQuery = c.Query
	return target, nil
}

const invalidRequest = "the request cannot be built"

// isRequestText reports whether text may be part of a request line without escaping.
func isRequestText(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) < 0
}

// newRequest builds the request of an attempt. It is the only place where a secret gets
// into a request.
func (c Call) newRequest(ctx context.Context, target *url.URL, userAgent string) (*http.Request, error) {
	var body io.Reader
	if c.Body != nil {
		body = strings.NewReader(string(c.Body()))
	}
	req, err := http.NewRequestWithContext(ctx, c.method(), target.String(), body)
	if err != nil {
		return nil, malformed(invalidRequest)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.SetAuth != nil {
		c.SetAuth(req.Header)
	}
	return req, nil
}
