package belvosim

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/govalues/decimal"
)

// Generate adds n plain rows to an account, cheaply enough for hundreds of thousands:
// spread evenly over the year before now, all collected now, amounts from 0.01 up by a
// cent, every fifth an inflow. ErrNotFound when there is no such account.
func (s *Simulator) Generate(accountID string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, known := s.accounts[accountID]
	if !known {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	l, today, stamp := s.links[account.Link], s.now().UTC(), s.stamp()
	for i := range n {
		tx := generated(account, i, today.AddDate(0, 0, -365*i/n))
		tx.ID, tx.CollectedAt, tx.CreatedAt = s.newID(), stamp, stamp
		s.put(l, tx)
	}
	return nil
}

// Texts of generated rows, shared by all of them.
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
		Amount:         json.RawMessage(decimal.MustNew(int64(i)+1, 2).String()),
		Currency:       a.Currency,
		Description:    &generatedText,
		Type:           direction,
		Status:         &processed,
	}
}
