// Package gormstore implements the stores over a relational database: the part that PostgreSQL and
// SQLite share. Packages postgres and sqlite open a database, migrate it, and implement the few
// differences as a Dialect.
//
// # Tables
//
// connections holds both kinds; the name is unique per tenant over live rows. pulls has two partial
// unique indexes, one for queued pulls and one for pulls under way ('running', or 'waiting' for the next
// attempt), each with at most one row per connection. They enforce the guarantees of ports.Pulls for any
// number of processes. deliveries stores its own status only if that is final on receipt; otherwise the
// status is that of the pull it joins, read by a JOIN, so that the end of a pull of ten thousand
// deliveries is one small update.
//
// # Order of locks
//
// A transaction that locks more than one row locks the connection first, then the pull, then the rest,
// each kind in the order of ids. Only Finish locks a pull before a connection: a running one, for which
// no other transaction waits while it holds the pull's connection.
//
// # The change feed
//
// transactions.change_tx is the position of a row's last change in the feed. On PostgreSQL it is the id
// of the database transaction, and readers see only positions below the oldest transaction that still
// runs. A change that commits later therefore has a position after every position handed out before,
// however long its writer took. The cost is that a long writing transaction anywhere in the cluster
// delays the feed. On SQLite, which has one writer, the position is a counter.
//
// # One page of a pull
//
// page_writer.go prepares a page, Dialect.PageTransaction runs it, and page_changes.go compares it with
// the stored rows and writes what differs: new rows by INSERT or COPY, changed ones by an upsert.
// transaction_columns.go lists the columns, from which those statements are generated.
package gormstore
