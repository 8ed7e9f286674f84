package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// releaseClaims contains the SQL statements that release the work that a process had claimed before it died. The
// parameter of each statement is the current time in microseconds. The due time of an erasure does not change while
// the erasure waits for domain.ErasureEcho. A task that no process had claimed, but that waits for a retry, becomes
// due at once, too.
var releaseClaims = []string{
	`UPDATE pulls SET lease_until = ?1 WHERE state IN ('queued', 'running', 'waiting') AND state = 'running'
		AND lease_until > ?1`,
	fmt.Sprintf(`UPDATE erasures SET due_at = ?1 WHERE status = 'running' AND due_at > ?1
		AND NOT (vendor_done AND passes = %d)`, domain.ErasurePasses-1),
	`UPDATE webhook_tokens SET registration_due = ?1
		WHERE registration IN ('pending', 'removing') AND registration_due > ?1`,
	`UPDATE link_sessions SET due_at = ?1 WHERE due_at > ?1`,
}

// ReleaseClaims ends all claims on pulls, erasures, registrations and link sessions, so that the work continues at
// once. It must be called at the start of the process that owns the file, before this process claims anything. Only one
// process runs the tasks of a file, so every claim then belongs to a process that has died. If another process is still
// alive, it loses its claims, and its next write under one of them fails.
func (db *DB) ReleaseClaims(ctx context.Context, now time.Time) error {
	tx, err := db.Writer.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return fmt.Errorf("release claims: %w", err)
	}
	for _, statement := range releaseClaims {
		if _, err := tx.ExecContext(ctx, statement, now.UnixMicro()); err != nil {
			return errors.Join(fmt.Errorf("release claims: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("release claims: %w", err)
	}
	return nil
}
