package recordstore

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// closedRecordColumns are the columns of a closedRecordRow except deliveries. Both transactions and
// transaction_versions have them.
const closedRecordColumns = `id, version, status, date, CAST(amount AS text) AS amount, currency,
	CAST(account_amount AS text) AS account_amount, account_currency, row_sha256, pull_id`

// closedRecordRow contains the columns of a record of a closed period.
type closedRecordRow struct {
	summedRow

	id         uuid.UUID
	version    int
	rowSHA256  []byte
	pull       uuid.UUID
	deliveries string // ids, separated by commas
}

func (r *closedRecordRow) targets() []any {
	return gormstore.ScanTargets(
		&r.id, &r.version, &r.status, &r.date, &r.amount, &r.currency, &r.accountAmount, &r.accountCurrent,
		&r.rowSHA256, &r.pull, &r.deliveries,
	)
}

// record returns the row as a record. It returns an error if the ids of the deliveries cannot be read.
func (r *closedRecordRow) record() (books.ClosedRecord, error) {
	record := books.ClosedRecord{
		SumRow: r.domain(), ID: domain.TransactionID{UUID: r.id}, Status: domain.TransactionStatus(r.status),
		Version: r.version, RowSHA256: slices.Clone(r.rowSHA256), Pull: domain.PullID{UUID: r.pull},
	}
	if r.deliveries == "" {
		return record, nil
	}
	for text := range strings.SplitSeq(r.deliveries, ",") {
		id, err := uuid.Parse(text)
		if err != nil {
			return record, errors.New("a stored id of a delivery is not a UUID")
		}
		record.Deliveries = append(record.Deliveries, domain.DeliveryID{UUID: id})
	}
	domain.SortLarge(record.Deliveries, domain.DeliveryID.Compare)
	return record, nil
}

// closedRecords returns the records that the digest of a closed period covers, ordered by id. It reads them with one
// SELECT, which runs while the caller iterates. The database sorts the records, on disk if there are many.
func closedRecords(
	ctx context.Context, d gormstore.Dialect, tx gormstore.SnapshotTx, account accountKeys, c books.Close,
) iter.Seq2[books.ClosedRecord, error] {
	return func(yield func(books.ClosedRecord, error) bool) {
		// Otherwise the database might compare each record with each pull.
		if err := d.JoinByHash(tx.WithContext(ctx)); err != nil {
			yield(books.ClosedRecord{}, err)
			return
		}
		q := closedRecordsQuery(d, tx.Name(), account, c)
		var row closedRecordRow
		err := tx.Read(ctx, q.AsRead(row.targets(), func() error {
			record, err := row.record()
			if err != nil {
				return err
			}
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

// closedRecordsQuery returns the query of closedRecords. It selects the version of each record that was in effect when
// the period was closed. This version is in transactions if it is the present one, and otherwise in
// transaction_versions.
func closedRecordsQuery(d gormstore.Dialect, dialect string, account accountKeys, c books.Close) *gormstore.Query {
	concat := "string_agg(CAST(id AS text), ',')"
	if dialect == "sqlite" {
		concat = "group_concat(id, ',')"
	}
	at := gormstore.At(c.ClosedAt).Param(dialect)
	connection, tenant := gormstore.UUID(account.Connection), gormstore.UUID(account.Tenant)
	ofAccount := " WHERE connection_id = ? AND " + gormstore.EqualUnindexed("account_id", "?") + " AND " +
		d.TenantIs("tenant_id", "?") + " AND date <= ? AND excluded_at IS NULL"
	args := []any{connection, gormstore.UUID(account.ID), tenant, string(c.Date)}
	q := gormstore.NewQuery("SELECT r.*, coalesce(d.deliveries, '') FROM (SELECT " + closedRecordColumns +
		" FROM transactions")
	q.Add(ofAccount+presentInEffect, append(slices.Clip(args), at)...)
	q.Add(" UNION ALL SELECT "+closedRecordColumns+" FROM transaction_versions"+ofAccount+replacedInEffect,
		append(slices.Clip(args), at, at)...)
	q.Add(`) AS r LEFT JOIN (SELECT pull_id, `+concat+` AS deliveries FROM (
		SELECT id, pull_id, row_number() OVER (PARTITION BY pull_id ORDER BY id) AS place FROM deliveries
		WHERE connection_id = ? AND pull_id IS NOT NULL AND `+d.TenantIs("tenant_id", "?")+`
	) AS numbered WHERE place <= ? GROUP BY pull_id) AS d ON d.pull_id = r.pull_id ORDER BY r.id`,
		connection, tenant, domain.MaxVersionDeliveries)
	return q
}
