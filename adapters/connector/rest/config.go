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

// The values of the member "auth" of the configuration. credentialParts maps each value to the names of the credential
// parts that it requires.
const (
	authNone   = "none"
	authBasic  = "basic"
	authBearer = "bearer"
	authHeader = "header"
)

var credentialParts = map[string][]string{
	authNone:   nil,
	authBasic:  {"username", "password"},
	authBearer: {"token"},
	authHeader: {"value"},
}

// The maximum number of headers, and the maximum length of a header's name and of its value in bytes.
const (
	maxHeaderCount = 20
	maxHeaderName  = 64
	maxHeaderValue = 1024
)

// config is the stored form of the configuration.
type config struct {
	URL        string            `json:"url"`
	Auth       string            `json:"auth"`
	AuthHeader string            `json:"authHeader,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
}

var (
	token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // a token as defined in RFC 9110, section 5.6.2
	path  = regexp.MustCompile(`^(/[A-Za-z][A-Za-z0-9-]{0,31})+$`)
	// secretHeader matches names of headers that usually contain a credential. They are rejected,
	// because the configuration is stored and returned in plain text.
	secretHeader = regexp.MustCompile(`(?i)auth|token|secret|key|passw|cookie|session|credential|signature`)
)

// configMembers is the message for a configuration with an unknown member or with a value of a wrong
// type.
const configMembers = "is wrong: config has the members url, auth and authHeader (text), " +
	"and headers (an object of text)"

// reservedHeaders are headers of the HTTP protocol itself, which only the HTTP client sets.
var reservedHeaders = []string{
	"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// decodeConfig decodes and validates a configuration, and fills in the defaults. It returns one
// error for each invalid field.
func decodeConfig(raw stdjson.RawMessage, allowHTTP bool) (config, []*domain.Error) {
	cfg := config{Auth: authNone}
	if err := json.Unmarshal(raw, &cfg, json.RejectUnknownMembers(true)); err != nil {
		return config{}, []*domain.Error{domain.FieldError(fieldOf(err), configMembers)}
	}
	var errs []*domain.Error
	if fieldErr := domain.ValidateBaseURL(cfg.URL, allowHTTP); fieldErr != nil {
		errs = append(errs, domain.FieldError("config.url", fieldErr.Message))
	}
	if _, known := credentialParts[cfg.Auth]; !known {
		errs = append(errs, domain.FieldError("config.auth", "must be none, basic, bearer or header"))
	}
	if byHeader := cfg.Auth == authHeader; byHeader != (cfg.AuthHeader != "") || byHeader && !settable(cfg.AuthHeader) {
		errs = append(
			errs, domain.FieldError("config.authHeader", "must name a header, and is allowed only with auth header"),
		)
	}
	cfg.AuthHeader = http.CanonicalHeaderKey(cfg.AuthHeader)
	return cfg, append(errs, cfg.normalizeHeaders()...)
}

// normalizeHeaders validates the headers and changes their names to canonical case. Its errors
// do not contain the name of a header, because the name may be a secret that was pasted there.
func (c *config) normalizeHeaders() []*domain.Error {
	const field = "config.headers"
	if len(c.Headers) > maxHeaderCount {
		return []*domain.Error{domain.FieldError(field, "must not be more than 20")}
	}
	canonical := make(map[string]string, len(c.Headers))
	for name, value := range c.Headers {
		switch {
		case !settable(name):
			return []*domain.Error{domain.FieldError(field, "must have names of headers that a caller may set")}
		case secretHeader.MatchString(name):
			return []*domain.Error{domain.FieldError(field, "must not contain a credential: use auth instead")}
		case len(value) > maxHeaderValue || !printable(value):
			return []*domain.Error{domain.FieldError(field, "must have values of printable text")}
		}
		canonical[http.CanonicalHeaderKey(name)] = value
	}
	if len(canonical) != len(c.Headers) {
		return []*domain.Error{domain.FieldError(field, "must not name a header twice")}
	}
	if _, duplicate := canonical[c.AuthHeader]; duplicate {
		return []*domain.Error{domain.FieldError(field, "must not contain the header of the credential")}
	}
	c.Headers = canonical
	return nil
}

func settable(header string) bool {
	return len(header) <= maxHeaderName && token.MatchString(header) &&
		!slices.Contains(reservedHeaders, http.CanonicalHeaderKey(header))
}

// fieldOf returns the path of the field that the decoder rejected, for example "config.auth". It returns only "config"
// if the path contains anything except ordinary member names. Such a path could contain a secret that a user has pasted
// into the wrong place.
func fieldOf(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && path.MatchString(string(semantic.JSONPointer)) {
		return "config" + strings.ReplaceAll(string(semantic.JSONPointer), "/", ".")
	}
	return "config"
}

// validateCredential checks the parts that the authentication method (auth) requires. It returns an error for each part
// that is missing or invalid. It also returns an error if the credential has other parts.
func validateCredential(auth string, c domain.Credential) []*domain.Error {
	parts, known := credentialParts[auth]
	if !known {
		return nil // decodeConfig has already returned an error for this value of auth
	}
	var errs []*domain.Error
	for _, part := range parts {
		field := "credential." + part
		value := string(c.Part(part).Reveal())
		switch fieldErr := domain.ValidateSecret(field, c.Part(part)); {
		case fieldErr != nil:
			errs = append(errs, fieldErr)
		case !printable(value):
			errs = append(errs, domain.FieldError(field, "must be text without control characters"))
		case part == "username" && strings.Contains(value, ":"): // RFC 7617, section 2, forbids a colon
			errs = append(errs, domain.FieldError(field, "must not contain a colon"))
		}
	}
	if slices.ContainsFunc(c.Names(), func(name string) bool { return !slices.Contains(parts, name) }) {
		errs = append(errs, domain.FieldError("credential", "has a part that this auth does not use"))
	}
	return errs
}

func printable(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// setHeaders sets the configured headers and the header that contains the credential.
func (c config) setHeaders(request *http.Request, credential domain.Credential) {
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
