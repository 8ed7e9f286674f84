package rest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A page contains only as many items as the sum of their sizes (domain.ItemSize) allows. The JSON of an item must not
// be larger than the size of the item. Otherwise a response could be larger than a page may be.
func TestNoItemIsLargerInAResponseThanItsSize(t *testing.T) {
	for name, text := range map[string]string{
		"short": "x", "control characters": strings.Repeat("\x01", 500), "quotes": strings.Repeat(`"\`, 250),
		"invalid UTF-8": strings.Repeat("\xff", 500), "long": strings.Repeat("ação ", 800),
	} {
		t.Run(name, func(t *testing.T) {
			money := &domain.Money{Amount: decimal.RequireFromString("-1234567890123456.789"), Currency: "BRL"}
			id, at := someID, time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC)
			metadata := []byte(`{"id":"` + strings.Repeat("x", 5000) + `"}`)
			transaction := domain.Transaction{
				ID: domain.TransactionID{UUID: id}, Connection: domain.ConnectionID{UUID: id}, Vendor: "pluggy",
				AccountID: domain.AccountID{UUID: id}, Version: 1 << 30, FirstSeenAt: at, UpdatedAt: at, RemovedAt: at,
				Supersedes: slices.Repeat([]domain.Superseded{{
					ExternalID: text, At: at, Rule: "institution_key", Version: 7,
					Younger: domain.TransactionID{UUID: id},
				}}, 3),
				SupersededBy: domain.TransactionID{UUID: id}, Adjusts: "2026-02-28", Pull: domain.PullID{UUID: id},
				TransactionData: domain.TransactionData{
					ExternalID: text, Amount: *money, AccountMoney: money, Status: domain.Posted, Date: "2026-03-01",
					OccurredAt: at, Description: text, Category: text, Counterparty: text,
					References: domain.References{
						EndToEndID: text, TransactionID: text, AuthenticationCode: text, ReferenceNumber: text,
						ReceiverReferenceID: text, TrackingKey: text, ChequeNumber: text, TxID: text,
						Barcode: "99991163200000210000444000457220000012345678",
					},
					CounterpartyDocument: domain.PartyDocument{Type: domain.OtherDocument, Value: text},
					Warnings:             []domain.Warning{domain.DirectionConflict}, Metadata: metadata,
					RowSHA256: make([]byte, 32), Normalizer: "pluggy 2",
				},
			}
			transaction.Changed = domain.ChangedMembers(&domain.Transaction{}, &transaction)
			before := transaction
			before.Description, before.Metadata = text+"!", []byte(`{}`)
			version := domain.TransactionVersion{
				Transaction: transaction, Previous: &before, Trigger: "webhook",
				Deliveries: make([]domain.DeliveryID, 1000),
			}
			history, err := versionOf(version)
			if err != nil {
				t.Fatal(err)
			}
			account := domain.Account{
				ID: domain.AccountID{UUID: id}, Vendor: "pluggy", FirstSeenAt: at, UpdatedAt: at, RemovedAt: at,
				AccountData: domain.AccountData{
					ExternalID: text,
					Type:       domain.BankAccount,
					Subtype:    text,
					Name:       text,
					Number:     text,
					Currency:   "BRL",
					Balance:    money,
					Metadata:   metadata,
				},
				References: []domain.AccountReference{{AccountRef: text, ExternalID: text, From: at, Until: at}},
			}
			row := domain.QuarantinedRow{
				ID: uuid.UUID{1}, FirstSeenAt: at, LastSeenAt: at,
				UnreadableData: domain.NewUnreadableData(domain.QuarantinedAccount, text, domain.TooDeep, []byte(text)),
			}
			delivery := domain.Delivery{EventID: text, Event: text, ReceivedAt: at, ProcessedAt: at}
			entry := domain.AuditEntry{Actor: text, Action: text, Object: text, RequestID: text}
			connection := domain.Connection{Name: text}
			content := &lerianmatcher.Content{
				ExternalID: text, Amount: money.Amount, Currency: text, Description: text, Reference: text,
				Counterparty: text,
			}
			conflict := lerianmatcher.Entry{MatcherID: text, Conflict: &lerianmatcher.Conflict{
				Since: at, Ours: content, Theirs: &lerianmatcher.Transaction{
					ExternalID: text, Amount: money.Amount, Currency: text, Description: text,
				},
			}}
			unmapped := ports.UnmappedAccount{Type: text, Name: text, Number: text, Currency: text}
			sub := ports.SubscriptionStatus{Subscription: events.Subscription{Name: text, CreatedAt: at}}
			for what, pair := range map[string]struct {
				size int
				view any
			}{
				"a change":            {domain.ItemSize(&transaction), changeOf(transaction)},
				"a version":           {domain.ItemSize(&version), history},
				"an account":          {domain.ItemSize(&account), accountOf(account)},
				"a quarantined row":   {domain.ItemSize(&row), quarantinedOf(row)},
				"a delivery":          {domain.ItemSize(&delivery), deliveryOf(delivery)},
				"an audit entry":      {domain.ItemSize(&entry), auditEntryOf(entry)},
				"a subscription":      {domain.ItemSize(&sub), subscriptionOf(sub)},
				"a conflict":          {domain.ItemSize(&conflict), conflictOf(conflict)},
				"an unmapped account": {domain.ItemSize(&unmapped), unmappedOf(unmapped)},
				"an empty pull":       {domain.ItemSize(&domain.Pull{}), pullOf(domain.Pull{})},
				"an empty token":      {domain.ItemSize(&domain.WebhookToken{}), tokenOf(domain.WebhookToken{})},
				"an empty balance":    {domain.ItemSize(&books.AccountBalance{}), balanceOf(books.AccountBalance{})},
				"an empty attempt": {
					domain.ItemSize(&events.EventAttempt{}), attemptOf(events.EventAttempt{}, sinkAnswerView{}),
				},
				"an empty erasure": {domain.ItemSize(&domain.Erasure{}), erasureOf(domain.Erasure{})},
				"an empty close":   {domain.ItemSize(&books.Close{}), closeOf(books.Close{})},
				"an adjustment":    {domain.ItemSize(&books.Adjustment{}), adjustmentOf(books.Adjustment{}, "")},
				"a connection":     {domain.ItemSize(&connection), descriptorOf(connection)},
			} {
				encoded, err := json.Marshal(pair.view, operation.ResponseOptions)
				if err != nil {
					t.Fatal(err)
				}
				if len(encoded) > pair.size {
					t.Errorf("%s: %d bytes, but its size is %d", what, len(encoded), pair.size)
				}
			}
		})
	}
}
