package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"sync"
)

// writer returns the writing connection, and the function that gives it back. webhooks is true if the caller stores
// webhooks (see writerQueue). Errors: the error of ctx, and those of the database.
func (db *DB) writer(ctx context.Context, webhooks bool) (conn *sql.Conn, release func(), err error) {
	if err := db.queue.acquire(ctx, webhooks); err != nil {
		return nil, nil, err
	}
	if conn, err = db.Writer.Conn(ctx); err != nil {
		db.queue.release()
		return nil, nil, err
	}
	return conn, func() {
		db.checkpoints.count(conn)
		_ = conn.Close()
		db.queue.release()
	}, nil
}

// writerQueue orders the callers that wait for the writing connection. Callers that store webhooks take turns with
// the others. A webhook therefore waits for one other transaction, no matter how many transactions a tenant has
// begun. Within each of the two groups, the caller that has waited longest is next. The zero value is ready to use.
type writerQueue struct {
	mu       sync.Mutex
	taken    bool
	last     bool            // whether the last caller that was served stores webhooks
	webhooks []chan struct{} // the waiting callers that store webhooks, ordered by the start of their wait
	others   []chan struct{} // all other waiting callers, ordered in the same way
}

// acquire waits until the caller may use the connection. The caller must then call release. Errors: the error of ctx.
func (q *writerQueue) acquire(ctx context.Context, webhooks bool) error {
	served, queue := make(chan struct{}), &q.others
	if webhooks {
		queue = &q.webhooks
	}
	q.mu.Lock()
	*queue = append(*queue, served)
	if !q.taken {
		q.serve()
	}
	q.mu.Unlock()
	select {
	case <-served:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(*queue, served); i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	} else {
		q.serve() // this caller was served meanwhile
	}
	return ctx.Err()
}

// release lets the next caller use the connection.
func (q *writerQueue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.serve()
}

// serve lets the next caller use the connection, if one waits. The caller must hold q.mu.
func (q *writerQueue) serve() {
	webhooks := len(q.webhooks) > 0 && (!q.last || len(q.others) == 0)
	queue := &q.others
	if webhooks {
		queue = &q.webhooks
	}
	q.last, q.taken = webhooks, len(*queue) > 0
	if q.taken {
		close((*queue)[0])
		*queue = slices.Delete(*queue, 0, 1)
	}
}
