package memory

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// outbox contains the events of a tenant that do not report changes of transactions.
type outbox struct {
	events []domain.Event
	pruned int // number of events that were deleted before the first one
}

// recordEvent adds an event to the tenant's outbox. The caller makes the reported change under the same lock. The id of
// the event depends only on the position and the content of the event.
func (s *Store) recordEvent(
	tenant domain.TenantID, connection domain.ConnectionID, t domain.EventType, subject string, at time.Time,
) {
	box := s.events[tenant]
	if box == nil {
		box = &outbox{}
		s.events[tenant] = box
	}
	place := strconv.Itoa(box.pruned + len(box.events))
	box.events = append(box.events, domain.Event{
		ID:     domain.EventID{UUID: uuid.NewSHA1(tenant.UUID, []byte(place+" "+string(t)+" "+subject))},
		Tenant: tenant, Type: t, Connection: connection, Subject: subject, At: at,
	})
}

// recordHealth stores an event if the account holder must now sign in again, or no longer needs to. Resetting the
// health stores no event.
func (s *Store) recordHealth(c *domain.Connection, before domain.Health, at time.Time) {
	if t, changed := domain.HealthEvent(before, c.Health); changed && c.Kind == domain.Aggregator {
		s.recordEvent(c.Tenant, c.ID, t, c.ID.String(), at)
	}
}

// end returns the position after the last event.
func (b *outbox) end() int {
	if b == nil {
		return 0
	}
	return b.pruned + len(b.events)
}

// eventsFrom returns at most limit events, starting at the given position (place), and the position after the last
// returned event.
func (b *outbox) eventsFrom(place, limit int) ([]domain.Event, int) {
	if b == nil {
		return nil, place
	}
	rest := b.events[max(place-b.pruned, 0):]
	rest = rest[:min(len(rest), limit)]
	return rest, max(place, b.pruned) + len(rest)
}
