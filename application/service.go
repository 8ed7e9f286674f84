// Package application implements the use cases. It calls the driven ports. It does not depend on HTTP, databases,
// queues, loggers or the environment. An embedding service builds a Service from its own adapters with New, and calls
// the Service through the driving interfaces of package ports.
//
// A transaction takes this path:
//   - Receive (webhook_receiver.go) stores a delivery and queues its pull.
//   - RunPull (pull_run.go) claims the pull under a lease and makes an attempt (pull_attempt.go).
//   - The attempt reads the status of the account reference from the vendor, and plans the steps for the scope.
//   - The pager (pull_pager.go) prefetches the pages.
//   - The differ (pull_differ.go) finds the rows that changed.
//   - The attempt stores each page together with the pull's progress.
//
// If the process dies between two pages, nothing is lost. The lease expires, and another worker claims the pull and
// resumes it at the next page.
package application

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deps holds everything that a Service needs. All members are required unless stated otherwise.
type Deps struct {
	Connections ports.Connections
	Tokens      ports.Tokens
	Deliveries  ports.Deliveries
	Idempotency ports.IdempotencyStore
	Pulls       ports.Pulls
	Ledger      ports.Ledger
	Erasures    ports.Erasures
	AuditLog    ports.AuditLog

	AuditTree ports.AuditTree
	// AuditKeys are the keys that sign and verify the checkpoints of the audit entries; the first one signs. If there
	// are none, the service generates a key and keeps it sealed in AuditLog.
	AuditKeys []domain.Secret

	Subscriptions ports.Subscriptions

	Sealer      ports.Sealer
	Egress      ports.EgressGuard
	Aggregators []ports.Aggregator // one per vendor, at least one
	Connectors  []ports.Connector  // one per type; if there are none, engine connections cannot be created
	Sinks       []ports.Sink       // one per kind; if there are none, subscriptions cannot be created

	// EventEncoder encodes the data of events. It is required if there are Sinks.
	EventEncoder ports.EventEncoder

	// Sources contains the policies for verifying the source of each vendor's webhooks. Webhooks of a
	// vendor without a policy are refused. May be nil.
	Sources map[domain.Vendor]domain.SourcePolicy

	// BaseURLs contains the origins that base URLs of a vendor's connections may have, in the form of domain.Origin. If
	// a vendor has no entry, its connections may have any address that Egress allows. May be nil.
	BaseURLs map[domain.Vendor][]string

	Clock    ports.Clock
	Sleeper  ports.Sleeper
	IDs      ports.IDs
	Entropy  ports.Entropy
	Observer ports.Observer

	// Tracer records each pull as part of a trace: the trace of the request that queued the pull. If Tracer is nil,
	// nothing is traced.
	Tracer ports.Tracer

	// Go starts fn concurrently. If Go is nil, each fn runs in a new goroutine. Go returns a function that waits until
	// fn has ended. The returned function panics if fn has panicked. It can be called more than once.
	Go func(fn func()) (wait func())

	// PullWorkers is the number of pulls that the job queue runs at the same time. A tenant uses at most a quarter of
	// it, but at least one. 0 means 32.
	PullWorkers int

	// Memory bounds the pages of vendors that pulls hold. nil means no bound.
	Memory ports.MemoryBudget

	// DriftGrace is how long the balance of an account must differ from its records before the account is treated as
	// drifting. With 0, the account is treated as drifting immediately.
	DriftGrace time.Duration

	// WebhookSilenceGrace is how long the service waits for the webhook about a vendor's synchronisation. The wait
	// begins at the expected time of the synchronisation. After the wait, the webhook is treated as missing.
	WebhookSilenceGrace time.Duration

	// KeepReplacementsApart means that each new row becomes a separate transaction. If KeepReplacementsApart is false,
	// a new row can continue the transaction of a removed row.
	KeepReplacementsApart bool

	// AllowHTTP allows base URLs with plain http. It is meant for development.
	AllowHTTP bool
}

// Service implements the driving ports.
type Service struct {
	Deps

	aggregators     map[domain.Vendor]ports.Aggregator
	connectors      map[domain.ConnectorType]ports.Connector
	sinks           map[events.SinkKind]ports.Sink
	dispatch        dispatchSignal
	tokenUsage      tokenUsage
	feedWatches     feedWatches
	feedWriter      feedWriter
	sinkShares      tenantShares // limits tests of sinks
	engineShares    tenantShares // limits tests of engine connections
	liveShares      tenantShares // limits vendor calls during an API request, for example in live tests
	statementShares tenantShares
	closeShares     tenantShares
	readShares      tenantShares // limits reads that use much CPU time
	pullLoad        pullLoad     // limits the running pulls
	auditKey        storedAuditKey
	stopWaiting     atomic.Bool // set by StopWaiting when the process is about to shut down
}

var _ interface {
	ports.ConnectionManager
	ports.ConnectionLifecycle
	ports.EngineManager
	ports.TokenManager
	ports.WebhookReceiver
	ports.DeliveryLog
	ports.PullService
	ports.Reader
	ports.Completeness
	ports.Replacements
	ports.Statements
	ports.Closing
	ports.Audit
	ports.Erasing
	ports.SubscriptionManager
	ports.Idempotency
	ports.EventDispatcher
	ports.Worker
	ports.Maintenance
} = (*Service)(nil)

// New builds a Service. If members are missing, or a vendor or connector type occurs twice, it
// returns one error that names all of them. The error is an internal error, because the mistake is
// in the code of the embedding service.
func New(d Deps) (*Service, error) {
	s := &Service{
		Deps:            d,
		aggregators:     make(map[domain.Vendor]ports.Aggregator),
		connectors:      make(map[domain.ConnectorType]ports.Connector),
		sinks:           make(map[events.SinkKind]ports.Sink),
		sinkShares:      tenantShares{limit: sinkTests},
		engineShares:    tenantShares{limit: engineProbes},
		liveShares:      tenantShares{limit: liveTests},
		statementShares: tenantShares{limit: statementStreams, code: domain.TooManyStatements},
		closeShares:     tenantShares{limit: closings, code: domain.TooManyReads},
		readShares:      tenantShares{limit: costlyReads(), code: domain.TooManyReads},
		pullLoad:        pullLoad{shares: tenantShares{limit: pullLimit(d.PullWorkers)}},
	}
	if s.Tracer == nil {
		s.Tracer = noTracer{}
	}
	if s.Go == nil {
		s.Go = goroutine
	}
	wrong := d.missingMembers()
	for _, a := range d.Aggregators {
		if s.aggregators[a.Vendor()] != nil {
			wrong = append(wrong, fmt.Sprintf("Aggregators (%s twice)", a.Vendor()))
		}
		s.aggregators[a.Vendor()] = a
	}
	for _, c := range d.Connectors {
		if s.connectors[c.Type()] != nil {
			wrong = append(wrong, fmt.Sprintf("Connectors (%s twice)", c.Type()))
		}
		s.connectors[c.Type()] = c
	}
	for _, k := range d.Sinks {
		if s.sinks[k.Kind()] != nil {
			wrong = append(wrong, fmt.Sprintf("Sinks (%s twice)", k.Kind()))
		}
		s.sinks[k.Kind()] = k
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("application: missing or duplicate members of Deps: %s", strings.Join(wrong, ", "))
	}
	return s, nil
}

// noTracer is used if Deps.Tracer is nil. It traces nothing.
type noTracer struct{}

func (noTracer) Inject(context.Context) string { return "" }

func (noTracer) StartSpan(ctx context.Context, _, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (d Deps) missingMembers() []string {
	absent := map[string]bool{
		"Connections": d.Connections == nil, "Tokens": d.Tokens == nil, "Deliveries": d.Deliveries == nil,
		"Idempotency": d.Idempotency == nil, "Pulls": d.Pulls == nil, "Ledger": d.Ledger == nil,
		"AuditLog": d.AuditLog == nil, "AuditTree": d.AuditTree == nil,
		"Sealer": d.Sealer == nil, "Egress": d.Egress == nil, "Aggregators": len(d.Aggregators) == 0,
		"Erasures": d.Erasures == nil,
		"Clock":    d.Clock == nil, "Sleeper": d.Sleeper == nil, "IDs": d.IDs == nil,
		"Entropy": d.Entropy == nil, "Observer": d.Observer == nil,
		"Subscriptions": d.Subscriptions == nil, "EventEncoder": d.EventEncoder == nil && len(d.Sinks) > 0,
	}
	maps.DeleteFunc(absent, func(_ string, missing bool) bool { return !missing })
	return slices.Sorted(maps.Keys(absent))
}

// wiredVendor returns the vendor with this name. If no aggregator is registered for it, wiredVendor returns
// a field error that lists the registered vendors.
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
