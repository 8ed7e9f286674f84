package postgres

import (
	"crypto/tls"
	"crypto/x509"
	stdjson "encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"slices"
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

	documented *documentedConfig // set if the configuration has the other form
}

// documentedConfig is the form of a configuration with the members that Lerian's documentation names. The name of the
// role is part of it, so the credential has only the password, or no part.
type documentedConfig struct {
	DatabaseType string `json:"databaseType"` // POSTGRESQL; tells this form from the other one
	Host         string `json:"host"`
	Port         uint16 `json:"port"`
	DatabaseName string `json:"databaseName"`
	Schema       string `json:"schema,omitempty"`
	UserName     string `json:"userName"`
	SSLMode      string `json:"sslMode"`
}

// databaseType is the only value of documentedConfig.DatabaseType. Requests may contain it in any case.
const databaseType = "POSTGRESQL"

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

// documentedMembers is configMembers for the form documentedConfig.
const documentedMembers = "is wrong: databaseType, host, databaseName, schema, userName and sslMode are text, and " +
	"port is a number"

// maxDatabase is PostgreSQL's maximum length of an identifier, in bytes.
const maxDatabase = 63

// isHostname reports whether text has the form of a host name. Underscores are allowed.
func isHostname(text string) bool { return len(text) <= maxHostname && hostname.MatchString(text) }

// decodeConfig decodes and validates a configuration, and fills in the defaults. It returns one
// error for each invalid field.
func decodeConfig(raw stdjson.RawMessage) (config, []*domain.Error) {
	var form struct {
		DatabaseType any `json:"databaseType"`
	}
	if json.Unmarshal(raw, &form) == nil && form.DatabaseType != nil {
		return decodeDocumented(raw)
	}
	cfg := config{Port: 5432, SSLMode: sslVerifyFull}
	if err := json.Unmarshal(raw, &cfg, json.RejectUnknownMembers(true)); err != nil {
		return config{}, []*domain.Error{domain.FieldError(fieldOf(err), configMembers)}
	}
	return cfg, cfg.validate("database")
}

// decodeDocumented is decodeConfig for the form documentedConfig.
func decodeDocumented(raw stdjson.RawMessage) (config, []*domain.Error) {
	d := documentedConfig{Port: 5432, SSLMode: sslVerifyFull}
	if err := json.Unmarshal(raw, &d, json.RejectUnknownMembers(true)); err != nil {
		return config{documented: &d}, []*domain.Error{domain.FieldError(fieldOf(err), documentedMembers)}
	}
	cfg := config{Host: d.Host, Port: d.Port, Database: d.DatabaseName, SSLMode: d.SSLMode, documented: &d}
	errs := cfg.validate("databaseName")
	if !strings.EqualFold(d.DatabaseType, databaseType) {
		errs = append(errs, domain.FieldError("config.databaseType", "must be "+databaseType))
	}
	if d.Schema != "" && (!printable(d.Schema) || len(d.Schema) > maxDatabase) {
		errs = append(errs, domain.FieldError("config.schema", "must name a schema"))
	}
	if !printable(d.UserName) {
		errs = append(errs, domain.FieldError("config.userName", "must be text without control characters"))
	}
	d.DatabaseType = databaseType
	return cfg, errs
}

// MarshalJSON writes the configuration in the form in which it was read.
func (c config) MarshalJSON() ([]byte, error) {
	if c.documented != nil {
		return json.Marshal(c.documented)
	}
	type members config
	return json.Marshal(members(c))
}

// validate returns an error for each member that is not valid. database is the name of the member Database in the form
// of the configuration.
func (c config) validate(database string) []*domain.Error {
	var errs []*domain.Error
	fieldErr := func(wrong bool, field, message string) {
		if wrong {
			errs = append(errs, domain.FieldError("config."+field, message))
		}
	}
	_, notAddress := netip.ParseAddr(c.Host)
	fieldErr(notAddress != nil && !isHostname(c.Host), "host", "must be a host name or an address")
	fieldErr(c.Port == 0, "port", "must be a port from 1 to 65535")
	fieldErr(!printable(c.Database) || len(c.Database) > maxDatabase, database, "must name a database")
	known := c.SSLMode == sslDisable || c.SSLMode == sslRequire || c.SSLMode == sslVerifyFull
	fieldErr(!known, "sslMode", "must be disable, require or verify-full")
	fieldErr(c.RootCertificate != "" && (c.SSLMode != sslVerifyFull || c.roots() == nil),
		"rootCertificate", "must be a certificate in PEM, and is allowed only with verify-full")
	return errs
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
// error if the credential has parts other than username and password. With documentedConfig, username is no part, and
// the password may be missing, because a server can trust the role or the address.
func (c config) validateCredential(credential domain.Credential) []*domain.Error {
	if c.documented != nil && credential.IsZero() {
		return nil
	}
	parts := []string{partUsername, partPassword}
	if c.documented != nil {
		parts = parts[1:]
	}
	var errs []*domain.Error
	for _, part := range parts {
		field := "credential." + part
		if fieldErr := domain.ValidateSecret(field, credential.Part(part)); fieldErr != nil {
			errs = append(errs, fieldErr)
			continue
		}
		// Each text in PostgreSQL's start-up message ends with a NUL. A NUL inside a text would end the
		// text early, and the rest would be read as another setting.
		if value := credential.Part(part).Reveal(); !printable(string(value)) {
			errs = append(errs, domain.FieldError(field, "must be text without control characters"))
		}
	}
	for _, name := range credential.Names() {
		if !slices.Contains(parts, name) {
			return append(
				errs,
				domain.FieldError("credential", "must have only the parts "+strings.Join(parts, " and ")),
			)
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
