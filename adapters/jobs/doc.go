// Package jobs runs queued pulls with River, and the periodic maintenance tasks.
//
// A pull's own row is the source of truth: its state, lease, attempts and time. A job only
// triggers it: the job holds the pull's id, is inserted in the transaction that queues the
// pull, and makes some process call ports.Worker.RunPull. A job that runs twice, late or
// for a pull that has ended does no harm, because the store decides whether there is
// anything to run. So none of the queue's own bookkeeping matters to a pull: River's
// attempts never end one, and the job of a process that died is replaced by a new one
// (by the maintenance task for stuck pulls) long before River would rescue it.
//
// Postgres and SQLite are River on those databases, each enqueueing in transactions of
// its own type. Package localjobs does the same in the memory of one process, and package
// background holds what both share.
package jobs
