package postgres_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// A role with fewer connections than the pool must not make requests fail: they wait for a connection of the pool.
func TestRequestsWaitWhileTheServerHasNoFreeConnection(t *testing.T) {
	dsn := pgtest.DSN(t)
	admin, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(t.Context()) })
	role := "few_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	if _, err := admin.Exec(t.Context(), "CREATE ROLE "+role+" LOGIN PASSWORD 'x' CONNECTION LIMIT 3"); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: withUser(t, dsn, role), MaxConns: 16, Timeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		_, _ = admin.Exec(t.Context(), "DROP ROLE "+role)
	})
	var requests sync.WaitGroup
	for i := range 200 {
		requests.Go(func() {
			var err error
			if i%2 == 0 {
				err = db.Main().Query(t.Context(), "SELECT 1 FROM pg_sleep(0.002)", nil, []any{new(int)},
					func() error { return nil })
			} else {
				err = db.DB.WithContext(t.Context()).Exec("SELECT pg_sleep(0.002)").Error
			}
			if err != nil {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	requests.Wait()
	if n := db.Pool.Stat().TotalConns(); n > 3 {
		t.Errorf("the pool has %d connections", n)
	}
}

func TestTheSmallerSizeOfThePoolCounts(t *testing.T) {
	for _, c := range []struct {
		size int
		url  string
		want int32
	}{
		{0, "", 16}, {40, "", 40}, {40, "?pool_max_conns=6", 6}, {4, "?pool_max_conns=6", 4},
		{1, "", 3}, {0, "?pool_max_conns=3", 3},
	} {
		got, err := postgres.PoolSize(postgres.Config{URL: "postgres://u@h/d" + c.url, MaxConns: c.size})
		if err != nil || got != c.want {
			t.Errorf("%+v: %d, %v", c, got, err)
		}
	}
}

// One connection listens and one holds a lock, so a process with two has none for its requests.
func TestAPoolThatIsTooSmallIsRefused(t *testing.T) {
	for _, size := range []string{"1", "2"} {
		_, err := postgres.PoolSize(postgres.Config{URL: "postgres://u@h/d?pool_max_conns=" + size})
		if want := postgres.InvalidURL("must have a pool_max_conns of at least 3"); !errors.Is(err, want) {
			t.Errorf("%s: %v", size, err)
		}
	}
}

// withUser returns the URL with another user, whose password is x.
func withUser(t *testing.T, dsn, user string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, "x")
	return u.String()
}
