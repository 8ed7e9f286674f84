package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Epoch is the time at which the rows of the fixtures are stored.
var Epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

// NewID returns a random id.
func NewID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// RunningPull stores a connection with a running pull, and returns the lease of the pull.
func RunningPull(t testing.TB, s Stores, tenant domain.TenantID) domain.Lease {
	t.Helper()
	c := domain.Connection{
		ID: NewID[domain.Connection](), Tenant: tenant, Kind: domain.Aggregator, Name: uuid.NewString(),
		Vendor: "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: Epoch, UpdatedAt: Epoch,
	}
	if err := s.Connections().Create(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	r := ports.PullRequest{ID: NewID[domain.Pull](), At: Epoch}
	pull, err := s.Pulls().Request(t.Context(), tenant, c.ID, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	lease := domain.Lease{ID: NewID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: Epoch.Add(time.Hour)}
	if _, err := s.Pulls().Claim(t.Context(), lease, Epoch); err != nil {
		t.Fatal(err)
	}
	return lease
}

// WriteRows stores a page with rows that have the given external ids.
func WriteRows(ctx context.Context, s Stores, lease domain.Lease, externalIDs ...string) error {
	w := ports.PageWrite{NewID: NewID[domain.Transaction], At: Epoch, LeaseUntil: Epoch.Add(time.Hour)}
	for _, id := range externalIDs {
		w.Transactions = append(w.Transactions, domain.TransactionData{
			ExternalID: id, Amount: domain.Money{Amount: decimal.NewFromInt(1), Currency: "BRL"}, Date: "2026-03-01",
		})
	}
	_, err := s.Pulls().StorePage(ctx, lease, w)
	return err
}

// ReadChanges reads the feed after the position until it has read at least minCount changes or a timeout expires. It
// returns the external ids of the changed rows, and the next position. It polls, because writers of other tests can
// delay the feed.
func ReadChanges(t *testing.T, s Stores, tenant domain.TenantID, position domain.Position,
	minCount int,
) ([]string, domain.Position) {
	t.Helper()
	var ids []string
	for deadline := time.Now().Add(Timeout / 2); ; time.Sleep(time.Millisecond) {
		page, err := s.Ledger().Changes(t.Context(), tenant, domain.PageRequest{Limit: 100, After: position})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ExternalID)
		}
		if position = page.Next; len(ids) >= minCount || time.Now().After(deadline) {
			return ids, position
		}
	}
}

// ConnectionWithToken stores a connection of a new tenant with a token, and returns the token.
func ConnectionWithToken(t testing.TB, s Stores) domain.WebhookToken {
	t.Helper()
	c := domain.Connection{
		ID: NewID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator, Name: "c",
		Vendor: "pluggy", Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: Epoch, UpdatedAt: Epoch,
	}
	token := domain.WebhookToken{
		ID: NewID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(c.ID.String()), CreatedAt: Epoch,
	}
	if err := s.Connections().Create(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Tokens().Create(t.Context(), token, nil); err != nil {
		t.Fatal(err)
	}
	return token
}

// Receive sends an event to the token.
func Receive(
	ctx context.Context, s Stores, token domain.WebhookToken, key string,
) (ports.ReceiveResult, error) {
	return s.Deliveries().Receive(ctx, ports.IncomingDelivery{
		Delivery: NewID[domain.Delivery](), Pull: NewID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
		SourceAdmitted: true, Body: []byte(key), At: Epoch,
		Event: domain.WebhookEvent{Name: "e", ID: key, DedupKey: key, WantsPull: true},
	})
}

// FillTenant adds connections and tokens to the tenant of the token: 1,000 connections with an account reference each,
// "item-0" to "item-999", and four tokens for each of them.
func FillTenant(t testing.TB, db *gorm.DB, token domain.WebhookToken) {
	t.Helper()
	var connections []gormstore.ConnectionRow
	var tokens []gormstore.TokenRow
	for i := range 1000 {
		ref := fmt.Sprintf("item-%d", i)
		c := gormstore.RowOfConnection(domain.Connection{
			ID: NewID[domain.Connection](), Tenant: token.Tenant, Kind: domain.Aggregator, Name: ref, AccountRef: ref,
			Vendor: token.Vendor, Sealed: domain.Sealed("x"), Revision: 1, CreatedAt: Epoch, UpdatedAt: Epoch,
		})
		connections = append(connections, c)
		for range 4 {
			id := uuid.New()
			hash := domain.HashToken(id.String())
			tokens = append(tokens, gormstore.TokenRow{
				ID: id, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, Hash: hash[:],
				Created: gormstore.Instant{Time: Epoch},
			})
		}
	}
	for _, rows := range []any{connections, tokens} {
		if err := db.CreateInBatches(rows, 200).Error; err != nil {
			t.Fatal(err)
		}
	}
}
