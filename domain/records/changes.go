package records

import (
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Changes lists changes of a connection. A store applies the members in the order of their declaration, and adds Counts
// to the counts of the pull.
type Changes struct {
	// Clear selects marks of rows that end.
	Clear []StatesOf
	// States contains new marks of rows, all of one kind. Each replaces the stored mark of the row. The other marks of
	// the row stay.
	States []RowState
	// Stage describes rows that are stored, but do not become visible yet; nil if there are none.
	Stage *StagedRows
	// Never contains pairs of external ids that must not be matched again, in both orders.
	Never []domain.MatchPair
	// Archive contains the keys of records whose present version becomes an earlier version, because a later member
	// changes the record. See Record.Key.
	Archive []RecordKey
	// Rename contains changes of the identities of records, in the order in which they are applied. They make no new
	// versions.
	Rename []Renamed
	// Upsert contains new records and new versions of stored records. A stored record has the same key, and keeps its
	// Supersedes, SupersededBy, PossiblySupersedes, ExcludedAt and ExcludedBy.
	Upsert []Record
	// Refresh contains new values of members whose changes do not count as edits. The records keep their versions.
	Refresh    []Refreshed
	Quarantine QuarantineChanges
	// Attach contains accounts to which stored records refer by external id only. Each record of such an account that
	// has no account id gets the id of the account, in a new version. The store counts these records as modified.
	Attach []Attached
	// Remove contains the external ids of records to mark as removed, in a new version. The store ignores ids without
	// a live record, and counts the others as removed.
	Remove []string
	// Publication contains changes of all rows of a connection. It is nil unless a Publication makes them.
	Publication *PublicationChanges
	// Suggestions contains suggestions to store with their states. Each replaces the stored suggestion with the same
	// records, and is reported by the event of OfSuggestion.
	Suggestions []Suggestion
	// Exclusion excludes a record, or takes its exclusion back, in a new version. It is nil if there is none.
	Exclusion *Exclusion
	// Possibly contains changes of the member PossiblySupersedes of stored records. They are applied after all
	// members above.
	Possibly []PossiblySupersedes
	// Reason is stored with all new versions that Upsert, Exclusion and Possibly make.
	Reason string
	Counts domain.Counts
}

// QuarantineChanges lists changes of the quarantine. A store applies the members in the order of their declaration.
type QuarantineChanges struct {
	Release []domain.QuarantineKey  // rows that leave the quarantine
	Put     []domain.UnreadableData // rows that enter it, or replace the quarantined row with the same key
}

// PublicationChanges lists changes that only a Publication makes. A store applies the members in the order of their
// declaration.
type PublicationChanges struct {
	// SwitchOver is set if all prepared records become visible; see PublicationPlan.Prepare. Counts.Modified is their
	// number. The store archives the present versions of the records and replaces them, together with Supersedes. The
	// previous external ids become former external ids of the records.
	SwitchOver bool
	// CarryOver selects records to mark as carried over. It is nil if there are none.
	CarryOver *CarryOver
	// EndStaging is set if all staged rows are deleted, and the account reference of the connection is no longer new.
	EndStaging bool
}

// CarryOver selects the records that are carried over. FilterUnchanged does not report such a record as unchanged: its
// content hash is deleted.
type CarryOver struct {
	Returned StagedRowsOf // rows whose records are no longer carried over
	Records  RecordsOf    // records that are carried over from now on
}

// Exclusion is a change of the members ExcludedAt and ExcludedBy of a record.
type Exclusion struct {
	Record domain.TransactionID
	By     string // the operator who excludes the record; "" if the exclusion is taken back
}

// StagedRows contains rows to stage. See Staging.
type StagedRows struct {
	Staging
	Rows    []domain.TransactionData
	Removed []string // external ids of staged rows to delete
}

// Renamed gives a record another external id, and sets the members that link it to other records.
type Renamed struct {
	ID         domain.TransactionID
	From       RecordKey // the present key of the record
	ExternalID string
	// Supersedes and SupersededBy replace the members of the record.
	Supersedes   []domain.Superseded
	SupersededBy domain.TransactionID
	// Pending is set if the next version of the record is written later. Until then, no row equals the record.
	Pending bool
}

// Key returns the key of the record after the change.
func (r Renamed) Key() RecordKey {
	return (&Record{Transaction: domain.Transaction{
		ID: r.ID, TransactionData: domain.TransactionData{ExternalID: r.ExternalID}, SupersededBy: r.SupersededBy,
	}}).Key()
}

// Refreshed contains new values of a record whose changes are not an edit. See domain.TransactionData.Digest.
type Refreshed struct {
	ID          domain.TransactionID
	ExternalID  string
	Metadata    json.RawMessage
	Category    string
	ContentHash domain.ContentHash
	Digest      Digest
	Card        domain.CardFacts
	Account     string // the external id of the account
}

// Attached is an account that was first stored, or left the quarantine.
type Attached struct {
	Account string // the external id
	ID      domain.AccountID
}
