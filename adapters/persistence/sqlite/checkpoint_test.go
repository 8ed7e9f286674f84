package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// TestTheWriteAheadLogIsCopiedWhileOthersWrite writes 50 MiB, less than the size at which a transaction copies the log
// itself, and waits until the file contains it. The log must then be used from its start again.
func TestTheWriteAheadLogIsCopiedWhileOthersWrite(t *testing.T) {
	const rows, mib = 50, 1 << 20
	path := filepath.Join(datadir.New(t), "log.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{DSN: "sqlite://" + path, Timeout: storetest.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	write := func(sql string, args ...any) {
		t.Helper()
		if err := db.Write(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	size := func(suffix string) int64 {
		t.Helper()
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write("CREATE TABLE blobs (id integer PRIMARY KEY, value blob)")
	for id := range rows {
		write("INSERT INTO blobs VALUES (?, randomblob(?))", id, mib)
	}
	for deadline := time.Now().Add(storetest.Timeout); size("") < (rows-16)*mib; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the file has %d bytes after %d MiB were written, its log %d", size(""), rows, size("-wal"))
		}
	}
	log := size("-wal")
	for range 4 {
		for id := range rows {
			write("UPDATE blobs SET value = randomblob(?) WHERE id = ?", mib, id)
		}
	}
	if grown := size("-wal"); grown > 80*mib {
		t.Errorf("the log has grown from %d to %d bytes", log, grown)
	}
}
