package gormstore

import (
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// DeliveryRow is a row of deliveries. If the delivery needs no pull, the stored status is final. Otherwise the stored
// status is "accepted", even after the pull has ended.
type DeliveryRow struct {
	ID          uuid.UUID     `gorm:"column:id;primaryKey"`
	Tenant      uuid.UUID     `gorm:"column:tenant_id"`
	Connection  uuid.UUID     `gorm:"column:connection_id"`
	Vendor      string        `gorm:"column:vendor"`
	Event       string        `gorm:"column:event"`
	EventID     string        `gorm:"column:event_id"`
	Fingerprint []byte        `gorm:"column:fingerprint"`
	Body        []byte        `gorm:"column:body"`
	Scope       string        `gorm:"column:scope"`
	Status      string        `gorm:"column:status"`
	Pull        uuid.NullUUID `gorm:"column:pull_id"`
	Received    Instant       `gorm:"column:received_at"`
}

// TableName returns the name of the table in the schema.
func (DeliveryRow) TableName() string { return "deliveries" }

// deliveryView is a delivery joined with the state of its pull. If the delivery has no pull, or the pull has not ended,
// the stored status applies.
type deliveryView struct {
	Row          DeliveryRow `gorm:"embedded"`
	PullState    string      `gorm:"column:pull_state"`
	PullFinished Instant     `gorm:"column:pull_finished_at"`
}

const (
	// SummaryColumns are the columns of a delivery (with the alias d) without its body and its scope, and the columns
	// of its pull (with the alias p). SummaryTargets has a variable for each of them.
	SummaryColumns = `d.id, d.tenant_id, d.connection_id, d.vendor, d.event, d.event_id, d.fingerprint, d.status,
		d.pull_id, d.received_at, coalesce(p.state, '') AS pull_state, p.finished_at AS pull_finished_at`
	fullColumns  = SummaryColumns + ", d.body, d.scope"
	deliveryJoin = "LEFT JOIN pulls p ON p.id = d.pull_id AND p.tenant_id = d.tenant_id"
)

// SummaryTargets returns pointers to variables for the values of SummaryColumns in one row. The returned function
// converts these values to a delivery without body and scope.
func SummaryTargets() (targets []any, delivery func() domain.Delivery) {
	var v deliveryView
	r := &v.Row
	targets = []any{
		&r.ID, &r.Tenant, &r.Connection, &r.Vendor, &r.Event, &r.EventID, &r.Fingerprint, &r.Status, &r.Pull,
		&r.Received, &v.PullState, &v.PullFinished,
	}
	return targets, func() domain.Delivery { return v.summary() }
}

// domain returns the delivery with body and scope. It returns an error if the scope is not valid JSON, which can happen
// only if another program wrote the row.
func (v deliveryView) domain() (domain.Delivery, error) {
	d := v.summary()
	d.Body = v.Row.Body
	err := DecodeJSON(v.Row.Scope, &d.Scope)
	return d, err
}

// summary returns the delivery without body and scope.
func (v deliveryView) summary() domain.Delivery {
	return domain.Delivery{
		ID: domain.DeliveryID{UUID: v.Row.ID}, Tenant: domain.TenantID{UUID: v.Row.Tenant},
		Connection: domain.ConnectionID{UUID: v.Row.Connection}, Vendor: domain.Vendor(v.Row.Vendor),
		Event: v.Row.Event, EventID: v.Row.EventID, Fingerprint: hashOf[domain.Fingerprint](v.Row.Fingerprint),
		Status: statusOf(domain.DeliveryStatus(v.Row.Status), v.PullState), Pull: domain.PullID{UUID: v.Row.Pull.UUID},
		ReceivedAt: v.Row.Received.Time, ProcessedAt: v.PullFinished.Time,
	}
}

// statusOf returns the status of a delivery as callers see it. If the delivery's pull has ended,
// the status is derived from the state of the pull; otherwise it is the stored status. pullState
// is "" for a delivery without a pull.
func statusOf(stored domain.DeliveryStatus, pullState string) domain.DeliveryStatus {
	switch pullState {
	case StateSucceeded:
		return domain.DeliveryProcessed
	case StateFailed:
		return domain.DeliveryFailed
	}
	return stored
}
