package sqlite

import (
	"context"
	"database/sql"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxCachedTokens limits the number of pairs of a token and an account reference in the cache. A larger cache is
// emptied before the next batch.
const maxCachedTokens = 4096

// tokenCache contains the tokens, connections and queued pulls that earlier batches of deliveries have read. The next
// batch uses them if nothing else has changed the database in the meantime.
//
// The cache has no expiry time. Instead, each batch compares the state of the database with the state after the
// previous batch. The batch holds the write lock during this comparison. A token is therefore refused even if another
// process has only just revoked it.
//
// Only the caller that holds the writer's connection may use the cache.
type tokenCache struct {
	at    changeState
	read  map[gormstore.NamedReference]bool // the references whose connections are in the view
	view  domain.WebhookView
	since map[domain.ConnectionID]int64 // maps a connection to the time its pull was queued (µs since 1970)
}

// changeState identifies the state of the database as one connection sees it. Any write to the database changes this
// state.
type changeState struct {
	conn    any   // the driver's connection
	changes int64 // number of rows that conn has changed (sqlite.org/c3ref/total_changes.html)
	version int64 // changes when another connection writes (sqlite.org/pragma.html#pragma_data_version)
}

// readChangeState returns the state of the database as conn sees it. tx is a transaction of conn that holds the write
// lock.
func readChangeState(ctx context.Context, conn any, tx *sql.Tx) (changeState, error) {
	s := changeState{conn: conn}
	row := tx.QueryRowContext(ctx, "SELECT total_changes(), data_version FROM pragma_data_version")
	err := row.Scan(&s.changes, &s.version)
	return s, err
}

// validate is called at the start of each batch, with the current state of the database. It empties the cache if this
// state differs from the state after the previous batch. It also empties a cache that has become too large.
func (c *tokenCache) validate(now changeState) {
	if c.read == nil || c.at != now || len(c.read) > maxCachedTokens {
		c.read, c.view = make(map[gormstore.NamedReference]bool), gormstore.NewWebhookView()
		c.since = make(map[domain.ConnectionID]int64)
	}
	c.at = now
}

// expect sets the state that the database must have when the next batch starts; otherwise the cache is emptied.
// changes is the number of rows that the current batch has changed.
func (c *tokenCache) expect(changes int) { c.at.changes += int64(changes) }

// clear empties the cache and resets c.at.
func (c *tokenCache) clear() { *c = tokenCache{} }

// attach returns the deliveries for which the batch must insert more than a delivery:
//
//   - The list firstDeliveries contains the first delivery of each connection that has no queued pull. The batch must
//     insert a pull for each of them. attach adds these pulls to the cache.
//   - The list lateJoins contains the deliveries that were received before their pull was queued. The batch must insert
//     a row of the table late_joins for each of them.
func (c *tokenCache) attach(planned []*domain.PlannedDelivery) (firstDeliveries, lateJoins []*domain.PlannedDelivery) {
	for _, p := range planned {
		if p.Pull.IsZero() || p.Earlier != nil {
			continue
		}
		at := p.ReceivedAt.UnixMicro()
		switch _, queued := c.view.Queued[p.Connection]; {
		case !queued:
			c.view.Queued[p.Connection], c.since[p.Connection] = p.Pull, at
			firstDeliveries = append(firstDeliveries, p)
		case at < c.since[p.Connection]:
			lateJoins = append(lateJoins, p)
		}
	}
	return firstDeliveries, lateJoins
}

// driverConn returns the driver's connection to which conn refers. The cache uses it to identify conn, so that it
// notices when the pool has replaced a broken connection.
func driverConn(conn *sql.Conn) (id any, err error) {
	err = conn.Raw(func(c any) error {
		id = c
		return nil
	})
	return id, err
}
