// Package jobs runs queued pulls and the periodic maintenance tasks on PostgreSQL. It uses River, a job queue in the
// database.
//
// The row of a pull is the source of truth. It contains the pull's state, lease, number of attempts and next start
// time.
//
// A job only triggers a pull. It contains only the pull's id, and is inserted in the transaction that queues the pull.
// A worker that fetches the job calls ports.Worker.RunPull, and the store decides whether the pull can run. A job does
// no harm if it runs twice, too late, or after the pull has ended.
//
// A pull does not depend on River's own bookkeeping:
//
//   - River's limit of attempts never ends a pull.
//   - If a process dies, its pulls get new jobs from the maintenance task for stuck pulls. River would rescue the old
//     jobs only much later.
//
// Package localjobs is the queue of the stores in SQLite and in memory. It keeps its jobs in the memory of one process.
// Package background contains the code that both packages share.
package jobs
