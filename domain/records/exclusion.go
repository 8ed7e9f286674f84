package records

import "github.com/LerianStudio/aggregator-connections/domain"

// Exclude returns the changes by which a record counts nowhere, because an operator has decided that the vendor shows
// a movement twice; see domain.Transaction.Counts. The record keeps its row. There is no change if it is excluded
// already.
//
// Errors: Conflict (not_excludable) if the record is removed, superseded or erased.
func Exclude(record *Record, by, reason string) (Changes, error) {
	if !record.RemovedAt.IsZero() || !record.SupersededBy.IsZero() || record.Erased() {
		return Changes{}, notExcludable()
	}
	if !record.ExcludedAt.IsZero() {
		return Changes{}, nil
	}
	return Changes{Exclusion: &Exclusion{Record: record.ID, By: by}, Reason: reason}, nil
}

// Include returns the changes by which an excluded record counts again. There is no change if it is not excluded.
//
// Errors: Conflict (not_excludable) if the record is superseded or erased.
func Include(record *Record) (Changes, error) {
	if !record.SupersededBy.IsZero() || record.Erased() {
		return Changes{}, notExcludable()
	}
	if record.ExcludedAt.IsZero() {
		return Changes{}, nil
	}
	return Changes{Exclusion: &Exclusion{Record: record.ID}}, nil
}

func notExcludable() error {
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.NotExcludable,
		Message: "the transaction cannot be excluded or included: it is removed, superseded or erased",
	}
}
