package vendorhttp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
)

// Window is a rate limit for calls that are refused, and not queued, when the limit is reached.
type Window = ratelimit.Window

// Vendor contains the parts of the client that are specific to one vendor. One value serves all calls to that vendor.
type Vendor struct {
	Name domain.Vendor
	// Budgets contains the vendor's rate limits in requests per minute; the key is [Call.Resource] or
	// [Budget.Resource]. A resource that is neither in Budgets nor in Windows is not limited. A 429 counts only
	// for the budget of its call's resource, so calls of different kinds have different resources.
	Budgets map[string]int
	// Windows contains the rate limits of those resources whose calls are refused, and not queued, at the limit.
	Windows map[string]Window
	// RateLimitWait is how long a budget is blocked after a 429 that does not state a wait; 0 means a second.
	RateLimitWait time.Duration
	// ClassifyError returns the domain error for an error response with a meaning specific to this vendor. For other
	// responses it returns nil, and the client maps the status to an error. ClassifyError can be nil. The error must
	// not contain text of the body. If an Unavailable error has no RetryAfter, the client sets RetryAfter from the
	// response headers.
	ClassifyError func(status int, body []byte) *domain.Error
	// ErrorCode returns the error code in an error response, and false if the body is not an error object in the
	// vendor's documented form. The client returns Rejected (vendor_refused) for a 4xx response that has this form if
	// neither ClassifyError nor the status says more. ErrorCode can be nil.
	ErrorCode func(body []byte) (code string, ok bool)
	// UpstreamCodes contains the error codes that the documentation of the vendor lists. Only these are part of an
	// error (domain.Error.UpstreamCode).
	UpstreamCodes map[string]bool
}

// Call is one request to a vendor.
type Call struct {
	Vendor *Vendor
	Method string // "" means GET
	// BaseURL is the base URL of the connection. If it has a path, Path is appended to that path.
	BaseURL string
	// Path starts with "/". Values that are inserted into it must be escaped (url.PathEscape).
	Path string
	// PathTemplate is Path with placeholders instead of ids ("/items/{id}"). It is passed to
	// [Config.OnCall] and [Config.AttemptContext].
	PathTemplate string
	// Query is sent unchanged. It must be printable ASCII without "?", "#" and spaces.
	Query string
	// Tenant is the tenant for which the call is made. If calls of several tenants wait for a rate
	// budget, the tenants receive tokens in turn. The tenant is never sent to the vendor.
	Tenant domain.TenantID
	// Client is a hash of the client id with which the call authenticates. A 429 blocks the calls of the client.
	Client string
	// Resource is the key of the call's rate budget in [Vendor.Budgets] or [Vendor.Windows]; "" means that the call is
	// not limited.
	Resource string
	// Budgets replaces Resource if the vendor does not count calls by source address. The call takes a token of each
	// budget. The first budget must be the narrowest one: the one that the fewest calls share, such as the calls
	// about one login at a bank. A 429 blocks only the first budget, if it has a Subject.
	Budgets []Budget
	// Retryable means that the request is idempotent, so the client may send it again after a
	// failure. A GET is always retryable.
	Retryable bool
	// Reserve is called before the client holds more than ports.SmallResponse bytes of the response; see
	// ports.Access. nil means that nothing is reserved.
	Reserve func(ctx context.Context, bytes int64) error
	// Body returns the JSON body. It is called once per attempt; nil means no body.
	Body func() []byte
	// SetAuth sets the authentication headers. It is called once per attempt; nil means that none
	// are set.
	SetAuth func(http.Header)
}

// ClientOf returns a hash of the client id and the secret of a credential, for [Call.Client] and [Budget.Subject]. A
// tenant that does not know the secret therefore cannot use up the budget of a client id, or make its calls wait.
func ClientOf(c domain.Credential) string {
	hash := sha256.New()
	hash.Write(c.Part(domain.PartClientID).Reveal())
	hash.Write([]byte{0})
	hash.Write(c.Part(domain.PartSecret).Reveal())
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// Budget identifies a rate budget. Calls to one origin with the same Resource and Subject share it.
type Budget struct {
	Resource string // the key in [Vendor.Budgets] or [Vendor.Windows]
	// Subject identifies the calls that the vendor counts together, for example by a hash of the client id. "" means
	// all calls to the origin. A store gets only its hash.
	Subject string
}

// key returns a text that is different for each budget of a vendor. It contains no id of the vendor.
func (b Budget) key() string {
	if b.Subject == "" {
		return b.Resource
	}
	hash := sha256.Sum256([]byte(b.Subject))
	return b.Resource + "/" + hex.EncodeToString(hash[:16])
}

// budgets returns the rate budgets of the call. The first one is the budget that the fewest calls share.
func (c Call) budgets() []Budget {
	if c.Budgets == nil {
		return []Budget{{Resource: c.Resource}}
	}
	return c.Budgets
}

func (c Call) method() string {
	if c.Method == "" {
		return http.MethodGet
	}
	return c.Method
}

// reserve calls c.Reserve if it is not nil.
func (c Call) reserve(ctx context.Context, bytes int64) error {
	if c.Reserve == nil {
		return nil
	}
	return c.Reserve(ctx, bytes)
}

func (c Call) retryable() bool { return c.Retryable || c.method() == http.MethodGet }

// target returns the URL of the call. It refuses a base URL that the egress guard does not accept. The result always
// has the host of the base URL, even if the path or the query contains text from a vendor. Errors: Rejected
// (address_not_allowed), Unavailable (malformed_response).
func (c Call) target(guard *egress.Guard) (*url.URL, error) {
	base, err := guard.Parse(c.BaseURL)
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

// isRequestText reports whether text can be part of a request line without escaping.
func isRequestText(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) < 0
}

// newRequest builds the HTTP request for one attempt. It is the only function that inserts a secret
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
