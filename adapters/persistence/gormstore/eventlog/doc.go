// Package eventlog implements the store of subscriptions and of the events that they receive. Events are read from the
// change feed and from the table events, which gormstore.RecordEvents fills.
package eventlog
