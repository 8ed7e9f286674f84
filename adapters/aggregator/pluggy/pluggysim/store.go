package pluggysim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrNotFound is returned by methods of the control surface for an unknown row, account, item or
// consent.
var ErrNotFound = errors.New("pluggysim: not found")

// ErrTaken is returned for an id that already exists.
var ErrTaken = errors.New("pluggysim: id taken")

// accountRows contains an account, its rows in two orders (by date and by creation time), and the changes that no
// webhook has announced yet.
type accountRows struct {
	Account
	dates   index
	created index
	pending changes
}

// store contains the vendor's data. Simulator.mu guards it.
type store struct {
	clients    map[string]Client
	items      map[string]Item
	accounts   map[string]*accountRows
	accountIDs map[string][]string // ids of the accounts by item, in the order in which they were added
	rows       map[string]*Transaction
	consents   map[string][]Consent // by item, oldest first
	bills      map[string]billsOf   // by account
	unlisted   map[string]bool      // ids of the accounts that no list contains
}

func newStore() store {
	return store{
		clients: map[string]Client{}, items: map[string]Item{}, accounts: map[string]*accountRows{},
		accountIDs: map[string][]string{}, rows: map[string]*Transaction{}, unlisted: map[string]bool{},
		consents: map[string][]Consent{}, bills: map[string]billsOf{},
	}
}

func (w *store) put(t *Transaction) {
	l := w.accounts[t.AccountID]
	w.rows[t.ID] = t
	l.dates.add(t)
	l.created.add(t)
}

func (w *store) drop(t *Transaction) {
	l := w.accounts[t.AccountID]
	delete(w.rows, t.ID)
	l.dates.remove(t)
	l.created.remove(t)
}

// AddClient adds a client, or replaces the client with the same id.
func (s *Simulator) AddClient(c Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.clients[c.ID] = c
}

// AddItem adds an item, or replaces the item with the same id. It returns the stored item: an empty ID is
// replaced by a random one, an empty Status by UPDATED, and zero times by the current time.
func (s *Simulator) AddItem(i Item) Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fillIn(&i.ID, &i.CreatedAt, &i.UpdatedAt)
	if i.LastUpdatedAt.IsZero() {
		i.LastUpdatedAt = i.UpdatedAt
	}
	if i.Status == "" {
		i.Status, i.ExecutionStatus = "UPDATED", "SUCCESS"
	}
	if i.Products == nil {
		i.Products = []string{}
	}
	s.store.items[i.ID] = i
	return i
}

// AddAccount adds an account to its item and returns the stored account. An empty ID becomes a random id. CurrencyCode
// defaults to BRL, and Type defaults to BANK. After an error nothing has changed. Errors:
//
//   - ErrNotFound for an unknown item
//   - ErrTaken for an id that already exists.
func (s *Simulator) AddAccount(a Account) (Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.store.items[a.ItemID]; !ok {
		return Account{}, fmt.Errorf("item: %w", ErrNotFound)
	}
	if _, ok := s.store.accounts[a.ID]; ok {
		return Account{}, fmt.Errorf("account: %w", ErrTaken)
	}
	s.fillIn(&a.ID, &a.CreatedAt, &a.UpdatedAt)
	setDefault(&a.CurrencyCode, "BRL")
	setDefault(&a.Type, "BANK")
	setDefault(&a.Subtype, "CHECKING_ACCOUNT")
	setDefault(&a.Balance, "0")
	s.store.accounts[a.ID] = &accountRows{
		Account: a, dates: index{key: byDate}, created: index{key: byCreated}, pending: newChanges(),
	}
	s.store.accountIDs[a.ItemID] = append(s.store.accountIDs[a.ItemID], a.ID)
	return a, nil
}

// SetItemStatus changes the status of an item. An empty executionStatus becomes the usual value for the status. Errors:
// ErrNotFound for an unknown item. Two statuses have further effects:
//
//   - LOGIN_ERROR sets an error, counts a failed login and stops the automatic synchronisation.
//   - UPDATED clears the error and the count. With PARTIAL_SUCCESS, it also sets a statusDetail with a warning.
func (s *Simulator) SetItemStatus(id, status, executionStatus string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.store.items[id]
	if !ok {
		return fmt.Errorf("item: %w", ErrNotFound)
	}
	s.setItemStatus(i, status, executionStatus)
	return nil
}

// setItemStatus is SetItemStatus for an item that exists. The caller holds the lock.
func (s *Simulator) setItemStatus(i Item, status, executionStatus string) {
	i.Status, i.ExecutionStatus, i.UpdatedAt = status, executionStatus, At(s.opt.Now())
	switch status {
	case "LOGIN_ERROR":
		setDefault(&i.ExecutionStatus, "INVALID_CREDENTIALS")
		i.Error = &ItemError{
			Code: i.ExecutionStatus, Message: "The institution refused the login", ProviderMessage: "Acesso negado",
		}
		i.FailedLogins++
		i.NextAutoSyncAt = Time{}
	case "UPDATED":
		setDefault(&i.ExecutionStatus, "SUCCESS")
		i.Error, i.FailedLogins, i.StatusDetail, i.LastUpdatedAt = nil, 0, nil, i.UpdatedAt
		if executionStatus == "PARTIAL_SUCCESS" {
			i.StatusDetail = loadDemo[json.RawMessage]("partial.json")
		}
	default:
		setDefault(&i.ExecutionStatus, status)
	}
	s.store.items[i.ID] = i
}

// RemoveItem deletes an item with its accounts and their rows, as when a user deletes the item at the vendor. No
// pending webhook announces the deletion. Errors: ErrNotFound for an unknown item.
func (s *Simulator) RemoveItem(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.store.items[id]; !ok {
		return fmt.Errorf("item: %w", ErrNotFound)
	}
	for _, account := range s.store.accountIDs[id] {
		for _, t := range s.store.accounts[account].dates.rows {
			delete(s.store.rows, t.ID)
		}
		delete(s.store.accounts, account)
		delete(s.store.bills, account)
	}
	delete(s.store.accountIDs, id)
	delete(s.store.consents, id)
	delete(s.store.items, id)
	return nil
}

// SetAccountListed sets whether the list of an item's accounts contains the account. At the real vendor, the list no
// longer contains an account that the holder has closed, or an account without consent. The rows of the account stay
// readable. Errors: ErrNotFound for an unknown account.
func (s *Simulator) SetAccountListed(id string, listed bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store.accounts[id] == nil {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	s.store.unlisted[id] = !listed
	return nil
}

// UpdateAccount changes an account, for example its balance. Errors: ErrNotFound.
func (s *Simulator) UpdateAccount(id string, edit func(*Account)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.store.accounts[id]
	if a == nil {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	edit(&a.Account)
	return nil
}

// Items returns the ids of all items, sorted.
func (s *Simulator) Items() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.store.items))
}

// fillIn sets the id and the times, if they are empty, as the vendor does when it creates an object.
func (s *Simulator) fillIn(id *string, created, updated *Time) {
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

func setDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}
