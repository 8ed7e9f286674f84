package sqlite_test

import (
	"testing"
	"time"
)

// TestClaimsOfADeadProcessAreReleased checks that an erasure that a dead process had claimed becomes due at once. The
// due time must not change if the erasure is already due, has ended, or waits for domain.ErasureEcho.
func TestClaimsOfADeadProcessAreReleased(t *testing.T) {
	db := opened(t, file(t))
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	later, earlier := now.Add(20*time.Second).UnixMicro(), now.Add(-time.Hour).UnixMicro()
	insert := func(id, status string, vendorDone, passes int, due int64) {
		t.Helper()
		_, err := db.Writer.ExecContext(t.Context(), `INSERT INTO erasures
			(id, connection_id, at_vendor, status, last_error, created_at, requested_at, due_at, vendor_done, attempts,
				passes, place, tenant_id)
			VALUES (?1, ?1, 1, ?2, '', 0, 0, ?3, ?4, 0, ?5, '{}', 't')`, id, status, due, vendorDone, passes)
		if err != nil {
			t.Fatal(err)
		}
	}
	insert("claimed", "running", 0, 2, later)
	insert("due", "running", 0, 0, earlier)
	insert("waits for the echo", "running", 1, 1, later)
	insert("done", "done", 1, 2, later)
	if err := db.ReleaseClaims(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int64{
		"claimed": now.UnixMicro(), "due": earlier, "waits for the echo": later, "done": later,
	} {
		var due int64
		row := db.Writer.QueryRowContext(t.Context(), "SELECT due_at FROM erasures WHERE id = ?", id)
		if err := row.Scan(&due); err != nil || due != want {
			t.Errorf("%s: due at %d, want %d (%v)", id, due, want, err)
		}
	}
}
