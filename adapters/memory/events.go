package memory

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// outbox contains the events of a tenant, except events about changes of transactions.
type outbox struct {
	events []events.Event
	pruned int // number of events that were deleted before the first one
}

// outboxOf returns the outbox of a tenant. It creates an empty one if the tenant has none.
func (s *Store) outboxOf(tenant domain.TenantID) *outbox { return entryOf(s.events, tenant) }

// recordEvents adds events to the tenant's outbox. The caller makes the reported change under the same lock. The id of
// an event depends only on the position and the content of the event. connection is zero for events that belong to no
// connection.
func (s *Store) recordEvents(
	tenant domain.TenantID, connection domain.ConnectionID, at time.Time, recorded ...records.Event,
) {
	box := s.outboxOf(tenant)
	for _, e := range recorded {
		name := strconv.Itoa(box.pruned+len(box.events)) + " " + string(e.Type) + " " + e.Subject
		box.events = append(box.events, events.Event{
			ID:     events.EventID{UUID: uuid.NewSHA1(tenant.UUID, []byte(name))},
			Tenant: tenant, Type: e.Type, Connection: connection, Subject: e.Subject, At: at,
		})
	}
}

// end returns the position after the last event.
func (b *outbox) end() int { return b.pruned + len(b.events) }

// eventsFrom returns at most limit events, starting at the given position (place), and the position after the last
// returned event.
func (b *outbox) eventsFrom(place, limit int) ([]events.Event, int) {
	rest := b.events[max(place-b.pruned, 0):]
	rest = rest[:min(len(rest), limit)]
	return rest, max(place, b.pruned) + len(rest)
}
