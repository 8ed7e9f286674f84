package gormstore

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// eventRow is a row of events: an event that is not a change of a transaction.
type eventRow struct {
	ID         uuid.UUID     `gorm:"column:id"`
	Tenant     uuid.UUID     `gorm:"column:tenant_id"`
	ChangeSeq  int64         `gorm:"column:change_tx"`
	Type       string        `gorm:"column:type"`
	Connection uuid.NullUUID `gorm:"column:connection_id"`
	Subject    string        `gorm:"column:subject"`
	At         Instant       `gorm:"column:made_at"`
}

// TableName returns the name of the table in the schema.
func (eventRow) TableName() string { return "events" }

// EventOrigin contains the values that all events of one change have in common.
type EventOrigin struct {
	Tenant, Connection uuid.UUID // connection is zero for events that belong to no connection
	At                 time.Time
}

// RecordEvents stores events of one tenant, in the same transaction as the changes that they report. The position of
// the transaction in the change feed determines the order of the events.
func RecordEvents(tx Tx, d Dialect, origin EventOrigin, events ...records.Event) error {
	if len(events) == 0 {
		return nil
	}
	var position int64
	if err := d.ReadChangeSeq(tx, origin.Tenant, &position, Values{}); err != nil {
		return err
	}
	return InsertEvents(tx, position, origin, events)
}

// nothing does nothing. It is the function Read.Take of a read that only fills its variables.
func nothing() error { return nil }

// InsertEvents stores events at a position of the change feed. The id of an event depends only on the position, the
// tenant, the type and the subject. The id is unique, because a transaction stores at most one event per type and
// subject.
func InsertEvents(tx Tx, position int64, origin EventOrigin, events []records.Event) error {
	rows := make([]eventRow, len(events))
	for i, e := range events {
		name := strconv.FormatInt(position, 10) + " " + string(e.Type) + " " + e.Subject
		rows[i] = eventRow{
			ID: uuid.NewSHA1(origin.Tenant, []byte(name)), Tenant: origin.Tenant, ChangeSeq: position,
			Type: string(e.Type), Connection: Optional(origin.Connection), Subject: e.Subject, At: Instant{origin.At},
		}
	}
	return CreateAll(tx.DB, rows)
}
