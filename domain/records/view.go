package records

import (
	"math"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Digest is the result of domain.TransactionData.Digest.
type Digest = [32]byte

// Record is a stored transaction with the digest of its data.
type Record struct {
	domain.Transaction
	// Digest is zero if the data was restored from an earlier version. The record then differs from every row.
	Digest Digest
}

// RecordKey identifies a record among those of its connection. A superseded record has lost its external id to the
// record that supersedes it, so its key contains its own id, too.
type RecordKey struct {
	ExternalID string
	Superseded domain.TransactionID // the id of a superseded record; zero for any other record
}

// Key returns the key of the record.
func (r *Record) Key() RecordKey {
	if r.SupersededBy.IsZero() {
		return RecordKey{ExternalID: r.ExternalID}
	}
	return RecordKey{r.ExternalID, r.ID}
}

// Stored contains the members of a record that are compared with a row of a page, and those that the next version of
// the record keeps.
type Stored struct {
	ID          domain.TransactionID
	Digest      Digest
	ContentHash domain.ContentHash
	Version     int
	FirstSeenAt time.Time
	Removed     bool // the record is marked as removed
	Archived    bool // the present version is already among the earlier versions
}

// View contains what a store has loaded of a connection before it writes a page.
type View struct {
	Tenant     domain.TenantID
	Connection domain.ConnectionID
	Vendor     domain.Vendor
	Pull       domain.PullID // the pull that writes; zero if an operator makes the change
	// Stored contains the records with the external ids of the page. It is empty if PageWrite.AssumeNew is set. The
	// decision changes the map.
	Stored map[string]Stored
	// States contains the marks MarkPast and MarkCarriedOver of the rows of the page, by external id. It is empty if
	// PageWrite.AssumeNew is set. The decision changes the map.
	States map[string]RowState
	// HasRemoved is set if records of the connection were marked as removed within domain.MatchWindow.
	HasRemoved bool
	// HasCarriedOver is set if the connection has carried-over records.
	HasCarriedOver bool
	// Accounts maps external ids to the ids of stored accounts. It contains the accounts of the page, and those to
	// which rows of the page refer.
	Accounts map[string]domain.AccountID
	// CoveredTo contains, by external id, the last day that the previous reading of an account covers. It omits
	// accounts for which no day is known.
	CoveredTo map[string]domain.Date
	// FirstStored contains the external ids of the page's accounts that were not stored before.
	FirstStored []string
	// AsForeseen is set if nothing that Page.Foresee compares has changed since it was called.
	AsForeseen bool
}

// Source reads what a decision needs only for some pages. All methods read the records of one connection, and see the
// Changes that were yielded before the call. A Source returns the errors of the store.
type Source interface {
	QuarantineSource

	// Record returns a record by its id. It returns an error if there is none.
	Record(id domain.TransactionID) (Record, error)

	// Version returns an earlier version of a record, without a digest. It returns an error if there is none.
	Version(id domain.TransactionID, version int) (Record, error)

	// VisitStates calls visit with the states of the selected rows. It may do so several times for a row.
	VisitStates(rows StatesOf, visit func(RowState)) error

	// Live returns the live records with these external ids.
	Live(externalIDs []string) ([]Record, error)

	// RemovedSince returns the records that were marked as removed at or after a time. It omits superseded records.
	RemovedSince(at time.Time) ([]Record, error)

	// Excluded returns the excluded records, ordered by id. It omits superseded records.
	Excluded() ([]Record, error)

	// CarriedOver returns the carried-over records that are dated within the window and are live, or were removed at or
	// after removedSince; see RowState.
	CarriedOver(dates domain.Window, removedSince time.Time) ([]Record, error)

	// Candidates returns the live records that may replace an old one. A candidate is dated within the window, has
	// replaced no other record, was first seen at or after firstSeen, and was first seen after the first successful
	// pull of the connection had ended.
	Candidates(dates domain.Window, firstSeen time.Time) ([]Candidate, error)

	// Reads returns the started pulls in the order of their start, except pulls that ended before the given time.
	Reads(ended time.Time) ([]domain.PullRead, error)

	// Never returns the pairs of external ids that must not be matched, each pair in both orders.
	Never() (map[domain.MatchPair]bool, error)

	// Suggestions returns the open suggestions whose old or new record has one of these external ids. It may return a
	// suggestion several times.
	Suggestions(externalIDs []string) ([]StoredSuggestion, error)

	// Suggestion returns the stored suggestion for two records, in any state. found is false if there is none.
	Suggestion(old, newer domain.TransactionID) (s Suggestion, found bool, err error)

	// Joined returns the old records of the suggestions in the state SuggestionJoined.
	Joined() ([]Record, error)

	// VisitLive calls visit with the selected live records.
	VisitLive(records LiveOf, visit func(LiveRecord)) error

	// VisitIdentified calls visit with the references of the records of an account, also of removed and superseded
	// ones, that have one of the values as end-to-end id, transaction id, authentication code, tracking key or barcode.
	// The values are in lower case; see domain.LowerReference. A superseded record belongs to the record that
	// supersedes it, so visit gets the id of the latter.
	VisitIdentified(
		account domain.AccountID, values []string, visit func(domain.TransactionID, domain.References),
	) error

	// VisitShown calls visit with the selected records, which show how often their amounts recur.
	VisitShown(records ShownOf, visit func(ShownRecord)) error
}

// QuarantineSource reads the quarantine of a connection.
type QuarantineSource interface {
	// VisitQuarantine calls visit with each row in the quarantine, and at most limit bytes of its payload.
	VisitQuarantine(limit int, visit func(QuarantineEntry)) error
}

// QuarantineEntry is a row in the quarantine.
type QuarantineEntry struct {
	domain.QuarantineKey

	Pull    domain.PullID // the pull that last quarantined the row
	At      time.Time     // when it did
	Payload []byte        // the caller must not keep it
}

// wholePayload is a limit that no payload in the quarantine reaches.
const wholePayload = math.MaxInt32

// Candidate is a stored record that may replace another one.
type Candidate struct {
	Record
	FirstPull domain.PullID // the pull that stored version 1; zero if it is not known
}

// LiveRecord contains the values of a live record that a sweep compares.
type LiveRecord struct {
	ExternalID string
	Account    string // the present external id of the account, also for a carried-over record
	Date       domain.Date
	// CarriedOver is set if the vendor has not returned the record under the current account reference.
	CarriedOver bool
	Metadata    []byte // only if LiveOf.Metadata is set; the caller must not keep it
}

// LiveOf selects live records. A member that is zero does not restrict the selection.
type LiveOf struct {
	Dates       domain.Window
	Account     string // the present external id of the account
	ExternalIDs []string
	// NoneCarriedOver is set if no record of the connection is carried over.
	NoneCarriedOver bool
	// New selects the records that the present pull has stored, and that nothing has changed since.
	New      bool
	Metadata bool // visit gets the metadata of the records
}
