// Package records decides what a write does to the stored records of a connection. A record is a transaction of the
// service; a row is what the vendor returns. The package contains the only copy of these rules:
//
//   - which records a page of rows adds, modifies or leaves unchanged (page.go)
//   - which record a new row continues: a removed one, a carried-over one, or one that had the row before
//     (replacements.go, carried_over.go, past.go)
//   - how a replacement is undone (split.go)
//   - which missing rows of a complete listing were removed (sweep.go)
//   - which accounts a page, a listing or a publication adds, changes or removes (accounts.go)
//   - whether a pull may be claimed, which pull it replaces, and what it has to read (claim.go)
//   - how an attempt of a pull ends, and what this changes of the connection (finish.go)
//   - which readings of balances result from a settled pull (readings.go)
//   - which changes are adjustments of closed periods (adjustments.go)
//   - which event is recorded at which change (events.go)
//
// The functions are pure. A store loads a View, ranges over the Changes that a function yields, and applies each of
// them in the same database transaction before it asks for the next ones. A Source answers the questions that arise
// only for some pages; its answers include all Changes that were yielded before.
//
// The decisions hold a transaction open. They do bounded work, perform no I/O of their own, and may run more than once
// for a write, because a store repeats a transaction after a conflict. Times and ids are arguments.
package records
