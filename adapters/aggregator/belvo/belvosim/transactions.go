package belvosim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// row is a transaction with its dates parsed once, for the filters.
type row struct {
	tx   *Transaction
	link *link
	at   [len(dated)]time.Time // in the order of dated; zero is null
}

// newRow parses what the filters need; a date that cannot be read is as good as null.
func newRow(l *link, tx Transaction) *row {
	r := &row{tx: &tx, link: l}
	for at, member := range dated {
		if span, err := parseSpan(member.read(&tx)); err == nil {
			r.at[at] = span.from
		}
	}
	return r
}

// AddTransaction adds a transaction to a link and returns it as stored. An empty ID,
// CollectedAt or CreatedAt is filled in. ErrNotFound when the link is not there or
// the account is not one of its accounts, ErrTaken when the id is.
func (s *Simulator) AddTransaction(linkID string, tx Transaction) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, known := s.links[linkID]
	if !known {
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

// put appends a checked transaction and returns it as stored; the caller holds the lock.
func (s *Simulator) put(l *link, tx Transaction) Transaction {
	tx.CollectedAt = cmp.Or(tx.CollectedAt, s.stamp())
	tx.CreatedAt = cmp.Or(tx.CreatedAt, s.stamp())
	r := newRow(l, tx)
	s.rows[tx.ID] = r
	l.rows = append(l.rows, r)
	l.revision++
	return tx
}

// Transactions gives a link's rows as they are now, in the order in which they were
// added; none for an unknown link.
func (s *Simulator) Transactions(linkID string) []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, known := s.links[linkID]
	if !known {
		return nil
	}
	rows := make([]Transaction, len(l.rows))
	for i, r := range l.rows {
		rows[i] = *r.tx
	}
	return rows
}

// UpdateTransaction lets edit change a copy, shows the copy from then on in the same
// place of the list, and returns it; collected_at becomes now unless edit sets it.
// The id cannot be changed. ErrNotFound when there is no such transaction, or when
// edit names an account that is not the link's.
func (s *Simulator) UpdateTransaction(id string, edit func(*Transaction)) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.rows[id]
	if !known {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	tx := old.copied()
	tx.CollectedAt = s.stamp()
	edit(&tx)
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

// copied is the row's transaction for editing: a page under way may hold the old one.
func (r *row) copied() Transaction {
	tx := *r.tx
	if tx.TransactionOpenFinance != nil {
		tx.TransactionOpenFinance = new(*tx.TransactionOpenFinance)
	}
	return tx
}

// RemoveTransaction takes a transaction out of every answer. Saying so with a
// transactions_deleted webhook is the caller's business. ErrNotFound when there is
// no such transaction.
func (s *Simulator) RemoveTransaction(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, known := s.rows[id]
	if !known {
		return fmt.Errorf("transaction: %w", ErrNotFound)
	}
	s.drop(r.link, func(other *row) bool { return other == r })
	return nil
}

// Churn does what happens when a bank edits a transaction and the vendor takes it for
// a new one: the row goes and comes back, last in the list, under a new id. It is
// returned; [Simulator.UpdateTransaction] can edit it. ErrNotFound when there is no
// such transaction.
func (s *Simulator) Churn(id string) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.rows[id]
	if !known {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	tx := old.copied()
	tx.ID, tx.CollectedAt, tx.CreatedAt = s.newID(), "", ""
	s.drop(old.link, func(other *row) bool { return other == old })
	return s.put(old.link, tx), nil
}

// Purge does what stale_in does: transactions whose value date (created_at when
// null) lies before the instant vanish from every answer, and no webhook says so.
// It returns how many; ErrNotFound when there is no such link.
func (s *Simulator) Purge(linkID string, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, known := s.links[linkID]
	if !known {
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

// drop removes rows of a link and returns how many; the caller holds the lock.
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
