// Package compose is the composition root of the service: the only package that imports all adapters. The command line,
// the end-to-end tests and programs that embed the service use it to build the App (New) and to run it (App.Serve).
// Overrides replaces parts of the App.
package compose

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/evidence"
	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
	"github.com/LerianStudio/aggregator-connections/adapters/membudget"
	"github.com/LerianStudio/aggregator-connections/adapters/rest"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/console"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Overrides replaces parts of the service, for example in tests and in the demo. The zero value replaces nothing.
type Overrides struct {
	LogTo     io.Writer              // destination of the log; nil means standard error
	Clock     ports.Clock            // nil means the wall clock
	Resolver  egress.Resolver        // nil means the resolver of the operating system
	Wrap      func(s *Stores)        // wraps the stores, for example to inject failures
	Observer  ports.Observer         // receives all events, in addition to the log and the metrics
	PerMinute int                    // rate budget of every vendor; 0: the vendor's own budget; negative: no limit
	Connector func() ports.Connector // returns an additional connector type
	Sinks     []ports.Sink           // one per kind; nil means all kinds that the service implements

	// StoreTimeout bounds each method of the stores; 0 means that each store uses its own timeouts. Tests that do not
	// measure speed set a long timeout, so that they pass on a busy machine.
	StoreTimeout time.Duration
}

// App is the composed service. New does not start it; Serve does. If Serve is not called, the caller must call Close.
type App struct {
	Service *application.Service
	Stores  Stores
	Metrics *telemetry.Metrics
	Log     *zap.Logger

	cfg            configs.Config
	handler        http.Handler
	memory         *membudget.Budget
	vendors        *vendorhttp.Client
	proxy          *egress.Proxy // nil without one
	traces         *telemetry.Traces
	shutdownTraces func(context.Context) error // sends the queued traces; nil after it has been called
	fetchKeys      func()                      // starts to fetch the issuer's keys; nil without an issuer
	writes         *writeCheck
	waits          bool         // the start waits for locks of the database
	requests       atomic.Int64 // the requests that are being handled, without long polls
	draining       atomic.Bool
	used           atomic.Bool   // Serve or Close was called
	notAccepting   chan struct{} // closed when Serve has closed its listener
	cancel         context.CancelFunc
}

// New composes the service. It opens the keyset and the database, and migrates the schema if DATABASE_MIGRATE is true.
// ctx bounds only the start; the App does not end when ctx ends. While another session holds a lock that the start
// needs, New waits until ctx ends. On SQLite, New releases the work that a process had claimed before it died: only one
// process at a time may compose the service for a file.
//
// If a setting caused an error, the error begins with the name of the setting. It is a SettingError if the setting must
// be corrected before New can succeed. After an error, nothing stays open.
func New(ctx context.Context, cfg configs.Config, o Overrides) (app *App, err error) {
	a, lifetime := newApp(ctx, cfg, o)
	a.waits = true
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.proxy, err = egress.NewProxy(cfg.Egress.Proxy); err != nil {
		return nil, settingError("EGRESS_PROXY", err)
	}
	if err := a.startTracing(lifetime); err != nil {
		return nil, err
	}
	sealer, err := a.openKeyset()
	if err != nil {
		return nil, err
	}
	verifier, err := a.newVerifier(lifetime)
	if err != nil {
		return nil, err
	}
	authorizer, err := a.newAuthorizer(lifetime)
	if err != nil {
		return nil, err
	}
	if err := a.openService(ctx, sealer, o); err != nil {
		return nil, err
	}
	if err := a.checkKeyset(ctx); err != nil {
		return nil, err
	}
	surface, err := rest.New(a.Service, a.restOptions(verifier, authorizer))
	if err != nil {
		return nil, err
	}
	a.handler = a.traces.Middleware(surface)
	a.warnUncheckedClaims()
	return a, nil
}

// NewOffline composes the service without authentication and without an HTTP handler, for commands that work on stored
// data. It needs only the settings that configs.LoadReseal reads. It does not wait for locks. In all other
// respects it works like New. The App must not be served.
func NewOffline(ctx context.Context, cfg configs.Config, o Overrides) (app *App, err error) {
	a, lifetime := newApp(ctx, cfg, o)
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err := a.startTracing(lifetime); err != nil {
		return nil, err
	}
	sealer, err := a.openKeyset()
	if err != nil {
		return nil, err
	}
	if err := a.openService(ctx, sealer, o); err != nil {
		return nil, err
	}
	return a, nil
}

// newApp returns an App that has not opened anything yet, and a context that the App's Close
// cancels.
func newApp(ctx context.Context, cfg configs.Config, o Overrides) (*App, context.Context) {
	lifetime, cancel := context.WithCancel(context.WithoutCancel(ctx))
	return &App{
		cfg: cfg, cancel: cancel, notAccepting: make(chan struct{}), Metrics: telemetry.NewMetrics(VendorNames()...),
		writes: &writeCheck{now: time.Now},
		Log:    telemetry.Logger(cmp.Or[io.Writer](o.LogTo, os.Stderr), cfg.Log.Level, cfg.Log.Format),
	}, lifetime
}

// slowStart is how long opening the database may take before a log line says that the process waits for it.
const slowStart = 5 * time.Second

// openService opens the database, and creates a.vendors and a.Service.
func (a *App) openService(ctx context.Context, sealer ports.Sealer, o Overrides) (err error) {
	var auditKeys []domain.Secret
	if !a.cfg.AuditKey.IsZero() {
		if auditKeys, err = transparency.ParseKeys(a.cfg.AuditKey); err != nil {
			return settingError("AUDIT_KEY", err)
		}
	}
	jobsConfig := background.Config{
		OnError: a.reportError, Backlog: a.Metrics.Backlog, FeedDelay: a.Metrics.FeedDelay,
		Attention:    a.Metrics.Attention,
		EventBacklog: a.Metrics.EventBacklog,
		PingWrite:    a.pingWrite,
		Serving:      func() bool { return a.requests.Load() > 0 },
	}
	waiting := time.AfterFunc(slowStart, func() {
		a.Log.Info("waiting for the database: it does not answer yet, or its schema is being migrated")
	})
	defer waiting.Stop()
	open := func() (err error) {
		a.Stores, err = openStores(ctx, a.cfg, jobsConfig, o.StoreTimeout, a.warnUnreachable)
		return err
	}
	if a.waits {
		err = waitForLocks(ctx, a.Log, lockPause, func() error {
			if err := open(); err != nil {
				return err
			}
			return a.releaseClaims(ctx)
		})
	} else {
		err = open()
	}
	if err != nil {
		return err
	}
	a.Stores.Deliveries, a.Stores.Pulls = a.traces.Deliveries(a.Stores.Deliveries), a.traces.Pulls(a.Stores.Pulls)
	if o.Wrap != nil {
		o.Wrap(&a.Stores)
	}
	a.memory = membudget.New(cmp.Or(a.cfg.MemoryBudget, configs.DefaultMemoryBudget))
	a.vendors = a.newVendorClient(a.cfg.Egress, o)
	a.Service, err = application.New(a.serviceDeps(sealer, auditKeys, o))
	return err
}

// releaseClaims releases the claims of a process that has died, so that their work continues at once. After an error,
// the stores are closed.
func (a *App) releaseClaims(ctx context.Context) error {
	if a.Stores.releaseClaims == nil {
		return nil
	}
	err := a.Stores.releaseClaims(ctx)
	if err != nil {
		err = errors.Join(err, a.Stores.Close())
		a.Stores = Stores{}
	}
	return err
}

// warnUnreachable logs that a node of a Citus cluster cannot be reached at its address.
func (a *App) warnUnreachable(address string, err error) {
	a.Log.Warn("a node of the database cluster cannot be reached directly: statements about its tenants go through the"+
		" coordinator, which is slower", zap.String("node", address), zap.Error(err))
}

// Handler returns the handler of the operator API, the webhooks and the health checks. It is
// nil after NewOffline.
func (a *App) Handler() http.Handler { return a.handler }

// ReservedMemory returns the bytes that requests, pages and messages reserve at present.
func (a *App) ReservedMemory() int64 {
	bytes, _ := a.memory.Used()
	return bytes
}

// Close sends the last traces and closes everything that New has opened. Serve calls it, too. Further calls do nothing.
func (a *App) Close() {
	a.used.Store(true)
	a.cancel()
	if a.vendors != nil {
		a.vendors.Close()
	}
	if a.shutdownTraces != nil {
		a.flushTraces()
		a.shutdownTraces = nil
	}
	if a.Stores.Close != nil {
		if err := a.closeStores(); err != nil {
			a.Log.Warn("closing the database", zap.Error(err))
		}
		a.Stores.Close = nil
	}
	_ = a.Log.Sync() // Sync always fails if the log is written to a pipe
}

// closeStores closes the stores and returns the error. It waits at most closeTimeout. If the database hangs, its
// connections never close, but the process must still end.
func (a *App) closeStores() error {
	closed := make(chan error, 1)
	closing := a.Stores.Close
	go func() { closed <- closing() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTimeout):
		return errors.New("timeout")
	}
}

func (a *App) newVendorClient(e configs.Egress, o Overrides) *vendorhttp.Client {
	return vendorhttp.New(vendorhttp.Config{
		AllowedCIDRs: e.AllowedCIDRs, AllowHTTP: e.AllowHTTP,
		UserAgent: "aggregator-connections/" + Version(),
		Clock:     clockOf(o), Resolver: o.Resolver, BudgetPerMinute: o.PerMinute,
		Proxy: a.proxy, ProxyHosts: proxyHosts(a.cfg),
		SharedBudgets: a.Stores.RateBudgets, EgressAddress: e.Address,
		OnBudgetError: func(err error) { a.reportError(ports.BackgroundError{Task: "rate budget", Err: err}) },
		OnCall:        a.Metrics.VendorCall, OnBudget: a.Metrics.Budget,
		WrapTransport: a.traces.Transport, AttemptContext: telemetry.WithTemplate,
	})
}

func (a *App) serviceDeps(sealer ports.Sealer, auditKeys []domain.Secret, o Overrides) application.Deps {
	d := application.Deps{
		Connections:           a.Stores.Connections,
		Tokens:                a.Stores.Tokens,
		Deliveries:            a.Stores.Deliveries,
		Idempotency:           a.Stores.Idempotency,
		RateBudgets:           a.Stores.RateBudgets,
		Pulls:                 a.Stores.Pulls,
		Ledger:                a.Stores.Ledger,
		Erasures:              a.Stores.Erasures,
		Applications:          a.Stores.Applications,
		LinkSessions:          a.Stores.LinkSessions,
		BankStatements:        a.Stores.BankStatements,
		StatementReader:       bankstatement.Reader{},
		SealedValues:          a.Stores.SealedValues,
		AuditLog:              a.Stores.AuditLog,
		AuditTree:             transparency.Tree{},
		CloseDocument:         camt053.Format{},
		AuditKeys:             auditKeys,
		Subscriptions:         a.Stores.Subscriptions,
		MatcherEntries:        a.Stores.MatcherEntries,
		Sinks:                 o.Sinks,
		EventEncoder:          rest.EventEncoder{},
		Sealer:                sealer,
		Egress:                a.vendors.Guard(),
		Connectors:            connectors(a.vendors, a.cfg.Egress.AllowHTTP),
		Sources:               a.cfg.Sources,
		BaseURLs:              a.cfg.BaseURLs,
		AllowHTTP:             a.cfg.Egress.AllowHTTP,
		DriftGrace:            a.cfg.DriftGrace,
		CloseOffset:           a.cfg.CloseOffset,
		CoverAfter:            a.cfg.CoverAfter,
		StaleAfter:            a.cfg.StaleAfter,
		WebhookSilenceGrace:   a.cfg.WebhookSilenceGrace,
		PullWorkers:           a.cfg.PullWorkers,
		Memory:                a.memory,
		KeepReplacementsApart: !a.cfg.MatchReplacements,
		Clock:                 clockOf(o),
		Sleeper:               system.Clock{},
		Every:                 system.Every,
		IDs:                   system.IDs{},
		Entropy:               system.Entropy(),
		Observer:              observers{telemetry.Observer{Log: a.Log, Metrics: a.Metrics}, o.Observer},
		Tracer:                a.traces,
	}
	if d.Sinks == nil {
		d.Sinks = sinks(a.vendors.Guard(), d.Clock)
	}
	for _, v := range vendors() {
		d.Aggregators = append(d.Aggregators, v.make(a.vendors, d.Clock, a.cfg.LinkPages[v.name]))
	}
	if o.Connector != nil {
		d.Connectors = append(d.Connectors, o.Connector())
	}
	return d
}

func (a *App) restOptions(verifier rest.TokenVerifier, authorizer rest.Authorizer) rest.Options {
	return rest.Options{
		Vendors: VendorNames(), AnswersOK: answeredOK(), ConnectorSchemas: connectorSchemas(),
		SinkSchemas: sinkSchemas(sinks(a.vendors.Guard(), system.Clock{})),
		Statements:  statementFormats(), Evidence: evidence.Format{},
		Verifier: verifier, Authorizer: authorizer, Clock: system.Clock{}, NewRequestID: uuid.NewString,
		AllowHTTP: a.cfg.Egress.AllowHTTP, Egress: a.vendors.Guard(), PublicURL: a.cfg.PublicURL,
		Development: a.cfg.IsDevelopment(), RequireScopes: a.cfg.Auth.RequireScopes,
		SignIn:         a.signIn(),
		TrustedProxies: a.cfg.TrustedProxies, RatePerMinute: a.cfg.RatePerMinute,
		WebhookRatePerMinute: a.cfg.WebhookRatePerMinute, Memory: a.memory,
		BodyMemory:   membudget.NewShared(rest.MaxBodyMemory, rest.MaxBodyShare),
		MaxLongPolls: maxLongPolls(a.cfg.ServerMaxConnections),
		Logger:       a.Log, Ready: a.ready, WritesFailing: a.writes.failing, FeedDelay: a.Service.FeedDelay,
		Draining:     a.draining.Load,
		NotAccepting: a.notAccepting,
		OnWork:       func(change int) { a.requests.Add(int64(change)) },
		OnRequest:    a.Metrics.Request, OnRoute: telemetry.SetRoute, Version: Version(),
	}
}

// maxLongPolls returns the maximum number of long polls that may wait at the same time: half of maxConnections, so
// that connections remain for other requests, for example the readiness check. 0 means no limit, for maxConnections
// and for the result.
func maxLongPolls(maxConnections int) int {
	return (maxConnections + 1) / 2
}

// readyTimeout bounds a readiness check. A database that does not respond in this time counts
// as unavailable.
const readyTimeout = 1500 * time.Millisecond

func (a *App) ready(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return map[string]error{"database": a.Stores.Prober.Ping(ctx)}
}

func (a *App) reportError(f ports.BackgroundError) {
	telemetry.Observer{Log: a.Log, Metrics: a.Metrics}.Emit(context.Background(), f)
}

func (a *App) openKeyset() (ports.Sealer, error) {
	sealer, err := sealing.Open(a.cfg.Sealing.KeysetFile, sealing.Options{
		OnError: func(err error) { a.reportError(ports.BackgroundError{Task: "keyset", Err: err}) },
	})
	if err != nil {
		return nil, SettingError{err} // the text of the error begins with the setting's name
	}
	return sealer, nil
}

// checkKeyset returns a SettingError if the keyset cannot open the stored credentials. Without this check, a service
// with the keyset of another installation would be ready, and would fail at the first call of a vendor.
func (a *App) checkKeyset(ctx context.Context) error {
	err := a.Service.CheckKeyset(ctx)
	if errors.Is(err, domain.CredentialUnopened) {
		return settingError("SEALING_KEYSET_FILE", errors.New(
			"its keys cannot decrypt the credentials in the database; it is the keyset of another installation"))
	}
	return named("DATABASE_URL", err)
}

func (a *App) newVerifier(lifetime context.Context) (*auth.Verifier, error) {
	c := a.cfg.Auth
	claims := auth.Claims{
		Issuer: c.Issuer, Audience: c.Audience, TenantClaim: c.TenantClaim, DefaultTenant: c.DefaultTenant,
		ScopePrefix: c.ScopePrefix, ActorClaim: c.ActorClaim,
	}
	if c.JWKSURL == "" {
		v, err := auth.NewHS256(c.JWTSecret, claims, system.Clock{})
		return v, settingError("AUTH_JWT_SECRET", err)
	}
	v, err := auth.NewJWKS(lifetime, auth.Issuer{
		URL: c.JWKSURL, Client: a.issuerClient(),
		OnError: func(err error) { a.reportError(ports.BackgroundError{Task: "issuer keys", Err: err}) },
	}, claims, system.Clock{})
	if err != nil {
		return nil, settingError("AUTH_JWKS_URL", err)
	}
	a.fetchKeys = v.Prefetch
	return v, nil
}

// issuerClient returns the client that fetches the keys of operators' tokens, through EGRESS_PROXY if it is set. It
// follows no redirect and ignores HTTP_PROXY and HTTPS_PROXY: only the host of AUTH_JWKS_URL can provide keys. It keeps
// no connection open, because keys are fetched only every few minutes. Package auth bounds the requests.
func (a *App) issuerClient() *http.Client {
	return egress.NewClient(egress.TransportConfig{Dial: a.proxy.Dial})
}

// signIn returns how operators sign in to the console.
func (a *App) signIn() console.SignIn {
	c := a.cfg.Console
	s := console.SignIn{TokenAudience: a.cfg.Auth.Audience}
	if a.cfg.Auth.DefaultTenant.IsZero() {
		s.TenantClaims = auth.Claims{TenantClaim: a.cfg.Auth.TenantClaim}.TenantClaims()
	}
	if c.OIDCIssuer == "" {
		return s
	}
	s.Issuer, s.ClientID, s.Audience, s.Scopes = c.OIDCIssuer, c.OIDCClientID, c.OIDCAudience, c.OIDCScopes
	s.TokenOrigin = auth.NewProvider(c.OIDCIssuer, a.issuerClient(), system.Clock{}).TokenOrigin
	return s
}

// newAuthorizer returns the Authorizer that asks the access manager at AUTH_AUTHORIZER_URL, or nil if there is none.
func (a *App) newAuthorizer(lifetime context.Context) (rest.Authorizer, error) {
	if a.cfg.Auth.AuthorizerURL == "" {
		return nil, nil
	}
	authorizer, err := auth.NewAuthorizer(lifetime, auth.AccessManager{
		URL: a.cfg.Auth.AuthorizerURL, Client: accessManagerClient(),
		OnError: func(err error) { a.reportError(ports.BackgroundError{Task: "access manager", Err: err}) },
	}, system.Clock{})
	if err != nil {
		return nil, settingError("AUTH_AUTHORIZER_URL", err)
	}
	return authorizer, nil
}

// accessManagerClient returns the client that calls the access manager. It follows no redirect and ignores HTTP_PROXY
// and HTTPS_PROXY, because each request contains the token of an operator. Package auth bounds the requests.
func accessManagerClient() *http.Client {
	return egress.NewClient(egress.TransportConfig{
		MaxBody: 128 << 10, IdleTimeout: time.Minute, MaxIdlePerHost: 16,
	})
}

// warnUncheckedClaims logs a warning for each of the settings AUTH_AUDIENCE and AUTH_ISSUER that is missing. Without
// AUTH_AUDIENCE, tokens that were issued for other services are accepted. Without AUTH_ISSUER, tokens of every issuer
// with a trusted key are accepted.
func (a *App) warnUncheckedClaims() {
	if a.cfg.Auth.Audience == "" {
		a.Log.Warn("AUTH_AUDIENCE is not set: tokens that were issued for other services are accepted, too")
	}
	if a.cfg.Auth.Issuer == "" {
		a.Log.Warn("AUTH_ISSUER is not set: tokens of every issuer with a trusted key are accepted")
	}
}

func clockOf(o Overrides) ports.Clock {
	if o.Clock != nil {
		return o.Clock
	}
	return system.Clock{}
}

// observers is a list of observers that acts as one observer. Elements that are nil are skipped.
type observers []ports.Observer

// Emit implements ports.Observer. It passes the event to every observer in the list.
func (all observers) Emit(ctx context.Context, event ports.TelemetryEvent) {
	for _, o := range all {
		if o != nil {
			o.Emit(ctx, event)
		}
	}
}
