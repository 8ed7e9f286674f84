// Package gormstore keeps everything in a relational database: the part of it that
// PostgreSQL and SQLite share. Packages postgres and sqlite open a database, migrate it,
// and give the few things that differ as a Dialect.
//
// # Tables
//
// connections holds both kinds; the name is unique per tenant over live rows. pulls has
// two partial unique indexes, one queued and one under way ('running' or 'waiting' for
// the next try) per connection, which hold the promise of ports.Pulls against any number
// of processes. deliveries keeps its own status only where that is final at the door;
// otherwise the status is that of the pull it joins, read through a join, so that the end
// of a pull of ten thousand deliveries is one small update.
//
// # Order of locks
//
// Where a transaction locks more than one thing it takes the connection first, then the
// pull, then the rest, each kind in the order of ids. Only Finish locks a pull before a
// connection: a running one, which nobody else waits for while holding its connection.
//
// # The change feed
//
// transactions.change_tx is the place of a row's last change. On PostgreSQL it is the id
// of the database transaction, and readers see only what is below the oldest transaction
// that still runs: whatever commits later is behind every position handed out, however
// long its writer took. The price is that a long writing transaction anywhere in the
// cluster holds the feed back. On SQLite, which has one writer, it is a counter.
package gormstore
