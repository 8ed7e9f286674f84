// Command atsize fills a database with the data of a large tenant, for measurements of the console and of the API.
//
//	go run ./test/atsize -folder dist/atsize                                   # 5,000 connections, 1,000,000 records
//	go run ./test/atsize -folder dist/small -connections 50 -records 10000
//	go run ./test/atsize -folder dist/atsize -database postgres://…
//
// The command runs the service in this process, without the rate budgets of the vendors, together with a simulator of
// Pluggy. It creates the connections and pulls each of them, so everything in the database was written by the
// service itself. Then the vendor synchronises most items again and a second pull confirms their balances. It ends when
// the search index contains all records. If the folder contains a complete database, nothing is written.
//
// The folder contains the keyset and, unless -database names another one, the SQLite database. Equal numbers of
// connections and records result in equal names, texts, amounts and dates; ids and times differ.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tenantID is the tenant that owns the data. The scripts in test/console know it as number 901.
const tenantID = "018f0000-0000-7000-8000-000000000901"

// workers is the number of connections that are filled at the same time.
const workers = 8

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "atsize:", err)
		os.Exit(1)
	}
}

// size holds the options of the command: how much data it writes, and where.
type size struct {
	out                  io.Writer // receives the progress messages
	folder, database     string
	connections, records int
}

func run(ctx context.Context, out io.Writer, args []string) error {
	s := size{out: out}
	flags := flag.NewFlagSet("atsize", flag.ContinueOnError)
	flags.StringVar(&s.folder, "folder", "dist/atsize", "folder of the keyset and of the SQLite database")
	flags.StringVar(&s.database, "database", "", "URL of the database (a SQLite database in the folder)")
	flags.IntVar(&s.connections, "connections", 5_000, "connections")
	flags.IntVar(&s.records, "records", 1_000_000, "records of all connections")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.connections < 1 || s.records < s.connections {
		return errors.New("-connections must be above zero, and -records at least as many")
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	keyset := filepath.Join(s.folder, "keyset.json")
	if s.database == "" {
		s.database = "sqlite://" + filepath.Join(s.folder, sqliteFile)
	}
	if _, err := os.Stat(keyset); err != nil {
		// The keyset gets its final name only after all data is written. An interrupted run can therefore not be
		// mistaken for a complete one.
		if err := s.fill(ctx, keyset+".new"); err != nil {
			return err
		}
		if err := os.Rename(keyset+".new", keyset); err != nil {
			return err
		}
	}
	return s.index(ctx, keyset)
}

// sqliteFile is the name of the SQLite database in the folder.
const sqliteFile = "discovery.db"

// fill starts the service and the simulator, and writes the data.
func (s size) fill(ctx context.Context, keyset string) error {
	file := filepath.Join(s.folder, sqliteFile)
	for _, name := range []string{file, file + "-wal", file + "-shm", keyset} {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	if err := sealing.Create(keyset); err != nil {
		return err
	}
	vendor := newVendor()
	origin, closeVendor, err := serveVendor(ctx, vendor)
	if err != nil {
		return err
	}
	defer closeVendor()
	app, stop, err := s.serve(ctx, keyset)
	if err != nil {
		return err
	}
	t := &tenantData{
		size: s, service: app.Service, id: tenant(), vendor: vendor, origin: origin,
		rows: recordsByConnection(s.connections, s.records),
	}
	return errors.Join(t.write(ctx), stop())
}

// index runs the service until the search index contains all records. The service fills the index in the background.
func (s size) index(ctx context.Context, keyset string) error {
	app, stop, err := s.serve(ctx, keyset)
	if err != nil {
		return err
	}
	return errors.Join(s.awaitIndex(ctx, app.Service), stop())
}

// tenant returns the id of the tenant.
func tenant() domain.TenantID { return domain.TenantID{UUID: uuid.MustParse(tenantID)} }

// serveVendor serves the simulator on a loopback address, and returns its origin.
func serveVendor(ctx context.Context, vendor *pluggysim.Simulator) (origin string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: vendor, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// serve starts the service. stop ends it and returns its error.
func (s size) serve(ctx context.Context, keyset string) (app *compose.App, stop func() error, err error) {
	settings := map[string]string{
		"ENV_NAME": "development", "DATABASE_URL": s.database, "SEALING_KEYSET_FILE": keyset,
		"AUTH_JWT_SECRET": "nobody-signs-a-token-with-this-secret", "RECONCILE_INTERVAL": "0s", "LOG_LEVEL": "warn",
		"EGRESS_ALLOWED_CIDRS": "127.0.0.0/8", "EGRESS_ALLOW_HTTP": "true",
	}
	lookup := func(name string) (string, bool) {
		value, found := settings[name]
		return value, found
	}
	cfg, err := configs.Load(lookup, compose.Vendors())
	if err != nil {
		return nil, nil, err
	}
	var listeners [2]net.Listener
	for i := range listeners {
		if listeners[i], err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
	}
	app, err = compose.New(ctx, cfg, compose.Overrides{
		LogTo: io.Discard, PerMinute: -1, StoreTimeout: 5 * time.Minute,
	})
	if err != nil {
		return nil, nil, err
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(serving, listeners[0], listeners[1]) }()
	return app, func() error {
		cancel()
		return <-ended
	}, nil
}

// tenantData writes the data of the tenant.
type tenantData struct {
	size

	service *application.Service
	id      domain.TenantID
	vendor  *pluggysim.Simulator
	origin  string
	rows    []int        // number of records of each connection
	written atomic.Int64 // records
}

// write creates the connections with their records.
func (t *tenantData) write(ctx context.Context) error {
	begun := time.Now()
	shared, err := t.service.CreateApplication(ctx, t.id, ports.NewApplication{
		Vendor: "pluggy", Name: "producao", BaseURL: t.origin,
		ClientID: domain.SecretText(pluggysim.DemoClientID), Secret: domain.SecretText(pluggysim.DemoClientSecret),
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for n := range t.connections {
		group.Go(func() error {
			if err := t.connection(ctx, n, shared.ID); err != nil {
				return fmt.Errorf("connection %d: %w", n, err)
			}
			if n%250 == 249 {
				_, _ = fmt.Fprintf(t.out, "%d connections, %d records, %v\n",
					n+1, t.written.Load(), time.Since(begun).Round(time.Second))
			}
			return nil
		})
	}
	return group.Wait()
}

// connection creates connection n and pulls it. Some connections need an action by a person; reasonOf returns the
// reason.
func (t *tenantData) connection(ctx context.Context, n int, shared domain.ApplicationID) error {
	reason := reasonOf(n)
	item, err := t.addItem(n, reason)
	if err != nil {
		return err
	}
	// The simulator no longer needs the item after the pull.
	defer func() { _ = t.vendor.RemoveItem(item) }()
	fresh := ports.NewConnection{Vendor: "pluggy", Name: nameOf(n), AccountRef: item, Application: shared}
	if reason == credential {
		fresh.Application, fresh.BaseURL = domain.ApplicationID{}, t.origin
		fresh.ClientID, fresh.Secret = domain.SecretText(pluggysim.DemoClientID), domain.SecretText("an-old-secret")
	}
	c, err := t.service.CreateConnection(ctx, t.id, fresh)
	if err != nil {
		return err
	}
	if err := t.pull(ctx, c.ID); err != nil || reason == credential || reason == unread {
		return err
	}
	status := "UPDATED"
	if reason == login {
		status = "LOGIN_ERROR"
	}
	if err := t.vendor.SetItemStatus(item, status, ""); err != nil {
		return err
	}
	return t.pull(ctx, c.ID)
}

// pull requests a pull and waits until it has ended. A pull may fail: some credentials are wrong.
func (t *tenantData) pull(ctx context.Context, connection domain.ConnectionID) error {
	p, err := t.service.RequestPull(ctx, t.id, connection, domain.Window{})
	for err == nil && p.State != domain.PullSucceeded && p.State != domain.PullFailed {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		p, err = t.service.GetPull(ctx, t.id, p.ID)
	}
	return err
}

// awaitIndex waits until a search uses the index. Until then, a search examines only a part of the records and returns
// a cursor for the next page.
func (s size) awaitIndex(ctx context.Context, service *application.Service) error {
	begun := time.Now()
	never := decimal.NewFromInt(1 << 40)
	for {
		page, err := service.SearchTransactions(ctx, tenant(), domain.TransactionSearch{Amount: &never},
			domain.PageRequest{Limit: 1})
		if err != nil {
			return err
		}
		if page.Next.IsZero() {
			_, _ = fmt.Fprintf(s.out, "the index of the search is complete, %v\n", time.Since(begun).Round(time.Second))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Second):
		}
	}
}

// addItem adds the item of connection n to the simulator, with its accounts and rows, and returns its id.
func (t *tenantData) addItem(n int, reason string) (string, error) {
	r := newRandom(n)
	now := time.Now().UTC()
	synchronised := now.Add(-time.Hour)
	if reason == unread {
		synchronised = now.AddDate(0, 0, -unreadDays)
	}
	item := t.vendor.AddItem(pluggysim.Item{
		ID: uuid.NewString(), ClientID: pluggysim.DemoClientID, Connector: connectorOf(n),
		LastUpdatedAt: pluggysim.At(synchronised),
	})
	account, err := t.vendor.AddAccount(pluggysim.Account{
		ItemID: item.ID, Name: "Conta corrente", Number: pluggysim.Text(fmt.Sprintf("0001/%06d-%d", 100_000+n, n%10)),
		Balance: pluggysim.Number(strconv.Itoa(1000 + n)),
	})
	if err != nil {
		return "", err
	}
	rows := t.rows[n]
	for i := range rows {
		if _, err := t.vendor.AddTransaction(r.row(account.ID, now, i)); err != nil {
			return "", err
		}
	}
	if reason == unreadable {
		row := r.row(account.ID, now, rows)
		row.Status = "IN_REVIEW"
		if _, err := t.vendor.AddTransaction(row); err != nil {
			return "", err
		}
	}
	if reason == consent {
		_, err = t.vendor.AddConsent(pluggysim.Consent{
			ItemID: item.ID, ExpiresAt: pluggysim.At(now.AddDate(0, 0, 3+n%25)),
		})
	}
	t.written.Add(int64(rows))
	return item.ID, err
}

// newVendor returns a simulator with the client of the demo data.
func newVendor() *pluggysim.Simulator {
	return pluggysim.New(pluggysim.Options{Clients: []pluggysim.Client{
		{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret},
	}})
}
