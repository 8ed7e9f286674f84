// Package application is the use cases: it drives the driven ports and knows nothing of
// HTTP, databases, queues, loggers or the environment. An embedding service builds a
// Service from its own adapters with New and calls it through ports.Service.
//
// The path of a transaction: Receive stores a delivery and queues its pull; RunPull
// claims the pull under a lease, asks the vendor's aggregator how the account reference
// stands, plans the steps that the ask needs, and stores each page together with the
// pull's progress, while the next ones are read. A process that dies between two pages loses nothing: the lease ends,
// and whoever claims the pull next goes on at the page after.
package application

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deps is everything a Service needs. All members are required, but for those that say so.
type Deps struct {
	Connections ports.Connections
	Tokens      ports.Tokens
	Deliveries  ports.Deliveries
	Idempotency ports.IdempotencyStore
	Pulls       ports.Pulls
	Ledger      ports.Ledger

	Sealer      ports.Sealer
	Egress      ports.EgressGuard
	Aggregators []ports.Aggregator // one a vendor, at least one
	Connectors  []ports.Connector  // one a type; none means no engine connections

	// Sources says how each vendor proves a knock; a vendor without a policy is refused.
	// May be nil.
	Sources map[domain.Vendor]domain.SourcePolicy

	Clock    ports.Clock
	Sleeper  ports.Sleeper
	IDs      ports.IDs
	Entropy  ports.Entropy
	Observer ports.Observer

	// Tracer joins a pull to the request that asked for it. Nil traces nothing.
	Tracer ports.Tracer

	// Beside begins work beside the caller, and gives the wait for its end, which hands on
	// a panic of the work and may be called again. Nil takes a goroutine; who plays the
	// service in one thread puts a schedule in its place.
	Go func(work func()) (wait func())

	// AllowHTTP admits plain http base URLs; for development.
	AllowHTTP bool
}

// Service implements ports.Service.
type Service struct {
	Deps

	aggregators map[domain.Vendor]ports.Aggregator
	connectors  map[domain.ConnectorType]ports.Connector
	tokenUsage     tokenUsage
	stopWaiting     atomic.Bool // nobody is to be kept waiting
}

var _ ports.Service = (*Service)(nil)

// New builds a Service. Errors: one that names every missing member and every vendor or
// connector type that is there twice; internal, for it is the embedder's mistake.
func New(d Deps) (*Service, error) {
	s := &Service{
		Deps:        d,
		aggregators: make(map[domain.Vendor]ports.Aggregator),
		connectors:  make(map[domain.ConnectorType]ports.Connector),
	}
	if s.Tracer == nil {
		s.Tracer = noTracer{}
	}
	if s.Go == nil {
		s.Go = goroutine
	}
	fieldErrors := d.missingMembers()
	for _, a := range d.Aggregators {
		if s.aggregators[a.Vendor()] != nil {
			fieldErrors = append(fieldErrors, fmt.Sprintf("Aggregators (%s twice)", a.Vendor()))
		}
		s.aggregators[a.Vendor()] = a
	}
	for _, c := range d.Connectors {
		if s.connectors[c.Type()] != nil {
			fieldErrors = append(fieldErrors, fmt.Sprintf("Connectors (%s twice)", c.Type()))
		}
		s.connectors[c.Type()] = c
	}
	if len(fieldErrors) > 0 {
		return nil, fmt.Errorf("application: missing or wrong in Deps: %s", strings.Join(fieldErrors, ", "))
	}
	return s, nil
}

// untraced stands in for the tracer that an embedder may leave out.
type noTracer struct{}

func (noTracer) Carry(context.Context) string { return "" }

func (noTracer) Resume(ctx context.Context, _, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (d Deps) missingMembers() []string {
	absent := map[string]bool{
		"Connections": d.Connections == nil, "Tokens": d.Tokens == nil, "Deliveries": d.Deliveries == nil,
		"Idempotency": d.Idempotency == nil, "Pulls": d.Pulls == nil, "Ledger": d.Ledger == nil,
		"Sealer": d.Sealer == nil, "Egress": d.Egress == nil, "Aggregators": len(d.Aggregators) == 0,
		"Clock": d.Clock == nil, "Sleeper": d.Sleeper == nil, "IDs": d.IDs == nil,
		"Entropy": d.Entropy == nil, "Observer": d.Observer == nil,
	}
	maps.DeleteFunc(absent, func(_ string, missing bool) bool { return !missing })
	return slices.Sorted(maps.Keys(absent))
}

// vendor gives the wired aggregator's vendor, or the fault that lists what is wired.
func (s *Service) wiredVendor(name string) (domain.Vendor, *domain.Error) {
	if _, ok := s.aggregators[domain.Vendor(name)]; ok {
		return domain.Vendor(name), nil
	}
	known := make([]string, 0, len(s.aggregators))
	for v := range s.aggregators {
		known = append(known, string(v))
	}
	slices.Sort(known)
	return "", &domain.Error{
		Kind: domain.Invalid, Code: domain.TypeUnknown, Field: "vendor",
		Message: "must be one of: " + strings.Join(known, ", "),
	}
}
