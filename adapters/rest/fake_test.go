package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	moment  = time.Date(2026, 1, 2, 3, 4, 5, 600000000, time.UTC)
	tenantA = domain.TenantID{UUID: uuid.MustParse("11111111-1111-4111-8111-111111111111")}
	tenantB = domain.TenantID{UUID: uuid.MustParse("22222222-2222-4222-8222-222222222222")}
	someID  = uuid.MustParse("019b0000-0000-7000-8000-000000000001")
	otherID = uuid.MustParse("019b0000-0000-7000-8000-000000000002")
)

const (
	linkToken     = "link-token-7c1d"
	signingSecret = "whsec_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
	webhookToken  = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
	sourceSecret  = "Bearer q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
	canary        = "CANARY-9f31c0"
)

// fake implements ports.API. Each of its methods records its argument and returns a fixture, or the field err if that
// is set. fake embeds no interface, so that a missing method is a compile error.
type fake struct {
	err       error
	panicWith any

	mu        sync.Mutex
	got       any
	page      domain.PageRequest
	match     ports.IfMatch
	webhook   domain.WebhookRequest
	responses map[string]storedCall
	calls     int
	reads     int // calls of GetConnection, which an invalid update without a base URL also makes
}

var _ ports.API = (*fake)(nil)

// storedCall is a stored response, with the fingerprint of the request that it responds to.
type storedCall struct {
	fingerprint domain.Fingerprint
	response    ports.StoredResponse
}

// record stores the argument of a call and returns f.err. It panics if panicWith is set.
func (f *fake) record(argument any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = argument
	f.calls++
	if f.panicWith != nil {
		panic(f.panicWith)
	}
	return f.err
}

func connectionFixture() domain.Connection {
	return domain.Connection{
		ID: domain.ConnectionID{UUID: someID}, Tenant: tenantA, Kind: domain.Aggregator, Name: "pluggy-main",
		Vendor:  "pluggy",
		BaseURL: "https://api.pluggy.ai", AccountRef: "item-1", Revision: 3, CreatedAt: moment,
		UpdatedAt: moment.Add(time.Hour),
		Sealed:    domain.Sealed(canary),
	}
}

func engineFixture() domain.Connection {
	c := connectionFixture()
	c.Kind, c.Name, c.Type, c.Config = domain.Engine, "books", "postgres", []byte(`{"host":"db","port":5432}`)
	return c
}

func deliveryFixture() domain.Delivery {
	return domain.Delivery{
		ID: domain.DeliveryID{UUID: someID}, Tenant: tenantA, Connection: domain.ConnectionID{UUID: someID},
		Vendor: "pluggy",
		Event:  "item/updated", EventID: "e1", Body: []byte(`{"event":"item/updated", "n": 1.10, "n": 2}`),
		Status: domain.DeliveryAccepted,
		Pull:   domain.PullID{UUID: otherID}, ReceivedAt: moment,
	}
}

func suggestionFixture() ports.Suggestion {
	return ports.Suggestion{
		Old: domain.TransactionID{UUID: someID}, New: domain.TransactionID{UUID: otherID},
		Connection: domain.ConnectionID{UUID: someID}, Account: domain.AccountID{UUID: otherID}, Since: moment,
		State:    records.SuggestionOpen,
		Evidence: []matching.Finding{{Kind: "counterparty", Old: "MARIA SILVA", New: "MARIA S", Speaks: matching.For}},
	}
}

func pullFixture() domain.Pull {
	return domain.Pull{
		ID: domain.PullID{UUID: otherID}, Tenant: tenantA, Connection: domain.ConnectionID{UUID: someID},
		Vendor:  "pluggy",
		Trigger: domain.TriggerOperator, State: domain.PullSucceeded,
		Counts:   domain.Counts{Accounts: 1, Read: 5, Added: 4, Unchanged: 1},
		Attempts: 2, LastError: domain.VendorUnreachable, CreatedAt: moment, StartedAt: moment,
		FinishedAt: moment.Add(time.Second),
	}
}

func transactionFixture() domain.Transaction {
	money := func(text, currency string) domain.Money {
		m, err := domain.ParseMoney(text, currency)
		if err != nil {
			panic(err)
		}
		return m
	}
	there := money("-41.07", "USD")
	return domain.Transaction{
		ID: domain.TransactionID{UUID: someID}, Tenant: tenantA, Connection: domain.ConnectionID{UUID: someID},
		Vendor:    "pluggy",
		AccountID: domain.AccountID{UUID: otherID}, Version: 2, FirstSeenAt: moment, UpdatedAt: moment,
		TransactionData: domain.TransactionData{
			ExternalID: "t-1", Amount: money("-212.45", "BRL"), AccountMoney: &there, Status: domain.Posted,
			Date:       "2026-01-01",
			OccurredAt: moment, Description: "Caf\u00e9 <&>", Metadata: []byte(`{"a": 1e400, "b": "\u0041", "b": []}`),
			Warnings: []domain.Warning{domain.DirectionConflict},
		},
	}
}

func tokenFixture() domain.WebhookToken {
	return domain.WebhookToken{
		ID: domain.TokenID{UUID: otherID}, Tenant: tenantA, Connection: domain.ConnectionID{UUID: someID},
		Vendor: "pluggy",
		Hash:   domain.HashToken(webhookToken), CreatedAt: moment, LastUsedAt: moment,
	}
}

// onePage records a call and returns a page that contains only item and is not the last page.
func onePage[T any](f *fake, argument any, p domain.PageRequest, item T) (domain.Page[T], error) {
	f.page = p
	return domain.Page[T]{Items: []T{item}, Next: domain.Position{Key: "k", ID: someID}}, f.record(argument)
}

func (f *fake) CreateConnection(
	_ context.Context, _ domain.TenantID, n ports.NewConnection,
) (domain.Connection, error) {
	return connectionFixture(), f.record(n)
}

func (f *fake) GetConnection(_ context.Context, t domain.TenantID, id domain.ConnectionID) (domain.Connection, error) {
	if t != tenantA || id.UUID != someID {
		return domain.Connection{}, domain.NotFoundError()
	}
	f.mu.Lock()
	f.reads++
	f.mu.Unlock()
	return connectionFixture(), f.record(id)
}

func (f *fake) ListConnections(
	_ context.Context, _ domain.TenantID, h ports.ConnectionFilter, p domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	return onePage(f, h, p, connectionFixture())
}

func (f *fake) UpdateConnection(
	_ context.Context, _ domain.TenantID, _ domain.ConnectionID, m ports.IfMatch, u ports.ConnectionUpdate,
) (domain.Connection, error) {
	f.match = m
	return connectionFixture(), f.record(u)
}

func (f *fake) DeleteConnection(_ context.Context, _ domain.TenantID, id domain.ConnectionID, m ports.IfMatch) error {
	f.match = m
	return f.record(id)
}

func (f *fake) TestConnection(_ context.Context, _ domain.TenantID, vendor, name string) (ports.TestResult, error) {
	return ports.TestResult{
		Vendor: domain.Vendor(vendor), Name: name, Reason: domain.CredentialRejected,
		Latency: 12 * time.Millisecond,
	}, f.record(name)
}

func (f *fake) ConnectionHealth(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID,
) (ports.ConnectionHealth, error) {
	return ports.ConnectionHealth{
		Facts: domain.ConnectionFacts{
			ConnectionActivity: domain.ConnectionActivity{LastPullAt: moment},
		},
		Completeness: books.Complete,
		Consent:      ports.ConsentHealth{State: domain.ConsentExpiring, ExpiresAt: moment},
		Webhook:      ports.WebhookHealth{State: domain.WebhookSilent, LastAt: moment, ExpectedBy: moment},
		ThisMonth:    domain.MonthlyUsage{Refreshes: 3, Pulls: 41},
	}, f.record(id)
}

func (f *fake) ListConnectionHealth(
	_ context.Context, _ domain.TenantID, h ports.HealthFilter, p domain.PageRequest,
) (domain.Page[ports.ConnectionStatus], error) {
	c := connectionFixture()
	return onePage(f, h, p, ports.ConnectionStatus{
		ConnectionHealth: ports.ConnectionHealth{
			Facts: domain.ConnectionFacts{
				ID: c.ID, Vendor: c.Vendor, Name: c.Name,
				Health:             domain.Health{NeedsReauth: true},
				ConnectionActivity: domain.ConnectionActivity{LastWebhookAt: moment},
			},
			Health:       domain.Health{Status: domain.Unhealthy, Reason: domain.CredentialRejected},
			Completeness: books.Drifting,
			Consent:      ports.ConsentHealth{State: domain.ConsentActive},
			Webhook:      ports.WebhookHealth{State: domain.WebhookActive, LastAt: moment},
			Attention: []domain.Attention{{
				Reason: domain.NeedsCredential, Severity: domain.SeverityNow, Since: moment,
			}},
		},
		Added: [ports.HealthDays]ports.AddedRows{{Date: "2026-01-01", Count: 3}},
	})
}

func (f *fake) ListInstitutions(
	_ context.Context, tenant domain.TenantID, p domain.PageRequest,
) (domain.Page[domain.InstitutionStatus], error) {
	return onePage(f, tenant, p, domain.InstitutionStatus{
		InstitutionKey: domain.InstitutionKey{Vendor: "pluggy", ID: "201"}, Name: "Bank", Connections: 3,
		Reasons: map[domain.AttentionReason]int{domain.NeedsReauth: 1}, BankReadAt: moment,
		Activity: domain.InstitutionActivity{
			Accounts: 5, IDChanges: 2, LateRows: 1, Delays: domain.ReadingDelays{6: 18, 11: 2},
		},
	})
}

func (f *fake) SummarizeConnections(
	_ context.Context, tenant domain.TenantID,
) (domain.AttentionSummary, error) {
	return domain.AttentionSummary{
		Connections: 3, Healthy: 2, Needy: 1, Reasons: map[domain.AttentionReason]int{domain.NeedsReauth: 1},
		Quarantined: 4, Drifting: 1,
	}, f.record(tenant)
}

func (f *fake) SumTransactions(
	_ context.Context, _ domain.TenantID, filter domain.SumFilter,
) ([]domain.DayTotal, error) {
	return []domain.DayTotal{{Date: "2026-01-02", Total: domain.Total{
		Currency: "BRL", In: decimal.RequireFromString("12.5"), Out: decimal.RequireFromString("0.25"), Count: 2,
	}}}, f.record(filter)
}

func (f *fake) CreateLinkSession(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID,
) (ports.LinkSession, error) {
	return ports.LinkSession{
		Vendor: "pluggy", Token: domain.SecretText(linkToken),
		URL:       domain.SecretText("https://connect.pluggy.ai/?connect_token=" + linkToken),
		ExpiresAt: moment,
	}, f.record(id)
}

func (f *fake) StartLinkSession(
	_ context.Context, _ domain.TenantID, n ports.NewLinkSession,
) (ports.OpenLinkSession, error) {
	return ports.OpenLinkSession{
		LinkSession: domain.LinkSession{
			ID: domain.LinkSessionID{UUID: someID}, State: domain.LinkOpen, ExpiresAt: moment,
		},
		Token: domain.SecretText(
			linkToken,
		),
		URL: domain.SecretText("https://connect.pluggy.ai/?connect_token=" + linkToken),
	}, f.record(n)
}

func (f *fake) GetLinkSession(
	_ context.Context, _ domain.TenantID, id domain.LinkSessionID,
) (domain.LinkSession, error) {
	return domain.LinkSession{
		ID: id, Connection: domain.ConnectionID{UUID: otherID}, State: domain.LinkDone, ExpiresAt: moment,
	}, f.record(id)
}

func (f *fake) RefreshConnection(_ context.Context, _ domain.TenantID, id domain.ConnectionID) error {
	return f.record(id)
}

func (f *fake) PauseConnection(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID,
) (ports.ConnectionHealth, error) {
	h := restingHealth()
	h.Facts.Paused = true
	return h, f.record(id)
}

func (f *fake) ResumeConnection(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID,
) (ports.ConnectionHealth, error) {
	return restingHealth(), f.record(id)
}

// restingHealth returns the health of a connection whose data is complete. The states of the consent and of the webhook
// are unknown.
func restingHealth() ports.ConnectionHealth {
	return ports.ConnectionHealth{
		Completeness: books.Complete, Consent: ports.ConsentHealth{State: domain.ConsentUnknown},
		Webhook: ports.WebhookHealth{State: domain.WebhookUnknown},
	}
}

func (f *fake) ConnectorTypes(context.Context) []ports.ConnectorType {
	return []ports.ConnectorType{
		{Type: "postgres", Category: domain.CategoryDatabase},
		{Type: "rest-generic", Category: domain.CategoryREST},
	}
}

func (f *fake) CreateEngine(_ context.Context, _ domain.TenantID, n ports.NewEngine) (domain.Connection, error) {
	return engineFixture(), f.record(n)
}

func (f *fake) GetEngine(_ context.Context, _ domain.TenantID, id domain.ConnectionID) (domain.Connection, error) {
	return engineFixture(), f.record(id)
}

func (f *fake) ListEngines(
	_ context.Context, _ domain.TenantID, p domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	return onePage(f, nil, p, engineFixture())
}

func (f *fake) UpdateEngine(
	_ context.Context, _ domain.TenantID, _ domain.ConnectionID, m ports.IfMatch, u ports.EngineUpdate,
) (domain.Connection, error) {
	f.match = m
	return engineFixture(), f.record(u)
}

func (f *fake) DeleteEngine(_ context.Context, _ domain.TenantID, id domain.ConnectionID, m ports.IfMatch) error {
	f.match = m
	return f.record(id)
}

func (f *fake) TestEngine(_ context.Context, _ domain.TenantID, id domain.ConnectionID) (ports.EngineTest, error) {
	return ports.EngineTest{Connection: id, Healthy: true, Latency: 3 * time.Millisecond}, f.record(id)
}

func applicationFixture() domain.Application {
	return domain.Application{
		ID: domain.ApplicationID{UUID: tokenFixture().ID.UUID}, Vendor: "pluggy", Name: "production",
		BaseURL: "https://api.example", Connections: 2, CreatedAt: tokenFixture().CreatedAt,
		UpdatedAt: tokenFixture().CreatedAt,
	}
}

func (f *fake) CreateApplication(
	_ context.Context, _ domain.TenantID, n ports.NewApplication,
) (domain.Application, error) {
	return applicationFixture(), f.record(n)
}

func (f *fake) GetApplication(
	_ context.Context, _ domain.TenantID, id domain.ApplicationID,
) (domain.Application, error) {
	return applicationFixture(), f.record(id)
}

func (f *fake) ListApplications(
	_ context.Context, _ domain.TenantID, page domain.PageRequest,
) (domain.Page[domain.Application], error) {
	return onePage(f, nil, page, applicationFixture())
}

func (f *fake) UpdateApplication(
	_ context.Context, _ domain.TenantID, _ domain.ApplicationID, _ ports.IfMatch, u ports.ApplicationUpdate,
) (domain.Application, error) {
	return applicationFixture(), f.record(u)
}

func (f *fake) DeleteApplication(
	_ context.Context, _ domain.TenantID, id domain.ApplicationID, _ ports.IfMatch,
) error {
	return f.record(id)
}

func (f *fake) MintToken(_ context.Context, _ domain.TenantID, r ports.MintRequest) (ports.MintedToken, error) {
	minted := ports.MintedToken{WebhookToken: tokenFixture(), Raw: domain.SecretText(webhookToken)}
	if r.SourceSecret {
		minted.Authorization = domain.SecretText(sourceSecret)
	}
	if r.Name == "shared" {
		minted = ports.MintedToken{WebhookToken: minted.WebhookToken, Shared: true}
	}
	if r.Register {
		minted.Registration = domain.WebhookRegistration{State: domain.RegistrationActive, ID: "webhook-1"}
	}
	return minted, f.record(r)
}

func (f *fake) ListTokens(
	_ context.Context, _ domain.TenantID, filter ports.TokenFilter, p domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	return onePage(f, filter, p, tokenFixture())
}

func (f *fake) RevokeToken(_ context.Context, _ domain.TenantID, id domain.TokenID, _ bool) error {
	return f.record(id)
}

func (f *fake) Receive(_ context.Context, r domain.WebhookRequest) (ports.ReceiveResult, error) {
	f.webhook = r
	return ports.ReceiveResult{}, f.record(nil)
}

func (f *fake) ListDeliveries(
	_ context.Context, _ domain.TenantID, filter ports.DeliveryFilter, p domain.PageRequest,
) (domain.Page[domain.Delivery], error) {
	return onePage(f, filter, p, deliveryFixture())
}

func (f *fake) GetDelivery(_ context.Context, _ domain.TenantID, id domain.DeliveryID) (domain.Delivery, error) {
	return deliveryFixture(), f.record(id)
}

func (f *fake) ReplayDelivery(_ context.Context, _ domain.TenantID, id domain.DeliveryID) (domain.Delivery, error) {
	return deliveryFixture(), f.record(id)
}

func (f *fake) ReplayDeliveries(
	_ context.Context, _ domain.TenantID, filter ports.DeliveryFilter, limit int,
) ([]domain.Delivery, error) {
	f.page.Limit = limit
	return []domain.Delivery{deliveryFixture()}, f.record(filter)
}

func (f *fake) RequestPull(
	_ context.Context, _ domain.TenantID, _ domain.ConnectionID, w domain.Window,
) (domain.Pull, error) {
	return pullFixture(), f.record(w)
}

func (f *fake) GetPull(_ context.Context, _ domain.TenantID, id domain.PullID) (domain.Pull, error) {
	return pullFixture(), f.record(id)
}

func (f *fake) ListPulls(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID, p domain.PageRequest,
) (domain.Page[domain.Pull], error) {
	return onePage(f, id, p, pullFixture())
}

func (f *fake) ListQuarantine(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID, p domain.PageRequest,
) (domain.Page[domain.QuarantinedRow], error) {
	return onePage(f, id, p, domain.QuarantinedRow{
		ID: otherID, FirstSeenAt: moment, LastSeenAt: moment.Add(time.Second),
		UnreadableData: domain.UnreadableData{
			QuarantineKey: domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "t-1"},
			Reason:        domain.DuplicateMember, Payload: []byte(`{"a":1,"a":"\ud83d"}`),
		},
	})
}

func (f *fake) ListTenantPulls(
	_ context.Context, _ domain.TenantID, filter ports.PullFilter, p domain.PageRequest,
) (domain.Page[domain.Pull], error) {
	return onePage(f, filter, p, pullFixture())
}

func accountFixture() domain.Account {
	return domain.Account{
		ID: domain.AccountID{UUID: otherID}, Connection: domain.ConnectionID{UUID: someID}, Vendor: "pluggy",
		AccountData: domain.AccountData{ExternalID: "a-1", Type: domain.BankAccount, Currency: "BRL"},
		FirstSeenAt: moment, UpdatedAt: moment,
		References: []domain.AccountReference{
			{AccountRef: "item-1", ExternalID: "a-0", From: moment, Until: moment},
			{AccountRef: "item-2", ExternalID: "a-1", From: moment},
		},
	}
}

func (f *fake) ListAccounts(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID, p domain.PageRequest,
) (domain.Page[domain.Account], error) {
	return onePage(f, id, p, accountFixture())
}

func (f *fake) ListTenantAccounts(
	_ context.Context, _ domain.TenantID, filter ports.AccountFilter, p domain.PageRequest,
) (domain.Page[domain.Account], error) {
	return onePage(f, filter, p, accountFixture())
}

func (f *fake) GetAccount(_ context.Context, _ domain.TenantID, id domain.AccountID) (domain.Account, error) {
	return accountFixture(), f.record(id)
}

func completenessFixture(id domain.AccountID) ports.AccountCompleteness {
	return ports.AccountCompleteness{
		Account: id, State: books.Drifting, Since: moment, Basis: books.BasisQuarantined,
		Checks: []books.CheckResult{
			{
				Check: books.CheckBalanceAnchor, State: books.Drifting, At: moment,
				Expected: decimal.RequireFromString("1000"), Actual: decimal.RequireFromString("989.50"),
			},
			{
				Check: books.CheckRunningBalance, State: books.CompletenessUnknown,
			},
			{
				Check: books.CheckRunningBalance, State: books.Complete, At: moment,
				Between: []domain.TransactionID{{UUID: someID}, {UUID: otherID}},
			},
		},
	}
}

func (f *fake) AccountCompleteness(
	_ context.Context, _ domain.TenantID, id domain.AccountID,
) (ports.AccountCompleteness, error) {
	return completenessFixture(id), f.record(id)
}

func (f *fake) AcceptCompleteness(
	_ context.Context, _ domain.TenantID, id domain.AccountID, reason string,
) (ports.AccountCompleteness, error) {
	return completenessFixture(id), f.record(reason)
}

func (f *fake) SplitTransaction(
	_ context.Context, _ domain.TenantID, id domain.TransactionID, _ string,
) (domain.Transaction, error) {
	return domain.Transaction{ID: id}, f.record("split")
}

func (f *fake) JoinTransactions(
	_ context.Context, _ domain.TenantID, pair ports.RecordPair, reason string,
) (domain.Transaction, error) {
	return domain.Transaction{ID: pair.Old}, f.record("join " + pair.New.String() + " " + reason)
}

func (f *fake) ExcludeTransaction(
	_ context.Context, _ domain.TenantID, id domain.TransactionID, reason string,
) (domain.Transaction, error) {
	return domain.Transaction{
		ID: id, ExcludedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ExcludedBy: "alice",
	}, f.record("exclude " + reason)
}

func (f *fake) IncludeTransaction(
	_ context.Context, _ domain.TenantID, id domain.TransactionID,
) (domain.Transaction, error) {
	return domain.Transaction{ID: id}, f.record("include")
}

func (f *fake) JoinPairs(
	_ context.Context, _ domain.TenantID, pairs []ports.RecordPair, reason string,
) ([]error, error) {
	results := make([]error, len(pairs))
	for i, pair := range pairs {
		switch {
		case pair.Old.IsZero() || pair.New.IsZero():
			results[i] = domain.NotFoundError()
		case pair.Old == pair.New:
			results[i] = &domain.Error{Kind: domain.Conflict, Code: domain.NotJoinable}
		}
	}
	return results, f.record("join " + reason)
}

func (f *fake) ListSuggestions(
	_ context.Context, _ domain.TenantID, connection domain.ConnectionID, page domain.PageRequest,
) (domain.Page[ports.Suggestion], error) {
	return onePage(f, connection, page, suggestionFixture())
}

func (f *fake) DismissReplacements(
	_ context.Context, _ domain.TenantID, pairs []ports.RecordPair, _ string,
) error {
	return f.record(pairs)
}

func (f *fake) ContinueAccount(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, externalID string,
) (domain.Pull, error) {
	return pullFixture(), f.record(externalID)
}

func (f *fake) EndAccount(_ context.Context, _ domain.TenantID, id domain.AccountID) (domain.Account, error) {
	return accountFixture(), f.record(id)
}

func (f *fake) MergeAccounts(
	_ context.Context, _ domain.TenantID, pair ports.AccountPair,
) (domain.Account, error) {
	return accountFixture(), f.record(pair)
}

func (f *fake) ApplyRemovals(_ context.Context, _ domain.TenantID, id domain.AccountID) (int, error) {
	return 31, f.record(id)
}

// fakeBill returns the bill of the fake.
func fakeBill() ports.Bill {
	carried, difference := decimal.RequireFromString("244.26"), decimal.Zero
	paid := bills.Payment{
		Date:   "2026-11-05",
		Amount: decimal.RequireFromString("744.52"),
		Mode:   "PIX",
		Row:    domain.TransactionID{UUID: otherID},
	}
	return ports.Bill{
		Stored: bills.Stored{
			ID: domain.BillID{UUID: someID}, Account: domain.AccountID{UUID: otherID}, BankReadAt: moment,
			Data: bills.Data{
				ExternalID: "b1", DueDate: "2026-11-05", ClosingDate: "2026-10-28", Currency: "BRL",
				Total:          decimal.RequireFromString("744.52"),
				FinanceCharges: []bills.Charge{{Type: "IOF", Amount: decimal.RequireFromString("2.05")}},
			},
			Facts: bills.Facts{
				Closing: "2026-10-28", ClosingKnown: true, Paid: []bills.Payment{paid}, State: bills.Paid,
				Rows:  bills.Sum{Count: 3, Sum: decimal.RequireFromString("480")},
				Check: bills.AddsUp, Form: bills.OfRowsAndCharges, Carried: &carried, Difference: &difference,
			},
		},
		Candidates: [][]domain.TransactionID{{domain.TransactionID{UUID: someID}}},
	}
}

func (f *fake) ListBills(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, window domain.Window, p domain.PageRequest,
) (domain.Page[ports.Bill], bills.Overview, error) {
	page, err := onePage(f, window, p, fakeBill())
	return page, bills.Overview{List: bills.ListPartial, Open: []bills.OpenMonth{
		{Month: "2026-12", Count: 1, Sum: decimal.RequireFromString("300")},
	}}, err
}

func (f *fake) GetBill(_ context.Context, _ domain.TenantID, id domain.BillID) (ports.Bill, error) {
	return fakeBill(), f.record(id)
}

func (f *fake) ListBillTransactions(
	_ context.Context, _ domain.TenantID, id domain.BillID, p domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	return onePage(f, id, p, transactionOfBill())
}

// transactionOfBill returns a row of the bill.
func transactionOfBill() domain.Transaction {
	t := domain.Transaction{ID: domain.TransactionID{UUID: otherID}, Version: 1}
	t.Bill = domain.CardBill{ID: domain.BillID{UUID: someID}, Month: "2026-11", Basis: "vendor"}
	t.Card = domain.CardFacts{Number: 2, Count: 3, PurchaseDate: "2026-09-10"}
	return t
}

func (f *fake) WriteBillStatement(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, bill domain.BillID, _ bool, _ ports.StatementWriter,
) error {
	return f.record(bill)
}

func (f *fake) ListBalances(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, window domain.Window, p domain.PageRequest,
) (domain.Page[books.AccountBalance], error) {
	return onePage(f, window, p, books.AccountBalance{
		Day: "2026-01-02", At: moment, Currency: "BRL", Balance: decimal.RequireFromString("-10.50"),
		Posted: decimal.RequireFromString("-1010.5"), Anchor: decimal.RequireFromString("1000"),
	})
}

// WriteStatement writes a statement without records. statementService writes statements with records.
func (f *fake) WriteStatement(_ context.Context, _ domain.TenantID, id domain.AccountID, q ports.StatementQuery,
	writer ports.StatementWriter) error {
	if err := f.record(q); err != nil {
		return err
	}
	return writer(books.Statement{
		Account: domain.Account{ID: id}, Currency: "BRL",
		Period: domain.Window{From: "2026-01-01", To: "2026-01-31"},
	}, func(func(books.StatementRecord, error) bool) {})
}

func closeFixture(id domain.AccountID, date domain.Date) books.Close {
	return books.Close{
		Account: id, Date: date, Count: 2, Currency: "BRL", Digest: [32]byte{0xab, 0x01},
		Sum:      decimal.NewNullDecimal(decimal.RequireFromString("-10.50")),
		ClosedAt: moment, ClosedBy: "alice", Completeness: books.Complete,
		Witness: &witness.Overview{
			ID: witness.BankStatementID{UUID: someID}, SHA256: strings.Repeat("ab", 32), Verdict: witness.Agrees,
		},
	}
}

func (f *fake) ClosePeriod(
	_ context.Context, _ domain.TenantID, id domain.AccountID, period domain.Window,
) (books.Close, error) {
	return closeFixture(id, period.To), f.record(period)
}

func (f *fake) ReopenPeriod(_ context.Context, _ domain.TenantID, _ domain.AccountID, date domain.Date) error {
	return f.record(date)
}

func (f *fake) ListCloses(
	_ context.Context, _ domain.TenantID, id domain.AccountID, _ bool, p domain.PageRequest,
) (domain.Page[books.Close], error) {
	c := closeFixture(id, "2025-12-31")
	c.Sum, c.Witness.SHA256 = decimal.NullDecimal{}, ""
	return onePage(f, id, p, c)
}

func (f *fake) ListAdjustments(
	_ context.Context, _ domain.TenantID, id domain.AccountID, date domain.Date, p domain.PageRequest,
) (domain.Page[books.Adjustment], error) {
	before := domain.CoveredMembers{Status: "pending", Date: "2025-12-30", Amount: "-10.5", Currency: "USD"}
	after := before
	after.Status, after.AccountAmount, after.AccountCurrency = "posted", "-51.25", "BRL"
	return onePage(f, date, p, books.Adjustment{
		Account: id, Transaction: domain.TransactionID{UUID: someID}, Change: domain.Modified, At: moment,
		Before: &before, After: &after,
	})
}

func erasureFixture(id domain.ConnectionID) domain.Erasure {
	return domain.Erasure{
		ID: domain.ErasureID{UUID: someID}, Connection: id, AtVendor: true, Status: domain.ErasureRunning,
		LastError: domain.VendorUnreachable, CreatedAt: moment,
	}
}

func (f *fake) EraseConnection(
	_ context.Context, _ domain.TenantID, id domain.ConnectionID, atVendor bool,
) (domain.Erasure, error) {
	return erasureFixture(id), f.record([]any{id, atVendor})
}

func (f *fake) GetErasure(_ context.Context, _ domain.TenantID, id domain.ErasureID) (domain.Erasure, error) {
	return erasureFixture(domain.ConnectionID(id)), f.record(id)
}

func (f *fake) ListErasures(
	_ context.Context, _ domain.TenantID, p domain.PageRequest,
) (domain.Page[domain.Erasure], error) {
	return onePage(f, nil, p, erasureFixture(connectionFixture().ID))
}

func (f *fake) ClosePeriods(
	ctx context.Context, tenant domain.TenantID, accounts []domain.AccountID, period domain.Window,
) ([]ports.CloseResult, error) {
	var results []ports.CloseResult
	for _, id := range accounts {
		c, err := f.ClosePeriod(ctx, tenant, id, period)
		results = append(results, ports.CloseResult{Account: id, Close: c, Err: err})
	}
	return results, nil
}

func (f *fake) WriteClosedStatement(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, date domain.Date, writer ports.StatementWriter,
) error {
	return f.WriteStatement(ctx, tenant, id, ports.StatementQuery{Window: domain.Window{To: date}}, writer)
}

// WriteEvidence passes a ports.Evidence to writer. Its document contains only the day of the close.
func (f *fake) WriteEvidence(ctx context.Context, _ domain.TenantID, _ domain.AccountID, date domain.Date,
	writer func(context.Context, ports.Evidence) error,
) error {
	if err := f.record(date); err != nil {
		return err
	}
	return writer(ctx, ports.Evidence{Document: func(w io.Writer) error {
		_, err := io.WriteString(w, string(date))
		return err
	}})
}

func (f *fake) GetTransaction(
	_ context.Context, _ domain.TenantID, id domain.TransactionID, _ time.Time,
) (domain.Transaction, error) {
	return transactionFixture(), f.record(id)
}

func (f *fake) TransactionHistory(
	_ context.Context, _ domain.TenantID, id domain.TransactionID, p domain.PageRequest,
) (domain.Page[domain.TransactionVersion], error) {
	version := transactionFixture()
	version.Pull, version.RowSHA256, version.Normalizer = domain.PullID{UUID: otherID}, []byte{0xab, 0x01}, "pluggy 2"
	before := transactionFixture()
	before.Version, before.Status, before.Description, before.Warnings = 1, domain.Pending, "", nil
	before.Metadata, before.UpdatedAt = json.RawMessage(`{"a":1e400,"a":2}`), moment.Add(-time.Hour)
	return onePage(f, id, p, domain.TransactionVersion{
		Transaction: version, Previous: &before, Trigger: domain.TriggerWebhook,
		Deliveries: []domain.DeliveryID{{UUID: someID}},
	})
}

func (f *fake) CoverageOfDay(
	_ context.Context, _ domain.TenantID, day domain.Date, bank domain.InstitutionKey, p domain.PageRequest,
) (ports.DayCoverage, error) {
	page, err := onePage(f, []any{day, bank}, p, ports.UncoveredAccount{
		Account: domain.Account{
			AccountData: domain.AccountData{Name: "Conta"}, BankReadAt: moment, CoversTo: "2026-01-01",
		},
		Connection: domain.BriefConnection{Vendor: "pluggy", Name: "books"}, State: domain.DayNotRead,
		CoveredFrom: moment,
		Reasons:     []domain.Attention{{Reason: domain.NeedsReauth, Severity: domain.SeverityNow, Since: moment}},
	})
	return ports.DayCoverage{
		Day: "2026-01-02", Accounts: map[domain.DayState]int{domain.DayCovered: 2, domain.DayNotRead: 1},
		Banks: []ports.BankCoverage{{Name: "Bank", Accounts: 3, Covered: 2}}, Page: page,
	}, err
}

func (f *fake) FindTransactions(
	_ context.Context, _ domain.TenantID, typed string, filter domain.TransactionSearch, p domain.PageRequest,
) (ports.FoundTransactions, error) {
	page, err := onePage(f, filter, p, ports.FoundTransaction{
		Transaction: transactionFixture(),
		Connection:  domain.BriefConnection{Name: "books", Institution: domain.Institution{ID: "201", Name: "Itaú"}},
		Account:     domain.Account{AccountData: domain.AccountData{Name: "Conta", Number: "0001/12345-6"}},
	})
	terms := mapItems(domain.ParseTyped(typed), func(t domain.TypedTerm) ports.SearchedTerm {
		return ports.SearchedTerm{TypedTerm: t}
	})
	return ports.FoundTransactions{Page: page, Terms: terms}, err
}

func (f *fake) SearchTransactions(
	_ context.Context, _ domain.TenantID, search domain.TransactionSearch, p domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	return onePage(f, search, p, transactionFixture())
}

func (f *fake) ListTransactions(
	_ context.Context, _ domain.TenantID, _ domain.ConnectionID, filter ports.TransactionFilter,
	p domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	return onePage(f, filter, p, transactionFixture())
}

func (f *fake) Changes(
	_ context.Context, _ domain.TenantID, p domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	f.page = p
	return domain.FeedPage{
		Items: []domain.Transaction{transactionFixture()}, Next: domain.Position{Key: "7", ID: someID},
	}, f.record(wait)
}

// Do calls its callback once for each key and stores the response, as the application does. Unlike in the
// application, stored responses do not expire.
func (f *fake) Do(
	ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint,
	fn func(context.Context) (ports.StoredResponse, error),
) (ports.StoredResponse, bool, error) {
	f.mu.Lock()
	first, known := f.responses[tenant.String()+key]
	f.mu.Unlock()
	switch {
	case known && first.fingerprint != fingerprint:
		return ports.StoredResponse{}, false, &domain.Error{Kind: domain.Conflict, Code: domain.KeyReused}
	case known:
		return first.response, true, nil
	}
	response, err := fn(ctx)
	if err != nil || (response.Status == 0 && response.Body == nil) {
		return response, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.responses == nil {
		f.responses = map[string]storedCall{}
	}
	f.responses[tenant.String()+key] = storedCall{fingerprint, response}
	return response, false, nil
}

func (f *fake) RecordRefusal(_ context.Context, _ domain.TenantID, operation string) error {
	return f.record("refused " + operation)
}

func (f *fake) ListAuditEntries(_ context.Context, _ domain.TenantID, filter domain.AuditFilter,
	p domain.PageRequest,
) (domain.Page[domain.AuditEntry], error) {
	return onePage(f, filter, p, auditEntryFixture())
}

func (f *fake) AuditCheckpoint(context.Context, domain.TenantID) ([]byte, error) {
	return []byte("origin\n1\nroot\n\n— signature\n"), f.record("checkpoint")
}

func (f *fake) AuditKey(context.Context, domain.TenantID) (string, error) {
	return "name+hash+key", f.record("key")
}

func (f *fake) ProveAuditConsistency(
	_ context.Context, _ domain.TenantID, fromSize int64, toSize *int64,
) (domain.AuditProof, error) {
	return domain.AuditProof{Size: 7, Hashes: []domain.AuditHash{{1}, {2}}}, f.record(sizes(fromSize, toSize))
}

func (f *fake) ProveAuditInclusion(
	_ context.Context, _ domain.TenantID, sequence int64, size *int64,
) (domain.AuditProof, error) {
	return domain.AuditProof{Size: 7}, f.record(sizes(sequence, size))
}

// sizes formats the arguments of a proof request as one string.
func sizes(number int64, size *int64) string {
	if size == nil {
		return fmt.Sprint(number, " newest")
	}
	return fmt.Sprint(number, " ", *size)
}

func auditEntryFixture() domain.AuditEntry {
	return domain.AuditEntry{
		ID:        someID,
		Sequence:  3,
		At:        moment,
		Actor:     "alice",
		Action:    "token.mint",
		Object:    someID.String(),
		RequestID: "made-id",
		Detail:    domain.AuditDetail{IDs: map[string]uuid.UUID{"connectionId": otherID}, Changed: []string{"a"}},
	}
}

// subscriptionFixture returns a disabled subscription with two waiting events and one event that is being retried.
func subscriptionFixture(id events.SubscriptionID) ports.SubscriptionStatus {
	at := closeFixture(domain.AccountID{}, "2025-12-31").ClosedAt
	return ports.SubscriptionStatus{
		Subscription: events.Subscription{
			ID: id, Name: "ledger", Types: []events.EventFilter{"transaction.*"},
			Connection: domain.ConnectionID{UUID: someID}, Account: domain.AccountID{UUID: otherID},
			Sink: events.SubscriptionSink{
				Kind:     "rabbitmq",
				Settings: `{"url":"amqps://user@mq.example.test","exchange":"books","routingKey":"events"}`,
			},
			State: events.SubscriptionDisabled, Reason: domain.SinkRefused, StateSince: at, PreviousUntil: at,
			Sealed: domain.Sealed(canary), LastSequence: 42, Revision: 7, CreatedAt: at, UpdatedAt: at,
		},
		Position: 40, Waiting: 2, Retrying: 1, OldestWaiting: at,
	}
}

func (f *fake) CreateSubscription(
	_ context.Context, _ domain.TenantID, n ports.NewSubscription,
) (ports.CreatedSubscription, error) {
	return ports.CreatedSubscription{
		SubscriptionStatus: subscriptionFixture(events.SubscriptionID{UUID: otherID}),
		Secret:             domain.SecretText(signingSecret),
	}, f.record(n)
}

func (f *fake) GetSubscription(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return subscriptionFixture(id), f.record(id)
}

func (f *fake) ListSubscriptions(
	_ context.Context, _ domain.TenantID, p domain.PageRequest,
) (domain.Page[ports.SubscriptionStatus], error) {
	id := events.SubscriptionID{UUID: otherID}
	return onePage(f, id, p, subscriptionFixture(id))
}

func (f *fake) UpdateSubscription(_ context.Context, _ domain.TenantID, id events.SubscriptionID, match ports.IfMatch,
	u ports.SubscriptionUpdate,
) (ports.SubscriptionStatus, error) {
	f.match = match
	return subscriptionFixture(id), f.record(u)
}

func (f *fake) DeleteSubscription(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID, match ports.IfMatch,
) error {
	f.match = match
	return f.record(id)
}

func (f *fake) PauseSubscription(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return subscriptionFixture(id), f.record(id)
}

func (f *fake) ResumeSubscription(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return subscriptionFixture(id), f.record(id)
}

func (f *fake) RotateSubscriptionSecret(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID,
) (ports.CreatedSubscription, error) {
	return ports.CreatedSubscription{
		SubscriptionStatus: subscriptionFixture(id), Secret: domain.SecretText(signingSecret),
	}, f.record(id)
}

func (f *fake) ReplaySubscription(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID, from int64,
) (ports.SubscriptionStatus, error) {
	return subscriptionFixture(id), f.record(from)
}

func (f *fake) SkipEvent(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID, sequence int64,
) (ports.SubscriptionStatus, error) {
	return subscriptionFixture(id), f.record(sequence)
}

func (f *fake) TestSubscription(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID,
) (ports.SinkTestResult, error) {
	return ports.SinkTestResult{Reason: domain.SinkRefused, Latency: 84 * time.Millisecond}, f.record(id)
}

// conflictFixture returns an entry with a conflict that has a value in every member.
func conflictFixture(record domain.TransactionID) lerianmatcher.Entry {
	content := lerianmatcher.Content{
		ExternalID: "E1.2", Version: 2, Amount: decimal.RequireFromString("-12.50"), Currency: "BRL",
		Date: "2026-01-02", Description: "PIX", Reference: "E1", Counterparty: "Ana", Digest: canary,
	}
	return lerianmatcher.Entry{
		Record: record, State: lerianmatcher.Imported, MatcherID: otherID.String(), File: canary,
		Conflict: &lerianmatcher.Conflict{
			Reason: lerianmatcher.ReasonMatched, Change: domain.Modified, Version: 2,
			Since: closeFixture(domain.AccountID{}, "2025-12-31").ClosedAt, Ours: &content,
			Theirs: &lerianmatcher.Transaction{
				ID:          otherID.String(),
				ExternalID:  "E1",
				Status:      lerianmatcher.Matched,
				Amount:      decimal.RequireFromString("-12"),
				Currency:    "BRL",
				Date:        "2026-01-01",
				Description: "PIX 1",
			},
		},
	}
}

func (f *fake) ListMatcherConflicts(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID, p domain.PageRequest,
) (domain.Page[lerianmatcher.Entry], error) {
	return onePage(f, id, p, conflictFixture(domain.TransactionID{UUID: someID}))
}

func (f *fake) RetryMatcherConflict(
	_ context.Context, _ domain.TenantID, _ events.SubscriptionID, record domain.TransactionID,
) (lerianmatcher.Entry, error) {
	return conflictFixture(record), f.record(record)
}

func (f *fake) ListUnmappedAccounts(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID, p domain.PageRequest,
) (domain.Page[ports.UnmappedAccount], error) {
	return onePage(f, id, p, ports.UnmappedAccount{
		Account: domain.AccountID{UUID: someID}, Connection: domain.ConnectionID{UUID: otherID}, Type: "bank",
		Name: "Conta", Number: "1-2", Currency: "BRL", Shared: true,
	})
}

func (f *fake) ListEventAttempts(
	_ context.Context, _ domain.TenantID, id events.SubscriptionID, p domain.PageRequest,
) (domain.Page[events.EventAttempt], error) {
	return onePage(f, id, p, events.EventAttempt{
		ID: events.AttemptID{UUID: someID}, Sequence: 42, Event: events.EventID{UUID: otherID},
		Type: events.TransactionAdded, Subject: someID.String(), Number: 2,
		At: closeFixture(domain.AccountID{}, "2025-12-31").ClosedAt, Took: 84 * time.Millisecond,
		Error: domain.SinkRefused,
	})
}
