package pluggysim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrNotFound is answered by control methods that name a row, an account or an item the world has not.
var ErrNotFound = errors.New("pluggysim: not found")

// ErrTaken is answered when an id to be added is there already.
var ErrTaken = errors.New("pluggysim: id taken")

// ledger is an account with its rows in both orders and what no webhook has told of yet.
type ledger struct {
	Account
	dates   index
	created index
	pending changes
}

// world is everything the vendor knows; guarded by Simulator.mu.
type world struct {
	clients map[string]Client
	items   map[string]Item
	ledgers map[string]*ledger
	ofItem  map[string][]string // account ids in the order they were added
	rows    map[string]*Transaction
}

func newWorld() world {
	return world{
		clients: map[string]Client{}, items: map[string]Item{}, ledgers: map[string]*ledger{},
		ofItem: map[string][]string{}, rows: map[string]*Transaction{},
	}
}

func (w *world) put(t *Transaction) {
	l := w.ledgers[t.AccountID]
	w.rows[t.ID] = t
	l.dates.add(t)
	l.created.add(t)
}

func (w *world) drop(t *Transaction) {
	l := w.ledgers[t.AccountID]
	delete(w.rows, t.ID)
	l.dates.remove(t)
	l.created.remove(t)
}

// AddClient makes a credential known, or replaces the one with its id.
func (s *Simulator) AddClient(c Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.clients[c.ID] = c
}

// AddItem adds or replaces an item and returns it as stored: an empty ID is drawn, an empty Status is UPDATED,
// zero times are now.
func (s *Simulator) AddItem(i Item) Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill(&i.ID, &i.CreatedAt, &i.UpdatedAt)
	if i.LastUpdatedAt.IsZero() {
		i.LastUpdatedAt = i.UpdatedAt
	}
	if i.Status == "" {
		i.Status, i.ExecutionStatus = "UPDATED", "SUCCESS"
	}
	if i.Products == nil {
		i.Products = []string{}
	}
	s.world.items[i.ID] = i
	return i
}

// AddAccount adds an account to its item and returns it as stored: an empty ID is drawn, CurrencyCode is BRL and
// Type BANK unless said. ErrNotFound without the item, ErrTaken with a known id; nothing changed then.
func (s *Simulator) AddAccount(a Account) (Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.world.items[a.ItemID]; !ok {
		return Account{}, fmt.Errorf("item: %w", ErrNotFound)
	}
	if _, ok := s.world.ledgers[a.ID]; ok {
		return Account{}, fmt.Errorf("account: %w", ErrTaken)
	}
	s.fill(&a.ID, &a.CreatedAt, &a.UpdatedAt)
	orElse(&a.CurrencyCode, "BRL")
	orElse(&a.Type, "BANK")
	orElse(&a.Subtype, "CHECKING_ACCOUNT")
	orElse(&a.Balance, "0")
	s.world.ledgers[a.ID] = &ledger{Account: a, dates: index{key: byDate}, created: index{key: byCreated}, pending: newChanges()}
	s.world.ofItem[a.ItemID] = append(s.world.ofItem[a.ItemID], a.ID)
	return a, nil
}

// SetItemStatus moves the item on. LOGIN_ERROR brings an error and a failed attempt and stops the automatic
// sync; UPDATED clears them, and with PARTIAL_SUCCESS brings a statusDetail with a warning. An empty executionStatus is the usual companion of status. ErrNotFound without it.
func (s *Simulator) SetItemStatus(id, status, executionStatus string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.world.items[id]
	if !ok {
		return fmt.Errorf("item: %w", ErrNotFound)
	}
	i.Status, i.ExecutionStatus, i.UpdatedAt = status, executionStatus, At(s.opt.Now())
	switch status {
	case "LOGIN_ERROR":
		orElse(&i.ExecutionStatus, "INVALID_CREDENTIALS")
		i.Error = &ItemError{Code: i.ExecutionStatus, Message: "The institution refused the login", ProviderMessage: "Acesso negado"}
		i.FailedLogins++
		i.NextAutoSyncAt = Time{}
	case "UPDATED":
		orElse(&i.ExecutionStatus, "SUCCESS")
		i.Error, i.FailedLogins, i.StatusDetail, i.LastUpdatedAt = nil, 0, nil, i.UpdatedAt
		if executionStatus == "PARTIAL_SUCCESS" {
			i.StatusDetail = load[json.RawMessage]("partial.json")
		}
	default:
		orElse(&i.ExecutionStatus, status)
	}
	s.world.items[id] = i
	return nil
}

// RemoveItem deletes the item with its accounts and their rows, as a user's deletion at the vendor does; no webhook
// is prepared. ErrNotFound without it.
func (s *Simulator) RemoveItem(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.world.items[id]; !ok {
		return fmt.Errorf("item: %w", ErrNotFound)
	}
	for _, account := range s.world.ofItem[id] {
		for _, t := range s.world.ledgers[account].dates.rows {
			delete(s.world.rows, t.ID)
		}
		delete(s.world.ledgers, account)
	}
	delete(s.world.ofItem, id)
	delete(s.world.items, id)
	return nil
}

// Items lists the ids of all items, sorted.
func (s *Simulator) Items() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.world.items))
}

// fill draws what the vendor would have drawn when the row was born.
func (s *Simulator) fill(id *string, created, updated *Time) {
	if *id == "" {
		*id = s.newID()
	}
	if created.IsZero() {
		*created = At(s.opt.Now())
	}
	if updated.IsZero() {
		*updated = *created
	}
	*created, *updated = At(created.Time), At(updated.Time)
}

func orElse[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}
