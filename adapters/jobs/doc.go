// Package jobs runs queued pulls and the periodic maintenance tasks on PostgreSQL. It uses River,
// a job queue in the database.
//
// The row of a pull is the source of truth: it contains the pull's state, lease, number of
// attempts and next start time. A job only triggers the pull. A job contains only the pull's
// id, is inserted in the transaction that queues the pull, and makes some process call
// ports.Worker.RunPull. A job that runs twice, too late, or for a pull that has ended does no
// harm, because the store decides whether there is anything to run.
//
// A pull therefore does not depend on River's own bookkeeping. River's limit of attempts
// never ends a pull. The job of a process that died is replaced by a new job long before
// River would rescue it; the maintenance task for stuck pulls inserts the new job.
//
// Package localjobs is the queue of the other stores, SQLite and memory: a queue in the memory of
// one process. Package background contains the code that both packages share.
package jobs
