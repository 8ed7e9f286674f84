package events

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// load reads the current resources of the events and returns each event with its resource. All transactions are read
// together.
func (r *eventRunner) load(ctx context.Context, recorded []events.SubscriptionEvent) ([]*queuedEvent, error) {
	transactions, err := r.loadTransactions(ctx, recorded)
	if err != nil {
		return nil, err
	}
	loaded := make([]*queuedEvent, len(recorded))
	for i, e := range recorded {
		loaded[i] = &queuedEvent{SubscriptionEvent: e}
		if e.Type.Resource() == events.TransactionAdded.Resource() {
			if t, ok := transactions[e.Subject]; ok {
				loaded[i].encode = func() ([]byte, error) { return r.Encoder.Transaction(t) }
			}
			continue
		}
		loaded[i].encode, err = r.loadResource(ctx, e)
		if err != nil && !errors.Is(err, domain.NotFound) {
			return nil, err
		}
	}
	return loaded, nil
}

// loadTransactions returns the transactions that the events are about, with their ids as keys.
func (r *eventRunner) loadTransactions(
	ctx context.Context, recorded []events.SubscriptionEvent,
) (map[string]domain.Transaction, error) {
	var ids []domain.TransactionID
	var connections []domain.ConnectionID
	for _, e := range recorded {
		if e.Type.Resource() != events.TransactionAdded.Resource() {
			continue
		}
		if id, err := domain.ParseID[domain.Transaction](e.Subject); err == nil {
			ids = append(ids, id)
		}
		if !slices.Contains(connections, e.Connection) {
			connections = append(connections, e.Connection)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := r.Subscriptions.Transactions(ctx, r.sub.Tenant, connections, ids)
	transactions := make(map[string]domain.Transaction, len(found))
	for _, t := range found {
		transactions[t.ID.String()] = t
	}
	return transactions, err
}

// loadResource reads the resource of an event that is not about a transaction, and returns a function that encodes it.
// Errors: NotFound if the resource does not exist any more, or if the service does not know the kind of resource.
func (r *eventRunner) loadResource(
	ctx context.Context, e events.SubscriptionEvent,
) (encode func() ([]byte, error), err error) {
	tenant := r.sub.Tenant
	switch e.Type.Resource() {
	case events.AccountAdded.Resource():
		return encoder(e.Subject, func(id domain.AccountID) (domain.Account, error) {
			return r.Ledger.Account(ctx, tenant, id)
		}, r.Encoder.Account)
	case events.ConnectionRecovered.Resource():
		return encoder(e.Subject, func(id domain.ConnectionID) (domain.Connection, error) {
			return r.Connections.Get(ctx, tenant, domain.Aggregator, id)
		}, r.Encoder.Connection)
	case events.PullFailedEvent.Resource():
		return encoder(e.Subject, func(id domain.PullID) (domain.Pull, error) {
			return r.Pulls.Get(ctx, tenant, id)
		}, r.Encoder.Pull)
	case events.PeriodAdjusted.Resource():
		return r.loadClose(ctx, e.Subject)
	case events.ReplacementPossible.Resource():
		return r.loadSuggestion(ctx, e.Subject)
	case events.AuditCheckpoint.Resource():
		return r.loadCheckpoint(ctx)
	}
	return nil, domain.NotFoundError()
}

// encoder parses the id of a resource (subject), reads the resource, and returns a function that encodes the resource.
func encoder[I, R any](
	subject string, read func(domain.ID[I]) (R, error), encode func(R) ([]byte, error),
) (func() ([]byte, error), error) {
	id, err := domain.ParseID[I](subject)
	if err != nil {
		return nil, err
	}
	resource, err := read(id)
	if err != nil {
		return nil, err
	}
	return func() ([]byte, error) { return encode(resource) }, nil
}

// loadClose reads a closed period. The subject consists of the account and the last day of the period. Ledger.Closes
// lists the newest period first. To find the wanted period, the listing starts after the position of a period that ends
// one day later.
func (r *eventRunner) loadClose(ctx context.Context, subject string) (func() ([]byte, error), error) {
	account, day, err := events.ParsePeriodSubject(subject)
	if err != nil {
		return nil, domain.NotFoundError()
	}
	page, err := r.Ledger.Closes(ctx, r.sub.Tenant, account, domain.PageRequest{
		Limit: 1, After: domain.Position{Key: string(day.AddDays(1)), ID: account.UUID},
	})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 || page.Items[0].Date != day {
		return nil, domain.NotFoundError()
	}
	return func() ([]byte, error) { return r.Encoder.Close(page.Items[0]) }, nil
}

// loadSuggestion reads a possible replacement. The subject names its records.
func (r *eventRunner) loadSuggestion(ctx context.Context, subject string) (func() ([]byte, error), error) {
	old, newer, err := events.ParseSuggestionSubject(subject)
	if err != nil {
		return nil, domain.NotFoundError()
	}
	s, err := r.Ledger.Suggestion(ctx, r.sub.Tenant, ports.RecordPair{Old: old, New: newer})
	if err != nil {
		return nil, err
	}
	return func() ([]byte, error) { return r.Encoder.Suggestion(s) }, nil
}

// loadCheckpoint reads the newest checkpoint of the audit entries.
func (r *eventRunner) loadCheckpoint(ctx context.Context) (func() ([]byte, error), error) {
	head, err := r.Audits.Log.Head(ctx, r.sub.Tenant)
	if err != nil {
		return nil, err
	}
	return func() ([]byte, error) {
		return json.Marshal(struct {
			Size       int64  `json:"size"`
			Checkpoint string `json:"checkpoint"`
		}{head.Size, string(head.Checkpoint)})
	}, nil
}
