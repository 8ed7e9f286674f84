package compose

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// The start waits as long as somebody holds a lock, and says so every half minute. Another error ends it.
func TestTheStartWaitsForALock(t *testing.T) {
	locked := &pgconn.PgError{Code: "55P03", Message: "canceling statement due to lock timeout"}
	other := errors.New("another error")
	for name, last := range map[string]error{"released": nil, "another error": other, "stopped": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.InfoLevel)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				begun := time.Now()
				err := waitForLocks(ctx, zap.New(core), lockPause, func() error {
					waited := time.Since(begun)
					if waited < 10*time.Minute {
						return errors.Join(errors.New("migrate"), locked)
					}
					if errors.Is(last, context.Canceled) {
						cancel()
						return locked
					}
					return last
				})
				if !errors.Is(err, last) || time.Since(begun) < 10*time.Minute {
					t.Errorf("after %v: %v, want %v", time.Since(begun), err, last)
				}
				if lines := logs.Len(); lines < 19 || lines > 21 {
					t.Errorf("%d log lines in 10 minutes", lines)
				}
			})
		})
	}
}

// A lock of SQLite is recognised in the error of the whole start.
func TestTheStartWaitsForALockedFile(t *testing.T) {
	file := filepath.Join(datadir.New(t), "locked.db")
	other, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	other.SetMaxOpenConns(1)
	for _, statement := range []string{"CREATE TABLE unrelated (x)", "BEGIN EXCLUSIVE"} {
		if _, err := other.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	core, logs := observer.New(zap.InfoLevel)
	cfg, tries := configs.Config{DatabaseURL: "sqlite://" + file, DatabaseMigrate: true}, 0
	var stores Stores
	err = waitForLocks(t.Context(), zap.New(core), time.Millisecond, func() (err error) {
		if tries++; tries == 2 {
			if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
				t.Error(err)
			}
		}
		stores, err = openStores(t.Context(), cfg, background.Config{}, 0, nil)
		return err
	})
	if err != nil || tries != 2 || logs.Len() != 1 {
		t.Fatalf("%d tries, %d log lines: %v", tries, logs.Len(), err)
	}
	if err := stores.Close(); err != nil {
		t.Error(err)
	}
}
