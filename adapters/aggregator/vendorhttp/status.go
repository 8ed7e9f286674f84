package vendorhttp

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxWish bounds how long a vendor may ask us to wait.
const maxWish = time.Hour

// verdict is what a status means when the vendor's own hook has nothing to say.
type verdict struct {
	kind domain.Kind
	code domain.Code
	// json: only with a JSON body. A firewall or a proxy answers with a page, and its
	// word is no final word about an account.
	json bool
}

// verdicts is the only table from status to kind. Other 5xx are vendor_unreachable,
// everything else malformed_response.
var verdicts = map[int]verdict{
	http.StatusUnauthorized:    {domain.Rejected, domain.CredentialRejected, false},
	http.StatusForbidden:       {domain.Rejected, domain.AccessDenied, true},
	http.StatusNotFound:        {domain.Rejected, domain.AccountNotFound, true},
	http.StatusRequestTimeout:  {domain.Unavailable, domain.VendorUnreachable, false},
	http.StatusTooEarly:        {domain.Unavailable, domain.VendorUnreachable, false},
	http.StatusTooManyRequests: {domain.Unavailable, domain.VendorRateLimited, false},
}

// refused turns an answer that is no success into a domain error.
func refused(v *Vendor, a answer, now time.Time) *domain.Error {
	why := explained(v, a)
	if why == nil {
		why = judged(a)
	}
	own := *why // the hook may hand out one value again and again
	if own.Kind == domain.Unavailable && own.RetryAfter == 0 {
		own.RetryAfter = wish(a.header, now)
	}
	return &own
}

// explained asks the vendor's hook. A 429 is never in doubt, so it is not asked.
func explained(v *Vendor, a answer) *domain.Error {
	if v.ClassifyError == nil || a.status < 400 || a.status == http.StatusTooManyRequests {
		return nil
	}
	return v.ClassifyError(a.status, a.body)
}

func judged(a answer) *domain.Error {
	v, known := verdicts[a.status]
	switch {
	case known && (!v.json || looksJSON(a.body)):
		return &domain.Error{Kind: v.kind, Code: v.code, Message: statusText(a.status)}
	case a.status >= 500:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: statusText(a.status)}
	}
	return malformed(statusText(a.status))
}

func statusText(status int) string { return "status " + strconv.Itoa(status) }

func looksJSON(body []byte) bool {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	return len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
}

// wish reads how long the vendor wants us to stay away: Retry-After (RFC 9110, 10.2.3),
// else RateLimit-Reset; seconds or an HTTP date, at most an hour. Zero: no wish.
func wish(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
		if wait := waitOf(h.Get(name), now); wait > 0 {
			return min(wait, maxWish)
		}
	}
	return 0
}

func waitOf(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		// compared before it is converted: a huge or odd number has no duration
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxWish.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
