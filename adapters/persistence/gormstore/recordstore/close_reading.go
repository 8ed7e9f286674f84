package recordstore

import (
	"bytes"
	"context"
	"database/sql"
	"reflect"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A period is closed in two steps, because an account can have so many records that reading them takes seconds:
//
//  1. closing.readRecords reads the records in a snapshot, while other transactions write.
//  2. closing.store excludes the writers of the connection in a short transaction, and looks for changes that concern
//     the period and were made since the snapshot. If there are none, it stores the closed period. Otherwise step 1
//     is repeated, from the first changed record on.
//
// The last attempt reads the changed records within the transaction of step 2. A period can therefore be closed even
// if records are written all the time.
//
// The time of the close is chosen in step 1: later than all changes in the snapshot. A change that concerns the
// period and commits later gets a later time, because step 2 advances the clock of the connection.
const (
	// closeAttempts is the maximum number of snapshots that are read to close a period.
	closeAttempts = 4
	// closeReadTimeout bounds the reading of one snapshot.
	closeReadTimeout = 50 * time.Second
	// maxRecent is the maximum number of recent changes in a closeReading. If there are more, all records are read
	// again.
	maxRecent = 4096
)

// checkpointInterval is the number of records between two checkpoints of a closeReading. Tests change it.
var checkpointInterval = 4096

// closeReading contains the digest of an account's records as they were in a snapshot.
type closeReading struct {
	account accountKeys
	basis   closeBasis
	digest  *books.CloseSum
	closed  books.Close // the closed period of the records
	// checkpoints are earlier states of the digest, ascending by id. The first one is the empty digest.
	checkpoints []closeCheckpoint
	// mark is a position in the change feed. The snapshot contains all changes up to it.
	mark int64
	// recent maps ids of the connection's records to feed positions. It contains the changes of the snapshot that are
	// after mark and concern the period.
	recent map[uuid.UUID]int64
}

// closeCheckpoint is the state of the digest when it contained exactly the records whose ids are lower than before.
type closeCheckpoint struct {
	before uuid.UUID
	digest *books.CloseSum
}

// closeBasis contains the values from which the sums of a close are computed, except the records.
type closeBasis struct {
	view ports.AccountView
	from domain.Date // the result of books.CloseRequest.FirstDay
}

// closeBasisOf reads the basis of a close.
func closeBasisOf(db *gorm.DB, account accountKeys, r books.CloseRequest) (b closeBasis, err error) {
	b.view, err = accountView(db, domain.TenantID{UUID: account.Tenant}, domain.AccountID{UUID: account.ID})
	if err != nil {
		return b, err
	}
	b.from, err = firstDayOf(db, account, r)
	return b, err
}

// firstDayOf returns the first day of the statement of a close. Errors: those of books.CloseRequest.FirstDay.
func firstDayOf(db *gorm.DB, account accountKeys, r books.CloseRequest) (domain.Date, error) {
	var previous sql.NullString
	err := db.Model(&closeRow{}).Where("account_id = ? AND tenant_id = ? AND date < ?",
		account.ID, account.Tenant, string(r.Date)).Select("max(date)").Scan(&previous).Error
	if err != nil {
		return "", err
	}
	return r.FirstDay(domain.Date(previous.String))
}

// same reports whether both bases result in the same sums, for the same records.
func (b closeBasis) same(other closeBasis) bool {
	return b.view.Account.Currency == other.view.Account.Currency &&
		b.view.Account.Connection == other.view.Account.Connection && b.from == other.from &&
		b.view.Completeness.SameBaseline(other.view.Completeness)
}

// newSum returns a sum without records.
func (b closeBasis) newSum(date domain.Date) *books.CloseSum {
	return books.NewCloseSum(b.view.Account, b.view.Completeness, date, b.from)
}

// newCloseReading returns a reading without records.
func newCloseReading(account accountKeys, date domain.Date, basis closeBasis) *closeReading {
	return &closeReading{
		account: account, basis: basis, digest: basis.newSum(date),
		checkpoints: []closeCheckpoint{{digest: basis.newSum(date)}},
	}
}

// rewind resets the reading to the last checkpoint before the record with this id. It returns the id at which the
// reading continues.
func (r *closeReading) rewind(id uuid.UUID) (start uuid.UUID) {
	i := len(r.checkpoints) - 1
	for i > 0 && bytes.Compare(r.checkpoints[i].before[:], id[:]) > 0 {
		i--
	}
	r.checkpoints = r.checkpoints[:i+1]
	r.digest = r.checkpoints[i].digest.Clone()
	return r.checkpoints[i].before
}

// readRecords reads the records of an account in a snapshot. If previous is not nil, readRecords continues that
// reading: it reads again only the records from the first changed one on. If the basis of the close has changed, it
// reads all records.
func (s closing) readRecords(
	ctx context.Context, account accountKeys, previous *closeReading,
) (reading *closeReading, err error) {
	ctx, cancel := context.WithTimeout(ctx, closeReadTimeout)
	defer cancel()
	err = s.Core.Snapshot(ctx, s.WorkTimeout, func(tx gormstore.SnapshotTx) error {
		tx.Read = pausing(tx.Read, s.steps.Pause)
		read := func(r gormstore.Read) error { return tx.Read(ctx, r) }
		basis, err := closeBasisOf(tx.DB.WithContext(ctx), account, s.request)
		if err != nil {
			return err
		}
		reading = previous
		if reading == nil || !reading.basis.same(basis) {
			reading = newCloseReading(account, s.request.Date, basis)
		}
		start, err := s.rewindToChange(read, reading)
		if err != nil {
			return err
		}
		if err := s.markRecent(read, reading); err != nil {
			return err
		}
		if err := s.addRecords(read, reading, start); err != nil {
			return err
		}
		r := s.request
		if r.At, err = nextTick(read, account, r.At); err != nil {
			return err
		}
		reading.closed = reading.digest.Close(r, basis.view.Completeness)
		return s.readView(ctx, tx, reading)
	})
	return reading, err
}

// pausing returns a function that is like read, but calls pause after each checkpointInterval rows. If pause is nil,
// pausing returns read.
func pausing(
	read func(context.Context, gormstore.Read) error, pause func(context.Context) error,
) func(context.Context, gormstore.Read) error {
	if pause == nil {
		return read
	}
	rows := 0
	return func(ctx context.Context, r gormstore.Read) error {
		take := r.Take
		r.Take = func() error {
			if err := take(); err != nil {
				return err
			}
			if rows++; rows%checkpointInterval == 0 {
				return pause(ctx)
			}
			return nil
		}
		return read(ctx, r)
	}
}

// readView calls steps.Read, unless it is nil, with a view of the closed period.
func (s closing) readView(ctx context.Context, tx gormstore.SnapshotTx, reading *closeReading) error {
	if s.steps.Read == nil {
		return nil
	}
	return s.steps.Read(ctx, s.closedView(tx, reading.account, reading.closed))
}

// rewindToChange rewinds a reading to the first record that has changed since the reading, and returns the id at which
// the reading continues. It returns the nil UUID for a reading without a mark.
func (s ledger) rewindToChange(read func(gormstore.Read) error, r *closeReading) (start uuid.UUID, err error) {
	if r.recent == nil {
		return uuid.Nil, nil
	}
	first, changed, err := s.firstChange(read, r)
	if err != nil {
		return uuid.Nil, err
	}
	if !changed {
		first = uuid.Max
	}
	return r.rewind(first), nil
}

// firstChange returns the lowest id of a record of the connection that has changed since the reading. If more than
// maxRecent records have changed since the mark, it returns the nil UUID.
func (s ledger) firstChange(
	read func(gormstore.Read) error, r *closeReading,
) (first uuid.UUID, changed bool, err error) {
	now, complete, err := s.changesAfter(read, r.account, r.digest.LastDay(), r.mark)
	if err != nil {
		return uuid.Nil, false, err
	}
	if !complete {
		return uuid.Nil, true, nil
	}
	for id, position := range now {
		if r.recent[id] != position && (!changed || bytes.Compare(id[:], first[:]) < 0) {
			first, changed = id, true
		}
	}
	return first, changed, nil
}

// markRecent sets the mark of a reading, and stores the recent changes that the present snapshot contains.
func (s ledger) markRecent(read func(gormstore.Read) error, r *closeReading) error {
	end := gormstore.NewQueryOf(s.Dialect.FeedEnd(r.account.Tenant))
	if err := read(end.AsRead([]any{&r.mark}, func() error { return nil })); err != nil {
		return err
	}
	recent, _, err := s.changesAfter(read, r.account, r.digest.LastDay(), r.mark)
	r.recent = recent
	return err
}

// changesAfter returns the feed positions of the connection's records that changed after the mark, by id. It omits
// records whose versions are all dated after lastDay, because they do not concern the period. Most changes during a
// close are new records of later days. If there are more than maxRecent changes, complete is false.
func (s ledger) changesAfter(
	read func(gormstore.Read) error, account accountKeys, lastDay domain.Date, mark int64,
) (changes map[uuid.UUID]int64, complete bool, err error) {
	changes = map[uuid.UUID]int64{}
	q := gormstore.NewQuery("SELECT id, change_tx FROM transactions WHERE tenant_id = ? AND change_tx > ? AND "+
		gormstore.EqualUnindexed("connection_id", "?"),
		gormstore.UUID(account.Tenant), mark, gormstore.UUID(account.Connection))
	q.Add(` AND (date <= ? OR EXISTS (SELECT 1 FROM transaction_versions v WHERE v.connection_id = ?
		AND v.id = transactions.id AND v.tenant_id = transactions.tenant_id AND v.date <= ?))
		ORDER BY change_tx LIMIT ?`, string(lastDay), gormstore.UUID(account.Connection), string(lastDay), maxRecent+1)
	var id uuid.UUID
	var position int64
	err = read(q.AsRead([]any{(*gormstore.UUID)(&id), &position}, func() error {
		changes[id] = position
		return nil
	}))
	return changes, len(changes) <= maxRecent, err
}

// addRecords adds the records of the account that count to the reading, in the order of their ids. It begins with the
// id start, and reads the records one by one. The database sorts them, on disk if there are many.
func (s ledger) addRecords(read func(gormstore.Read) error, r *closeReading, start uuid.UUID) error {
	q := gormstore.NewQuery(
		"SELECT id, "+summedColumns+" FROM transactions WHERE connection_id = ? AND "+
			s.Dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(r.account.Connection),
		gormstore.UUID(r.account.Tenant),
	)
	q.Add(" AND account_id = ? AND date <= ? AND "+gormstore.Counts+" AND id >= ? ORDER BY id",
		gormstore.UUID(r.account.ID), string(r.digest.LastDay()), gormstore.UUID(start))
	var id uuid.UUID
	var row summedRow
	count := 0
	return read(q.AsRead(append(gormstore.ScanTargets(&id), row.targets()...), func() error {
		if count++; count%checkpointInterval == 0 {
			r.checkpoints = append(r.checkpoints, closeCheckpoint{before: id, digest: r.digest.Clone()})
		}
		r.digest.Add(domain.TransactionID{UUID: id}, domain.TransactionStatus(row.status), row.domain())
		return nil
	}))
}

// hasChanged reports whether closing the period now would give another result than the reading, because the records
// or the basis of the close have changed. The transaction must exclude writers.
func (s closing) hasChanged(tx gormstore.Tx, r *closeReading, account accountKeys) (bool, error) {
	basis, err := closeBasisOf(tx.DB, account, s.request)
	if err != nil || !r.basis.same(basis) {
		return true, err
	}
	if _, changed, err := s.firstChange(tx.Read, r); err != nil || changed {
		return true, err
	}
	present := s.request
	present.At = r.closed.ClosedAt
	return !reflect.DeepEqual(r.closed, r.digest.Close(present, basis.view.Completeness)), nil
}

// readAgain updates the reading to the present records of the account, in a transaction that excludes writers. It
// returns the period that is closed at the given time. refused is the error of steps.Read.
func (s closing) readAgain(
	ctx context.Context, tx gormstore.Tx, r *closeReading, account accountKeys, at time.Time,
) (c books.Close, refused, err error) {
	basis, err := closeBasisOf(tx.DB, account, s.request)
	if err != nil {
		return c, nil, err
	}
	if !r.basis.same(basis) {
		*r = *newCloseReading(account, s.request.Date, basis)
	}
	start, err := s.rewindToChange(tx.Read, r)
	if err != nil {
		return c, nil, err
	}
	if err := s.addRecords(tx.Read, r, start); err != nil {
		return c, nil, err
	}
	request := s.request
	request.At = at
	r.closed = r.digest.Close(request, basis.view.Completeness)
	snapshot := gormstore.SnapshotTx{DB: tx.DB, Read: func(_ context.Context, read gormstore.Read) error {
		return tx.Read(read)
	}}
	return r.closed, s.readView(ctx, snapshot, r), nil
}
