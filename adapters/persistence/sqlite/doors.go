package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxDoors bounds the doors that are remembered.
const maxDoors = 4096

// doors are what a group has read of tokens, connections and queued pulls, for the next
// one to use if nothing was written in between. It is no cache with an age: the state is
// compared under the write lock, so that a token which is revoked, by whatever process,
// opens nothing from the next group on. It belongs to who holds the writer's connection.
type doors struct {
	at     state
	gates  map[domain.TokenHash]gormstore.TokenBinding
	queued map[uuid.UUID]queued // by connection
}

// state is that of the database as a connection tells it. It differs once anything was
// written: by the connection itself, whose changes are counted (sqlite.org/c3ref/total_changes.html),
// or by another, of this process or any (sqlite.org/pragma.html#pragma_data_version).
type state struct {
	conn    any // the driver's
	changes int64
	version int64
}

// stateOf reads the state inside a transaction that holds the write lock.
func stateOf(ctx context.Context, conn any, tx *sql.Tx) (state, error) {
	s := state{conn: conn}
	err := tx.QueryRowContext(ctx, "SELECT total_changes(), data_version FROM pragma_data_version").Scan(&s.changes, &s.version)
	return s, err
}

// arrive keeps what is known if the state is still the one it was left in.
func (d *doors) arrive(now state) {
	if d.gates == nil || d.at != now || len(d.gates) > maxDoors {
		d.gates, d.queued = make(map[domain.TokenHash]gormstore.TokenBinding), make(map[uuid.UUID]queued)
	}
	d.at = now
}

// leave expects the state that so many changes lead to.
func (d *doors) leave(changes int) { d.at.changes += int64(changes) }

// forget drops what is known.
func (d *doors) forget() { *d = doors{} }

// driverConn is what tells a pool's connection from the one that it was replaced by.
func driverConn(conn *sql.Conn) (id any, err error) {
	err = conn.Raw(func(c any) error {
		id = c
		return nil
	})
	return id, err
}
