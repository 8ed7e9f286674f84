package application_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// epoch is the time at which every test starts.
var epoch = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// env contains a service that uses an SQLite database. The other dependencies of the service are fakes that the test
// controls.
type env struct {
	*testing.T
	*application.Service
	ctx     context.Context
	deps    application.Deps
	tenant  domain.TenantID
	clock   *clock
	vendor  *vendor
	sealer  *fakeSealer
	events  *eventRecorder
	nudged  []domain.PullID
	failing map[string]error      // maps names of store methods to the errors that they return
	fault   func(op string) error // is called before a store method uses the database, and may be nil
}

// newEnv returns an env. The options change the dependencies before the service is built.
func newEnv(t *testing.T, options ...func(*application.Deps)) *env {
	t.Helper()
	e := &env{
		T: t, ctx: t.Context(), tenant: domain.TenantID{UUID: uuid.MustParse("0195e0a0-0000-7000-8000-00000000000a")},
		clock: &clock{now: epoch}, vendor: newVendor("pluggy"), sealer: newFakeSealer(),
		events: &eventRecorder{}, failing: map[string]error{},
	}
	db := sqlitetest.Open(t, sqlite.Config{InjectFault: func() error {
		op := sqlitetest.Operation()
		if e.fault != nil {
			if err := e.fault(op); err != nil {
				return err
			}
		}
		return e.failing[op]
	}})
	store := db.Store(func(pulls ...domain.PullID) { e.nudged = append(e.nudged, pulls...) })
	e.deps = application.Deps{
		Connections: store.Connections(), Tokens: store.Tokens(), Deliveries: store.Deliveries(),
		Idempotency: store.Idempotency(), Pulls: store.Pulls(), Ledger: store.Ledger(), Erasures: store.Erasures(),
		Applications:   store.Applications(),
		LinkSessions:   store.LinkSessions(),
		BankStatements: store.BankStatements(), StatementReader: bankstatement.Reader{},
		SealedValues: store.SealedValues(),
		AuditLog:     store.AuditLog(), AuditTree: transparency.Tree{}, CloseDocument: camt053.Format{},
		Sealer: e.sealer, Egress: fakeEgressGuard{}, Aggregators: []ports.Aggregator{e.vendor, newVendor("belvo")},
		Subscriptions: store.Subscriptions(),
		Connectors: []ports.Connector{connector{"rest-generic", domain.CategoryREST},
			connector{"postgres", domain.CategoryDatabase}},
		Sources: map[domain.Vendor]domain.SourcePolicy{"pluggy": {Authorization: domain.SecretText("shared")}},
		Clock:   e.clock, Sleeper: e.clock, IDs: &ids{}, Entropy: &entropy{}, Observer: e.events,
		Go: defaultGo,
		// Most rows of these tests differ only in their ids, so they would be treated as replacements of each other.
		// Tests that need replacements unset this member.
		KeepReplacementsApart: true,
	}
	for _, change := range options {
		change(&e.deps)
	}
	service, err := application.New(e.deps)
	e.noError(err)
	e.Service = service
	return e
}

// newService returns another service over the same stores, built from the current dependencies.
func (e *env) newService() *application.Service {
	e.Helper()
	service, err := application.New(e.deps)
	e.noError(err)
	return service
}

func (e *env) noError(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("unexpected error: %v", err)
	}
}

// wantError fails the test unless errors.Is reports true for err and each target.
func (e *env) wantError(err error, targets ...error) {
	e.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			e.Fatalf("got %v, want %v", err, target)
		}
	}
}

// failOperation makes a store method return Unavailable (database_unavailable) until the returned
// function is called.
func (e *env) failOperation(op string) (restore func()) {
	e.failing[op] = unavailable(domain.StoreUnavailable)
	return func() { delete(e.failing, op) }
}

func newConnection(name string) ports.NewConnection {
	return ports.NewConnection{
		Vendor: "pluggy", Name: name, BaseURL: "https://api.example.test", AccountRef: "item-1",
		ClientID: domain.SecretText("id"), Secret: domain.SecretText("right"),
	}
}

func (e *env) createConnection(name string) domain.Connection {
	e.Helper()
	c, err := e.CreateConnection(e.ctx, e.tenant, newConnection(name))
	e.noError(err)
	return c
}

// rotate updates the connection with a new secret. All other fields keep their values.
func (e *env) rotate(c domain.Connection, secret string) {
	e.Helper()
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef,
		ClientID: domain.SecretText("id"), Secret: domain.SecretText(secret),
	})
	e.noError(err)
}

func (e *env) getHealth(c domain.Connection) domain.Health {
	e.Helper()
	h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
	e.noError(err)
	return h.Facts.Health
}

// wantWarnings fails the test unless the connection has exactly these warnings.
func (e *env) wantWarnings(c domain.Connection, want ...domain.Warning) {
	e.Helper()
	h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if got := domain.ConnectionWarnings(h.Attention); !slices.Equal(got, want) {
		e.Errorf("the warnings are %v, want %v", got, want)
	}
}

// requestFullPull requests a pull of everything and returns its id.
func (e *env) requestFullPull(c domain.Connection) domain.PullID {
	e.Helper()
	p, err := e.RequestPull(e.ctx, e.tenant, c.ID, domain.Window{})
	e.noError(err)
	return p.ID
}

func (e *env) runPull(id domain.PullID) time.Duration {
	e.Helper()
	again, err := e.RunPull(e.ctx, id)
	e.noError(err)
	return again
}

func (e *env) getPull(id domain.PullID) domain.Pull {
	e.Helper()
	p, err := e.GetPull(e.ctx, e.tenant, id)
	e.noError(err)
	return p
}

// wantPull fails the test unless the pull is in this state and its last attempt has this error code. It
// returns the pull.
func (e *env) wantPull(id domain.PullID, state domain.PullState, code domain.Code) domain.Pull {
	e.Helper()
	p := e.getPull(id)
	if p.State != state || p.LastError != code {
		e.Fatalf("the pull is %s (%q), want %s (%q)", p.State, p.LastError, state, code)
	}
	return p
}

// storedRows returns the connection's stored transactions, sorted by id. Each has the form
// "id v<version>", followed by "removed" if the transaction is removed.
func (e *env) storedRows(c domain.Connection) []string {
	e.Helper()
	page, err := e.ListTransactions(e.ctx, e.tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 200})
	e.noError(err)
	var rows []string
	for _, t := range page.Items {
		row := fmt.Sprintf("%s v%d", t.ExternalID, t.Version)
		if !t.RemovedAt.IsZero() {
			row += " removed"
		}
		rows = append(rows, row)
	}
	slices.Sort(rows)
	return rows
}

// mintToken mints a webhook token for the connection and returns the raw token.
func (e *env) mintToken(c domain.Connection) string {
	e.Helper()
	minted, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: string(c.Vendor), Name: c.Name})
	e.noError(err)
	return string(minted.Raw.Reveal())
}

// webhookRequest returns a webhook request that passes the deployment's source check.
func webhookRequest(token, body string) domain.WebhookRequest {
	return domain.WebhookRequest{Vendor: "pluggy", Token: token, Body: []byte(body), Authorization: "shared"}
}

func (e *env) receive(token, body string) ports.ReceiveResult {
	e.Helper()
	received, err := e.Receive(e.ctx, webhookRequest(token, body))
	e.noError(err)
	return received
}

// getDelivery returns the current state of a delivery.
func (e *env) getDelivery(id domain.DeliveryID) domain.Delivery {
	e.Helper()
	d, err := e.GetDelivery(e.ctx, e.tenant, id)
	e.noError(err)
	return d
}
