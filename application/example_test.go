package application_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// acme is an aggregator adapter that the embedding service itself implements. It has one account with one transaction.
type acme struct{}

func (acme) Vendor() domain.Vendor { return "acme" }

func (acme) Check(_ context.Context, a ports.Access) (domain.LinkStatus, error) {
	if !a.Credential.Part(domain.PartSecret).Equal(domain.SecretText("s3cret")) {
		return domain.LinkStatus{}, &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	}
	return domain.LinkStatus{
		SyncComplete: true, Accounts: domain.OneRead, Transactions: domain.OneRead,
	}, nil
}

func (acme) Accounts(context.Context, ports.Access) ([]domain.AccountData, error) {
	return []domain.AccountData{{ExternalID: "checking", Type: domain.BankAccount, Currency: "BRL"}}, nil
}

func (acme) Plan(domain.PullScope, []domain.AccountData, domain.Date) []domain.Step {
	return []domain.Step{{Account: "checking", Sweep: true}}
}

func (acme) Read(context.Context, ports.Access, domain.Step, []domain.AccountData, string) (ports.VendorPage, error) {
	amount, err := domain.ParseMoney("-42.90", "BRL")
	return ports.VendorPage{Transactions: domain.RawTransactionsOf(domain.TransactionData{
		ExternalID: "t-1", Account: "checking", Amount: amount, Status: domain.Posted,
		Date: "2026-03-01", Description: "Padaria", Metadata: json.RawMessage(`{}`),
	})}, err
}

func (acme) Parse(body []byte) (domain.WebhookEvent, error) {
	return domain.WebhookEvent{Name: string(body), DedupKey: string(body), WantsPull: true,
		Scope: domain.PullScope{Everything: true}}, nil
}

// plainSealer is a fake sealer that stores the credentials in a map. A real sealer encrypts the
// credential and stores nothing.
type plainSealer map[string]domain.Credential

func (s plainSealer) Seal(_ domain.TenantID, id domain.ConnectionID, c domain.Credential) (domain.Sealed, error) {
	s[id.String()] = c
	return domain.Sealed(id.String()), nil
}

func (s plainSealer) Open(_ domain.TenantID, _ domain.ConnectionID, sealed domain.Sealed) (domain.Credential, error) {
	return s[string(sealed)], nil
}

func (plainSealer) SealSubscription(
	domain.TenantID, events.SubscriptionID, domain.Credential,
) (domain.Sealed, error) {
	return nil, nil
}

func (plainSealer) OpenSubscription(
	domain.TenantID, events.SubscriptionID, domain.Sealed,
) (domain.Credential, error) {
	return domain.Credential{}, nil
}

func (plainSealer) NeedsReseal(domain.Sealed) bool { return false }

// allowAll is an EgressGuard that allows every address. discardEvents is an Observer that discards
// every event.
type (
	allowAll      struct{}
	discardEvents struct{}
)

func (allowAll) Check(context.Context, string) error             { return nil }
func (discardEvents) Emit(context.Context, ports.TelemetryEvent) {}

// The example embeds the service without HTTP, and with a channel as its job queue. It shows the whole path of a
// transaction.
func Example() {
	ctx, tenant := context.Background(), domain.TenantID{UUID: uuid.New()}
	work := make(chan domain.PullID, 1) // the job queue
	db, err := sqlite.Open(ctx, sqlite.Config{DSN: ":memory:"})
	check(err)
	defer func() { check(db.Close()) }()
	check(db.Migrate(ctx))
	store := db.Store(func(pulls ...domain.PullID) { work <- pulls[0] })
	service, err := application.New(application.Deps{
		Connections: store.Connections(), Tokens: store.Tokens(), Deliveries: store.Deliveries(),
		Idempotency: store.Idempotency(), Pulls: store.Pulls(), Ledger: store.Ledger(), Erasures: store.Erasures(),
		Applications:   store.Applications(),
		LinkSessions:   store.LinkSessions(),
		BankStatements: store.BankStatements(), StatementReader: bankstatement.Reader{},
		SealedValues: store.SealedValues(),
		AuditLog:     store.AuditLog(), AuditTree: transparency.Tree{}, CloseDocument: camt053.Format{},
		Sealer: plainSealer{}, Egress: allowAll{}, Aggregators: []ports.Aggregator{acme{}},
		Subscriptions: store.Subscriptions(),
		Sources:       map[domain.Vendor]domain.SourcePolicy{"acme": {Authorization: domain.SecretText("hello")}},
		Clock:         system.Clock{}, Sleeper: system.Clock{}, IDs: system.IDs{}, Entropy: rand.Reader,
		Observer: discardEvents{},
	})
	check(err)

	created, err := service.CreateConnection(ctx, tenant, ports.NewConnection{
		Vendor: "acme", Name: "books", BaseURL: "https://api.acme.test", AccountRef: "link-1",
		ClientID: domain.SecretText("me"), Secret: domain.SecretText("s3cret"),
	})
	check(err)
	token, err := service.MintToken(ctx, tenant, ports.MintRequest{Vendor: "acme", Name: "books"})
	check(err)
	received, err := service.Receive(ctx, domain.WebhookRequest{
		Vendor: "acme", Token: string(token.Raw.Reveal()), Authorization: "hello", Body: []byte("rows/new"),
	})
	check(err)
	fmt.Println("delivery:", received.Delivery.Status)

	_, err = service.RunPull(ctx, <-work)
	check(err)
	rows, err := service.ListTransactions(ctx, tenant, created.ID, ports.TransactionFilter{},
		domain.PageRequest{Limit: 20})
	check(err)
	for _, t := range rows.Items {
		fmt.Println(t.Date, t.Amount.Amount, t.Amount.Currency, t.Description, "version", t.Version)
	}
	feed, err := service.Changes(ctx, tenant, domain.PageRequest{Limit: 200}, 0)
	check(err)
	fmt.Println("change:", feed.Items[0].Change())
	// Output:
	// delivery: accepted
	// 2026-03-01 -42.9 BRL Padaria version 1
	// change: added
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// SealFile returns the content as it is.
func (plainSealer) SealFile(_ domain.TenantID, _ witness.BankStatementID, content []byte) (domain.Sealed, error) {
	return content, nil
}

func (plainSealer) OpenFile(_ domain.TenantID, _ witness.BankStatementID, s domain.Sealed) ([]byte, error) {
	return s, nil
}
