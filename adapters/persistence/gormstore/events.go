package gormstore

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
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

// newEvent is an event to store.
type newEvent struct {
	tenant, connection uuid.UUID
	kind               domain.EventType
	subject            string
	at                 time.Time
}

// recordEvents stores events of one tenant, in the same transaction as the changes that they report. The position of
// the transaction in the change feed determines the order of the events.
func recordEvents(tx Tx, d Dialect, events ...newEvent) error {
	if len(events) == 0 {
		return nil
	}
	var position, none int64
	q := newQueryOf(d.ChangeSeq(events[0].tenant, "0"))
	err := tx.Read(q.asRead([]any{&position, &none}, func() error { return nil }))
	if err != nil {
		return err
	}
	return insertEvents(tx, position, events)
}

// insertEvents stores events at a position of the change feed. The id of an event depends only on the position, the
// tenant, the type and the subject. It is unique, because a transaction stores at most one event per type and subject.
func insertEvents(tx Tx, position int64, events []newEvent) error {
	rows := make([]eventRow, len(events))
	for i, e := range events {
		name := strconv.FormatInt(position, 10) + " " + string(e.kind) + " " + e.subject
		rows[i] = eventRow{
			ID: uuid.NewSHA1(e.tenant, []byte(name)), Tenant: e.tenant, ChangeSeq: position, Type: string(e.kind),
			Connection: optional(e.connection), Subject: e.subject, At: instant{e.at},
		}
	}
	return createAll(tx.DB, rows)
}

// recordEvents stores an event of this type for each subject, at the page's position in the change feed.
func (p *pageWriter) recordEvents(kind domain.EventType, subjects ...string) error {
	if len(subjects) == 0 {
		return nil
	}
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	events := make([]newEvent, len(subjects))
	for i, subject := range subjects {
		events[i] = newEvent{p.pull.Tenant, p.pull.Connection, kind, subject, p.At}
	}
	return insertEvents(p.tx, p.changeSeq, events)
}

// healthEvents returns the event that reports a change of a connection's health from oldHealth to newHealth. It returns
// nil if the change needs no event, or if the connection is not an aggregator connection.
func healthEvents(c connectionRow, oldHealth, newHealth domain.Health, at time.Time) []newEvent {
	kind, changed := domain.HealthEvent(oldHealth, newHealth)
	if !changed || c.Kind != string(domain.Aggregator) {
		return nil
	}
	return []newEvent{{c.Tenant, c.ID, kind, c.ID.String(), at}}
}
