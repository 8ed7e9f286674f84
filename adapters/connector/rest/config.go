package rest

import (
	stdjson "encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The ways to authenticate, and the parts each takes.
const (
	authNone   = "none"
	authBasic  = "basic"
	authBearer = "bearer"
	authHeader = "header"
)

var partsOf = map[string][]string{
	authNone:   nil,
	authBasic:  {"username", "password"},
	authBearer: {"token"},
	authHeader: {"value"},
}

// Upper bounds of the headers: how many, and of a value's bytes.
const (
	maxHeaderCount = 20
	maxHeaderValue = 1024
)

// config is the configuration as stored.
type config struct {
	URL        string            `json:"url"`
	Auth       string            `json:"auth"`
	AuthHeader string            `json:"authHeader,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
}

var (
	token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$") // RFC 9110, section 5.6.2
	path  = regexp.MustCompile(`^(/[A-Za-z][A-Za-z0-9-]{0,31})+$`)
	// secretive are headers that usually hold a credential: the configuration is stored
	// and shown in clear.
	secretive = regexp.MustCompile(`(?i)auth|token|secret|key|passw|cookie|session|credential|signature`)
)

// ownHeaders are those of HTTP itself, which the client writes.
var ownHeaders = []string{
	"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// read decodes and judges a configuration, and fills the defaults in.
func read(raw stdjson.RawMessage, allowHTTP bool) (config, []*domain.Error) {
	cfg := config{Auth: authNone}
	if err := json.Unmarshal(raw, &cfg, json.RejectUnknownMembers(true)); err != nil {
		return config{}, []*domain.Error{domain.FieldError(fieldOf(err), "must be as the connector type's schema says")}
	}
	var faults []*domain.Error
	if fault := domain.ValidateBaseURL(cfg.URL, allowHTTP); fault != nil {
		faults = append(faults, domain.FieldError("config.url", fault.Message))
	}
	if _, known := partsOf[cfg.Auth]; !known {
		faults = append(faults, domain.FieldError("config.auth", "must be none, basic, bearer or header"))
	}
	if wanted := cfg.Auth == authHeader; wanted != (cfg.AuthHeader != "") || wanted && !sendable(cfg.AuthHeader) {
		faults = append(faults, domain.FieldError("config.authHeader", "must name a header, and is for the auth header alone"))
	}
	cfg.AuthHeader = http.CanonicalHeaderKey(cfg.AuthHeader)
	return cfg, append(faults, cfg.judgeHeaders()...)
}

// judgeHeaders checks the headers and writes their names in the usual case. It names no
// header at fault: a name may be a pasted secret.
func (c *config) judgeHeaders() []*domain.Error {
	const field = "config.headers"
	if len(c.Headers) > maxHeaderCount {
		return []*domain.Error{domain.FieldError(field, "are too many")}
	}
	canonical := make(map[string]string, len(c.Headers))
	for name, value := range c.Headers {
		switch {
		case !sendable(name):
			return []*domain.Error{domain.FieldError(field, "must have names of headers that a caller may set")}
		case secretive.MatchString(name):
			return []*domain.Error{domain.FieldError(field, "must not hold a credential: that is what auth is for")}
		case len(value) > maxHeaderValue || !text(value):
			return []*domain.Error{domain.FieldError(field, "must have values of printable text")}
		}
		canonical[http.CanonicalHeaderKey(name)] = value
	}
	if len(canonical) != len(c.Headers) {
		return []*domain.Error{domain.FieldError(field, "must not name a header twice")}
	}
	if _, doubled := canonical[c.AuthHeader]; doubled {
		return []*domain.Error{domain.FieldError(field, "must not hold the header of the credential")}
	}
	c.Headers = canonical
	return nil
}

func sendable(header string) bool {
	return token.MatchString(header) && !slices.Contains(ownHeaders, http.CanonicalHeaderKey(header))
}

// fieldOf names what the decoder stumbled over, as long as it looks like a member's name:
// what was pasted in the wrong place must not come back in an error.
func fieldOf(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && path.MatchString(string(semantic.JSONPointer)) {
		return "config" + strings.ReplaceAll(string(semantic.JSONPointer), "/", ".")
	}
	return "config"
}

// judge wants the parts of the way to authenticate, and no other.
func judge(auth string, c domain.Credential) []*domain.Error {
	parts, known := partsOf[auth]
	if !known {
		return nil // already a fault of the configuration
	}
	var faults []*domain.Error
	for _, part := range parts {
		field := "credential." + part
		value := string(c.Part(part).Reveal())
		switch fault := domain.ValidateSecret(field, c.Part(part)); {
		case fault != nil:
			faults = append(faults, fault)
		case !text(value):
			faults = append(faults, domain.FieldError(field, "must be text without control characters"))
		case part == "username" && strings.Contains(value, ":"): // RFC 7617, section 2
			faults = append(faults, domain.FieldError(field, "must not hold a colon"))
		}
	}
	if slices.ContainsFunc(c.Names(), func(name string) bool { return !slices.Contains(parts, name) }) {
		faults = append(faults, domain.FieldError("credential", "has a part that this auth does not take"))
	}
	return faults
}

func text(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// dress sets the headers and the credential.
func (c config) dress(request *http.Request, credential domain.Credential) {
	request.Header.Set("User-Agent", "aggregator-connections")
	for name, value := range c.Headers {
		request.Header.Set(name, value)
	}
	part := func(name string) string { return string(credential.Part(name).Reveal()) }
	switch c.Auth {
	case authBasic:
		request.SetBasicAuth(part("username"), part("password"))
	case authBearer:
		request.Header.Set("Authorization", "Bearer "+part("token"))
	case authHeader:
		request.Header.Set(c.AuthHeader, part("value"))
	}
}
