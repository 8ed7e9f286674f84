package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Plans are the plans of statements, by the text of the statement. A plan consists of steps of EXPLAIN QUERY PLAN.
type Plans struct {
	mu   sync.Mutex
	seen map[string]bool // the texts as they were run
	all  map[string][]string
}

// observed contains the plans of all statements that the tests of the package run.
var observed = Plans{seen: map[string]bool{}, all: map[string][]string{}}

func init() { observe = observed.add }

// ForgetPlans makes ObservedPlans return only the plans of later statements.
func ForgetPlans() {
	observed.mu.Lock()
	defer observed.mu.Unlock()
	clear(observed.seen)
	clear(observed.all)
}

// ObservedPlans returns the plans of all statements that have been run since the last ForgetPlans.
func ObservedPlans() map[string][]string {
	observed.mu.Lock()
	defer observed.mu.Unlock()
	return maps.Clone(observed.all)
}

// lists matches the parameters of lists, which can have any length.
var lists = regexp.MustCompile(`([?$]\d*)(?:, ?[?$]\d*)+`)

func (p *Plans) add(ctx context.Context, c driver.QueryerContext, text string, args []driver.NamedValue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[text] {
		return
	}
	p.seen[text] = true
	key := lists.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1, …")
	verb, _, _ := strings.Cut(key, " ")
	if _, known := p.all[key]; known ||
		!slices.Contains([]string{"SELECT", "UPDATE", "DELETE", "INSERT", "WITH"}, verb) {
		return
	}
	p.all[key] = nil
	rows, err := c.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, args)
	if err != nil {
		return // the statement itself will fail
	}
	defer func() { _ = rows.Close() }()
	for step := make([]driver.Value, len(rows.Columns())); rows.Next(step) == nil; {
		p.all[key] = append(p.all[key], fmt.Sprint(step[len(step)-1]))
	}
}

// Receive stores the deliveries as one batch. The committer of the store calls the same method of the dialect.
func (db *DB) Receive(ctx context.Context, nudge gormstore.Nudge,
	deliveries []gormstore.PendingDelivery,
) ([]gormstore.Result, error) {
	return dialect{db: db, nudge: nudge}.Receive(ctx, deliveries)
}

// ReceiptPlans stores the deliveries as one batch, and returns the plan of each statement that reads or inserts rows. A
// line of a plan is a step of EXPLAIN QUERY PLAN.
func (db *DB) ReceiptPlans(ctx context.Context, deliveries []gormstore.PendingDelivery) (plans []string, err error) {
	explain := func(r gormstore.Read) error {
		var plan, step string
		err := each(ctx, db.Writer, "EXPLAIN QUERY PLAN "+r.SQL, r.Args, []any{new(int), new(int), new(int), &step},
			func() error {
				plan += step + "\n"
				return nil
			})
		plans = append(plans, plan)
		return err
	}
	d := dialect{db: db}
	transact := func(ctx context.Context, fn func(tx gormstore.Tx) error, first ...gormstore.Read) error {
		statements := first
		err := d.Transact(ctx, func(tx gormstore.Tx) error {
			readAll := tx.ReadAll
			tx.ReadAll = func(reads ...gormstore.Read) error {
				statements = append(statements, reads...)
				return readAll(reads...)
			}
			tx.Read = func(r gormstore.Read) error { return tx.ReadAll(r) }
			return fn(tx)
		}, first...)
		for i := 0; i < len(statements) && err == nil; i++ {
			err = explain(statements[i])
		}
		return err
	}
	_, err = newReceipt().Receive(ctx, transact, deliveries)
	return plans, err
}

// Transact runs fn in a transaction in the same way as the methods of the store.
func (db *DB) Transact(
	ctx context.Context, nudge gormstore.Nudge, fn func(tx gormstore.Tx) error, first ...gormstore.Read,
) error {
	return dialect{db: db, nudge: nudge}.Transact(ctx, fn, first...)
}

// AttachedDeliveries returns the SELECT with which a claim reads the deliveries of its pull.
func AttachedDeliveries(pull domain.Pull, maxBytes int) clause.Expr {
	return gormstore.AttachedDeliveries(dialect{}, pull, maxBytes)
}

// Scrub runs Dialect.Scrub.
func (db *DB) Scrub(ctx context.Context) error { return dialect{db: db}.Scrub(ctx) }

// CopyLog copies the write-ahead log as the checkpoints of the file do.
func (db *DB) CopyLog(ctx context.Context) error { return db.checkpoints.checkpoint(ctx) }

// Write runs a statement on the writing connection in the same way as the methods of the store.
func (db *DB) Write(ctx context.Context, text string, args ...any) error {
	conn, release, err := db.writer(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	_, err = conn.ExecContext(ctx, text, args...)
	return err
}
