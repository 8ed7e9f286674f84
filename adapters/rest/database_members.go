package rest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// databaseMembers are the members of an engine connection that Lerian's documentation names for a database. They are
// another form of the members config and credential: a connection is answered in the form in which it was created.
// Package connector/postgres has the rules of the members.
type databaseMembers struct {
	Host         plainText `json:"host,omitempty" maxLength:"253" example:"db.example.com" doc:"Host name or IP address of the database"`
	Port         int       `json:"port,omitzero" minimum:"1" maximum:"65535" example:"5432" doc:"TCP port; 5432 if absent"`
	DatabaseName plainText `json:"databaseName,omitempty" maxLength:"63" example:"books" doc:"The name of the database"`
	Schema       plainText `json:"schema,omitempty" maxLength:"63" example:"public" doc:"A schema that must exist in the database"`
	UserName     plainText `json:"userName,omitempty" maxLength:"4096" example:"reader" doc:"The role that signs in"`
	SSLMode      string    `json:"sslMode,omitempty" enum:"verify-full,require,disable" doc:"As in config; verify-full if absent"`
}

// configMember is the member of databaseConfig that tells this form of a configuration from the other.
const configMember = "databaseType"

// databaseConfig is the configuration of an engine connection that was created with databaseMembers.
type databaseConfig struct {
	DatabaseType string `json:"databaseType"`
	databaseMembers
}

// databaseConfigOf returns the configuration of a connection that was created with databaseMembers, and false for any
// other connection.
func databaseConfigOf(c domain.Connection) (config databaseConfig, ok bool) {
	return config, json.Unmarshal(c.Config, &config) == nil && config.DatabaseType != ""
}

// merge replaces the members that changes contains.
func (d *databaseMembers) merge(changes databaseMembers) {
	raw, _ := json.Marshal(changes) // texts and numbers can be encoded, and members that are absent are left out
	_ = json.Unmarshal(raw, d)
}

// config returns the members as the configuration of a connection, and the password as its credential.
func (d databaseMembers) config(databaseType string, password domain.Secret) (json.RawMessage, domain.Credential) {
	raw, _ := json.Marshal(databaseConfig{databaseType, d})
	return raw, domain.NewCredential(map[string]domain.Secret{"password": password})
}

// databaseFields returns err with the locations that its fields have in a body with databaseMembers: without "config."
// and "credential.".
func databaseFields(err error) error {
	all := domain.ErrorsOf(err)
	for i, e := range all {
		moved := *e
		moved.Field = strings.TrimPrefix(strings.TrimPrefix(e.Field, "config."), "credential.")
		if e.Code == domain.AddressNotAllowed {
			moved.Field = "host"
		}
		all[i] = &moved
	}
	if len(all) == 0 {
		return err
	}
	return domain.Join(all)
}

// The states of a database in the member status.
const (
	databaseAvailable   = "AVAILABLE"
	databaseUnreachable = "UNREACHABLE"
	databaseUnknown     = "UNKNOWN"
)

// databaseStatus returns the result of the last test of a connection, and when a test last succeeded. The time is zero
// unless the last test succeeded.
func databaseStatus(h domain.Health) (status string, seenAt time.Time) {
	switch h.Status {
	case domain.Healthy:
		return databaseAvailable, utcOrZero(h.Since)
	case domain.Unhealthy:
		return databaseUnreachable, time.Time{}
	case domain.Unknown:
	}
	return databaseUnknown, time.Time{}
}
