package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxCachedTokens bounds the tokens in the cache.
const maxCachedTokens = 4096

// tokenCache holds the tokens, connections and queued pulls that a batch has read. The next batch uses
// them if nothing was written in between. The cache has no expiry time. Instead the state of the database
// is compared under the write lock, so that a token which any process has revoked is refused from the
// next batch on. It may be used only while holding the writer's connection.
type tokenCache struct {
	at       changeState
	bindings map[domain.TokenHash]gormstore.TokenBinding
	queued   map[uuid.UUID]uuid.UUID // connection -> its queued pull
	since    map[uuid.UUID]int64     // connection -> when that pull was queued, in microseconds
}

// changeState is the state of the database as a connection sees it. It differs after any write: by
// the connection itself, whose changes are counted (sqlite.org/c3ref/total_changes.html), or by
// another connection of any process (sqlite.org/pragma.html#pragma_data_version).
type changeState struct {
	conn    any // the driver's
	changes int64
	version int64
}

// readChangeState reads the state in a transaction that holds the write lock.
func readChangeState(ctx context.Context, conn any, tx *sql.Tx) (changeState, error) {
	s := changeState{conn: conn}
	row := tx.QueryRowContext(ctx, "SELECT total_changes(), data_version FROM pragma_data_version")
	err := row.Scan(&s.changes, &s.version)
	return s, err
}

// validate empties the cache unless now is the state that the last batch left the database in.
func (c *tokenCache) validate(now changeState) {
	if c.bindings == nil || c.at != now || len(c.bindings) > maxCachedTokens {
		c.bindings = make(map[domain.TokenHash]gormstore.TokenBinding)
		c.queued, c.since = make(map[uuid.UUID]uuid.UUID), make(map[uuid.UUID]int64)
	}
	c.at = now
}

// expect advances the state by the changes of this batch, so that the next one finds the cache valid.
func (c *tokenCache) expect(changes int) { c.at.changes += int64(changes) }

// clear drops everything.
func (c *tokenCache) clear() { *c = tokenCache{} }

// addPull adds a queued pull. since is the time from which AttachedDeliveries reads the connection's deliveries.
func (c *tokenCache) addPull(connection, pull uuid.UUID, since int64) {
	c.queued[connection], c.since[connection] = pull, since
}

// attach returns the events whose pulls are missing, one of each connection, and adds those pulls to
// the cache. It also returns the late joins: the events that were received before the pull to which
// they are attached was queued, so that AttachedDeliveries does not find them by their time.
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

// driverConn returns the driver's connection, which identifies it: a pool may replace a connection by
// another.
func driverConn(conn *sql.Conn) (id any, err error) {
	err = conn.Raw(func(c any) error {
		id = c
		return nil
	})
	return id, err
}
