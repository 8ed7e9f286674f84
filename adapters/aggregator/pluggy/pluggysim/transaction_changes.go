package pluggysim

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// AddTransaction adds a row and returns the stored row. After an error nothing has changed. Errors: ErrNotFound for an
// unknown account, ErrTaken for an id that already exists. Empty members get these values:
//
//   - ID: a random id
//   - Date, CreatedAt and UpdatedAt: the current time
//   - CurrencyCode: the currency of the account
//   - Amount: 0
//   - Status: POSTED.
func (s *Simulator) AddTransaction(t Transaction) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(t)
}

func (s *Simulator) add(t Transaction) (Transaction, error) {
	l, ok := s.store.accounts[t.AccountID]
	if !ok {
		return Transaction{}, fmt.Errorf("account: %w", ErrNotFound)
	}
	if _, ok := s.store.rows[t.ID]; ok {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrTaken)
	}
	s.fillIn(&t.ID, &t.CreatedAt, &t.UpdatedAt)
	if t.Date.IsZero() {
		t.Date = t.CreatedAt
	}
	t.Date = At(t.Date.Time) // whole milliseconds, because a cursor contains no smaller unit
	setDefault(&t.CurrencyCode, l.CurrencyCode)
	setDefault(&t.Status, "POSTED")
	setDefault(&t.Amount, "0")
	s.store.put(&t)
	l.pending.add(t.ID)
	return t, nil
}

// UpdateTransaction calls fn with a copy of the row, replaces the row by the changed copy, and returns it. The id, the
// account and CreatedAt never change; UpdatedAt becomes the current time unless fn sets it. Errors: ErrNotFound for an
// unknown row.
func (s *Simulator) UpdateTransaction(id string, fn func(*Transaction)) (Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.store.rows[id]
	if !ok {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	t := *old
	fn(&t)
	t.ID, t.AccountID, t.CreatedAt, t.Date = old.ID, old.AccountID, old.CreatedAt, At(t.Date.Time)
	if t.UpdatedAt.Equal(old.UpdatedAt.Time) {
		t.UpdatedAt = At(s.opt.Now())
	}
	s.store.drop(old)
	s.store.put(&t)
	s.store.accounts[t.AccountID].pending.update(id)
	return t, nil
}

// RemoveTransaction deletes a row permanently, as the vendor does. Errors: ErrNotFound for an unknown row.
func (s *Simulator) RemoveTransaction(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.remove(id)
	return err
}

func (s *Simulator) remove(id string) (Transaction, error) {
	t, ok := s.store.rows[id]
	if !ok {
		return Transaction{}, fmt.Errorf("transaction: %w", ErrNotFound)
	}
	s.store.drop(t)
	s.store.accounts[t.AccountID].pending.remove(id)
	return *t, nil
}

// Churn removes a transaction and adds the same transaction under a new id. It returns the new row. The vendor also
// replaces a row in this way if the institution has changed its own id of the transaction.
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

// Generate adds n simple rows to the account. Errors: ErrNotFound for an unknown account. The rows have these values:
//
//   - The dates are spread evenly over the past year. The creation time is the current time.
//   - The magnitude of the amounts is 0.01, 0.02 and so on.
//   - Every fifth row is a credit, and all other rows are debits.
func (s *Simulator) Generate(accountID string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.store.accounts[accountID]
	if !ok {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	const year = 365 * 24 * time.Hour
	rows, now := make([]*Transaction, n), At(s.opt.Now())
	for i := range rows {
		t := generatedTransaction(l, i)
		t.ID, t.CreatedAt, t.UpdatedAt = s.newID(), now, now
		t.Date = At(now.Add(-year / time.Duration(n) * time.Duration(i)))
		rows[i], s.store.rows[t.ID] = t, t
		l.pending.add(t.ID)
	}
	l.dates.addAll(rows)
	l.created.addAll(rows)
	return nil
}

func generatedTransaction(l *accountRows, i int) *Transaction {
	cents, kind := int64(-1-i), Text("DEBIT")
	if i%5 == 4 {
		cents, kind = -cents, "CREDIT"
	}
	if l.Type == "CREDIT" {
		cents = -cents
	}
	return &Transaction{
		AccountID: l.ID, Description: "COMPRA GERADA", DescriptionRaw: "COMPRA GERADA", CurrencyCode: l.CurrencyCode,
		Amount: Number(decimal.New(cents, -2).StringFixed(2)), Type: kind, Status: "POSTED",
	}
}

// Transactions returns a copy of the account's rows, newest date first. It returns nil for an unknown
// account.
func (s *Simulator) Transactions(accountID string) []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.store.accounts[accountID]
	if !ok {
		return nil
	}
	out := make([]Transaction, len(l.dates.rows))
	for i, t := range l.dates.rows {
		out[i] = *t
	}
	return out
}
