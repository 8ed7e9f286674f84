package gormstore

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// deliveryRow is as inserted: its status is final for what asks for nothing, else
// 'accepted' for good.
type deliveryRow struct {
	ID          uuid.UUID     `gorm:"column:id;primaryKey"`
	Tenant      uuid.UUID     `gorm:"column:tenant_id"`
	Connection  uuid.UUID     `gorm:"column:connection_id"`
	Vendor      string        `gorm:"column:vendor"`
	Event       string        `gorm:"column:event"`
	EventID     string        `gorm:"column:event_id"`
	Fingerprint []byte        `gorm:"column:fingerprint"`
	Body        []byte        `gorm:"column:body"`
	Scope       string        `gorm:"column:ask"`
	Status      string        `gorm:"column:status"`
	Pull        uuid.NullUUID `gorm:"column:pull_id"`
	Received    instant       `gorm:"column:received_at"`
}

// TableName is that of the schema.
func (deliveryRow) TableName() string { return "deliveries" }

// deliveryView is a delivery beside what became of its pull. A delivery without a pull,
// and one whose pull is open, show what is stored.
type deliveryView struct {
	Row          deliveryRow `gorm:"embedded"`
	PullState    string      `gorm:"column:pull_state"`
	PullFinished instant     `gorm:"column:pull_finished_at"`
}

const (
	// bareDelivery is what lists show: no body, no ask.
	bareDelivery = `d.id, d.tenant_id, d.connection_id, d.vendor, d.event, d.event_id, d.fingerprint, d.status,
		d.pull_id, d.received_at, p.state AS pull_state, p.finished_at AS pull_finished_at`
	wholeDelivery = bareDelivery + ", d.body, d.ask"
	deliveryJoin  = "LEFT JOIN pulls p ON p.id = d.pull_id"
)

// domain converts with body and ask. Errors: an ask that is not the service's own JSON.
func (v deliveryView) domain() (domain.Delivery, error) {
	d := v.bare()
	d.Body = v.Row.Body
	err := decode(v.Row.Scope, &d.Scope)
	return d, err
}

// bare leaves out body and ask.
func (v deliveryView) bare() domain.Delivery {
	return domain.Delivery{
		ID: domain.DeliveryID{UUID: v.Row.ID}, Tenant: domain.TenantID{UUID: v.Row.Tenant},
		Connection: domain.ConnectionID{UUID: v.Row.Connection}, Vendor: domain.Vendor(v.Row.Vendor),
		Event: v.Row.Event, EventID: v.Row.EventID, Fingerprint: hashOf[domain.Fingerprint](v.Row.Fingerprint),
		Status: StatusOf(domain.DeliveryStatus(v.Row.Status), v.PullState), Pull: domain.PullID{UUID: v.Row.Pull.UUID},
		ReceivedAt: v.Row.Received.Time, ProcessedAt: v.PullFinished.Time,
	}
}

// StatusOf is a delivery's status as callers see it: that of its pull, where it has one
// which is over; else as stored.
func StatusOf(stored domain.DeliveryStatus, pullState string) domain.DeliveryStatus {
	switch pullState {
	case stateSucceeded:
		return domain.DeliveryProcessed
	case stateFailed:
		return domain.DeliveryFailed
	}
	return stored
}

// decode reads JSON that the service wrote itself; "" is the zero value.
func decode(stored string, into any) error {
	if stored == "" {
		return nil
	}
	return json.Unmarshal([]byte(stored), into)
}

// encode writes JSON for decode.
func encode(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}
