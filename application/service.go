// Package application implements the use cases. It calls the driven ports. It does not depend on HTTP, databases,
// queues, loggers or the environment. An embedding service builds a Service from its own adapters with New, and calls
// the Service through the driving interfaces of package ports.
//
// A transaction takes this path:
//   - Receive (webhook_receiver.go) stores a delivery and queues its pull.
//   - Package pulling claims the pull under a lease, reads the pages of the vendor, and stores each page together with
//     the pull's progress.
//   - Package events sends the events of the subscriptions about the rows that changed.
//
// If the process dies between two pages, nothing is lost. The lease expires, and another worker claims the pull and
// resumes it at the next page.
//
// Package auditing makes the audit entries of all use cases. Package concurrency limits the work that runs at the same
// time for one tenant.
package application

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/auditing"
	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/application/events"
	"github.com/LerianStudio/aggregator-connections/application/pulling"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deps holds everything that a Service needs. All members are required unless stated otherwise.
type Deps struct {
	Connections ports.Connections
	// Applications must belong to the same backend as Connections and Tokens.
	Applications ports.Applications
	Tokens       ports.Tokens
	Deliveries   ports.Deliveries
	Idempotency  ports.IdempotencyStore
	RateBudgets  ports.RateBudgets // only to prune them; nil if the replicas share none
	Pulls        ports.Pulls
	Ledger       ports.Ledger
	Erasures     ports.Erasures
	AuditLog     ports.AuditLog
	LinkSessions ports.LinkSessions
	// BankStatements must belong to the same backend as Ledger.
	BankStatements  ports.BankStatements
	StatementReader ports.StatementReader
	// SealedValues must belong to the same backend as the other stores.
	SealedValues ports.SealedValues

	AuditTree ports.AuditTree
	// AuditKeys are the keys that sign and verify the checkpoints of the audit entries; the first one signs. If there
	// are none, the service generates a key and keeps it sealed in SealedValues.
	AuditKeys []domain.Secret

	Subscriptions ports.Subscriptions

	Sealer      ports.Sealer
	Egress      ports.EgressGuard
	Aggregators []ports.Aggregator // one per vendor, at least one
	Connectors  []ports.Connector  // one per type; if there are none, engine connections cannot be created
	Sinks       []ports.Sink       // one per kind; if there are none, subscriptions cannot be created

	// MatcherEntries is required if one of the Sinks is a ports.MatcherSink.
	MatcherEntries ports.MatcherEntries
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

	// Every calls fn at each interval, never twice at a time. It returns a function that ends the calls, and waits for
	// the last one. If Every is nil, the lease of a pull is not extended while it waits for a slow vendor.
	Every func(interval time.Duration, fn func()) (stop func())

	// PullWorkers is the number of pulls that the job queue runs at the same time. A tenant uses at most a quarter of
	// it, but at least one. 0 means 32.
	PullWorkers int

	// Memory bounds the pages of vendors that pulls hold, and the events that wait to be sent. nil means no bound.
	Memory ports.MemoryBudget

	// DriftGrace is how long the balance of an account must differ from its records before the account is treated as
	// drifting. With 0, the account is treated as drifting immediately.
	DriftGrace time.Duration
	// CloseDocument is the format of the document that lists the records of a closed period. The audit entry of the
	// close contains the hash of the document, and the evidence pack contains the document.
	CloseDocument ports.StatementFormat
	// CloseOffset is the offset from UTC of the time zone whose days can be closed.
	CloseOffset time.Duration
	// CoverAfter is how long into a banking day the bank books the transactions of the days before. A later reading of
	// the bank covers these days.
	CoverAfter time.Duration
	// StaleAfter is how old the last reading of the bank may be before a connection is stale; 0 means never.
	StaleAfter time.Duration

	// WebhookSilenceGrace is how long the service waits for the webhook about a vendor's synchronisation. The wait
	// begins at the expected time of the synchronisation. After the wait, the webhook is treated as missing.
	WebhookSilenceGrace time.Duration

	// KeepReplacementsApart means that each new row becomes a separate transaction. If KeepReplacementsApart is false,
	// a new row can continue the transaction of a removed row.
	KeepReplacementsApart bool

	// AllowHTTP allows base URLs with plain http. It is meant for development.
	AllowHTTP bool
}

// The driving ports that other packages implement. Service embeds them.
type (
	auditReader         = ports.Audit
	subscriptionManager = ports.SubscriptionManager
	eventDispatcher     = ports.EventDispatcher
	worker              = ports.Worker
)

// Service implements the driving ports.
type Service struct {
	Deps

	auditReader
	subscriptionManager
	eventDispatcher
	worker

	aggregators     map[domain.Vendor]ports.Aggregator
	matching        func(context.Context, domain.Vendor) *ports.Matching // see pulling.Engine.Matching
	reportEvents    func(context.Context, domain.PullID) error           // see pulling.Engine.ReportEvents
	wakeWaiting     func(context.Context, domain.PullID) error           // see pulling.Engine.WakeWaiting
	connectors      map[domain.ConnectorType]ports.Connector
	audits          auditing.Recorder
	auditLog        *auditing.Log
	events          *events.Service
	tokenUsage      tokenUsage
	hashKey         cachedHashKey
	identified      identifiedClients // the progress of IdentifyClients
	feedWatches     feedWatches
	feedWriter      feedWriter
	engineShares    *concurrency.Shares // limits tests of engine connections
	liveShares      *concurrency.Shares // limits vendor calls during an API request, for example in live tests
	statementShares *concurrency.Shares
	closeShares     *concurrency.Shares
	readShares      *concurrency.Shares // limits reads that use much CPU time
	stopWaiting     atomic.Bool         // set by StopWaiting when the process is about to shut down
}

var _ interface {
	ports.ConnectionManager
	ports.ConnectionLifecycle
	ports.Linking
	ports.ApplicationManager
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
	ports.BankStatementManager
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
	if d.Tracer == nil {
		d.Tracer = noTracer{}
	}
	if d.Go == nil {
		d.Go = concurrency.Go
	}
	wrong := d.missingMembers()
	s := &Service{
		Deps:            d,
		aggregators:     byName("Aggregators", d.Aggregators, ports.Aggregator.Vendor, &wrong),
		connectors:      byName("Connectors", d.Connectors, ports.Connector.Type, &wrong),
		audits:          auditing.Recorder{Log: d.AuditLog, Clock: d.Clock, IDs: d.IDs, Observer: d.Observer},
		engineShares:    concurrency.NewShares(engineProbes, ""),
		liveShares:      concurrency.NewShares(liveTests, ""),
		statementShares: concurrency.NewShares(statementStreams, domain.TooManyStatements),
		closeShares:     concurrency.NewShares(closings, domain.TooManyReads),
		readShares:      concurrency.NewShares(costlyReads(), domain.TooManyReads),
	}
	sinks := byName("Sinks", d.Sinks, ports.Sink.Kind, &wrong)
	if len(wrong) > 0 {
		return nil, fmt.Errorf("application: missing or duplicate members of Deps: %s", strings.Join(wrong, ", "))
	}
	s.auditLog = auditing.New(auditing.Deps{
		Recorder: s.audits, Tree: d.AuditTree, Sealer: d.Sealer, SealedValues: d.SealedValues, Entropy: d.Entropy,
		Keys: d.AuditKeys,
		WithShare: func(ctx context.Context, tenant domain.TenantID, do func() error) error {
			return s.withShare(ctx, s.readShares, tenant, do)
		},
	})
	s.events = events.New(events.Deps{
		DescribeAccount: s.describeAccount,
		Subscriptions:   d.Subscriptions, Connections: d.Connections, Ledger: d.Ledger, Pulls: d.Pulls,
		BankStatements: d.BankStatements,
		Sinks:          sinks, Encoder: d.EventEncoder, Memory: d.Memory, CostlyReads: s.readShares, Audits: s.audits,
		Sealer: d.Sealer,
		Clock:  d.Clock, Sleeper: d.Sleeper, IDs: d.IDs, Entropy: d.Entropy, Observer: d.Observer,
		MatcherEntries: d.MatcherEntries,
	})
	s.auditReader, s.subscriptionManager, s.eventDispatcher = s.auditLog, s.events, s.events
	engine := pulling.New(pulling.Deps{
		Coverage: s.coverage(), DriftGrace: s.DriftGrace,
		Pulls: d.Pulls, Connections: d.Connections, Aggregators: s.aggregators, OpenCredential: s.open,
		Changed: s.events.Changed,
		Environment: pulling.Environment{
			Clock: d.Clock, Sleeper: d.Sleeper, IDs: d.IDs, Entropy: d.Entropy,
			Observer: d.Observer, Tracer: d.Tracer, Go: d.Go, Every: d.Every,
		},
		Workers: d.PullWorkers, Memory: d.Memory, KeepReplacementsApart: d.KeepReplacementsApart,
	})
	s.worker, s.matching, s.reportEvents = engine, engine.Matching, engine.ReportEvents
	s.wakeWaiting = engine.WakeWaiting
	return s, nil
}

// byName returns the adapters with their names as keys. If two adapters have the same name, byName appends the name to
// wrong, together with the member of Deps that contains them.
func byName[N ~string, A any](member string, adapters []A, name func(A) N, wrong *[]string) map[N]A {
	named := make(map[N]A, len(adapters))
	for _, adapter := range adapters {
		if _, ok := named[name(adapter)]; ok {
			*wrong = append(*wrong, fmt.Sprintf("%s (%s twice)", member, name(adapter)))
		}
		named[name(adapter)] = adapter
	}
	return named
}

// noTracer is used if Deps.Tracer is nil. It traces nothing.
type noTracer struct{}

func (noTracer) Inject(context.Context) string { return "" }

func (noTracer) StartSpan(ctx context.Context, _, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (d Deps) missingMembers() []string {
	absent := map[string]bool{
		"Connections": d.Connections == nil, "Applications": d.Applications == nil,
		"Tokens": d.Tokens == nil, "Deliveries": d.Deliveries == nil,
		"Idempotency": d.Idempotency == nil, "Pulls": d.Pulls == nil, "Ledger": d.Ledger == nil,
		"AuditLog": d.AuditLog == nil, "AuditTree": d.AuditTree == nil,
		"Sealer": d.Sealer == nil, "Egress": d.Egress == nil, "Aggregators": len(d.Aggregators) == 0,
		"Erasures": d.Erasures == nil, "LinkSessions": d.LinkSessions == nil,
		"BankStatements": d.BankStatements == nil, "StatementReader": d.StatementReader == nil,
		"SealedValues": d.SealedValues == nil,
		"Clock":        d.Clock == nil, "Sleeper": d.Sleeper == nil, "IDs": d.IDs == nil,
		"Entropy": d.Entropy == nil, "Observer": d.Observer == nil,
		"CloseDocument": d.CloseDocument == nil,
		"Subscriptions": d.Subscriptions == nil, "EventEncoder": d.EventEncoder == nil && len(d.Sinks) > 0,
		"MatcherEntries": d.MatcherEntries == nil && slices.ContainsFunc(d.Sinks, isMatcher),
	}
	maps.DeleteFunc(absent, func(_ string, missing bool) bool { return !missing })
	return slices.Sorted(maps.Keys(absent))
}

func isMatcher(sink ports.Sink) bool {
	_, ok := sink.(ports.MatcherSink)
	return ok
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
