package webhook

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Limits of the headers of a subscription.
const (
	maxHeaders     = 10
	maxHeaderValue = 4096
)

// headerPart is the beginning of the names of the secrets that contain headers. The name of the header follows.
const headerPart = "header:"

// refusedHeaders are the names of headers that a subscription cannot set: those of the connection (RFC 9110, section
// 7.6.1), those that describe the message, and those that the service itself sends. See also isReserved.
var refusedHeaders = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host", "Idempotency-Key",
	"Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
	"X-Webhook-Signature", "X-Webhook-Timestamp",
}

// isReserved reports whether a subscription cannot set the header with this canonical name.
func isReserved(name string) bool {
	return slices.Contains(refusedHeaders, name) || strings.HasPrefix(name, "Webhook-") ||
		strings.HasPrefix(name, "Proxy-")
}

// checkHeaders returns an error for each header that cannot be sent: of the field "headers" if its name cannot, and of
// the header in it if its value cannot. It does not repeat a value.
func checkHeaders(headers map[string]string) (faults []*domain.Error) {
	if len(headers) > maxHeaders {
		return []*domain.Error{domain.FieldError("headers", fmt.Sprintf("must have at most %d members", maxHeaders))}
	}
	seen := map[string]bool{}
	for name, value := range headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name) || seen[canonical]:
			faults = append(faults, domain.FieldError("headers", "must have valid names of headers, each once"))
		case isReserved(canonical):
			faults = append(faults, domain.FieldError("headers", "must not contain "+canonical))
		case value == "" || len(value) > maxHeaderValue || !httpguts.ValidHeaderFieldValue(value):
			faults = append(faults, domain.FieldError("headers."+name,
				fmt.Sprintf("must have values of 1 to %d characters that a header can contain", maxHeaderValue)))
		}
		seen[canonical] = true
	}
	slices.SortFunc(faults, func(a, b *domain.Error) int { return strings.Compare(a.Error(), b.Error()) })
	return slices.CompactFunc(faults, func(a, b *domain.Error) bool { return a.Error() == b.Error() })
}

// headerSecrets returns the headers as the secrets in which they are stored.
func headerSecrets(headers map[string]string) map[string]domain.Secret {
	parts := map[string]domain.Secret{}
	for name, value := range headers {
		parts[headerPart+textproto.CanonicalMIMEHeaderKey(name)] = domain.SecretText(value)
	}
	return parts
}

// storedHeaders returns those of the secrets that contain headers.
func storedHeaders(secrets domain.Credential) map[string]domain.Secret {
	parts := map[string]domain.Secret{}
	for _, name := range secrets.Names() {
		if strings.HasPrefix(name, headerPart) {
			parts[name] = secrets.Part(name)
		}
	}
	return parts
}

// setHeaders adds the headers in parts, which storedHeaders has returned, to the headers of a request.
func setHeaders(header http.Header, parts map[string]domain.Secret) {
	for part, value := range parts {
		header[strings.TrimPrefix(part, headerPart)] = []string{string(value.Reveal())}
	}
}
