package lerianmatcher

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Target is a source of a reconciliation context in Matcher. Both ids are UUIDs.
type Target struct {
	Context string
	Source  string
}

// Content is a record as it is imported into Matcher. It is stored as JSON.
type Content struct {
	ExternalID   string          `json:"externalId"` // Matcher's key of the transaction within its source
	Version      int             `json:"version"`    // of the record
	Amount       decimal.Decimal `json:"amount"`     // signed
	Currency     string          `json:"currency"`
	Date         domain.Date     `json:"date"`
	Description  string          `json:"description,omitempty"`
	Reference    string          `json:"reference,omitempty"`
	Counterparty string          `json:"counterparty,omitempty"`
	// Digest is a hash of the members whose change leads to a new import: the amount, the currency, the date and the
	// references. It is "" if the values of the transaction in Matcher differ from the content.
	Digest string `json:"digest,omitempty"`
}

// SetReferences sets Reference and Digest. All other members that the digest contains must be set before. The digest
// does not contain references that Matcher is never sent and that were not always read: if it did, an upgrade of the
// service would import every transaction again that has one.
func (c *Content) SetReferences(r domain.References) {
	c.Reference = r.Main()
	h := sha256.New()
	for _, part := range []string{
		c.Amount.String(), c.Currency, string(c.Date), r.EndToEndID, r.TransactionID, r.AuthenticationCode,
		r.ReferenceNumber, r.ReceiverReferenceID, r.TrackingKey, r.ChequeNumber,
	} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	c.Digest = hex.EncodeToString(h.Sum(nil)[:16])
}

// Wanted describes the transaction that Matcher should have for a record.
type Wanted struct {
	Target  Target
	Content Content // Content.ExternalID is the external id of the first import
}

// Status is the status of a transaction in Matcher.
type Status string

// The statuses of transactions in Matcher.
const (
	Unmatched     Status = "UNMATCHED"
	Matched       Status = "MATCHED"
	PendingReview Status = "PENDING_REVIEW"
	IgnoredStatus Status = "IGNORED"
)

// Transaction is a transaction as Matcher shows it. It is stored as JSON.
type Transaction struct {
	ID          string          `json:"id"`
	ExternalID  string          `json:"externalId"`
	Status      Status          `json:"status"`
	Amount      decimal.Decimal `json:"amount"`
	Currency    string          `json:"currency"`
	Date        domain.Date     `json:"date"`
	Description string          `json:"description,omitempty"`
}

// State states what Matcher has of a record, and which call to Matcher is the next one. See Entry.
type State string

// The states of entries.
const (
	None      State = "none"      // the record was never imported
	Importing State = "importing" // Content is to be uploaded, or was uploaded with an unknown result
	Imported  State = "imported"  // Matcher has Content, under MatcherID
	Ignoring  State = "ignoring"  // the transaction MatcherID is to be set to ignored
	Ignored   State = "ignored"   // the transaction MatcherID is ignored
)

// Entry is what a subscription has sent to Matcher for one record.
type Entry struct {
	Record     domain.TransactionID
	Account    domain.AccountID    // zero if it is not known yet
	Connection domain.ConnectionID // of the record
	State      State
	// ExternalID is the external id of the first import; "" before it. It never changes. The external ids of later
	// imports begin with it.
	ExternalID string
	Target     Target  // where Content is, or is to be imported
	Content    Content // the last content that was, or is to be, imported
	MatcherID  string  // Matcher's id of the last imported transaction; "" if there is none
	// Imports is the number of imports that Matcher has accepted. LastVersion is the version of the record in the
	// last import.
	Imports     int
	LastVersion int

	File   string // name of the file that contains the import; "" if it was not uploaded
	Tries  int    // number of uploads of the import without a known transaction
	MaxRow int    // maximum number of rows of the file in which the import is uploaded next; 0 means no maximum

	Conflict *Conflict // nil if there is none
	// DueAt is when Next is to be called; zero if nothing is to be done until the record changes.
	DueAt time.Time
	// Marks is the number of changes of the record that the service has noticed. If an entry is saved and the store
	// has a higher number, the record has changed meanwhile, and the entry stays due.
	Marks int64
	// Announce is set if the conflict is new, so that an event reports it. It is not stored.
	Announce bool
}

// ConflictReason is why a record and its transaction in Matcher stay different.
type ConflictReason string

// The reasons of conflicts.
const (
	ReasonMatched ConflictReason = "matched" // the transaction is matched, or pending review
	ReasonRefused ConflictReason = "refused" // Matcher does not accept the row
)

// Conflict describes a difference between a record and its transaction in Matcher that only a person can resolve. It
// is stored as JSON.
type Conflict struct {
	Reason  ConflictReason    `json:"reason"`
	Change  domain.ChangeKind `json:"change"`  // what could not be done
	Version int               `json:"version"` // of the record; that of the last import if the record is to be ignored
	Since   time.Time         `json:"since"`
	Ours    *Content          `json:"ours,omitempty"`   // nil if the transaction is to be ignored
	Theirs  *Transaction      `json:"theirs,omitempty"` // nil if Matcher has none
}

// Times after which an entry is due again.
const (
	// RetryConflictAfter is the time after which a conflict is tried again.
	RetryConflictAfter = 24 * time.Hour
	// If Matcher stops during an upload, it may skip the rows of the upload for an hour. A skipped row is first
	// uploaded again every few seconds, and later less often.
	minRetry  = 2 * time.Second
	slowRetry = 15 * time.Second
	longRetry = time.Minute
	slowTries = 20
)

// maxLookups is the number of uploads and searches after which a row that Matcher does not return counts as not
// imported. By then, Matcher has processed all uploads of the row.
const maxLookups = 6

// The numbers of uploads after which a row that is alone in its file counts as refused, because Matcher answers each of
// them with an internal error, and does not have the row afterwards.
const (
	refusedTries  = 12 // if Matcher has imported other rows since the upload before
	unprovedTries = 60 // without such a proof: after about 45 minutes
	changedTries  = 1  // if the record has changed, so that another content is to be imported
)

// Action is the call to Matcher that an entry needs.
type Action int

// The actions.
const (
	Nothing Action = iota
	Upload         // upload Content to Target, in a file with other rows
	Check          // look for the rows of File
	Search         // look for the transaction with the external id of Content, without an upload
	Ignore         // set the transaction MatcherID to ignored
)

// NewEntry returns the entry of a record for which nothing was sent.
func NewEntry(record domain.TransactionID) Entry { return Entry{Record: record, State: None} }

// IsEmpty reports whether the entry contains nothing that must be stored.
func (e Entry) IsEmpty() bool { return e.State == None && e.Conflict == nil && e.DueAt.IsZero() }

// IsOpen reports whether Matcher has, or may have, a transaction of the record that is not set to ignored.
func (e Entry) IsOpen() bool {
	return e.State == Importing || e.State == Imported || e.State == Ignoring
}

// Next returns the entry in its next state, and the call to Matcher that this state requires. The entry must be
// stored before the call is made. wanted is nil if Matcher should have no transaction of the record.
//
// A call that has begun is completed before the next one is chosen, even if the record has changed since. There is
// one exception: an upload is not made, or not repeated, if Matcher should no longer have the record.
func (e Entry) Next(wanted *Wanted, now time.Time) (Entry, Action) {
	e.Announce = false
	switch e.State {
	case Importing:
		switch {
		case e.File != "":
			return e, Check
		case wanted != nil:
			return e, Upload
		case e.Tries > 0:
			return e, Search
		}
		return e.notImported().settled(), Nothing
	case Ignoring:
		return e, Ignore
	case Imported:
		if wanted != nil && wanted.Target == e.Target && wanted.Content.Digest == e.Content.Digest {
			return e.settled(), Nothing
		}
		e.State, e.DueAt = Ignoring, now
		return e, Ignore
	case None, Ignored: // nothing is open in Matcher
	}
	if wanted == nil {
		return e.settled(), Nothing
	}
	e.State, e.Target, e.DueAt = Importing, wanted.Target, now
	e.File, e.Tries, e.MaxRow = "", 0, 0
	e.Content = wanted.Content
	if e.Imports == 0 {
		e.ExternalID = wanted.Content.ExternalID
	}
	e.Content.ExternalID = e.importName(wanted.Content.Version)
	return e, Upload
}

// settled returns the entry without a conflict and without a due time, because nothing is to be done.
func (e Entry) settled() Entry {
	e.Conflict, e.DueAt = nil, time.Time{}
	return e
}

// importName returns the external id for the next import. Each import needs a new one, because Matcher skips an
// external id that it has, even if the transaction is ignored. From the second import on, the version of the record
// is appended. If a version is imported again, for example because its account got another source, the number of
// imports is appended as well.
func (e Entry) importName(version int) string {
	name := e.ExternalID
	if e.Imports > 0 {
		name += "." + strconv.Itoa(version)
		if version == e.LastVersion && e.Imports > 1 {
			name += "." + strconv.Itoa(e.Imports)
		}
	}
	return name
}

// Sent returns the entry with the file in which its content is about to be uploaded. The result must be stored before
// the upload, because the caller may not learn whether the upload has arrived.
func (e Entry) Sent(file string, now time.Time) Entry {
	e.File, e.DueAt = file, now
	return e
}

// Origin states what has created a transaction in Matcher that has the external id of an import.
type Origin int

// The origins.
const (
	OwnImport     Origin = iota // an import of the entry's record with the content
	EarlierImport               // an import of the entry's record with another content, which is not in the entry
	OtherRecord                 // an import of another record, or somebody else
)

// Found returns the new state of the entry when a call has found its transaction in Matcher (t), or another one with
// the external id of the import. wanted is the argument of Next.
func (e Entry) Found(t Transaction, origin Origin, wanted *Wanted, now time.Time) Entry {
	switch e.State {
	case Importing:
		if origin == OtherRecord {
			return e.renamed(now)
		}
		return e.imported(t, origin, now)
	case Ignoring:
		switch t.Status {
		case IgnoredStatus:
			return e.Ignored(now)
		case Matched, PendingReview:
			return e.matched(t, wanted, now)
		case Unmatched:
		}
		e.DueAt = now.Add(minRetry)
	case None, Imported, Ignored: // no call is under way
	}
	return e
}

// imported returns the entry after its import.
func (e Entry) imported(t Transaction, origin Origin, now time.Time) Entry {
	e.MatcherID, e.Imports, e.LastVersion = t.ID, e.Imports+1, e.Content.Version
	e.File, e.Tries, e.MaxRow = "", 0, 0
	e.Conflict, e.DueAt = nil, now
	if t.Status == IgnoredStatus {
		e.State = Ignored
		return e
	}
	e.State = Imported
	if origin == EarlierImport {
		e.Content.Digest = ""
	}
	return e
}

// renamed returns the entry with another external id for its import, because Matcher has a transaction of another
// record with the present one. Nobody else uses an id of a record.
func (e Entry) renamed(now time.Time) Entry {
	if e.Imports == 0 {
		e.ExternalID = e.Record.String()
		e.Content.ExternalID = e.ExternalID
	} else {
		e.Content.ExternalID = e.importName(e.Content.Version) + "." + e.Record.String()
	}
	e.File, e.Tries, e.MaxRow, e.DueAt = "", 0, 0, now
	return e
}

// IsNamedByID reports whether the external id of the import contains the id of the record.
func (e Entry) IsNamedByID() bool { return strings.Contains(e.Content.ExternalID, e.Record.String()) }

// Shows reports whether the transaction has this amount and this date.
func (t Transaction) Shows(money domain.Money, date domain.Date) bool {
	return t.Amount.Equal(money.Amount) && t.Currency == money.Currency && t.Date == date
}

// Missing returns the entry after an upload or a Check for which Matcher has returned no transaction. The content is
// uploaded again.
func (e Entry) Missing(now time.Time) Entry {
	e.File, e.Tries = "", e.Tries+1
	wait := min(minRetry<<min(e.Tries-1, 3), slowRetry)
	if e.Tries > slowTries {
		wait = longRetry
	}
	e.DueAt = now.Add(wait)
	return e
}

// NotFound returns the entry after a Search for which Matcher has returned no transaction. The search is repeated,
// because Matcher may still be processing an earlier upload. After maxLookups uploads and searches, the content
// counts as not imported.
func (e Entry) NotFound(now time.Time) Entry {
	if e = e.Missing(now); e.Tries < maxLookups {
		return e
	}
	e = e.notImported()
	e.DueAt = now
	return e
}

// notImported returns the entry in the state that it had before an import that Matcher has not made.
func (e Entry) notImported() Entry {
	e.State = None
	if e.Imports > 0 {
		e.State = Ignored
	}
	e.File, e.Tries, e.MaxRow = "", 0, 0
	return e
}

// Isolate returns the entry after Matcher has refused a file, or has failed to import it, because of at least one bad
// row. rows is the number of rows in the file. The content is uploaded again in a smaller file, until the bad row is
// alone in its file. If rows is 1, the row itself counts as refused. wanted is the argument of Next.
func (e Entry) Isolate(rows int, wanted *Wanted, now time.Time) Entry {
	if rows == 1 {
		return e.Refused(wanted, now)
	}
	e = e.Missing(now)
	e.MaxRow = max(rows/8, 1)
	return e
}

// Failed returns the entry after Matcher has answered the upload of the row alone with an internal error, and a search
// has shown that Matcher does not have the row. The content is uploaded again, because an internal error does not tell
// whether the row is its reason. proved is set if Matcher has imported other rows since the upload before. wanted is
// the argument of Next.
func (e Entry) Failed(proved bool, wanted *Wanted, now time.Time) Entry {
	changed := wanted == nil || wanted.Content.Version != e.Content.Version
	if e.Tries >= unprovedTries || proved && e.Tries >= refusedTries || changed && e.Tries >= changedTries {
		return e.Refused(wanted, now)
	}
	return e.Missing(now)
}

// Refused returns the entry after Matcher has refused the row with its content. If the record has changed since the
// upload, the entry is due at once, and has no new conflict. wanted is the argument of Next.
func (e Entry) Refused(wanted *Wanted, now time.Time) Entry {
	content, change := e.Content, domain.Added
	if e = e.notImported(); e.State == Ignored {
		change = domain.Modified
	}
	if wanted == nil || wanted.Content.Version != content.Version {
		e.DueAt = now
		return e
	}
	return e.conflicts(Conflict{
		Reason: ReasonRefused, Change: change, Version: content.Version, Since: now, Ours: &content,
	}, now)
}

// Ignored returns the entry after its transaction was set to ignored, or was found to be ignored or missing.
func (e Entry) Ignored(now time.Time) Entry {
	e.State, e.Conflict, e.DueAt = Ignored, nil, now
	return e
}

// matched returns the entry after its transaction t could not be ignored, because it is matched or pending review.
func (e Entry) matched(t Transaction, wanted *Wanted, now time.Time) Entry {
	e.State = Imported
	c := Conflict{
		Reason: ReasonMatched, Change: domain.Removed, Version: e.Content.Version, Since: now, Theirs: &t,
	}
	if wanted != nil {
		content := wanted.Content
		content.ExternalID = e.importName(content.Version)
		c.Change, c.Version, c.Ours = domain.Modified, content.Version, &content
	}
	return e.conflicts(c, now)
}

// conflicts returns the entry with a conflict. If the entry already has the same conflict, conflicts keeps the time at
// which it began, and does not announce it again.
func (e Entry) conflicts(c Conflict, now time.Time) Entry {
	e.Announce = true
	if old := e.Conflict; old != nil && old.Reason == c.Reason && old.Change == c.Change && old.Version == c.Version {
		c.Since, e.Announce = old.Since, false
	}
	e.Conflict, e.DueAt = &c, now.Add(RetryConflictAfter)
	return e
}
