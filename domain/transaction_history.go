package domain

import (
	"bytes"
	"math"
	"strconv"
)

// MaxVersionDeliveries is the maximum number of deliveries that a version of a transaction lists.
const MaxVersionDeliveries = 1000

// TransactionVersion is one version of a transaction, with the pull that created it.
type TransactionVersion struct {
	// Transaction is the transaction in this version. Transaction.UpdatedAt is the time at which the version was
	// stored. Transaction.Pull is the pull that created the version.
	Transaction Transaction
	// Previous is the preceding version. It is nil for version 1, and for the oldest version that is known.
	Previous *Transaction
	Trigger  Trigger // the trigger of the pull; "" if the pull is not known
	// Deliveries are the deliveries that are attached to the pull, ordered by id. Deliveries that were deleted are
	// missing; the list has at most MaxVersionDeliveries items.
	Deliveries []DeliveryID
	// Adjusts is the last day of the earliest closed period of which the change is an adjustment; "" if there is none.
	Adjusts Date
}

// Cause is what has changed a transaction.
type Cause string

// The causes of changes.
const (
	CausedByVendor   Cause = "vendor"   // a row of the vendor, or its absence
	CausedByMatching Cause = "matching" // the service has recognised a replaced row, or a continued account
	CausedByOperator Cause = "operator" // a decision
	CausedByUpgrade  Cause = "upgrade"  // later rules read the same row in another way
)

// Cause returns what has caused the change that created the version.
func (v TransactionVersion) Cause() Cause {
	change := v.Change()
	switch {
	case v.Transaction.Actor != "":
		return CausedByOperator
	case change == SupersededRow || change == SplitRow || v.moved():
		return CausedByMatching
	case change == Modified && v.Previous != nil && v.Previous.Normalizer != v.Transaction.Normalizer &&
		len(v.Transaction.RowSHA256) > 0 && bytes.Equal(v.Previous.RowSHA256, v.Transaction.RowSHA256):
		return CausedByUpgrade
	}
	return CausedByVendor
}

// moved reports whether the version was created because another connection has continued the account.
func (v TransactionVersion) moved() bool {
	return v.Previous != nil && v.Previous.Connection != v.Transaction.Connection
}

// Change returns the kind of change that created the version.
func (v TransactionVersion) Change() ChangeKind {
	removed := !v.Transaction.RemovedAt.IsZero()
	wasRemoved := v.Previous != nil && !v.Previous.RemovedAt.IsZero()
	switch {
	case v.Transaction.Version == 1:
		return Added
	case v.Previous != nil && v.Previous.ExternalID != v.Transaction.ExternalID:
		return v.replacement()
	case v.Previous != nil && v.Previous.SupersededBy != v.Transaction.SupersededBy:
		if v.Transaction.SupersededBy.IsZero() {
			return SplitRow
		}
		return SupersededRow
	case removed && !wasRemoved:
		return Removed
	case wasRemoved && !removed:
		return Restored
	}
	return Modified
}

// replacement returns the kind of change if the external id differs from the external id of the previous version:
//
//   - SupersededRow, if a newer row has replaced the row of the transaction.
//   - SplitRow, if a replacement was undone.
//   - Restored, if the vendor returns a former row again.
func (v TransactionVersion) replacement() ChangeKind {
	switch before, after := len(v.Previous.Supersedes), len(v.Transaction.Supersedes); {
	case after > before:
		return SupersededRow
	case after < before:
		return SplitRow
	}
	return Restored
}

// PageOfVersions returns a page of versions, each with the version before it. The given versions must be in descending
// order and begin with the first version of the page. There must be one version more than the page contains, or all
// remaining versions. Versions below a gap in the version numbers are left out.
func PageOfVersions(versions []Transaction, request PageRequest) Page[TransactionVersion] {
	for i := 1; i < len(versions); i++ {
		if versions[i].Version != versions[i-1].Version-1 {
			versions = versions[:i]
		}
	}
	page := PageBuilder[TransactionVersion]{Request: request}
	for i := 0; i < len(versions) && !page.Complete() && !page.Full(); i++ {
		v := TransactionVersion{Transaction: versions[i]}
		if i+1 < len(versions) {
			v.Previous = &versions[i+1]
		}
		page.Add(v)
	}
	return versionsBefore(page.Items, len(page.Items) < len(versions))
}

// CutVersions returns the page without the versions that do not fit into a page of this request any more, after the
// deliveries of the versions have been added.
func CutVersions(versions Page[TransactionVersion], request PageRequest) Page[TransactionVersion] {
	page := PageBuilder[TransactionVersion]{Request: request}
	for i := 0; i < len(versions.Items) && !page.Full(); i++ {
		page.Add(versions.Items[i])
	}
	return versionsBefore(page.Items, !versions.Next.IsZero() || len(page.Items) < len(versions.Items))
}

// versionsBefore returns a page with these versions. The argument more reports whether there is a next page.
func versionsBefore(versions []TransactionVersion, more bool) Page[TransactionVersion] {
	page := Page[TransactionVersion]{Items: versions}
	if n := len(versions); more && n > 0 {
		last := versions[n-1].Transaction
		page.Next = Position{Key: strconv.Itoa(last.Version), ID: last.ID.UUID}
	}
	return page
}

// VersionBefore returns the version number that the position contains. The page after this position contains only lower
// version numbers. For the zero position (the start of the history), VersionBefore returns the highest version number
// that a store can hold.
//
// Errors: Invalid on "cursor" if the position does not belong to the history of the given transaction.
func VersionBefore(id TransactionID, position Position) (int, error) {
	if position.IsZero() {
		return math.MaxInt32, nil
	}
	version, err := strconv.ParseUint(position.Key, 10, 31)
	if err != nil || position.ID != id.UUID {
		return 0, FieldError("cursor", "is not a cursor of this list")
	}
	return int(version), nil
}
