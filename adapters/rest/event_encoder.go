package rest

import (
	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// EventEncoder implements ports.EventEncoder. It encodes objects in the same way as the responses of the API.
type EventEncoder struct{}

var _ ports.EventEncoder = EventEncoder{}

// encodeView encodes a representation as JSON, in the same way as a response body.
func encodeView(view any) ([]byte, error) { return json.Marshal(view, operation.ResponseOptions) }

// Transaction returns the transaction as the API returns it.
func (EventEncoder) Transaction(t domain.Transaction) ([]byte, error) {
	return encodeView(transactionOf(t))
}

// Account returns the account as the API returns it.
func (EventEncoder) Account(a domain.Account) ([]byte, error) { return encodeView(accountOf(a)) }

// Connection returns the connection as the API returns it.
func (EventEncoder) Connection(c domain.Connection) ([]byte, error) {
	return encodeView(descriptorOf(c))
}

// Pull returns the pull as the API returns it.
func (EventEncoder) Pull(p domain.Pull) ([]byte, error) { return encodeView(pullOf(p)) }

// Close returns the closed period as the API returns it.
func (EventEncoder) Close(c books.Close) ([]byte, error) { return encodeView(closeOf(c)) }

// BankStatement returns the bank statement as the API returns it.
func (EventEncoder) BankStatement(s ports.BankStatementView) ([]byte, error) {
	return encodeView(bankStatementOf(s))
}

// Bill returns the bill as the API returns it, without suggested payments.
func (EventEncoder) Bill(b ports.Bill) ([]byte, error) { return encodeView(billOf(b)) }

// Suggestion returns the possible replacement as the API returns it.
func (EventEncoder) Suggestion(s ports.Suggestion) ([]byte, error) {
	return encodeView(suggestionOf(s))
}

// Conflict returns the conflict as the API returns it.
func (EventEncoder) Conflict(e lerianmatcher.Entry) ([]byte, error) { return encodeView(conflictOf(e)) }

// Subscription returns the subscription as the API returns it, without secrets.
func (EventEncoder) Subscription(s ports.SubscriptionStatus) ([]byte, error) {
	return encodeView(subscriptionOf(s))
}
