package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxCachedTokens is the maximum number of tokens in the cache. A larger cache is emptied before the next
// batch.
const maxCachedTokens = 4096

// tokenCache contains the tokens, connections and queued pulls that earlier batches of deliveries have read. The next
// batch uses them unless something else has changed the database in the meantime.
//
// The cache has no expiry time. Instead, each batch compares the state of the database, under the write lock, with the
// state that the last batch left. If any process revokes a token, the next batch therefore already refuses the token.
// Only the caller that holds the writer's connection may use the cache.
type tokenCache struct {
	at       changeState
	bindings map[domain.TokenHash]gormstore.TokenBinding
	queued   map[uuid.UUID]uuid.UUID // maps a connection to its queued pull
	since    map[uuid.UUID]int64     // maps a connection to the time its pull was queued (µs since 1970)
}

// changeState identifies the state of the database as one connection sees it. It changes with any write: the field
// changes counts the rows that the connection itself has changed (sqlite.org/c3ref/total_changes.html), and the field
// version changes when another connection of any process has written (sqlite.org/pragma.html#pragma_data_version).
type changeState struct {
	conn    any // the driver's connection
	changes int64
	version int64
}

// readChangeState returns the state of the database as conn sees it. tx is a transaction of conn that holds the write
// lock.
func readChangeState(ctx context.Context, conn any, tx *sql.Tx) (changeState, error) {
	s := changeState{conn: conn}
	row := tx.QueryRowContext(ctx, "SELECT total_changes(), data_version FROM pragma_data_version")
	err := row.Scan(&s.changes, &s.version)
	return s, err
}

// validate empties the cache if the present state (now) differs from the state after the last batch, or if the cache
// has become too large.
func (c *tokenCache) validate(now changeState) {
	if c.bindings == nil || c.at != now || len(c.bindings) > maxCachedTokens {
		c.bindings = make(map[domain.TokenHash]gormstore.TokenBinding)
		c.queued, c.since = make(map[uuid.UUID]uuid.UUID), make(map[uuid.UUID]int64)
	}
	c.at = now
}

// expect adds the number of rows that this batch has changed to the expected state, so that the next batch finds the
// cache valid.
func (c *tokenCache) expect(changes int) { c.at.changes += int64(changes) }

// clear empties the cache and forgets the expected state.
func (c *tokenCache) clear() { *c = tokenCache{} }

// addPull adds a queued pull of the connection. AttachedDeliveries finds deliveries of the connection by their time of
// receipt if they were received at or after the given time (since, in microseconds since 1970).
func (c *tokenCache) addPull(connection, pull uuid.UUID, since int64) {
	c.queued[connection], c.since[connection] = pull, since
}

// attach returns two lists of events. The list missing contains the first event of each connection whose pull must be
// created; attach adds these pulls to the cache. The list lateJoins contains the events whose deliveries were received
// before their pull was queued, which AttachedDeliveries does not find by their time.
func (c *tokenCache) attach(events []*gormstore.BatchEvent) (missing, lateJoins []*gormstore.BatchEvent) {
	for _, e := range events {
		if e.Pull == uuid.Nil {
			continue
		}
		at := e.First.At.UnixMicro()
		switch _, queued := c.queued[e.Connection]; {
		case !queued:
			c.addPull(e.Connection, e.Pull, at)
			missing = append(missing, e)
		case at < c.since[e.Connection]:
			lateJoins = append(lateJoins, e)
		}
	}
	return missing, lateJoins
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
