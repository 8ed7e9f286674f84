// Package recordstore implements the stores of pulls and of the ledger: accounts, transactions with their versions,
// closed periods, completeness, balances, suggestions and quarantined rows.
//
// Package domain/records decides what a write does to the records. This package loads the rows that a decision needs,
// and applies the changes in the same database transaction:
//
//   - record_source.go, record_selections.go, claim.go and readings.go contain the reads that domain/records asks for.
//   - record_changes.go, accounts.go, staged_rows.go, absences.go and adjustments.go apply the changes.
//   - page_writer.go runs the transaction of a page, a sweep or a publication.
//
// The reads for callers are in ledger.go, as_of.go, transaction_search.go, transaction_history.go, transaction_sums.go,
// suggestions.go and closed_view.go, each for one kind of list. search_index.go maintains the index of texts and
// amounts that a search uses.
package recordstore
