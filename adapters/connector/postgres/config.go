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

// The parts of the credential.
const (
	partUsername = "username"
	partPassword = "password"
)

// The modes that are taken. libpq's others (allow, prefer, verify-ca) leave to the
// network whether the password is protected.
const (
	sslDisable    = "disable"
	sslRequire    = "require"
	sslVerifyFull = "verify-full"
)

// config is the configuration as stored.
type config struct {
	Host            string `json:"host"`
	Port            uint16 `json:"port"`
	Database        string `json:"database"`
	SSLMode         string `json:"sslMode"`
	RootCertificate string `json:"rootCertificate,omitempty"`
}

var (
	hostname = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$`)
	path     = regexp.MustCompile(`^(/[A-Za-z][A-Za-z0-9]{0,31})+$`)
)

// maxDatabase is PostgreSQL's limit of an identifier, in bytes.
const maxDatabase = 63

// read decodes and judges a configuration, and fills the defaults in.
func read(raw stdjson.RawMessage) (config, []*domain.Error) {
	cfg := config{Port: 5432, SSLMode: sslVerifyFull}
	if err := json.Unmarshal(raw, &cfg, json.RejectUnknownMembers(true)); err != nil {
		return config{}, []*domain.Error{domain.FieldError(fieldOf(err), "must be as the connector type's schema says")}
	}
	var faults []*domain.Error
	fault := func(wrong bool, field, message string) {
		if wrong {
			faults = append(faults, domain.FieldError("config."+field, message))
		}
	}
	_, notAddress := netip.ParseAddr(cfg.Host)
	fault(notAddress != nil && !hostname.MatchString(cfg.Host), "host", "must be a host name or an address")
	fault(cfg.Port == 0, "port", "must be a port from 1 to 65535")
	fault(!text(cfg.Database) || len(cfg.Database) > maxDatabase, "database", "must name a database")
	known := cfg.SSLMode == sslDisable || cfg.SSLMode == sslRequire || cfg.SSLMode == sslVerifyFull
	fault(!known, "sslMode", "must be disable, require or verify-full")
	fault(cfg.RootCertificate != "" && (cfg.SSLMode != sslVerifyFull || cfg.roots() == nil),
		"rootCertificate", "must be a certificate in PEM, and is for verify-full alone")
	return cfg, faults
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

// judge wants both parts and no other.
func judge(c domain.Credential) []*domain.Error {
	var faults []*domain.Error
	for _, part := range []string{partUsername, partPassword} {
		field := "credential." + part
		if fault := domain.ValidateSecret(field, c.Part(part)); fault != nil {
			faults = append(faults, fault)
			continue
		}
		// The start-up message ends its texts with NUL: one inside would begin a setting.
		if value := c.Part(part).Reveal(); !text(string(value)) {
			faults = append(faults, domain.FieldError(field, "must be text without control characters"))
		}
	}
	for _, name := range c.Names() {
		if name != partUsername && name != partPassword {
			return append(faults, domain.FieldError("credential", "has username and password, and no other part"))
		}
	}
	return faults
}

func text(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// tls gives what the mode asks for; nil is no TLS.
func (c config) tls() *tls.Config {
	switch c.SSLMode {
	case sslDisable:
		return nil
	case sslRequire:
		return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // what the mode says
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host, RootCAs: c.roots()}
}

// roots gives the authority that was named; nil is the system's.
func (c config) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	if c.RootCertificate == "" || !pool.AppendCertsFromPEM([]byte(c.RootCertificate)) {
		return nil
	}
	return pool
}
