package vendorhttp

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Vendor is what is particular to one vendor. One value serves all calls.
type Vendor struct {
	Name domain.Vendor
	// Budgets are requests a minute, by [Call.Resource]; a resource without one is not limited.
	Budgets map[string]int
	// Explain reads an error answer's body and says what it means; nil leaves the
	// meaning to the status. It must copy no text of the body. RetryAfter is filled in
	// from the answer's headers where Explain sets none.
	ClassifyError func(status int, body []byte) *domain.Error
}

// Call is one request to a vendor.
type Call struct {
	Vendor *Vendor
	Method string // "": GET
	// BaseURL is the connection's own. Its path, if any, stays in front of Path.
	BaseURL string
	// Path begins with "/"; what is inserted into it is escaped (url.PathEscape).
	Path string
	// Template is Path with its ids left out ("/items/{id}"), for [Config.Observe]
	// and [Config.Mark].
	PathTemplate string
	// Query is sent as it is, without "?": printable ASCII without spaces and "#".
	Query string
	// Resource names the rate budget the call draws on; "": none.
	Resource string
	// Repeatable: the request may be sent again after a failure. GET always may.
	Retryable bool
	// Payload makes the JSON body, once an attempt; nil: no body.
	Body func() []byte
	// Sign sets the authentication headers, once an attempt; nil: none.
	SetAuth func(http.Header)
}

func (c Call) method() string {
	if c.Method == "" {
		return http.MethodGet
	}
	return c.Method
}

func (c Call) repeatable() bool { return c.Retryable || c.method() == http.MethodGet }

// target builds the URL and holds it to the base's origin, so that no path or query
// which a vendor's answer shaped can lead elsewhere.
func (c Call) target() (*url.URL, error) {
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(c.Path, "/") || !plain(c.Path) || !plain(c.Query) {
		return nil, malformed("request that cannot be built")
	}
	raw := base.Scheme + "://" + base.Host + strings.TrimRight(base.EscapedPath(), "/") + c.Path
	target, err := url.Parse(raw)
	if err != nil || target.Host != base.Host || target.RawQuery != "" {
		return nil, malformed("request that cannot be built")
	}
	target.RawQuery = c.Query
	return target, nil
}

// plain says whether text can stand in a request line as it is.
func plain(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) < 0
}

// request makes an attempt's request: the only place where a secret meets it.
func (c Call) request(ctx context.Context, target *url.URL, agent string) (*http.Request, error) {
	var body io.Reader
	if c.Body != nil {
		body = strings.NewReader(string(c.Body()))
	}
	req, err := http.NewRequestWithContext(ctx, c.method(), target.String(), body)
	if err != nil {
		return nil, malformed("request that cannot be built")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", agent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.SetAuth != nil {
		c.SetAuth(req.Header)
	}
	return req, nil
}
