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
	At         instant       `gorm:"column:made_at"`
}

// TableName returns the name of the table in the schema.
func (eventRow) TableName() string { return "events" }

// eventOrigin contains the values that all events of one change have in common.
type eventOrigin struct {
	tenant, connection uuid.UUID // connection is zero for events that belong to no connection
	at                 time.Time
}

// recordEvents stores events of one tenant, in the same transaction as the changes that they report. The position of
// the transaction in the change feed determines the order of the events.
func recordEvents(tx Tx, d Dialect, origin eventOrigin, events ...records.Event) error {
	if len(events) == 0 {
		return nil
	}
	var position, none int64
	q := newQueryOf(d.ChangeSeq(origin.tenant, "0"))
	err := tx.Read(q.asRead([]any{&position, &none}, func() error { return nil }))
	if err != nil {
		return err
	}
	return insertEvents(tx, position, origin, events)
}

// insertEvents stores events at a position of the change feed. The id of an event depends only on the position, the
// tenant, the type and the subject. It is unique, because a transaction stores at most one event per type and subject.
func insertEvents(tx Tx, position int64, origin eventOrigin, events []records.Event) error {
	rows := make([]eventRow, len(events))
	for i, e := range events {
		name := strconv.FormatInt(position, 10) + " " + string(e.Type) + " " + e.Subject
		rows[i] = eventRow{
			ID: uuid.NewSHA1(origin.tenant, []byte(name)), Tenant: origin.tenant, ChangeSeq: position,
			Type: string(e.Type), Connection: optional(origin.connection), Subject: e.Subject, At: instant{origin.at},
		}
	}
	return createAll(tx.DB, rows)
}

// recordEvents stores events at the page's position in the change feed.
func (p *pageWriter) recordEvents(events ...records.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	return insertEvents(p.tx, p.changeSeq, eventOrigin{p.pull.Tenant, p.pull.Connection, p.At}, events)
}
