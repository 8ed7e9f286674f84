package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/ratelimit"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// RateBudgets returns the rate budgets that all replicas on this database share.
func (db *DB) RateBudgets() ports.RateBudgets { return rateBudgets{db.main} }

// rateBudgets implements ports.RateBudgets. An update reads the row and then writes it, without a lock. If another
// replica has changed the row in between, the update starts again. A replica that stops during an update therefore does
// not delay the others.
type rateBudgets struct{ server *Server }

// rateBudgetRow is a row of the table rate_budgets.
type rateBudgetRow struct {
	version      *int64 // nil if there is no row
	fullAt       *time.Time
	blockedUntil *time.Time
	demands      []byte
	refusals     []byte
	now          time.Time
}

// demandJSON is an item of the column demands. It contains the calls of one tenant that wait for tokens of the
// budget. Times are microseconds since 1970.
type demandJSON struct {
	Tenant   uuid.UUID           `json:"tenant"`
	Served   int64               `json:"served"`
	Replicas []replicaDemandJSON `json:"replicas"`
	Taken    []int64             `json:"taken,omitempty"`
	AskedAt  int64               `json:"askedAt,omitempty"`
}

type replicaDemandJSON struct {
	Replica string `json:"replica"`
	Calls   int    `json:"calls"`
	Served  int64  `json:"served"`
	AskedAt int64  `json:"askedAt"`
}

// refusalsJSON is the column refusals. Times are microseconds since 1970; 0 is the zero time.
type refusalsJSON struct {
	BlockedSince int64             `json:"blockedSince,omitempty"`
	ProbedAt     int64             `json:"probedAt,omitempty"`
	Clients      []clientCallsJSON `json:"clients,omitempty"`
}

type clientCallsJSON struct {
	Client    string    `json:"client"`
	Tenant    uuid.UUID `json:"tenant"`
	CalledAt  int64     `json:"calledAt"`
	RefusedAt int64     `json:"refusedAt,omitempty"`
	Until     int64     `json:"until,omitempty"`
}

const (
	// The last column is the current time of the database. The new state of the budget is computed for this time.
	selectRateBudget = `SELECT version, full_at, blocked_until, demands, refusals, clock_timestamp()
		FROM (VALUES (1)) AS one LEFT JOIN rate_budgets
		ON vendor = $1 AND origin_sha256 = $2 AND resource = $3 AND egress_address = $4`

	updateRateBudget = `UPDATE rate_budgets
		SET version = version + 1, full_at = $6, blocked_until = $7, demands = $8, refusals = $9,
			updated_at = clock_timestamp()
		WHERE vendor = $1 AND origin_sha256 = $2 AND resource = $3 AND egress_address = $4 AND version = $5`

	insertRateBudget = `INSERT INTO rate_budgets
			(vendor, origin_sha256, resource, egress_address, version, full_at, blocked_until, demands, refusals,
			updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp()) ON CONFLICT DO NOTHING`
)

// Update implements ports.RateBudgets.
func (b rateBudgets) Update(ctx context.Context, key ports.RateBudgetKey,
	fn func(state ratelimit.Budget, now time.Time) ratelimit.Budget,
) error {
	origin := sha256.Sum256([]byte(key.Origin))
	names := []any{string(key.Vendor), origin[:], key.Resource, key.EgressAddress}
	for {
		updated, err := b.try(ctx, names, fn)
		if updated || err != nil {
			return gormstore.Translate(ctx, err)
		}
	}
}

// try makes one attempt to update the row. It returns false, and changes nothing, if another replica has changed the
// row since it was read.
func (b rateBudgets) try(ctx context.Context, names []any,
	change func(state ratelimit.Budget, now time.Time) ratelimit.Budget,
) (updated bool, err error) {
	var row rateBudgetRow
	targets := []any{&row.version, &row.fullAt, &row.blockedUntil, &row.demands, &row.refusals, &row.now}
	if err := b.server.query(ctx, selectRateBudget, names, targets, func() error { return nil }); err != nil {
		return false, err
	}
	state, err := row.domain()
	if err != nil {
		return false, err
	}
	state = change(state, row.now.UTC())
	demands, err := demandsOf(state)
	if err != nil {
		return false, err
	}
	refusals, err := refusalsOf(state.Refusals)
	if err != nil {
		return false, err
	}
	statement, version := insertRateBudget, int64(1)
	if row.version != nil {
		statement, version = updateRateBudget, *row.version
	}
	args := append(slices.Clip(names), version, state.FullAt, timeOrNull(&state.BlockedUntil), demands, refusals)
	done, err := b.exec(ctx, statement, args)
	return err == nil && done.RowsAffected() == 1, err
}

// exec executes a statement. It sends the statement again only if its connection turned out to be broken before
// anything was sent.
func (b rateBudgets) exec(ctx context.Context, sql string, args []any) (done pgconn.CommandTag, err error) {
	for range maxAttempts {
		err = b.server.withConn(ctx, func(conn *pgxpool.Conn) (err error) {
			done, err = conn.Exec(ctx, sql, args...)
			return err
		})
		if err == nil || !pgconn.SafeToRetry(err) {
			break
		}
	}
	return done, err
}

func (r rateBudgetRow) domain() (ratelimit.Budget, error) {
	var state ratelimit.Budget
	if r.version == nil {
		return state, nil
	}
	if r.fullAt == nil {
		return state, errors.New("rate_budgets: full_at is NULL")
	}
	state.FullAt = r.fullAt.UTC()
	if r.blockedUntil != nil {
		state.BlockedUntil = r.blockedUntil.UTC()
	}
	var demands []demandJSON
	if err := json.Unmarshal(r.demands, &demands); err != nil {
		return state, fmt.Errorf("rate_budgets: demands: %w", err)
	}
	for _, d := range demands {
		tenant := ratelimit.TenantDemand{Tenant: domain.TenantID{UUID: d.Tenant}, Served: d.Served}
		for _, r := range d.Replicas {
			tenant.Replicas = append(tenant.Replicas, ratelimit.ReplicaDemand{
				Replica: r.Replica, Calls: r.Calls, Served: r.Served, AskedAt: time.UnixMicro(r.AskedAt).UTC(),
			})
		}
		for _, at := range d.Taken {
			tenant.Taken = append(tenant.Taken, time.UnixMicro(at).UTC())
		}
		if d.AskedAt != 0 {
			tenant.AskedAt = time.UnixMicro(d.AskedAt).UTC()
		}
		state.Demands = append(state.Demands, tenant)
	}
	var refusals refusalsJSON
	if err := json.Unmarshal(r.refusals, &refusals); err != nil {
		return state, fmt.Errorf("rate_budgets: refusals: %w", err)
	}
	state.Refusals = refusals.domain()
	return state, nil
}

func (r refusalsJSON) domain() ratelimit.Refusals {
	found := ratelimit.Refusals{BlockedSince: timeOfMicros(r.BlockedSince), ProbedAt: timeOfMicros(r.ProbedAt)}
	for _, c := range r.Clients {
		found.Clients = append(found.Clients, ratelimit.ClientCalls{
			Client: c.Client, Tenant: domain.TenantID{UUID: c.Tenant}, CalledAt: timeOfMicros(c.CalledAt),
			RefusedAt: timeOfMicros(c.RefusedAt), Until: timeOfMicros(c.Until),
		})
	}
	return found
}

// refusalsOf returns the value of the column refusals.
func refusalsOf(r ratelimit.Refusals) (string, error) {
	value := refusalsJSON{BlockedSince: microsOf(r.BlockedSince), ProbedAt: microsOf(r.ProbedAt)}
	for _, c := range r.Clients {
		value.Clients = append(value.Clients, clientCallsJSON{
			Client: c.Client, Tenant: c.Tenant.UUID, CalledAt: microsOf(c.CalledAt),
			RefusedAt: microsOf(c.RefusedAt), Until: microsOf(c.Until),
		})
	}
	text, err := json.Marshal(value)
	return string(text), err
}

// microsOf returns a time in microseconds since 1970; 0 for the zero time.
func microsOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOfMicros is the inverse of microsOf.
func timeOfMicros(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Prune implements ports.RateBudgets.
func (b rateBudgets) Prune(ctx context.Context) (int, error) {
	const sql = "DELETE FROM rate_budgets WHERE updated_at < clock_timestamp() - interval '1 day'"
	done, err := b.exec(ctx, sql, nil)
	return int(done.RowsAffected()), gormstore.Translate(ctx, err)
}

// demandsOf returns the value of the column demands for the state of a budget.
func demandsOf(state ratelimit.Budget) (string, error) {
	demands := make([]demandJSON, 0, len(state.Demands))
	for _, d := range state.Demands {
		tenant := demandJSON{Tenant: d.Tenant.UUID, Served: d.Served}
		for _, r := range d.Replicas {
			tenant.Replicas = append(tenant.Replicas, replicaDemandJSON{
				Replica: r.Replica, Calls: r.Calls, Served: r.Served, AskedAt: r.AskedAt.UnixMicro(),
			})
		}
		for _, at := range d.Taken {
			tenant.Taken = append(tenant.Taken, at.UnixMicro())
		}
		if !d.AskedAt.IsZero() {
			tenant.AskedAt = d.AskedAt.UnixMicro()
		}
		demands = append(demands, tenant)
	}
	text, err := json.Marshal(demands)
	return string(text), err
}
