package simulation_test

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// decisions contains what operators have decided about pairs of transactions.
type decisions struct {
	joined    map[ports.RecordPair]domain.TenantID // the pairs that were joined at some time
	dismissed map[ports.RecordPair]domain.TenantID
	seen      map[domain.TransactionID]bool // every transaction that was ever stored at a quiet point
	// The keys of rows are pairs of external ids of two transactions that an operator has joined. A list of the
	// vendor may have contained both rows of such a pair.
	rows map[[2]string]bool
}

func newDecisions() decisions {
	return decisions{
		joined: map[ports.RecordPair]domain.TenantID{}, dismissed: map[ports.RecordPair]domain.TenantID{},
		seen: map[domain.TransactionID]bool{}, rows: map[[2]string]bool{},
	}
}

// decidePair lets an operator decide about two transactions: those of an open suggestion, or any removed one and a
// present one. The operator joins only transactions of one movement.
func (s *sim) decidePair(ctx context.Context, app *application.Service, c *connection) error {
	if s.down {
		return nil
	}
	pairs := s.undecidedPairs(c)
	if open := s.suggestedPairs(c); len(open) > 0 && s.chance(0.7) {
		pairs = open
	}
	if len(pairs) == 0 {
		return nil
	}
	pair := pairs[s.rand.IntN(len(pairs))]
	if s.isOneMovement(c, pair) && s.chance(0.6) {
		_, err := app.JoinTransactions(ctx, c.Tenant, pair, "")
		return err
	}
	return app.DismissReplacements(ctx, c.Tenant, []ports.RecordPair{pair}, "")
}

// suggestedPairs returns the pairs of the connection's open suggestions.
func (s *sim) suggestedPairs(c *connection) (pairs []ports.RecordPair) {
	page, err := s.store.Ledger().Suggestions(s.background(), c.Tenant, c.ID, domain.PageRequest{Limit: 1000})
	s.mustSucceed(err)
	for _, suggestion := range page.Items {
		if suggestion.State == records.SuggestionOpen {
			pairs = append(pairs, ports.RecordPair{Old: suggestion.Old, New: suggestion.New})
		}
	}
	return pairs
}

// undecidedPairs returns pairs of a removed and a present transaction of the connection: all pairs that belong to one
// movement, and also the first pair, even if it belongs to two movements.
func (s *sim) undecidedPairs(c *connection) (pairs []ports.RecordPair) {
	var removed, present []domain.Transaction
	for _, t := range s.ownRows(c) {
		if t.RemovedAt.IsZero() {
			present = append(present, t)
		} else {
			removed = append(removed, t)
		}
	}
	for _, old := range removed {
		for _, with := range present {
			pair := ports.RecordPair{Old: old.ID, New: with.ID}
			if len(pairs) == 0 || s.isOneMovement(c, pair) {
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}

// isOneMovement reports whether the vendor's rows of two transactions belong to one movement.
func (s *sim) isOneMovement(c *connection, pair ports.RecordPair) bool {
	var movements []string
	for _, id := range []domain.TransactionID{pair.Old, pair.New} {
		t, err := s.store.Ledger().Transaction(s.background(), c.Tenant, id, time.Time{})
		if err != nil {
			return false
		}
		r := c.ref.rowOf(t.ExternalID)
		if r == nil {
			return false
		}
		movements = append(movements, r.movement)
	}
	return movements[0] == movements[1]
}

// joinDone records that an operator has joined two transactions. The arguments old and with are the two transactions
// as they were before the decision.
func (s *sim) joinDone(pair ports.RecordPair, old, with domain.Transaction) {
	s.counters.joins++
	s.decisions.joined[pair] = old.Tenant
	delete(s.decisions.dismissed, pair)
	for _, ref := range s.refs {
		for row, id := range ref.known {
			if id == pair.New {
				ref.known[row] = pair.Old
			}
		}
	}
	for _, a := range externalIDs(old) {
		for _, b := range externalIDs(with) {
			for _, pair := range [][2]string{{a, b}, {b, a}} {
				delete(s.splitPairs, pair)
				s.decisions.rows[pair] = true
			}
		}
	}
	s.decidedOnDeleted(old)
}

// externalIDs returns the present and the former external ids of a transaction.
func externalIDs(t domain.Transaction) []string {
	ids := []string{t.ExternalID}
	for _, past := range t.Supersedes {
		ids = append(ids, past.ExternalID)
	}
	return ids
}

// dismissDone records that an operator has dismissed two transactions.
func (s *sim) dismissDone(pair ports.RecordPair, old, with domain.Transaction) {
	s.counters.dismissals++
	s.decisions.dismissed[pair] = old.Tenant
	s.splitPairs[[2]string{old.ExternalID, with.ExternalID}] = true
	for _, open := range s.suggestedPairs(s.connectionByID(old.Connection)) {
		if open.Old == pair.Old || open.New == pair.New || open.Old == pair.New || open.New == pair.Old {
			s.violated("%v is suggested after a decision about %v", open, pair)
		}
	}
	s.decidedOnDeleted(old)
}

// decidedOnDeleted must be called after an operator has decided about a transaction, which may change rows. If the
// connection of the transaction is deleted, it updates the field rowsAtDeletion of the connection.
func (s *sim) decidedOnDeleted(t domain.Transaction) {
	for _, c := range s.connections {
		if c.ID == t.Connection && c.deleted {
			c.rowsAtDeletion = s.digest(c)
		}
	}
}

// checkDecisions checks that decisions last:
//
//   - A joined pair stays joined, unless an operator has split it, or the vendor has returned both rows.
//   - A dismissed pair is not suggested.
//   - No transaction disappears.
//   - The vendor does not have both rows of a joined pair.
func (s *sim) checkDecisions() {
	for pair, tenant := range s.decisions.joined {
		with, err := s.store.Ledger().Transaction(s.background(), tenant, pair.New, time.Time{})
		s.mustSucceed(err)
		suggestion, err := s.store.Ledger().Suggestion(s.background(), tenant, pair)
		s.mustSucceed(err)
		ended := suggestion.State != records.SuggestionJoined
		if ended == (with.SupersededBy == pair.Old) {
			s.violated("the join of %v is %q, and %s is superseded by %s", pair, suggestion.State, with.ID,
				with.SupersededBy)
		}
	}
	now := map[domain.TransactionID]bool{}
	for _, c := range s.connections {
		for _, t := range s.storedRows(c) {
			now[t.ID] = true
			s.checkJoinedRows(c, t)
		}
		for _, pair := range s.suggestedPairs(c) {
			if _, dismissed := s.decisions.dismissed[pair]; dismissed {
				s.violated("the dismissed pair %v is suggested again", pair)
			}
			s.counters.suggested++
		}
	}
	for id := range s.decisions.seen {
		if !now[id] {
			s.violated("the transaction %s has disappeared", id)
		}
	}
	s.decisions.seen = now
}

// checkJoinedRows checks that the vendor does not have both the former and the present row of a transaction that an
// operator has joined.
func (s *sim) checkJoinedRows(c *connection, t domain.Transaction) {
	if c.deleted || len(t.Supersedes) == 0 {
		return
	}
	past := t.Supersedes[len(t.Supersedes)-1]
	if past.Rule != domain.OperatorJoin {
		return
	}
	isPresent := func(externalID string) bool {
		r := c.ref.row(externalID)
		return r != nil && !r.removed && r.broken == ""
	}
	if isPresent(past.ExternalID) && isPresent(t.ExternalID) {
		s.violated("the vendor has both rows of the joined transaction %s", t.ID)
	}
}
