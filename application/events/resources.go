package events

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// load reads the current resources of the given events in their order, and adds the events with their resources to l.
// It loads at least one event. It ends after l.limit events, or when the resources have the size maxLoadBytes. All
// transactions are read with one call.
func (r *eventRunner) load(ctx context.Context, l *loadedEvents, recorded []events.SubscriptionEvent) error {
	recorded, transactions, err := r.loadTransactions(ctx, l, recorded)
	if err != nil {
		return err
	}
	for _, e := range recorded {
		if l.size >= maxLoadBytes {
			break
		}
		queued, size := &queuedEvent{SubscriptionEvent: e}, 0
		if e.Type.Resource() == events.TransactionAdded.Resource() {
			if t, ok := transactions[e.Subject]; ok {
				queued.encode, size = func() ([]byte, error) { return r.Encoder.Transaction(t) }, domain.ItemSize(&t)
			}
		} else if queued.encode, size, err = r.loadResource(ctx, e); err != nil && !errors.Is(err, domain.NotFound) {
			return err
		}
		l.events = append(l.events, queued)
		l.size += int64(size)
	}
	l.trim(ctx, r.Memory, r.sub.Tenant)
	return nil
}

// loadTransactions reads the transactions of the first events. It returns these events, and a map of the transactions
// by id. If the transactions are larger than maxLoadBytes, loadTransactions halves the number of events until they
// fit, and stores this number in l.limit.
func (r *eventRunner) loadTransactions(
	ctx context.Context, l *loadedEvents, recorded []events.SubscriptionEvent,
) ([]events.SubscriptionEvent, map[string]domain.Transaction, error) {
	recorded = recorded[:min(len(recorded), l.limit)]
	for {
		transactions, more, err := r.readTransactions(ctx, recorded)
		if err != nil || !more {
			l.limit = min(2*max(l.limit, 1), queueLow)
			return recorded, transactions, err
		}
		l.limit = (len(recorded) + 1) / 2
		recorded = recorded[:l.limit]
	}
}

// readTransactions returns the transactions that the events are about, by id. more reports whether some transactions
// were left out because of their size.
func (r *eventRunner) readTransactions(
	ctx context.Context, recorded []events.SubscriptionEvent,
) (_ map[string]domain.Transaction, more bool, err error) {
	var ids []domain.TransactionID
	for _, e := range recorded {
		if e.Type.Resource() != events.TransactionAdded.Resource() {
			continue
		}
		if id, err := domain.ParseID[domain.Transaction](e.Subject); err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, false, nil
	}
	found, more, err := r.Subscriptions.Transactions(ctx, r.sub.Tenant, ids, maxLoadBytes)
	transactions := make(map[string]domain.Transaction, len(found))
	for _, t := range found {
		transactions[t.ID.String()] = t
	}
	return transactions, more, err
}

// loadResource reads the resource of an event that is not about a transaction. It returns a function that encodes the
// resource, and the size of the resource (see domain.ItemSize). Errors: NotFound if the resource no longer exists, or
// if the service does not know the kind of resource.
func (r *eventRunner) loadResource(
	ctx context.Context, e events.SubscriptionEvent,
) (encode func() ([]byte, error), size int, err error) {
	tenant := r.sub.Tenant
	switch e.Type.Resource() {
	case events.AccountAdded.Resource():
		return encoder(e.Subject, func(id domain.AccountID) (domain.Account, error) {
			a, err := r.Ledger.Account(ctx, tenant, id)
			r.DescribeAccount(&a)
			return a, err
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
	case events.BankStatementCompared.Resource():
		return encoder(e.Subject, func(id witness.BankStatementID) (ports.BankStatementView, error) {
			return r.bankStatement(ctx, id)
		}, r.Encoder.BankStatement)
	case events.BillAdded.Resource():
		return encoder(e.Subject, func(id domain.BillID) (ports.Bill, error) {
			b, err := r.Ledger.Bill(ctx, tenant, id)
			return ports.Bill{Stored: b}, err
		}, r.Encoder.Bill)
	case events.ReplacementPossible.Resource():
		return r.loadSuggestion(ctx, e.Subject)
	case events.MatcherConflict.Resource():
		return r.loadConflict(ctx, e.Subject)
	case events.AuditCheckpoint.Resource():
		return r.loadCheckpoint(ctx)
	}
	return nil, 0, domain.NotFoundError()
}

// bankStatement returns a bank statement with the one before it.
func (r *eventRunner) bankStatement(
	ctx context.Context, id witness.BankStatementID,
) (view ports.BankStatementView, err error) {
	if view.BankStatement, err = r.BankStatements.Get(ctx, r.sub.Tenant, id); err != nil {
		return view, err
	}
	all, err := r.BankStatements.Overviews(ctx, r.sub.Tenant, view.Account)
	view.Previous = witness.PreviousOf(view.BankStatement, all)
	return view, err
}

// encoder parses the id of a resource (subject), reads the resource, and returns a function that encodes the resource.
func encoder[I, R any](
	subject string, read func(domain.ID[I]) (R, error), encode func(R) ([]byte, error),
) (func() ([]byte, error), int, error) {
	id, err := domain.ParseID[I](subject)
	if err != nil {
		return nil, 0, err
	}
	resource, err := read(id)
	if err != nil {
		return nil, 0, err
	}
	return func() ([]byte, error) { return encode(resource) }, domain.ItemSize(&resource), nil
}

// loadClose reads a closed period. The subject consists of the account and the last day of the period. Ledger.Closes
// lists the newest period first. The listing therefore starts after the position of a period that would end one day
// later.
func (r *eventRunner) loadClose(ctx context.Context, subject string) (func() ([]byte, error), int, error) {
	account, day, err := events.ParsePeriodSubject(subject)
	if err != nil {
		return nil, 0, domain.NotFoundError()
	}
	page, err := r.Ledger.Closes(ctx, r.sub.Tenant, account, false, domain.PageRequest{
		Limit: 1, After: domain.Position{Key: string(day.AddDays(1)), ID: account.UUID},
	})
	if err != nil {
		return nil, 0, err
	}
	if len(page.Items) == 0 || page.Items[0].Date != day {
		return nil, 0, domain.NotFoundError()
	}
	return func() ([]byte, error) { return r.Encoder.Close(page.Items[0]) }, domain.ItemSize(&page.Items[0]), nil
}

// loadSuggestion reads a possible replacement of one record by another. The subject of the event contains the ids of
// the two records.
func (r *eventRunner) loadSuggestion(ctx context.Context, subject string) (func() ([]byte, error), int, error) {
	old, newer, err := events.ParseSuggestionSubject(subject)
	if err != nil {
		return nil, 0, domain.NotFoundError()
	}
	s, err := r.Ledger.Suggestion(ctx, r.sub.Tenant, ports.RecordPair{Old: old, New: newer})
	if err != nil {
		return nil, 0, err
	}
	return func() ([]byte, error) { return r.Encoder.Suggestion(s) }, domain.ItemSize(&s), nil
}

// loadConflict reads a conflict with Matcher. The subject of the event contains the ids of the subscription and of
// the record.
func (r *eventRunner) loadConflict(ctx context.Context, subject string) (func() ([]byte, error), int, error) {
	subscription, record, err := events.ParseConflictSubject(subject)
	if err != nil || r.MatcherEntries == nil {
		return nil, 0, domain.NotFoundError()
	}
	e, err := r.MatcherEntries.Conflict(ctx, r.sub.Tenant, subscription, record)
	if err != nil {
		return nil, 0, err
	}
	return func() ([]byte, error) { return r.Encoder.Conflict(e) }, domain.ItemSize(&e), nil
}

// loadCheckpoint reads the newest checkpoint of the audit entries.
func (r *eventRunner) loadCheckpoint(ctx context.Context) (func() ([]byte, error), int, error) {
	head, err := r.Audits.Log.Head(ctx, r.sub.Tenant)
	if err != nil {
		return nil, 0, err
	}
	return func() ([]byte, error) {
		return json.Marshal(struct {
			Size       int64  `json:"size"`
			Checkpoint string `json:"checkpoint"`
		}{head.Size, string(head.Checkpoint)})
	}, len(head.Checkpoint), nil
}
