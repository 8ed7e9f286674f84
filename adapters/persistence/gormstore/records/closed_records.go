package records

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// closedRecordColumns are the columns of a closedRecordRow. Both transactions and transaction_versions have them.
const closedRecordColumns = `id, version, status, date, CAST(amount AS text) AS amount, currency,
	CAST(account_amount AS text) AS account_amount, account_currency, row_sha256, pull_id`

// closedRecordRow contains the columns of a record of a closed period.
type closedRecordRow struct {
	summedRow

	id        uuid.UUID
	version   int
	rowSHA256 []byte
	pull      uuid.UUID
}

func (r *closedRecordRow) targets() []any {
	return gormstore.ScanTargets(
		&r.id, &r.version, &r.status, &r.date, &r.amount, &r.currency, &r.accountAmount, &r.accountCurrent,
		&r.rowSHA256, &r.pull,
	)
}

// record returns the row as a record without its deliveries.
func (r *closedRecordRow) record() books.ClosedRecord {
	return books.ClosedRecord{
		SumRow: r.domain(), ID: domain.TransactionID{UUID: r.id}, Status: domain.TransactionStatus(r.status),
		Version: r.version, RowSHA256: slices.Clone(r.rowSHA256), Pull: domain.PullID{UUID: r.pull},
	}
}

// closedRecords returns the records that the digest of a closed period covers, ordered by id. It reads them with one
// SELECT, which the database sorts, on disk if there are many. The SELECT runs as long as the sequence is ranged over.
func closedRecords(
	ctx context.Context, d gormstore.Dialect, tx gormstore.SnapshotTx, account accountKeys, c books.Close,
) iter.Seq2[books.ClosedRecord, error] {
	return func(yield func(books.ClosedRecord, error) bool) {
		deliveries, err := deliveriesOfPulls(ctx, d, tx, account)
		if err != nil {
			yield(books.ClosedRecord{}, err)
			return
		}
		q := closedRecordsQuery(d, tx.Name(), account, c)
		var row closedRecordRow
		err = tx.Read(ctx, q.AsRead(row.targets(), func() error {
			record := row.record()
			record.Deliveries = slices.Clone(deliveries[row.pull])
			if !yield(record, nil) {
				return gormstore.ErrStop
			}
			return ctx.Err() // a driver may not notice that the context has ended
		}))
		if err != nil && !errors.Is(err, gormstore.ErrStop) {
			yield(books.ClosedRecord{}, err)
		}
	}
}

// deliveriesOfPulls returns the deliveries of the connection's pulls by pull, ordered by id, at most
// domain.MaxVersionDeliveries of each. They are not joined with the records, because a database that expects few
// records might compare each record with each pull.
func deliveriesOfPulls(
	ctx context.Context, d gormstore.Dialect, tx gormstore.SnapshotTx, account accountKeys,
) (map[uuid.UUID][]domain.DeliveryID, error) {
	q := gormstore.NewQuery(`SELECT pull_id, id FROM (
		SELECT id, pull_id, row_number() OVER (PARTITION BY pull_id ORDER BY id) AS place FROM deliveries
		WHERE connection_id = ? AND pull_id IS NOT NULL AND `+gormstore.TenantIs(d, "tenant_id")+`
	) AS numbered WHERE place <= ? ORDER BY id`,
		gormstore.UUID(account.Connection), gormstore.UUID(account.Tenant), domain.MaxVersionDeliveries)
	deliveries := map[uuid.UUID][]domain.DeliveryID{}
	var pull, id uuid.UUID
	err := tx.Read(ctx, q.AsRead(gormstore.ScanTargets(&pull, &id), func() error {
		deliveries[pull] = append(deliveries[pull], domain.DeliveryID{UUID: id})
		return nil
	}))
	return deliveries, err
}

// closedRecordsQuery returns the query of closedRecords. A record is in transactions if its version of that time is the
// present one, and otherwise in transaction_versions.
func closedRecordsQuery(d gormstore.Dialect, dialect string, account accountKeys, c books.Close) *gormstore.Query {
	at := gormstore.At(c.ClosedAt).Param(dialect)
	connection, tenant := gormstore.UUID(account.Connection), gormstore.UUID(account.Tenant)
	ofAccount := " WHERE connection_id = ? AND " + gormstore.EqualUnindexed("account_id") + " AND " +
		gormstore.TenantIs(d, "tenant_id") + " AND date <= ?"
	args := []any{connection, gormstore.UUID(account.ID), tenant, string(c.Date)}
	q := gormstore.NewQuery("SELECT " + closedRecordColumns + " FROM transactions")
	q.Add(ofAccount+presentInEffect, append(slices.Clip(args), at)...)
	q.Add(" UNION ALL SELECT "+closedRecordColumns+" FROM transaction_versions"+ofAccount+replacedInEffect,
		append(slices.Clip(args), at, at)...)
	q.Add(" ORDER BY id")
	return q
}
