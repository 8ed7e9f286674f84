package domain

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind of a connection: who made it a row of the table.
type ConnectionKind string

// The two kinds. Each surface sees its own kind only.
const (
	Aggregator ConnectionKind = "aggregator"
	Engine     ConnectionKind = "engine"
)

// Upper bounds of a connection's texts, in characters.
const (
	MaxName       = 255
	MaxAccountRef = 255
	MaxBaseURL    = 2048
	MaxSecret     = 4096
)

// Connection is where a tenant's data comes from. Name is unique among the tenant's
// live connections of both kinds, compared exactly.
type Connection struct {
	ID     ConnectionID
	Tenant TenantID
	Kind   ConnectionKind
	Name   string

	// Aggregator connections only. Vendor never changes.
	Vendor     Vendor
	BaseURL    string
	AccountRef string

	// Engine connections only. Type never changes; Config is the connector's own JSON.
	Type   ConnectorType
	Config json.RawMessage

	Sealed Sealed
	Health Health

	// Revision begins at 1 and rises with each change an operator makes.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// RedirectedAt is when the connection last came to point elsewhere, CreatedAt at first:
	// what was pulled before says nothing of what is there now.
	TargetChangedAt time.Time
	DeletedAt       time.Time // zero while live
}

// Validate names every field at fault at once, as joined Faults.
func (c *Connection) Validate() []*Error {
	var faults []*Error
	faults = append(faults, text("configName", c.Name, MaxName)...)
	if c.Kind == Aggregator {
		faults = append(faults, text("accountRef", c.AccountRef, MaxAccountRef)...)
	}
	return faults
}

// Rename gives the connection another name.
func (c *Connection) Rename(name string) { c.Name = name }

// Redirect points the connection elsewhere at its vendor. Where it already points there,
// nothing changes; else what was known of its health is forgotten.
func (c *Connection) Repoint(baseURL, accountRef string, at time.Time) {
	if c.BaseURL == baseURL && c.AccountRef == accountRef {
		return
	}
	c.BaseURL, c.AccountRef = baseURL, accountRef
	c.Health, c.TargetChangedAt = Health{}, at
}

// Reference is where the connection points, in one text: equal exactly when both the
// vendor's address and the account reference are.
func (c *Connection) Target() string { return c.AccountRef + " at " + c.BaseURL }

// Reconfigure replaces an engine connection's configuration.
func (c *Connection) Reconfigure(config json.RawMessage) { c.Config = slices.Clone(config) }

// Rotate replaces the sealed credential. What was known of the old one's health is
// forgotten, for it says nothing of the new one.
func (c *Connection) Rotate(sealed Sealed) { c.Sealed, c.Health = slices.Clone(sealed), Health{} }

// Delete ends the connection softly: its row stays, its name is free.
func (c *Connection) Delete(at time.Time) { c.DeletedAt = at }

// Revise marks what an operator changed together as one revision.
func (c *Connection) BumpRevision(at time.Time) {
	c.Revision++
	c.UpdatedAt = at
}

// Live says whether the connection has not been deleted.
func (c *Connection) Live() bool { return c.DeletedAt.IsZero() }

// ValidateSecret bounds an incoming secret without ever saying what it holds.
func ValidateSecret(field string, s Secret) *Error {
	if s.IsZero() {
		return FieldError(field, "must not be empty")
	}
	if len(s.bytes()) > MaxSecret {
		return FieldError(field, "is too long")
	}
	return nil
}

// text checks a required text: valid UTF-8, within limit characters, printable.
func text(field, value string, limit int) []*Error {
	switch {
	case value == "":
		return []*Error{FieldError(field, "must not be empty")}
	case utf8.RuneCountInString(value) > limit:
		return []*Error{FieldError(field, "is too long")}
	case !utf8.ValidString(value), strings.ContainsFunc(value, unicode.IsControl):
		return []*Error{FieldError(field, "must be text without control characters")}
	}
	return nil
}
