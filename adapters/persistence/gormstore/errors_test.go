package gormstore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// liteError has the methods of an error that the SQLite driver returns. Its value is the result code.
type liteError int

func (e liteError) Error() string { return "a quoted value" }
func (e liteError) Code() int     { return int(e) }

func TestFailuresAreTranslated(t *testing.T) {
	state := func(code string) error {
		return &pgconn.PgError{Code: code, Message: "a quoted value"}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, row := range map[string]struct {
		ctx  context.Context
		err  error
		want error // nil if an internal error is expected
	}{
		"a domain error stays":   {t.Context(), domain.FieldError("f", "m"), domain.Invalid},
		"the caller left":        {ended, state("57014"), context.Canceled},
		"our own deadline":       {t.Context(), context.DeadlineExceeded, domain.StoreUnavailable},
		"no row":                 {t.Context(), gorm.ErrRecordNotFound, domain.NotFound},
		"the server shuts down":  {t.Context(), state("57P01"), domain.StoreUnavailable},
		"the server starts up":   {t.Context(), state("57P03"), domain.StoreUnavailable},
		"too many connections":   {t.Context(), state("53300"), domain.StoreUnavailable},
		"disk full":              {t.Context(), state("53100"), domain.StoreUnavailable},
		"connection failure":     {t.Context(), state("08006"), domain.StoreUnavailable},
		"no connections allowed": {t.Context(), state("55000"), domain.StoreUnavailable},
		"a standby":              {t.Context(), state("25006"), domain.StoreUnavailable},
		"a session that a pooler could not log in": {
			t.Context(), &pgconn.PgError{Code: "3D000", Severity: "FATAL", Message: "a quoted value"},
			domain.StoreUnavailable,
		},
		"a deadlock": {t.Context(), state("40P01"), domain.StoreUnavailable},
		"the peer is gone": {t.Context(), fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
			domain.StoreUnavailable},
		"the peer refuses": {t.Context(), &net.OpError{Op: "dial", Err: errors.New("refused")},
			domain.StoreUnavailable},
		"a bad pooled connection":       {t.Context(), driver.ErrBadConn, domain.StoreUnavailable},
		"SQLite busy":                   {t.Context(), liteError(5), domain.StoreUnavailable},
		"SQLite busy, an extended code": {t.Context(), liteError(5 | 2<<8), domain.StoreUnavailable},
		"SQLite read-only":              {t.Context(), liteError(8), domain.StoreUnavailable},
		"SQLite disk full":              {t.Context(), liteError(13), domain.StoreUnavailable},
		"SQLite constraint":             {t.Context(), liteError(19), nil},
		"a missing database":            {t.Context(), state("3D000"), nil},
		"a constraint":                  {t.Context(), state("23514"), nil},
		"an invalid statement":          {t.Context(), state("42601"), nil},
		"any other error":               {t.Context(), errors.New("a quoted value"), nil},
		"a constraint that GORM names":  {t.Context(), fmt.Errorf("%w: a quoted value", gorm.ErrDuplicatedKey), nil},
	} {
		got := gormstore.Translate(row.ctx, row.err)
		if row.want != nil && !errors.Is(got, row.want) {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
		if row.want == nil && len(domain.ErrorsOf(got)) > 0 {
			t.Errorf("%s: %v, want an internal error", name, got)
		}
		if row.want == nil && !errors.Is(got, row.err) {
			t.Errorf("%s: the cause is lost", name)
		}
		if strings.Contains(got.Error(), "quoted") {
			t.Errorf("%s: the text %q contains what the driver quoted", name, got)
		}
		if errors.Is(got, domain.Unavailable) && domain.RetryAfterOf(got) <= 0 {
			t.Errorf("%s: Unavailable without RetryAfter", name)
		}
	}
	if err := gormstore.Translate(t.Context(), nil); err != nil {
		t.Errorf("no error: %v", err)
	}
}

func TestEveryStoreIsUnavailableWhenTheServerDies(t *testing.T) {
	server, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := db.Store(nil)
	c, token := connectionWithToken(t, b)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(ctx context.Context) error{
		"Ping": b.Ping,
		"Get": func(ctx context.Context) error {
			_, err := b.Connections().Get(ctx, c.Tenant, c.Kind, c.ID)
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := b.Connections().Update(ctx, c.Tenant, c.Kind, c.ID, nil,
				func(*domain.Connection) error { return nil })
			return err
		},
		"Receive": func(ctx context.Context) error {
			_, err := b.Deliveries().Receive(ctx, incomingDelivery(token, "key"))
			return err
		},
		"Request": func(ctx context.Context) error {
			r := ports.PullRequest{ID: newID[domain.Pull](), At: epoch}
			_, err := b.Pulls().Request(ctx, c.Tenant, c.ID, r, nil)
			return err
		},
		"Changes": func(ctx context.Context) error {
			_, err := b.Ledger().Changes(ctx, c.Tenant, domain.PageRequest{Limit: 1})
			return err
		},
	} {
		for range 2 { // the first call uses an open connection, the second call finds none
			if err := call(t.Context()); !errors.Is(err, domain.Unavailable) ||
				!errors.Is(err, domain.StoreUnavailable) {
				t.Errorf("%s: error %v (%v), want Unavailable", name, err, errors.Unwrap(err))
			}
		}
	}
}

func TestEveryStoreReturnsTheErrorOfAnEndedContext(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		c, token := connectionWithToken(t, b)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, got := b.Connections().Get(ended, c.Tenant, c.Kind, c.ID)
		_, received := b.Deliveries().Receive(ended, incomingDelivery(token, "key"))
		r := ports.PullRequest{ID: newID[domain.Pull](), At: epoch}
		_, requested := b.Pulls().Request(ended, c.Tenant, c.ID, r, nil)
		for name, err := range map[string]error{"Get": got, "Receive": received, "Request": requested} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error %v", name, err)
			}
		}
	})
}
