package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// mayHaveRemains is the value of PRAGMA user_version in a file that may contain remains of deleted rows. SQLite
// overwrites deleted contents only in a database that was written with the pragma secure_delete from the start.
const mayHaveRemains = 0

// errReaders means that the write-ahead log cannot be emptied, because a reader still needs it.
var errReaders = errors.New("a reader prevents that the write-ahead log is emptied")

// Scrub clears the unused space of pages, and then empties the write-ahead log, which contains earlier contents of
// pages. A file that an earlier version of the service has written may also contain other remains of deleted rows.
// Scrub rewrites such a file once. While it rewrites the file or empties the log, no other statement can write.
func (d dialect) Scrub(ctx context.Context) error {
	if d.db.readers == nil {
		return nil // a database in memory has no files
	}
	if err := d.clearUnusedSpace(ctx); err != nil {
		return err
	}
	copying := &d.db.checkpoints.copying
	copying.Lock()
	defer copying.Unlock()
	conn, release, err := d.db.writer(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	var remains int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&remains); err != nil {
		return err
	}
	if remains == mayHaveRemains {
		if _, err := conn.ExecContext(ctx, "VACUUM"); err != nil {
			return err
		}
		if err := markScrubbed(ctx, conn); err != nil {
			return err
		}
	}
	var busy, pages, copied int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &copied)
	if err == nil && busy != 0 {
		err = gormstore.Unavailable(errReaders)
	}
	return err
}

// execer is a connection or a pool of connections.
type execer interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

// markScrubbed records that the file contains no remains of deleted rows.
func markScrubbed(ctx context.Context, db execer) error {
	_, err := db.ExecContext(ctx, "PRAGMA user_version = 1")
	return err
}
