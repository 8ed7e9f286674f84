package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"modernc.org/sqlite"
)

const (
	// checkpointPages is the number of pages (of 4 KiB) in the write-ahead log after which it is copied into the file.
	// Many writes change the same pages of an index. With fewer copies of the log, these pages are copied less often.
	checkpointPages = 4000
	// fewPages is the number of pages that may be copied while nobody can write, maxCopies the maximum number of copies
	// that are made before.
	fewPages  = 200
	maxCopies = 3
)

// checkpointer copies the write-ahead log of a file into the file (a checkpoint, https://www.sqlite.org/wal.html)
// while others write. SQLite would copy it at the end of the transaction that exceeds wal_autocheckpoint, and all
// writers would wait. Because SQLite writes to the start of the log again only when the whole log is copied, the last
// few pages are copied while nobody writes.
type checkpointer struct {
	db      *DB
	written int           // the pages that were written to the log since the last checkpoint; the writer owns it
	due     chan struct{} // has an element if the log is to be copied
	cancel  context.CancelFunc
	running sync.WaitGroup
	// copying is locked while the log is copied. SQLite does not wait for another copy that is being made: it fails. It
	// is locked before the caller takes the writer, so that no other writer waits for a copy.
	copying sync.Mutex
}

// startCheckpoints starts the checkpoints of a file.
func startCheckpoints(ctx context.Context, db *DB) *checkpointer {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &checkpointer{db: db, due: make(chan struct{}, 1), cancel: cancel}
	c.running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.due:
				// If a checkpoint fails, SQLite copies the log itself; see pragmas.
				_ = c.checkpoint(ctx)
			}
		}
	})
	return c
}

// stop ends the checkpoints, and waits until the present one has ended.
func (c *checkpointer) stop() {
	c.cancel()
	c.running.Wait()
}

// count counts the pages that the writer has written to the log since the last call. Only the owner of the writer may
// call it. It does nothing if c is nil.
func (c *checkpointer) count(writer *sql.Conn) {
	if c == nil {
		return
	}
	_ = writer.Raw(func(driverConn any) error {
		opened, ok := driverConn.(*conn)
		if !ok {
			return nil
		}
		status, ok := opened.sqliteConn.(sqlite.DBStatus)
		if !ok {
			return nil
		}
		pages, _, err := status.Status(sqlite.DBStatusCacheWrite, true)
		c.written += pages
		return err
	})
	if c.written < checkpointPages {
		return
	}
	c.written = 0
	select {
	case c.due <- struct{}{}:
	default: // a checkpoint is due already
	}
}

// checkpoint copies the log while others write, until few pages are left. It copies these while it has the writer.
func (c *checkpointer) checkpoint(ctx context.Context) error {
	c.copying.Lock()
	defer c.copying.Unlock()
	for range maxCopies {
		left, err := copyLog(ctx, c.db.readers)
		if err != nil || left == 0 {
			return err
		}
		if left <= fewPages {
			break
		}
	}
	conn, release, err := c.db.writer(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	_, err = copyLog(ctx, conn)
	return err
}

// queryer is a connection or a pool of connections.
type queryer interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// copyLog copies the pages of the log that no reader prevents from being copied. It returns the number of the other
// pages.
func copyLog(ctx context.Context, db queryer) (left int, err error) {
	var busy, pages, copied int
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
	return pages - copied, err
}
