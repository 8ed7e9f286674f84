package domain

import (
	"math"
	"strconv"
)

// MaxVersionDeliveries is the maximum number of deliveries that a version of a transaction lists.
const MaxVersionDeliveries = 1000

// TransactionVersion is one version of a transaction, with the pull that created it.
type TransactionVersion struct {
	// Transaction is the transaction in this version. UpdatedAt is the time at which the
	// version was stored, and Pull the pull that created it.
	Transaction Transaction
	// Previous is the preceding version. It is nil for version 1, and for the oldest version that is known.
	Previous *Transaction
	Trigger  Trigger // the trigger of the pull; "" if the pull is not known
	// Deliveries are the deliveries that are attached to the pull, ordered by id. Deliveries that were deleted are
	// missing; the list has at most MaxVersionDeliveries items.
	Deliveries []DeliveryID
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

// replacement returns the kind of a change that has replaced the row of the transaction, or has undone a replacement.
func (v TransactionVersion) replacement() ChangeKind {
	switch before, after := len(v.Previous.Supersedes), len(v.Transaction.Supersedes); {
	case after > before:
		return SupersededRow
	case after < before:
		return SplitRow
	}
	return Restored
}

// PageOfVersions returns a page of at most limit versions of a transaction, each with the preceding version. stored
// contains the versions, newest first. It has limit + 1 items, or fewer if the transaction does not have as many
// versions. If the predecessor of a version is missing in stored, that version counts as the oldest one that is known.
func PageOfVersions(stored []Transaction, limit int) Page[TransactionVersion] {
	var page Page[TransactionVersion]
	for i := 1; i < len(stored); i++ {
		if stored[i].Version != stored[i-1].Version-1 {
			stored = stored[:i]
		}
	}
	for i := range stored[:min(len(stored), limit)] {
		v := TransactionVersion{Transaction: stored[i]}
		if i+1 < len(stored) {
			v.Previous = &stored[i+1]
		}
		page.Items = append(page.Items, v)
	}
	if n := len(page.Items); n > 0 && n < len(stored) {
		last := stored[n-1]
		page.Next = Position{Key: strconv.Itoa(last.Version), ID: last.ID.UUID}
	}
	return page
}

// VersionBefore returns the version number that a position in the history of a transaction contains. The page after
// this position contains only lower versions. For the start of the list, it returns the highest version that a store
// can hold. Errors: Invalid on "cursor" for a position of another list, or of the history of another transaction.
func VersionBefore(id TransactionID, after Position) (int, error) {
	if after.IsZero() {
		return math.MaxInt32, nil
	}
	version, err := strconv.ParseUint(after.Key, 10, 31)
	if err != nil || after.ID != id.UUID {
		return 0, FieldError("cursor", "is not a cursor of this list")
	}
	return int(version), nil
}
