package belvosim

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// Generate adds n simple rows to an account. It is fast enough for hundreds of thousands of rows. The error is
// ErrNotFound if there is no such account. The rows have these values:
//
//   - The dates are spread evenly over the past year.
//   - collected_at and created_at are the current time.
//   - The amounts are 0.01, 0.02 and so on; every fifth row is an inflow.
func (s *Simulator) Generate(accountID string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, exists := s.accounts[accountID]
	if !exists {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	l, today, stamp := s.links[account.Link], s.now().UTC(), s.timestamp()
	for i := range n {
		tx := generated(account, i, today.AddDate(0, 0, -365*i/n))
		tx.ID, tx.CollectedAt, tx.CreatedAt = s.newID(), stamp, stamp
		s.put(l, tx)
	}
	return nil
}

// The texts of generated rows. All rows share these variables by pointer, to save memory.
var (
	generatedText, inflow, outflow, processed = "COMPRA GENERADA", "INFLOW", "OUTFLOW", "PROCESSED"
)

func generated(a *Account, i int, day time.Time) Transaction {
	direction := &outflow
	if i%5 == 4 {
		direction = &inflow
	}
	date := day.Format(time.DateOnly)
	return Transaction{
		Account:        a.ID,
		ValueDate:      &date,
		AccountingDate: &date,
		Amount:         json.RawMessage(decimal.New(int64(i)+1, -2).StringFixed(2)),
		Currency:       a.Currency,
		Description:    &generatedText,
		Type:           direction,
		Status:         &processed,
	}
}
