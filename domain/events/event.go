package events

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The ids of this package's objects.
type (
	// SubscriptionID identifies a subscription.
	SubscriptionID = domain.ID[Subscription]
	// EventID identifies an event. It is the same in each attempt to send the event.
	EventID = domain.ID[Event]
	// AttemptID identifies an attempt to send an event.
	AttemptID = domain.ID[EventAttempt]
)

// EventType is the type of an event: a resource and its change. Outside of the service it has a prefix; see CloudEvent.
type EventType string

// The types of events.
const (
	TransactionAdded    EventType = "transaction.added"
	TransactionModified EventType = "transaction.modified"
	TransactionRemoved  EventType = "transaction.removed"

	AccountAdded    EventType = "account.added"
	AccountModified EventType = "account.modified"
	AccountRemoved  EventType = "account.removed"
	AccountRelinked EventType = "account.relinked"

	ConnectionReauthRequired  EventType = "connection.reauth_required"
	ConnectionRecovered       EventType = "connection.recovered"
	ConnectionConsentExpiring EventType = "connection.consent_expiring"
	ConnectionSilent          EventType = "connection.silent"
	ConnectionStale           EventType = "connection.stale"
	ConnectionCurrent         EventType = "connection.current"
	ConnectionErased          EventType = "connection.erased"

	PullFailedEvent    EventType = "pull.failed"
	PullRecoveredEvent EventType = "pull.recovered"

	ReplacementPossible EventType = "replacement.possible"
	ReplacementDecided  EventType = "replacement.decided"

	AccountDriftingEvent EventType = "account.drifting"
	AccountCompleteEvent EventType = "account.complete"

	PeriodAdjusted EventType = "period.adjusted"

	BankStatementCompared EventType = "bank_statement.compared"

	BillAdded    EventType = "bill.added"
	BillModified EventType = "bill.modified"

	AuditCheckpoint EventType = "audit.checkpoint"

	// MatcherConflict is the type of the event that reports a new matcher.Conflict.
	MatcherConflict EventType = "matcher.conflict"

	// MatcherCalls is the type of the attempts of a subscription to Matcher. Each attempt is a group of calls. No
	// event has this type.
	MatcherCalls EventType = "matcher.calls"

	// SubscriptionTest is the type of the event that tests a subscription. Nobody can subscribe to it.
	SubscriptionTest EventType = "subscription.test"
)

// EventTypes returns the types to which a subscription can subscribe.
func EventTypes() []EventType {
	return []EventType{
		TransactionAdded,
		TransactionModified,
		TransactionRemoved,
		AccountAdded,
		AccountModified,
		AccountRemoved,
		AccountRelinked,
		AccountDriftingEvent,
		AccountCompleteEvent,
		ConnectionReauthRequired,
		ConnectionRecovered,
		ConnectionConsentExpiring,
		ConnectionSilent,
		ConnectionStale,
		ConnectionCurrent,
		ConnectionErased,
		PullFailedEvent,
		PullRecoveredEvent,
		ReplacementPossible,
		ReplacementDecided,
		PeriodAdjusted,
		BankStatementCompared,
		BillAdded,
		BillModified,
		MatcherConflict,
		AuditCheckpoint,
	}
}

// Source is the attribute "source" of the events that this version records. It is a segment of the event types in the
// CloudEvents format.
const Source = "discovery"

// earlierSource is the attribute "source" of events that an earlier version has recorded.
const earlierSource = "/v1/discovery"

// eventPrefix is the beginning of every event type in the CloudEvents format.
const eventPrefix = "studio.lerian." + Source + "."

// CloudEvent returns the type with the prefix that it has in CloudEvents.
func (t EventType) CloudEvent() string { return eventPrefix + string(t) }

// Resource returns the kind of resource that an event of this type is about.
func (t EventType) Resource() string {
	resource, _, _ := strings.Cut(string(t), ".")
	return resource
}

// Change returns what happened to the resource, such as "added".
func (t EventType) Change() string {
	_, change, _ := strings.Cut(string(t), ".")
	return change
}

// EventFilter is a pattern for types of events: a type, or a resource followed by ".*".
type EventFilter string

// Matches reports whether the filter matches the type.
func (f EventFilter) Matches(t EventType) bool {
	resource, all := strings.CutSuffix(string(f), ".*")
	return all && resource == t.Resource() || string(f) == string(t)
}

// known reports whether the filter matches any type.
func (f EventFilter) known() bool { return slices.ContainsFunc(EventTypes(), f.Matches) }

// Event is an event about a resource other than a bank transaction. The event and the change that it reports are stored
// in one database transaction. The event contains only the id of the resource.
type Event struct {
	ID         EventID
	Tenant     domain.TenantID
	Type       EventType
	Connection domain.ConnectionID // zero if the event belongs to no connection
	Subject    string              // the id of the resource
	At         time.Time
}

// FeedChange contains the values of a change feed item from which an event is created.
type FeedChange struct {
	ID         domain.TransactionID
	Connection domain.ConnectionID
	Version    int
	Removed    bool
	New        bool // whether this change has added the record
	At         time.Time
}

// EventType returns the type of the event that reports the change. For a new record it is always TransactionAdded, even
// if the record has changed since.
func (c FeedChange) EventType() EventType {
	switch {
	case c.New:
		return TransactionAdded
	case c.Removed:
		return TransactionRemoved
	}
	return TransactionModified
}

// SubscriptionEvent is an event of a subscription. Sequence, ID, Source and Type never change.
type SubscriptionEvent struct {
	Sequence   int64 // from 1, without gaps
	ID         EventID
	Source     string // Source; "" if an earlier version has recorded the event
	Type       EventType
	Subject    string
	Connection domain.ConnectionID // zero if the event belongs to no connection
	Version    int                 // of the transaction; 0 for every other resource
	At         time.Time

	// The state of the retries; zero unless an attempt has failed.
	Attempts     int
	FailingSince time.Time
	NextAttempt  time.Time
	LastError    domain.Code
}

// ParsePeriodSubject parses the subject of an event about a closed period, and returns the account and the day.
func ParsePeriodSubject(subject string) (domain.AccountID, domain.Date, error) {
	account, day, _ := strings.Cut(subject, "/")
	id, err := domain.ParseID[domain.Account](account)
	if err != nil {
		return domain.AccountID{}, "", err
	}
	date, err := domain.ParseDate(day)
	return id, date, err
}

// PeriodSubject returns the subject of events about a closed period.
func PeriodSubject(account domain.AccountID, day domain.Date) string {
	return account.String() + "/" + string(day)
}

// SuggestionSubject returns the stored subject of events about a possible replacement. It contains the ids of both
// records, so that the suggestion can be read. Receivers get PublicSubject instead.
func SuggestionSubject(old, newer domain.TransactionID) string {
	return newer.String() + "/" + old.String()
}

// ParseSuggestionSubject parses a result of SuggestionSubject and returns the two records.
func ParseSuggestionSubject(subject string) (old, newer domain.TransactionID, err error) {
	first, second, _ := strings.Cut(subject, "/")
	if newer, err = domain.ParseID[domain.Transaction](first); err == nil {
		old, err = domain.ParseID[domain.Transaction](second)
	}
	return old, newer, err
}

// ConflictSubject returns the stored subject of events about a conflict with Matcher. It contains the ids of the
// record and of the subscription, so that the conflict can be read. Receivers get PublicSubject instead.
func ConflictSubject(subscription SubscriptionID, record domain.TransactionID) string {
	return record.String() + "/" + subscription.String()
}

// ParseConflictSubject parses a result of ConflictSubject and returns the subscription and the record.
func ParseConflictSubject(subject string) (subscription SubscriptionID, record domain.TransactionID, err error) {
	first, second, _ := strings.Cut(subject, "/")
	if record, err = domain.ParseID[domain.Transaction](first); err == nil {
		subscription, err = domain.ParseID[Subscription](second)
	}
	return subscription, record, err
}

// AccountVia names the resource that tells the account of an event: the account itself, or a resource that belongs to
// one account.
type AccountVia struct {
	Resource string // transaction, account, bill or bank_statement; "" if the event belongs to no account
	ID       uuid.UUID
}

// AccountOf returns the resource that tells the account of an event. subject is the stored subject of the event.
func AccountOf(t EventType, subject string) (via AccountVia) {
	switch t.Resource() {
	case TransactionAdded.Resource(), AccountAdded.Resource(), BillAdded.Resource(), BankStatementCompared.Resource():
		id, _ := domain.ParseID[Event](subject)
		via = AccountVia{t.Resource(), id.UUID}
	case PeriodAdjusted.Resource():
		account, _, _ := ParsePeriodSubject(subject)
		via = AccountVia{AccountAdded.Resource(), account.UUID}
	case ReplacementPossible.Resource():
		_, newer, _ := ParseSuggestionSubject(subject)
		via = AccountVia{TransactionAdded.Resource(), newer.UUID}
	case MatcherConflict.Resource():
		_, record, _ := ParseConflictSubject(subject)
		via = AccountVia{TransactionAdded.Resource(), record.UUID}
	}
	if via.ID == uuid.Nil {
		return AccountVia{}
	}
	return via
}

// PublicSubject returns the subject of an event as receivers see it. For a possible replacement, it is the id of the
// new record. For a conflict with Matcher, it is the id of the record. For any other event, it is the stored subject.
func PublicSubject(t EventType, subject string) string {
	if resource := t.Resource(); resource == ReplacementPossible.Resource() || resource == MatcherConflict.Resource() {
		subject, _, _ = strings.Cut(subject, "/")
	}
	return subject
}

// EventAttempt is one attempt to send an event.
type EventAttempt struct {
	ID       AttemptID
	Sequence int64 // 0 for a test
	Event    EventID
	Type     EventType
	Subject  string
	Number   int // 1 for the first attempt of an event
	At       time.Time
	Took     time.Duration
	Error    domain.Code // "" if the destination has confirmed the event
	Answer   SinkAnswer
	// NextAttempt is when the event is sent again; zero if it is not, or if the attempt has succeeded.
	NextAttempt time.Time
}

// SinkAnswer is what a destination has answered to an attempt. It is zero if there was no answer. A broker answers only
// what it refuses.
type SinkAnswer struct {
	Status int    // the HTTP status, or the broker's reply code; 0 if the broker gave none
	Body   string // at most MaxAnswer bytes; see NewSinkAnswer
}

// MaxAnswer is the maximum number of bytes of an answer that are kept.
const MaxAnswer = 1 << 10

// NewSinkAnswer returns an answer with the beginning of the body, as a text that is safe to show: valid UTF-8, with
// control and bidirectional characters as visible symbols. The caller has removed all secrets from the body.
func NewSinkAnswer(status int, body []byte) SinkAnswer {
	var text strings.Builder
	for _, r := range strings.ToValidUTF8(string(body), "\uFFFD") {
		r = visible(r)
		if text.Len()+utf8.RuneLen(r) > MaxAnswer {
			break
		}
		text.WriteRune(r)
	}
	return SinkAnswer{status, text.String()}
}

// visible returns the symbol for a control character (Unicode: Control Pictures), U+FFFD for another character that is
// not shown or that changes the order of a text, and every other character as it is.
func visible(r rune) rune {
	switch {
	case r < ' ':
		return '␀' + r
	case r == 0x7f:
		return '␡'
	case !unicode.IsPrint(r) && r != '\u00a0' || unicode.Is(unicode.Bidi_Control, r):
		return unicode.ReplacementChar
	}
	return r
}
