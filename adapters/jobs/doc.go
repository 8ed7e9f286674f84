// Package jobs brings queued pulls to the worker, and keeps the house in between.
//
// A pull's own row is the truth: its state, lease, attempts and time. A job is only its
// messenger: it holds the pull's id, is written in the transaction that queues the pull,
// and makes some process call ports.Worker.RunPull. A messenger that comes twice, late
// or for a pull that is over does no harm, for the store decides whether there is
// anything to run. So nothing of the queue's own bookkeeping matters to a pull: River's
// attempts never give one up, and a messenger that died with its process is replaced by
// a fresh one (the chore of the stranded) long before River would rescue it.
//
// Postgres and SQLite are River over those databases, each enqueueing in transactions of
// its own type; Local does the same in one process's memory.
package jobs
