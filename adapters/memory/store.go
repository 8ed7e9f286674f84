// Package memory implements all stores of the ports as maps protected by one mutex. It is the
// readable model of the contract: it shows what each method guarantees without the details of
// a database. If another store behaves differently, one of the two has a defect. It serves
// tests, simulations and embedders that need no persistence.
//
// A method is atomic because it holds the mutex, and because it decides before it
// writes: if it returns an error, nothing has changed.
package memory

import (
	"context"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Options are the hooks of a Store; the zero value has none.
type Options struct {
	// Nudge is called for every pull that gets a job: one that was queued, or that the end
	// of another released. The store is not locked during the call. nil: no calls.
	Nudge func(domain.PullID)
	// Before is called at the start of each store method with its name ("Pulls.StorePage").
	// If it returns an error, the method returns that error and changes nothing. nil: no
	// method fails.
	Before func(op string) error
}

// Store is one backend. Its views share their rows and are safe for concurrent use.
type Store struct {
	options Options

	mu           sync.Mutex
	connections  map[domain.ConnectionID]*domain.Connection
	activity     map[domain.ConnectionID]ports.Activity
	tokens       map[domain.TokenHash]*domain.WebhookToken
	deliveries   map[domain.DeliveryID]*domain.Delivery
	fingerprints map[fingerprint]*domain.Delivery
	responses    map[request]*claim
	pulls        map[domain.PullID]*pull
	openPulls    map[domain.ConnectionID]*openPulls
	accounts     map[domain.ConnectionID]map[string]*domain.Account
	transactions map[domain.ConnectionID]map[string]*transaction
	changes      map[domain.TenantID][]change
	nudged       []domain.PullID // written by the method that holds the mutex
}

// New returns an empty store.
func New(o Options) *Store {
	return &Store{
		options:      o,
		connections:  map[domain.ConnectionID]*domain.Connection{},
		activity:     map[domain.ConnectionID]ports.Activity{},
		tokens:       map[domain.TokenHash]*domain.WebhookToken{},
		deliveries:   map[domain.DeliveryID]*domain.Delivery{},
		fingerprints: map[fingerprint]*domain.Delivery{},
		responses:    map[request]*claim{},
		pulls:        map[domain.PullID]*pull{},
		openPulls:    map[domain.ConnectionID]*openPulls{},
		accounts:     map[domain.ConnectionID]map[string]*domain.Account{},
		transactions: map[domain.ConnectionID]map[string]*transaction{},
		changes:      map[domain.TenantID][]change{},
	}
}

// Connections returns the store as ports.Connections.
func (s *Store) Connections() ports.Connections { return connections{s} }

// Tokens returns the store as ports.Tokens.
func (s *Store) Tokens() ports.Tokens { return tokens{s} }

// Deliveries returns the store as ports.Deliveries.
func (s *Store) Deliveries() ports.Deliveries { return deliveries{s} }

// Idempotency returns the store as ports.IdempotencyStore.
func (s *Store) Idempotency() ports.IdempotencyStore { return idempotency{s} }

// Pulls returns the store as ports.Pulls.
func (s *Store) Pulls() ports.Pulls { return pulls{s} }

// Ledger returns the store as ports.Ledger.
func (s *Store) Ledger() ports.Ledger { return ledger{s} }

// Ping implements ports.Prober: it returns nil, unless Options.Before returns an error.
func (s *Store) Ping(ctx context.Context) error {
	return s.exclusive(ctx, "Ping", func() error { return nil })
}

// exclusive runs one method while no other runs, and afterwards calls Nudge for the jobs it
// created.
func (s *Store) exclusive(ctx context.Context, op string, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.options.Before != nil {
		if err := s.options.Before(op); err != nil {
			return err
		}
	}
	nudged, err := s.locked(do)
	if s.options.Nudge != nil {
		for _, id := range nudged {
			s.options.Nudge(id)
		}
	}
	return err
}

// locked releases the mutex also if a caller's closure panics.
func (s *Store) locked(do func() error) (nudged []domain.PullID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nudged = nil
	err = do()
	return s.nudged, err
}

// exclusiveResult is exclusive for a method with a result.
func exclusiveResult[T any](ctx context.Context, s *Store, op string, do func() (T, error)) (result T, err error) {
	err = s.exclusive(ctx, op, func() (err error) {
		result, err = do()
		return err
	})
	return result, err
}

func conflict(code domain.Code) error { return &domain.Error{Kind: domain.Conflict, Code: code} }
