// Package memory implements all stores of the ports in memory. It is meant for tests, for simulations, and for programs
// that embed the service and need no persistence.
//
// The package is also a readable reference implementation: its code shows what each method of the ports guarantees. If
// another store behaves differently, one of the two stores has a defect.
//
// Every method is atomic. It holds the store's only mutex, and makes all decisions before it writes. If a method
// returns an error, nothing has changed.
package memory

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Options are the hooks of a Store. The zero value has no hooks.
type Options struct {
	// Nudge is called for every pull that a worker can now run: when the pull is queued, and when it no longer waits
	// for an earlier pull of its connection. The store is not locked during the call. Nudge may be nil.
	Nudge func(domain.PullID)
	// Before is called at the start of each store method with the name of the method ("Pulls.StorePage").
	// If it returns an error, the method returns that error and changes nothing. Before may be nil.
	Before func(op string) error
}

// Store is one in-memory backend. Its methods Connections, Tokens and so on return views of the
// same rows, one for each port. The views are safe for concurrent use.
type Store struct {
	options Options

	mu           sync.Mutex
	connections  map[domain.ConnectionID]*domain.Connection
	activity     map[domain.ConnectionID]domain.ConnectionActivity
	tokens       map[domain.TokenHash]*domain.WebhookToken
	deliveries   map[domain.DeliveryID]*domain.Delivery
	byKey        map[domain.DeliveryKey]*domain.Delivery
	lastTokens   map[domain.ConnectionID]domain.TokenID // see domain.WebhookView
	responses    map[request]*claim
	pulls        map[domain.PullID]*pull
	openPulls    map[domain.ConnectionID]*openPulls
	accounts     map[domain.ConnectionID]map[string]*records.Account
	transactions map[domain.ConnectionID]map[string]*transaction
	pastIDs      map[domain.ConnectionID]map[string]domain.TransactionID // keyed by former external id
	carriedOver  map[domain.ConnectionID]map[string]bool                 // external ids; see isCarriedOver
	splitPairs   map[domain.ConnectionID]map[domain.MatchPair]bool
	suggestions  map[domain.ConnectionID]map[ports.RecordPair]records.Suggestion
	absences     map[domain.ConnectionID]map[string]domain.Absence
	// announcedRows contains the announced removals of each connection, by external id.
	announcedRows map[domain.ConnectionID]map[string]domain.AnnouncedRemoval
	quarantine    map[domain.ConnectionID]map[domain.QuarantineKey]*domain.QuarantinedRow
	changes       map[domain.TenantID][]change
	completeness  map[domain.AccountID]books.Completeness
	balances      map[domain.AccountID]map[domain.Date]books.AccountBalance
	closings      map[domain.AccountID]*closing
	audits        map[domain.TenantID]*audit
	auditKey      domain.Sealed
	applications  map[domain.ApplicationID]*domain.Application
	hashKey       domain.Sealed   // see ports.Applications.HashKey
	nudged        []domain.PullID // the pulls for which Nudge must still be called; protected by the mutex
	erasures      map[domain.ErasureID]*domain.Erasure
	linkSessions  map[domain.LinkSessionID]*domain.LinkSession
	events        map[domain.TenantID]*outbox
	announced     map[domain.AccountID]books.CompletenessState // the state that the last event reported
	subscriptions map[events.SubscriptionID]*subscription
	staged        map[domain.ConnectionID]map[string]stagedRow
	pastRefs      map[domain.ConnectionID][]string // earlier account references of the connection
	erasedRefs    map[erasedRef]bool
	clocks        map[domain.ConnectionID]time.Time // see tick
}

// erasedRef identifies an account reference of an erased connection by its tenant and the digest of the reference.
type erasedRef struct {
	tenant domain.TenantID
	digest domain.ReferenceDigest
}

// New returns an empty store.
func New(o Options) *Store {
	return &Store{
		options:       o,
		clocks:        map[domain.ConnectionID]time.Time{},
		connections:   map[domain.ConnectionID]*domain.Connection{},
		activity:      map[domain.ConnectionID]domain.ConnectionActivity{},
		tokens:        map[domain.TokenHash]*domain.WebhookToken{},
		deliveries:    map[domain.DeliveryID]*domain.Delivery{},
		byKey:         map[domain.DeliveryKey]*domain.Delivery{},
		lastTokens:    map[domain.ConnectionID]domain.TokenID{},
		responses:     map[request]*claim{},
		pulls:         map[domain.PullID]*pull{},
		openPulls:     map[domain.ConnectionID]*openPulls{},
		accounts:      map[domain.ConnectionID]map[string]*records.Account{},
		transactions:  map[domain.ConnectionID]map[string]*transaction{},
		pastIDs:       map[domain.ConnectionID]map[string]domain.TransactionID{},
		carriedOver:   map[domain.ConnectionID]map[string]bool{},
		splitPairs:    map[domain.ConnectionID]map[domain.MatchPair]bool{},
		suggestions:   map[domain.ConnectionID]map[ports.RecordPair]records.Suggestion{},
		absences:      map[domain.ConnectionID]map[string]domain.Absence{},
		announcedRows: map[domain.ConnectionID]map[string]domain.AnnouncedRemoval{},
		quarantine:    map[domain.ConnectionID]map[domain.QuarantineKey]*domain.QuarantinedRow{},
		changes:       map[domain.TenantID][]change{},
		completeness:  map[domain.AccountID]books.Completeness{},
		balances:      map[domain.AccountID]map[domain.Date]books.AccountBalance{},
		closings:      map[domain.AccountID]*closing{},
		audits:        map[domain.TenantID]*audit{},
		erasures:      map[domain.ErasureID]*domain.Erasure{},
		linkSessions:  map[domain.LinkSessionID]*domain.LinkSession{},
		events:        map[domain.TenantID]*outbox{},
		announced:     map[domain.AccountID]books.CompletenessState{},
		subscriptions: map[events.SubscriptionID]*subscription{},
		staged:        map[domain.ConnectionID]map[string]stagedRow{},
		applications:  map[domain.ApplicationID]*domain.Application{},
		pastRefs:      map[domain.ConnectionID][]string{},
		erasedRefs:    map[erasedRef]bool{},
	}
}

// Connections returns the implementation of ports.Connections on this store.
func (s *Store) Connections() ports.Connections { return connections{s} }

// Tokens returns the implementation of ports.Tokens on this store.
func (s *Store) Tokens() ports.Tokens { return tokens{s} }

// Deliveries returns the implementation of ports.Deliveries on this store.
func (s *Store) Deliveries() ports.Deliveries { return deliveries{s} }

// Idempotency returns the implementation of ports.IdempotencyStore on this store.
func (s *Store) Idempotency() ports.IdempotencyStore { return idempotency{s} }

// Pulls returns the implementation of ports.Pulls on this store.
func (s *Store) Pulls() ports.Pulls { return pulls{s} }

// Ledger returns the implementation of ports.Ledger on this store.
func (s *Store) Ledger() ports.Ledger { return ledger{s} }

// AuditLog returns the implementation of ports.AuditLog on this store.
func (s *Store) AuditLog() ports.AuditLog { return auditLog{s} }

// Applications returns the implementation of ports.Applications on this store.
func (s *Store) Applications() ports.Applications { return applications{s} }

// Erasures returns the implementation of ports.Erasures on this store.
func (s *Store) Erasures() ports.Erasures { return erasures{s} }

// LinkSessions returns the implementation of ports.LinkSessions on this store.
func (s *Store) LinkSessions() ports.LinkSessions { return linkSessions{s} }

// Ping implements ports.Prober: it returns nil, unless Options.Before returns an error.
func (s *Store) Ping(ctx context.Context) error {
	return s.exclusive(ctx, "Ping", func() error { return nil })
}

// exclusive runs one store method: it calls fn with the mutex locked. It then unlocks the mutex and calls Nudge for the
// pulls that got a job. The function fn must make all decisions before it writes: if it returns an error, it must have
// changed nothing. op is the name of the store method, for Options.Before. Errors: those of ctx, Options.Before and fn.
func (s *Store) exclusive(ctx context.Context, op string, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.options.Before != nil {
		if err := s.options.Before(op); err != nil {
			return err
		}
	}
	nudged, err := s.locked(fn)
	if s.options.Nudge != nil {
		for _, id := range nudged {
			s.options.Nudge(id)
		}
	}
	return err
}

// locked calls fn with the mutex locked. It returns the error of fn and the pulls for which Nudge must be called. The
// mutex is unlocked even if fn panics. A panic is possible, because fn may call functions of the store's user.
func (s *Store) locked(fn func() error) (nudged []domain.PullID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nudged = nil
	err = fn()
	return s.nudged, err
}

// exclusiveResult is like exclusive, for methods that return a result.
func exclusiveResult[T any](ctx context.Context, s *Store, op string, do func() (T, error)) (result T, err error) {
	err = s.exclusive(ctx, op, func() (err error) {
		result, err = do()
		return err
	})
	return result, err
}

// reseal is a compare-and-swap: it replaces *stored with a copy of fresh if *stored still equals previous. It reports
// whether it has replaced *stored.
func reseal(stored *domain.Sealed, previous, fresh domain.Sealed) bool {
	if !bytes.Equal(*stored, previous) {
		return false
	}
	*stored = slices.Clone(fresh)
	return true
}

// innerMap returns the map of a key. It creates an empty map if there is none. The caller may add to the result.
func innerMap[K, I comparable, V any](all map[K]map[I]V, key K) map[I]V {
	if all[key] == nil {
		all[key] = map[I]V{}
	}
	return all[key]
}

// entryOf returns the value of a key. It creates a zero value if there is none.
func entryOf[K comparable, V any](all map[K]*V, key K) *V {
	if all[key] == nil {
		all[key] = new(V)
	}
	return all[key]
}

func conflict(code domain.Code) error { return &domain.Error{Kind: domain.Conflict, Code: code} }
