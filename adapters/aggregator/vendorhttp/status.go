package vendorhttp

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxRetryAfter bounds the wait that a vendor can ask for.
const maxRetryAfter = time.Hour

// statusRule is the error to which an HTTP status is mapped, unless [Vendor.ClassifyError] returns
// another error.
type statusRule struct {
	kind domain.Kind
	code domain.Code
	// needsJSON restricts the rule to responses with a JSON body. A firewall or a proxy responds with an HTML page, and
	// such a page must not cause an account to be rejected permanently.
	needsJSON bool
}

// statusRules is the only table that maps an HTTP status to a kind of error. All other 5xx statuses are mapped to
// vendor_unreachable, other 4xx statuses with an error object of the vendor to vendor_refused, and all remaining
// statuses to malformed_response. The table has no 404: only an error code of the vendor says that it does not know the
// account reference. Without such a code, the path, a page or another resource may be unknown.
var statusRules = map[int]statusRule{
	http.StatusUnauthorized:    {domain.Rejected, domain.CredentialRejected, false},
	http.StatusForbidden:       {domain.Rejected, domain.AccessDenied, true},
	http.StatusRequestTimeout:  {domain.Unavailable, domain.VendorUnreachable, false},
	http.StatusTooEarly:        {domain.Unavailable, domain.VendorUnreachable, false},
	http.StatusTooManyRequests: {domain.Unavailable, domain.VendorRateLimited, false},
}

// statusError returns the domain error for a response whose status is not 2xx.
func statusError(v *Vendor, r response, now time.Time) *domain.Error {
	classified := classifyByVendor(v, r)
	if classified == nil {
		classified = classifyByStatus(v, r)
	}
	failure := *classified // a copy, because ClassifyError may return the same pointer each time
	if code, ok := errorCode(v, r); ok && v.UpstreamCodes[code] {
		failure.UpstreamCode = code
	}
	if failure.Kind == domain.Unavailable && failure.RetryAfter == 0 {
		failure.RetryAfter = retryAfter(r.header, now)
	}
	if failure.Code == domain.VendorRateLimited && failure.RetryAfter == 0 {
		failure.RetryAfter = v.RateLimitWait
	}
	return &failure
}

// classifyByVendor returns the result of [Vendor.ClassifyError], or nil. It does not call the function for a 429,
// because a 429 has the same meaning at every vendor.
func classifyByVendor(v *Vendor, r response) *domain.Error {
	if v.ClassifyError == nil || r.status < 400 || r.status == http.StatusTooManyRequests {
		return nil
	}
	return v.ClassifyError(r.status, r.body)
}

// classifyByStatus returns the error to which the status of the response is mapped.
func classifyByStatus(v *Vendor, r response) *domain.Error {
	rule, found := statusRules[r.status]
	switch {
	case found && (!rule.needsJSON || looksLikeJSON(r.body)):
		return &domain.Error{Kind: rule.kind, Code: rule.code, Message: statusText(r.status)}
	case r.status >= 500:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: statusText(r.status)}
	}
	if _, ok := errorCode(v, r); ok && r.status >= 400 {
		return &domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused, Message: statusText(r.status)}
	}
	return malformed(statusText(r.status))
}

// errorCode returns the result of [Vendor.ErrorCode]; false if the vendor has no such function.
func errorCode(v *Vendor, r response) (code string, ok bool) {
	if v.ErrorCode == nil {
		return "", false
	}
	return v.ErrorCode(r.body)
}

func statusText(status int) string { return "status " + strconv.Itoa(status) }

func looksLikeJSON(body []byte) bool {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	return len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
}

// retryAfter returns how long the vendor asks the client to wait, at most an hour. It reads
// Retry-After (RFC 9110, section 10.2.3), or otherwise RateLimit-Reset, which has the same format.
// It returns zero if neither header asks for a wait.
func retryAfter(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
		if wait, ok := domain.ParseRetryAfter(h.Get(name), now); ok && wait > 0 {
			return min(wait, maxRetryAfter)
		}
	}
	return 0
}
