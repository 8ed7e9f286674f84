package belvosim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// row is a transaction together with its parsed dates, so that the filters need not parse the
// dates for every request.
type row struct {
	tx   *Transaction
	link *link
	at   [len(dateMembers)]time.Time // in the order of dateMembers; the zero time means null
}

// newRow returns a row with the dates that the filters need. A date that cannot be parsed is treated as null.
func newRow(l *link, tx Transaction) *row {
	r := &row{tx: &tx, link: l}
	for at, member := range dateMembers {
		if span, err := parseSpan(member.valueOf(&tx)); err == nil {
			r.at[at] = span.start
		}
	}
	return r
}

// AddTransaction adds a transaction to a link and returns it as stored. If the ID is empty, AddTransaction generates
// one. An empty CollectedAt or CreatedAt becomes the current time. Errors:
//
//   - ErrNotFound if the link does not exist, or if the account does not belong to the link
//   - ErrTaken if the id exists already.
func (s *Simulator) AddTransaction(linkID string, tx Transaction) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[linkID]
	if !exists {
		return Transaction{}, fmt.Errorf("transaction's link: %w", ErrNotFound)
	}
	if tx.Account != "" && !l.owns(s.accounts[tx.Account]) {
		return Transaction{}, fmt.Errorf("transaction's account: %w", ErrNotFound)
	}
	tx.ID = cmp.Or(tx.ID, s.newID())
	if _, taken := s.rows[tx.ID]; taken {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrTaken)
	}
	return s.put(l, tx), nil
}

func (l *link) owns(a *Account) bool { return a != nil && a.Link == l.ID }

// put appends a transaction to the link's rows and returns it as stored. The caller holds the lock
// and has validated the transaction.
func (s *Simulator) put(l *link, tx Transaction) Transaction {
	tx.CollectedAt = cmp.Or(tx.CollectedAt, s.timestamp())
	tx.CreatedAt = cmp.Or(tx.CreatedAt, s.timestamp())
	r := newRow(l, tx)
	s.rows[tx.ID] = r
	l.rows = append(l.rows, r)
	l.revision++
	return tx
}

// Transactions returns a link's current rows in the order in which they were added. It returns nil
// for an unknown link.
func (s *Simulator) Transactions(linkID string) []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[linkID]
	if !exists {
		return nil
	}
	rows := make([]Transaction, len(l.rows))
	for i, r := range l.rows {
		rows[i] = *r.tx
	}
	return rows
}

// UpdateTransaction changes a transaction and returns the changed copy. The given function edits the copy, which then
// replaces the transaction at the same position of the list. CollectedAt becomes the current time unless the function
// sets it. The id cannot be changed. The error is ErrNotFound in two cases:
//
//   - There is no such transaction.
//   - The changed account does not belong to the link.
func (s *Simulator) UpdateTransaction(id string, fn func(*Transaction)) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.rows[id]
	if !exists {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	tx := old.copied()
	tx.CollectedAt = s.timestamp()
	fn(&tx)
	tx.ID = id
	if tx.Account != "" && !old.link.owns(s.accounts[tx.Account]) {
		return Transaction{}, fmt.Errorf("transaction's account: %w", ErrNotFound)
	}
	edited := newRow(old.link, tx)
	old.link.rows[slices.Index(old.link.rows, old)] = edited
	s.rows[id] = edited
	old.link.revision++
	return tx, nil
}

// copied returns a copy of the row's transaction for editing. The stored transaction must not be
// edited, because a page that is being encoded may still refer to it.
func (r *row) copied() Transaction {
	tx := *r.tx
	if tx.TransactionOpenFinance != nil {
		tx.TransactionOpenFinance = new(*tx.TransactionOpenFinance)
	}
	return tx
}

// RemoveTransaction removes a transaction, so that no later response contains it. It sends no
// webhook; the caller can send the event transactions_deleted. The error is ErrNotFound if there is
// no such transaction.
func (s *Simulator) RemoveTransaction(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, exists := s.rows[id]
	if !exists {
		return fmt.Errorf("transaction: %w", ErrNotFound)
	}
	s.drop(r.link, func(other *row) bool { return other == r })
	return nil
}

// Churn simulates an edit at the bank that the vendor mistakes for a new transaction. It removes the row and adds it
// again at the end of the list, under a new id. It returns the new transaction. The error is ErrNotFound if there is no
// such transaction.
func (s *Simulator) Churn(id string) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.rows[id]
	if !exists {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	tx := old.copied()
	tx.ID, tx.CollectedAt, tx.CreatedAt = s.newID(), "", ""
	s.drop(old.link, func(other *row) bool { return other == old })
	return s.put(old.link, tx), nil
}

// Purge simulates how the vendor deletes old rows (stale_in). It removes the link's rows whose value date is before the
// given instant, and returns their number. Rows without a value date are compared by created_at. No webhook is sent.
// The error is ErrNotFound if there is no such link.
func (s *Simulator) Purge(linkID string, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[linkID]
	if !exists {
		return 0, fmt.Errorf("link: %w", ErrNotFound)
	}
	return s.drop(l, func(r *row) bool {
		at := r.at[byValueDate]
		if at.IsZero() {
			at = r.at[byCreatedAt]
		}
		return at.Before(before)
	}), nil
}

// drop removes the rows of a link for which the function gone returns true, and returns their number. The caller holds
// the lock.
func (s *Simulator) drop(l *link, gone func(*row) bool) int {
	before := len(l.rows)
	l.rows = slices.DeleteFunc(l.rows, func(r *row) bool {
		if gone(r) {
			delete(s.rows, r.tx.ID)
			return true
		}
		return false
	})
	l.revision++
	return before - len(l.rows)
}
