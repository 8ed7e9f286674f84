package simulation_test

import (
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// rowKey identifies a row by its connection and the id that the vendor has given it.
type rowKey struct {
	connection domain.ConnectionID
	externalID string
}

// recordOriginals records the content of the rows that were stored for the first time. It is called after the page w
// was stored. The rows of a new account reference are staged: they stay invisible until they are published. Their
// content is recorded separately.
func (s *sim) recordOriginals(lease domain.Lease, w ports.PageWrite) {
	connection := s.claims[lease.ID].Connection
	for _, data := range slices.Backward(w.Transactions) { // if an id occurs more than once, the last row is stored
		key := rowKey{connection, data.ExternalID}
		if _, known := s.originals[key]; w.Staged != nil {
			s.staged[key] = data // only the content that was staged last is published
		} else if !known {
			s.originals[key] = data
		}
	}
}

// publishOriginals must be called after staged rows were published. It records the content of the rows that became
// visible for the first time.
func (s *sim) publishOriginals(c *connection) {
	for _, t := range s.storedRows(c) {
		key := rowKey{c.ID, t.ExternalID}
		data, staged := s.staged[key]
		if _, known := s.originals[key]; staged && !known {
			s.originals[key] = data
		}
		delete(s.staged, key)
	}
}

// checkHistory checks the history of a stored transaction: no version is missing, the times rise, each version is equal
// to what readers of the feed have seen, and undoing all versions results in the content with which the transaction was
// first stored.
func (s *sim) checkHistory(t domain.Transaction) {
	state := t
	for n, v := range s.historyOf(t) {
		if v.Transaction.Version != t.Version-n {
			s.violated("version %d of %s is at place %d of %d", v.Transaction.Version, t.ExternalID, n, t.Version)
		}
		if rowStateOf(v.Transaction) != rowStateOf(state) {
			s.violated("version %d of %s is %+v, want %+v", state.Version, t.ExternalID, v.Transaction, state)
		}
		if seen, ok := s.seenVersions[t.ID][state.Version]; ok && seen != rowStateOf(state) {
			s.violated("a reader saw %+v, but version %d of %s is %+v", seen, state.Version, t.ExternalID, state)
		}
		s.checkVersionPull(v)
		s.counters.versions++
		if v.Change() == domain.Restored {
			s.counters.restored++
		}
		if v.Previous == nil {
			break
		}
		if !v.Transaction.UpdatedAt.After(v.Previous.UpdatedAt) {
			s.violated("version %d of %s is from %s, and the one before it from %s",
				state.Version, t.ExternalID, v.Transaction.UpdatedAt, v.Previous.UpdatedAt)
		}
		state = *v.Previous
	}
	// A split creates a transaction whose first version is the row's content at the time of the split.
	key := rowKey{t.Connection, state.ExternalID}
	first := s.originals[key]
	if s.renamed[key] && state.Version == 1 {
		return
	}
	for _, c := range s.connections { // the transaction may first have been stored for a deleted connection
		if moved, ok := s.originals[rowKey{c.ID, state.ExternalID}]; ok && c.deleted &&
			moved.Digest() == state.Digest() {
			first = moved
		}
	}
	if state.Version != 1 || !state.RemovedAt.IsZero() || state.Digest() != first.Digest() {
		s.violated("undoing the history of %s leads to %+v, want %+v", t.ExternalID, state, first)
	}
}

// noteRenamed records the rows of a transaction that has had more than one row.
func (s *sim) noteRenamed(t domain.Transaction) {
	for _, v := range s.historyOf(t) {
		if v.Previous != nil && (v.Previous.ExternalID != v.Transaction.ExternalID ||
			v.Previous.SupersededBy != v.Transaction.SupersededBy) {
			s.renamed[rowKey{t.Connection, v.Transaction.ExternalID}] = true
			s.renamed[rowKey{t.Connection, v.Previous.ExternalID}] = true
		}
	}
}

// historyOf reads all versions of a transaction, in pages.
func (s *sim) historyOf(t domain.Transaction) (versions []domain.TransactionVersion) {
	for request := (domain.PageRequest{Limit: 1 + s.rand.IntN(4)}); ; {
		s.checkTermination(len(versions))
		page, err := s.randomReplica().TransactionHistory(s.background(), t.Tenant, t.ID, request)
		s.mustSucceed(err)
		versions = append(versions, page.Items...)
		if request.After = page.Next; page.Next.IsZero() {
			return versions
		}
	}
}

// checkVersionPull checks the pull of a version. The pull must belong to the version's connection or to an earlier
// connection to the same accounts. The pull must have the version's trigger and deliveries.
func (s *sim) checkVersionPull(v domain.TransactionVersion) {
	t := v.Transaction
	if t.Pull.IsZero() { // a split by an operator has no pull
		return
	}
	p, err := s.store.Pulls().Get(s.background(), t.Tenant, t.Pull)
	s.mustSucceed(err)
	continued := s.connectionByID(t.Connection).ref.descendsFrom(s.connectionByID(p.Connection).ref)
	if !continued || p.Trigger != v.Trigger {
		s.violated("version %d of %s names the pull %+v with the trigger %s", t.Version, t.ExternalID, p, v.Trigger)
	}
	for _, id := range v.Deliveries {
		d, err := s.store.Deliveries().Get(s.background(), t.Tenant, id)
		if s.mustSucceed(err); d.Pull != t.Pull {
			s.violated("version %d of %s names a delivery of another pull:\n%s", t.Version, t.ExternalID,
				cmp.Diff(t.Pull, d.Pull))
		}
	}
}
