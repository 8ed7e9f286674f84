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
// Written SQL that reads outside of a transaction is a Query, and runs with Core.Rows. Within a transaction, written
// SQL runs with the methods Raw and Exec of the transaction, which accept the same parameters for both databases.
// Packages postgres and sqlite use their drivers directly only for features that the other database lacks, such as
// COPY.
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
// SQLite has one writer at a time, and needs no row locks. On PostgreSQL, a transaction locks rows in this order:
//
//  1. connections, by their ids
//  2. existing pulls, by their connections
//  3. deliveries, by their connections and fingerprints
//  4. new pulls: the unique index over queued pulls, by their connections
//  5. last_webhook_tokens, by their connections
//  6. webhook_tokens, by their ids
//
// The transactions that lock several of these rows:
//
//   - A receipt of webhooks (Receipt) locks its connections for key share and their queued pulls for share. It then
//     inserts deliveries, creates the missing pulls, and writes last_webhook_tokens. Where no pull is missing, package
//     postgres does the same in one statement, which locks no connection.
//   - A replay locks its connections for key share and their queued pulls for share, and then changes deliveries.
//   - A request for a pull locks the connection for key share, and then the queued pull for update or creates it.
//   - Changes of connections and applications by operators first exclude each other within the tenant (LockTenant).
//     Before that, they wait for their turn without a connection to the database (tenantTurns).
//   - A deletion locks the connection for update. It then ends the queued and the waiting pull of the connection,
//     deletes from last_webhook_tokens, and locks the tokens for update. Last, it locks the connections to which tokens
//     move, for key share, by their ids.
//   - A claim locks its pull for update, and then the pull of the same connection that awaits accounts. It moves
//     deliveries from that pull to its own. It locks no connection.
//   - What a pull writes about its connection (the end of an attempt, a report, the publication of staged rows) locks
//     the connection for no key update, and then the running pull for update.
//   - An event beside a pull under way (RemoveAnnounced) locks the connection for no key update, then the queued pull,
//     and then the waiting pull.
//
// Three of them can still be part of a deadlock:
//
//   - A claim and a deletion lock two pulls of a connection in different orders.
//   - A receipt locks existing pulls of some connections before it creates the pulls of others, so all its pulls
//     together have no fixed order. Receipts and replays do not wait for each other, because their locks on existing
//     pulls are shared.
//
// Receipts are therefore repeated after a deadlock (RetryOnConflict), and so are the other transactions above
// (Core.ChangeAgain).
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
