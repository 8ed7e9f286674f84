package domain

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ConnectionKind is the part of the API that created a connection. Only that part can use the connection.
type ConnectionKind string

// The connection kinds. Each part of the API sees only connections of its own kind.
const (
	Aggregator ConnectionKind = "aggregator"
	Engine     ConnectionKind = "engine"
)

// Upper bounds of a connection's text fields, in characters.
const (
	MaxName       = 255
	MaxAccountRef = 255
	MaxBaseURL    = 2048
	MaxSecret     = 4096
)

// Connection is a source of a tenant's data. Name is unique among the tenant's live
// connections of both kinds and is compared exactly.
type Connection struct {
	ID     ConnectionID
	Tenant TenantID
	Kind   ConnectionKind
	Name   string

	// Vendor, BaseURL and AccountRef are set for aggregator connections only. Vendor never
	// changes.
	Vendor     Vendor
	BaseURL    string
	AccountRef string

	// Type and Config are set for engine connections only. Type never changes; Config is the
	// connector's own JSON.
	Type   ConnectorType
	Config json.RawMessage

	Sealed Sealed
	// Client is the keyed hash of the client id in Sealed; zero for an engine connection, and while it is not known.
	Client ClientKey
	// ApplicationID is the application whose credential the connection uses; zero if it has one of its own.
	ApplicationID ApplicationID
	// JoinedRevision is the revision of the application from which Sealed was copied. Join sets it, and the store
	// compares it with the application (see CheckJoined). It is not stored.
	JoinedRevision int64

	Health  Health
	Consent Consent
	Webhook WebhookWatch
	Usage   MonthlyUsage
	Bank    BankFacts
	// Announced contains the problems that an event has reported, and whose end has not been reported yet.
	Announced Announced

	// Revision starts at 1 and increases by one with each change by an operator.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// TargetChangedAt is the last time at which BaseURL or AccountRef changed; initially
	// it equals CreatedAt. Pulls that started earlier read another target.
	TargetChangedAt time.Time
	// NewReference is set until a pull has stored the accounts of AccountRef. Before that, the same bank accounts may
	// be stored with other external ids. Such accounts belong to an earlier reference or to a deleted connection.
	NewReference bool
	// StagedSince is the time at which the service began to stage rows of a new AccountRef; zero if no rows are staged.
	// Staged rows are stored, but not visible yet.
	StagedSince time.Time
	// StreamPosition is the position in the vendor's stream of changes up to which a pull has stored everything for the
	// current target; "" if there is none. Only the vendor's adapter can interpret it. See PullScope.News.
	StreamPosition string
	// InconsistentSince is since when the vendor's lists contradict themselves; zero if they do not. See Inconsistency.
	InconsistentSince time.Time
	// Ambiguity describes the accounts of AccountRef that cannot be told apart; zero if there are none.
	Ambiguity AccountAmbiguity
	PausedAt  time.Time // when requests to the vendor were stopped; zero unless paused
	DeletedAt time.Time // zero while live
	ErasedAt  time.Time // when the erasure of the connection began; zero otherwise
}

// Announced contains problems of a connection that events have reported. A change of the credential or the target
// resets the health, but not these problems: they last until the next success.
type Announced struct {
	Reauth     bool // the account holder must sign in again, or the vendor rejects the credential
	PullFailed bool // a pull has failed
	Stale      bool // the bank was not read for too long
}

// Validate returns one Invalid error for each invalid field, or nil if every field is valid. Join combines
// the errors into one.
func (c *Connection) Validate() []*Error {
	var errs []*Error
	errs = append(errs, CheckText("configName", c.Name, MaxName)...)
	if c.Kind == Aggregator {
		errs = append(errs, CheckText("accountRef", c.AccountRef, MaxAccountRef)...)
	}
	return errs
}

// Rename changes the connection's name.
func (c *Connection) Rename(name string) { c.Name = name }

// Repoint changes the connection's target at its vendor. It resets the health, the consent, the state of the webhooks,
// the facts about the bank and the stream position, because these values describe the old target. If the target stays
// the same, nothing changes.
func (c *Connection) Repoint(baseURL, accountRef string, at time.Time) {
	if c.BaseURL == baseURL && c.AccountRef == accountRef {
		return
	}
	if CanonicalAccountRef(c.AccountRef) != CanonicalAccountRef(accountRef) {
		c.NewReference, c.StagedSince, c.Ambiguity = true, time.Time{}, c.Ambiguity.AfterReference()
	}
	c.BaseURL, c.AccountRef = baseURL, accountRef
	c.Health, c.TargetChangedAt = Health{}, at
	c.Consent, c.Webhook, c.StreamPosition, c.Bank = Consent{}, WebhookWatch{}, "", BankFacts{}
	c.InconsistentSince = time.Time{}
}

// Target returns the vendor's address and the account reference as one text. Two targets are
// equal exactly if their addresses and their account references are equal.
func (c *Connection) Target() string { return c.AccountRef + " at " + c.BaseURL }

// SameAccess reports whether c and previous, two states of one connection, have the same target and credential. If so,
// a check of previous is still valid for c. It remains valid after a rename and after a re-encryption. A re-encryption
// does not change the revision.
func (c *Connection) SameAccess(previous Connection) bool {
	return c.Revision == previous.Revision ||
		bytes.Equal(c.Sealed, previous.Sealed) && c.BaseURL == previous.BaseURL &&
			c.AccountRef == previous.AccountRef && bytes.Equal(c.Config, previous.Config)
}

// Reconfigure replaces an engine connection's configuration. If the configuration changes, Reconfigure resets the
// connection's health, because the health describes the old address.
func (c *Connection) Reconfigure(config json.RawMessage) {
	if !bytes.Equal(c.Config, config) {
		c.Config, c.Health = slices.Clone(config), Health{}
	}
}

// Rotate replaces the sealed credential. client is the key of the client id in the new credential. Rotate also resets
// the connection's health, because the health describes the old credential.
func (c *Connection) Rotate(sealed Sealed, client ClientKey) {
	c.Sealed, c.Client, c.Health = slices.Clone(sealed), client, Health{}
}

// Delete marks the connection as deleted: its row stays, and its name becomes free. It also ends a pause, so that
// a pull that was running can end.
func (c *Connection) Delete(at time.Time) { c.DeletedAt, c.PausedAt = at, time.Time{} }

// Erase marks the connection as being erased, and deletes it if it is live. No other connection can take over the
// accounts of an erased connection.
func (c *Connection) Erase(at time.Time) {
	if c.Live() {
		c.Delete(at)
		c.BumpRevision(at)
	}
	if c.ErasedAt.IsZero() {
		c.ErasedAt = at
	}
}

// EraseData removes the values that the operator has set or the vendor has reported. It keeps the credential, and the
// values that are needed to use it. EraseAccess removes both.
func (c *Connection) EraseData() {
	c.Name, c.Config, c.Health = "", nil, Health{}
	c.Consent, c.Webhook, c.Usage = Consent{}, WebhookWatch{}, MonthlyUsage{}
	c.Announced, c.Ambiguity, c.StreamPosition, c.Bank = Announced{}, AccountAmbiguity{}, "", BankFacts{}
	c.InconsistentSince = time.Time{}
}

// EraseAccess removes the credential, the address and the account reference.
func (c *Connection) EraseAccess() {
	c.BaseURL, c.AccountRef, c.Sealed, c.Client, c.ApplicationID = "", "", nil, ClientKey{}, ApplicationID{}
}

// Pause stops all requests to the vendor. A connection that is already paused keeps its PausedAt.
func (c *Connection) Pause(at time.Time) {
	if !c.Paused() {
		c.PausedAt = at
	}
}

// Resume allows requests to the vendor again.
func (c *Connection) Resume() { c.PausedAt = time.Time{} }

// Paused reports whether the connection is paused.
func (c *Connection) Paused() bool { return !c.PausedAt.IsZero() }

// CheckNotPaused returns Conflict (connection_paused) if the connection is paused; otherwise it returns nil.
func (c *Connection) CheckNotPaused() error {
	if !c.Paused() {
		return nil
	}
	return &Error{Kind: Conflict, Code: ConnectionPaused, Message: "the connection is paused"}
}

// Report changes the health and the consent to what the events of a scope have reported. The last event with a signal
// was received at signalAt. A later read of the status overrules it. Report returns whether anything has changed:
// applying the same scope again changes nothing.
func (c *Connection) Report(scope PullScope, signalAt, at time.Time) (changed bool) {
	health, consent := c.Health, c.Consent
	if signalAt.After(c.Health.SignalAt) {
		c.Health = c.Health.AfterSignal(scope.Signal, signalAt)
	}
	for _, report := range scope.Consents {
		c.Consent = c.Consent.After(report, at)
	}
	return c.Health != health || c.Consent != consent
}

// CannotBeRead reports whether it is known that the vendor cannot read the account reference at the time now: the
// consent has ended, or the account holder must sign in again. What the vendor then returns or announces proves no
// removal.
func (c *Connection) CannotBeRead(now time.Time) bool {
	return c.Health.NeedsReauth || c.Consent.State(now).Ended()
}

// BumpRevision increments the revision and sets UpdatedAt. It is called once for all changes
// that an operator made together.
func (c *Connection) BumpRevision(at time.Time) {
	c.Revision++
	c.UpdatedAt = at
}

// Live reports whether the connection has not been deleted.
func (c *Connection) Live() bool { return c.DeletedAt.IsZero() }

// ValidateSecret returns an Invalid error on the field if the secret in a request is empty
// or too long; otherwise it returns nil. The error never contains the value.
func ValidateSecret(field string, s Secret) *Error {
	if s.IsZero() {
		return FieldError(field, "must not be empty")
	}
	if len(s.bytes()) > MaxSecret {
		return FieldError(field, "is too long")
	}
	return nil
}

// CheckText checks a required text field. It returns an Invalid error if the value is empty, is
// longer than limit characters, is not valid UTF-8, or contains a control character;
// otherwise it returns nil.
func CheckText(field, value string, limit int) []*Error {
	if value == "" {
		return []*Error{FieldError(field, "must not be empty")}
	}
	if utf8.RuneCountInString(value) > limit {
		return []*Error{FieldError(field, "is too long")}
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return []*Error{FieldError(field, "must be text without control characters")}
	}
	return nil
}

// BriefConnection is what a list of other objects shows of an aggregator connection.
type BriefConnection struct {
	ID          ConnectionID
	Vendor      Vendor
	Name        string
	Institution Institution
	Deleted     bool
}
