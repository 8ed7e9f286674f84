package vendorhttp

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxRetryAfter bounds how long a vendor can ask to wait.
const maxRetryAfter = time.Hour

// statusRule is what a status means unless [Vendor.ClassifyError] returns an error.
type statusRule struct {
	kind domain.Kind
	code domain.Code
	// needsJSON: the rule applies only to a response with a JSON body. A firewall or a proxy
	// responds with an HTML page, which must not reject an account for good.
	needsJSON bool
}

// statusRules is the only table from status to kind. Other 5xx are vendor_unreachable,
// all other statuses malformed_response.
var statusRules = map[int]statusRule{
	http.StatusUnauthorized:    {domain.Rejected, domain.CredentialRejected, false},
	http.StatusForbidden:       {domain.Rejected, domain.AccessDenied, true},
	http.StatusNotFound:        {domain.Rejected, domain.AccountNotFound, true},
	http.StatusRequestTimeout:  {domain.Unavailable, domain.VendorUnreachable, false},
	http.StatusTooEarly:        {domain.Unavailable, domain.VendorUnreachable, false},
	http.StatusTooManyRequests: {domain.Unavailable, domain.VendorRateLimited, false},
}

// statusError returns the domain error of a response that is not 2xx.
func statusError(v *Vendor, r response, now time.Time) *domain.Error {
	classified := classifyByVendor(v, r)
	if classified == nil {
		classified = classifyByStatus(r)
	}
	failure := *classified // a copy: the vendor's function may return one value again and again
	if failure.Kind == domain.Unavailable && failure.RetryAfter == 0 {
		failure.RetryAfter = retryAfter(r.header, now)
	}
	return &failure
}

// classifyByVendor calls [Vendor.ClassifyError]. The meaning of a 429 is never in doubt,
// so it is not called for one.
func classifyByVendor(v *Vendor, r response) *domain.Error {
	if v.ClassifyError == nil || r.status < 400 || r.status == http.StatusTooManyRequests {
		return nil
	}
	return v.ClassifyError(r.status, r.body)
}

// classifyByStatus applies the table.
func classifyByStatus(r response) *domain.Error {
	rule, found := statusRules[r.status]
	switch {
	case found && (!rule.needsJSON || looksLikeJSON(r.body)):
		return &domain.Error{Kind: rule.kind, Code: rule.code, Message: statusText(r.status)}
	case r.status >= 500:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: statusText(r.status)}
	}
	return malformed(statusText(r.status))
}

func statusText(status int) string { return "status " + strconv.Itoa(status) }

func looksLikeJSON(body []byte) bool {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	return len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
}

// retryAfter returns how long the vendor asks to wait: Retry-After (RFC 9110, section
// 10.2.3), otherwise RateLimit-Reset, in the same forms; at most an hour. Zero: neither
// header asks for a wait.
func retryAfter(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
		if wait, ok := domain.ParseRetryAfter(h.Get(name), now); ok && wait > 0 {
			return min(wait, maxRetryAfter)
		}
	}
	return 0
}
