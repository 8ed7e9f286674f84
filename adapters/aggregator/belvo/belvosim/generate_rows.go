package belvosim

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/govalues/decimal"
)

// Generate adds n simple rows to an account, cheaply enough for hundreds of thousands. They
// are spread evenly over the year before now and all collected now; amounts rise from 0.01
// by a cent, and every fifth row is an inflow. ErrNotFound if there is no such account.
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

// The texts of generated rows, shared by all of them.
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
