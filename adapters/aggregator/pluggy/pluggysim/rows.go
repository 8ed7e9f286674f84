package pluggysim

import (
	"fmt"
	"time"

	"github.com/govalues/decimal"
)

// AddTransaction adds a row and returns it as stored: an empty ID is drawn; Date, CreatedAt, UpdatedAt are now,
// CurrencyCode the account's, Status POSTED and Amount 0 unless said. ErrNotFound without the account, ErrTaken
// with a known id; nothing changed then.
func (s *Simulator) AddTransaction(t Transaction) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(t)
}

func (s *Simulator) add(t Transaction) (Transaction, error) {
	l, ok := s.world.ledgers[t.AccountID]
	if !ok {
		return Transaction{}, fmt.Errorf("account: %w", ErrNotFound)
	}
	if _, ok := s.world.rows[t.ID]; ok {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrTaken)
	}
	s.fill(&t.ID, &t.CreatedAt, &t.UpdatedAt)
	if t.Date.IsZero() {
		t.Date = t.CreatedAt
	}
	t.Date = At(t.Date.Time) // a cursor carries milliseconds
	orElse(&t.CurrencyCode, l.CurrencyCode)
	orElse(&t.Status, "POSTED")
	orElse(&t.Amount, "0")
	s.world.put(&t)
	l.pending.add(t.ID)
	return t, nil
}

// UpdateTransaction lets edit change a copy of the row and swaps it in; the id, the account and CreatedAt stay,
// UpdatedAt becomes now unless edit set it. ErrNotFound without the row.
func (s *Simulator) UpdateTransaction(id string, edit func(*Transaction)) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.world.rows[id]
	if !ok {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	t := *old
	edit(&t)
	t.ID, t.AccountID, t.CreatedAt, t.Date = old.ID, old.AccountID, old.CreatedAt, At(t.Date.Time)
	if t.UpdatedAt.Equal(old.UpdatedAt.Time) {
		t.UpdatedAt = At(s.opt.Now())
	}
	s.world.drop(old)
	s.world.put(&t)
	s.world.ledgers[t.AccountID].pending.update(id)
	return t, nil
}

// RemoveTransaction deletes the row as the vendor does, for good. ErrNotFound without it.
func (s *Simulator) RemoveTransaction(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.remove(id)
	return err
}

func (s *Simulator) remove(id string) (Transaction, error) {
	t, ok := s.world.rows[id]
	if !ok {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	s.world.drop(t)
	s.world.ledgers[t.AccountID].pending.remove(id)
	return *t, nil
}

// Churn removes the row and adds the same movement under a new id, which it returns: what the vendor does when
// the institution's own ids do not match between two syncs.
func (s *Simulator) Churn(id string) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.remove(id)
	if err != nil {
		return Transaction{}, err
	}
	t.ID, t.CreatedAt, t.UpdatedAt = "", Time{}, Time{}
	return s.add(t)
}

// Generate adds n plain rows to the account, spread evenly over the year before now, all created now.
// Amounts go from -0.01 down by a cent, every fifth row is a credit. ErrNotFound without the account.
func (s *Simulator) Generate(accountID string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.world.ledgers[accountID]
	if !ok {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	const year = 365 * 24 * time.Hour
	rows, now := make([]*Transaction, n), At(s.opt.Now())
	for i := range rows {
		t := generated(l, i)
		t.ID, t.CreatedAt, t.UpdatedAt = s.newID(), now, now
		t.Date = At(now.Add(-year / time.Duration(n) * time.Duration(i)))
		rows[i], s.world.rows[t.ID] = t, t
		l.pending.add(t.ID)
	}
	l.dates.addAll(rows)
	l.created.addAll(rows)
	return nil
}

func generated(l *ledger, i int) *Transaction {
	cents, kind := int64(-1-i), Text("DEBIT")
	if i%5 == 4 {
		cents, kind = -cents, "CREDIT"
	}
	if l.Type == "CREDIT" {
		cents = -cents
	}
	return &Transaction{
		AccountID: l.ID, Description: "COMPRA GERADA", DescriptionRaw: "COMPRA GERADA", CurrencyCode: l.CurrencyCode,
		Amount: Number(decimal.MustNew(cents, 2).String()), Type: kind, Status: "POSTED",
	}
}

// Transactions is a snapshot of the account's rows, newest date first; empty for an unknown account.
func (s *Simulator) Transactions(accountID string) []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.world.ledgers[accountID]
	if !ok {
		return nil
	}
	out := make([]Transaction, len(l.dates.rows))
	for i, t := range l.dates.rows {
		out[i] = *t
	}
	return out
}
