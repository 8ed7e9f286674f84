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
// only for some pages; its answers include all Changes that were yielded before. A page that matches nothing asks
// nothing and yields once. A page with accounts that are stored already yields nothing.
//
// # The life of a page
//
//	rows of the vendor ──▶ equal content hash: only counted
//	      │
//	      ▼
//	   NewPage          one row for each id, with its digest
//	      │             ┌── begin: the store locks the pull, and loads the View
//	      ▼             │
//	StoreAccounts       │   accounts are stored first, because rows refer to them
//	      │             │
//	      ▼             │
//	 Page.Changes       │   removals: undoJoins, holdAnnounced, judgeAbsences
//	      │             │   matches:  followPast, matchCarriedOver, matchRemoved
//	      │ Changes     │   rows:     compareEdited, put
//	      │             │   the rest: changeQuarantine, endSuggestions, removals
//	      ▼             │
//	  the store         └── commit: records, versions, events, progress, lease
//	      │
//	      └── ErrNotCompared: roll back, Comparisons.Make, begin again
//
// # The states of a row
//
// The marks in the second half are independent of each other; see RowState.
//
//	state         what it means                                ends when
//	new           no record has the row                        it is stored, staged or quarantined
//	quarantined   the row cannot be normalised exactly         it can be, or the vendor returns it no longer
//	staged        read under a new account reference           a Publication makes it visible
//	live          its record is live                           the vendor removes it, or a new row continues its record
//	removed       its record is removed                        the vendor returns it, or a new row continues its record
//
//	past          a record had the row before its current one  the vendor returns it, or the replacement is undone
//	carried over  not returned since the account reference     the vendor returns it, a new row continues its record,
//	              changed                                      or its record was removed domain.MatchWindow ago
//	absent        a complete listing lacked the row, but did   a later listing contains it, or proves its removal
//	              not prove its removal
//	announced     the vendor has announced its removal:        after domain.AnnouncementRetention, unless held
//	  waiting     a later write of the pull applies it         applied or held
//	  applied     the row was removed
//	  held        part of a mass removal, or the vendor cannot a complete listing lacks it (removed) or contains it
//	              read the account reference                   (void), or an operator confirms the removal
//	  void        a listing contained the row
//
// # The states of a suggestion
//
// An operator may also join the records of a suggestion that has ended.
//
//	state        how it is reached                                      what may follow
//	open         two rows may be one movement                           every other state except join_undone
//	joined       an operator joins the records                          split, join_undone
//	dismissed    an operator decides that they are two movements        nothing
//	excluded     another pair was decided, or fits better               dismissed
//	matched      one of the records continues with another row          open
//	split        a replacement of one of the records is undone          open
//	removed      the vendor removes the new record                      open
//	returned     the vendor returns the old record                      open
//	join_undone  a complete listing contains both rows of a join        open, dismissed
//
// The decisions hold a transaction open. They do bounded work, perform no I/O of their own, and may run more than once
// for a write, because a store repeats a transaction after a conflict. Times and ids are arguments.
package records
