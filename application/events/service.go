// Package events manages the subscriptions and sends their events. Each process runs a dispatcher. It claims
// subscriptions, and runs one goroutine for each of them (see the type eventRunner).
package events

import (
	"github.com/LerianStudio/aggregator-connections/application/auditing"
	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deps holds everything that a Service needs. All members are required, except Memory, and Encoder if there are
// no Sinks.
type Deps struct {
	// DescribeAccount sets the members of an account that are set for callers only.
	DescribeAccount func(*domain.Account)

	Subscriptions ports.Subscriptions
	Connections   ports.Connections
	Ledger        ports.Ledger
	Pulls         ports.Pulls

	BankStatements ports.BankStatements
	Sinks          map[events.SinkKind]ports.Sink
	Encoder        ports.EventEncoder
	Memory         ports.MemoryBudget  // bounds the loaded events; nil means no bound
	CostlyReads    *concurrency.Shares // limits the loads of a tenant, together with its other costly reads
	Audits         auditing.Recorder

	// MatcherEntries is needed if one of the sinks is a ports.MatcherSink.
	MatcherEntries ports.MatcherEntries

	Sealer   ports.Sealer
	Clock    ports.Clock
	Sleeper  ports.Sleeper
	IDs      ports.IDs
	Entropy  ports.Entropy
	Observer ports.Observer
}

// Service implements ports.SubscriptionManager and ports.EventDispatcher.
type Service struct {
	Deps

	signal     signal
	sinkShares *concurrency.Shares // limits tests of sinks
}

// New returns a Service.
func New(d Deps) *Service { return &Service{Deps: d, sinkShares: concurrency.NewShares(sinkTests, "")} }

// Changed makes the dispatcher of this process look for new changes immediately. It must be called after records have
// changed.
func (s *Service) Changed() { s.signal.changed() }
