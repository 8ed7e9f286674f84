// Package gormstore implements the stores over a relational database. It contains the code that PostgreSQL and SQLite
// have in common. Packages postgres and sqlite open a database, migrate it, and implement the few differences as a
// Dialect.
//
// # Tables
//
// The table connections contains both kinds of connections. Among the live rows of a tenant, names are unique. The
// table pulls has two partial unique indexes, one over queued pulls and one over pulls under way ('running', or
// 'waiting' for the next attempt). Each index allows at most one row per connection. These indexes enforce the
// guarantees of ports.Pulls for any number of processes. The table deliveries stores the status of a delivery only if
// the status is final on receipt. Otherwise the status is derived from the state of the pull to which the delivery is
// attached; a JOIN reads this state. When a pull with ten thousand deliveries ends, only one small row is therefore
// updated.
//
// # Order of locks
//
// A transaction that locks more than one row locks the connection first, then the pull, then other rows; rows of one
// table are locked in the order of their ids. The only exception is Finish, which locks a pull before its connection.
// Finish cannot cause a deadlock, because its pull is running, and no other transaction waits for a running pull while
// it holds a lock on the pull's connection.
//
// A batch of webhooks creates pulls after it has locked the existing queued pulls, so it does not lock the pulls of its
// connections in one order. Therefore every transaction that locks the queued pulls of several connections shares these
// locks, as batches and replays do. A transaction that locks a queued pull exclusively locks only that one.
//
// # The change feed
//
// transactions.change_tx is the position of a row's last change in the feed. On PostgreSQL it is
// the id of the database transaction that made the change, and readers see only positions below
// the oldest transaction that still runs. A change that commits later therefore has a position
// after every position that readers have received before, no matter how long its transaction took.
// The cost is that a long writing transaction anywhere in the cluster delays the feed. On SQLite,
// which has one writer, the position is a counter.
//
// # One page of a pull
//
// page_writer.go prepares a page and runs its transaction. page_changes.go compares the page with the stored rows and
// writes the differences: new rows by INSERT or COPY, changed rows by an upsert. transaction_columns.go lists the
// columns of a transaction, from which the statements are generated.
package gormstore
