// Package gormstore implements the stores over a relational database. It contains the code that PostgreSQL and SQLite
// have in common. Packages postgres and sqlite open a database, migrate it, and implement the few differences as a
// Dialect.
//
// This package contains the type Core, which runs statements, and the rows that several stores use. It also contains
// the stores of applications, connections, tokens, link sessions, deliveries, idempotency keys and audit entries. The
// other stores use Core and are in packages of their own, which do not use each other: records (pulls, accounts and
// transactions), eventlog (subscriptions) and erasing (erasures).
//
// # Queries
//
// There are two ways to write a statement:
//
//   - GORM with the row types, such as ConnectionRow: inserts, reads, updates and deletes of plain rows of one table.
//   - Written SQL, where GORM would make the code no shorter: joins, statements over several tables, computed conflict
//     clauses, and frequent reads. GORM spends more time on a row than the database does.
//
// Written SQL that reads outside of a transaction is a Query, and runs with Core.Lookup (at most a page of rows) or
// Core.Rows. Within a transaction, written SQL runs with the methods Raw and Exec of the transaction, which accept the
// same parameters for both databases. Packages postgres and sqlite use their drivers directly only for features that
// the other database lacks, such as COPY.
//
// # Tables
//
// The table connections contains both kinds of connections. Among the live rows of a tenant, names are unique.
//
// The table pulls has two partial unique indexes: one over queued pulls, and one over pulls under way ('running', or
// 'waiting' for the next attempt). Each index allows at most one row per connection. These indexes enforce the
// guarantees of ports.Pulls for any number of processes.
//
// The table deliveries stores the status of a delivery only if the status is final on receipt. In all other cases, a
// JOIN derives the status from the state of the delivery's pull. If a pull with ten thousand deliveries ends, only one
// small row is updated.
//
// # Order of locks
//
// A transaction that locks several rows locks the connection first, then the pull, then other rows. Rows of one table
// are locked in the order of their ids. There are two exceptions:
//
//   - Finish locks a running pull before its connection. This cannot cause a deadlock, because no other transaction
//     waits for a running pull while it holds a lock on the pull's connection.
//   - A batch of webhooks locks the existing queued pulls before it creates the missing pulls. It therefore locks pulls
//     in no fixed order. This cannot cause a deadlock, because these locks are shared. A transaction that locks a
//     queued pull exclusively locks no other queued pull.
//
// # The change feed
//
// transactions.change_tx is the position of a row's last change in the feed. On PostgreSQL, it is the id of the
// database transaction that made the change. Readers see only positions below the oldest transaction that still runs.
// No reader can therefore miss a change that commits late. The cost is that a long write transaction anywhere in the
// cluster delays the feed.
//
// On SQLite, which has one writer, the position is a counter.
//
// # Columns of a transaction
//
// transaction_columns.go lists the columns of a transaction. COPY, INSERT, upserts and SELECTs are generated from it.
package gormstore
