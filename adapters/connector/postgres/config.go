package postgres

import (
	"crypto/tls"
	"crypto/x509"
	stdjson "encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The names of the credential's parts.
const (
	partUsername = "username"
	partPassword = "password"
)

// The supported values of sslMode. The other modes of libpq (allow, prefer, verify-ca) are not
// supported, because with them an attacker in the network can decide whether the password is
// protected.
const (
	sslDisable    = "disable"
	sslRequire    = "require"
	sslVerifyFull = "verify-full"
)

// config is the stored form of the configuration.
type config struct {
	Host            string `json:"host"`
	Port            uint16 `json:"port"`
	Database        string `json:"database"`
	SSLMode         string `json:"sslMode"`
	RootCertificate string `json:"rootCertificate,omitempty"`
}

// maxHostname is the maximum length of a host name in bytes (RFC 1035, section 2.3.4, in text form).
const maxHostname = 253

var (
	hostname = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)
	path     = regexp.MustCompile(`^(/[A-Za-z][A-Za-z0-9]{0,31})+$`)
)

// configMembers is the message for a configuration with an unknown member or with a value of a wrong
// type.
const configMembers = "is wrong: config has the members host, database, sslMode and rootCertificate (text), " +
	"and port (number)"

// maxDatabase is PostgreSQL's maximum length of an identifier, in bytes.
const maxDatabase = 63

// isHostname reports whether text has the form of a host name. Underscores are allowed.
func isHostname(text string) bool { return len(text) <= maxHostname && hostname.MatchString(text) }

// decodeConfig decodes and validates a configuration, and fills in the defaults. It returns one
// error for each invalid field.
func decodeConfig(raw stdjson.RawMessage) (config, []*domain.Error) {
	cfg := config{Port: 5432, SSLMode: sslVerifyFull}
	if err := json.Unmarshal(raw, &cfg, json.RejectUnknownMembers(true)); err != nil {
		return config{}, []*domain.Error{domain.FieldError(fieldOf(err), configMembers)}
	}
	var errs []*domain.Error
	fieldErr := func(wrong bool, field, message string) {
		if wrong {
			errs = append(errs, domain.FieldError("config."+field, message))
		}
	}
	_, notAddress := netip.ParseAddr(cfg.Host)
	fieldErr(notAddress != nil && !isHostname(cfg.Host), "host", "must be a host name or an address")
	fieldErr(cfg.Port == 0, "port", "must be a port from 1 to 65535")
	fieldErr(!printable(cfg.Database) || len(cfg.Database) > maxDatabase, "database", "must name a database")
	known := cfg.SSLMode == sslDisable || cfg.SSLMode == sslRequire || cfg.SSLMode == sslVerifyFull
	fieldErr(!known, "sslMode", "must be disable, require or verify-full")
	fieldErr(cfg.RootCertificate != "" && (cfg.SSLMode != sslVerifyFull || cfg.roots() == nil),
		"rootCertificate", "must be a certificate in PEM, and is allowed only with verify-full")
	return cfg, errs
}

// fieldOf returns the path of the field that the decoder rejected, for example "config.port". A path that does not look
// like member names could be a secret that was pasted in the wrong place. For such a path, fieldOf returns only
// "config".
func fieldOf(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && path.MatchString(string(semantic.JSONPointer)) {
		return "config" + strings.ReplaceAll(string(semantic.JSONPointer), "/", ".")
	}
	return "config"
}

// validateCredential returns an error for each part that is missing or invalid. It also returns an
// error if the credential has parts other than username and password.
func validateCredential(c domain.Credential) []*domain.Error {
	var errs []*domain.Error
	for _, part := range []string{partUsername, partPassword} {
		field := "credential." + part
		if fieldErr := domain.ValidateSecret(field, c.Part(part)); fieldErr != nil {
			errs = append(errs, fieldErr)
			continue
		}
		// Each text in PostgreSQL's start-up message ends with a NUL. A NUL inside a text would end the
		// text early, and the rest would be read as another setting.
		if value := c.Part(part).Reveal(); !printable(string(value)) {
			errs = append(errs, domain.FieldError(field, "must be text without control characters"))
		}
	}
	for _, name := range c.Names() {
		if name != partUsername && name != partPassword {
			return append(errs, domain.FieldError("credential", "must have only the parts username and password"))
		}
	}
	return errs
}

func printable(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// tls returns the TLS configuration for the configured sslMode, or nil for a connection without TLS.
func (c config) tls() *tls.Config {
	switch c.SSLMode {
	case sslDisable:
		return nil
	case sslRequire:
		return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // what the mode says
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host, RootCAs: c.roots()}
}

// roots returns the configured certificate authority. It returns nil if none is configured or if
// its PEM is invalid; crypto/tls then uses the system's root certificates.
func (c config) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	if c.RootCertificate == "" || !pool.AppendCertsFromPEM([]byte(c.RootCertificate)) {
		return nil
	}
	return pool
}
