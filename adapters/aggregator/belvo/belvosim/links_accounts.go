package belvosim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// link is a link with its accounts and rows. A row is immutable: a change replaces the pointer to
// it. Therefore a page of rows can be encoded after the lock is released.
type link struct {
	Link
	accounts []*Account
	rows     []*row
	bills    []json.RawMessage
	// refreshes contains the resources of each refresh that was accepted; refreshedAt is the time of the last one.
	refreshes   [][]string
	refreshedAt time.Time
	revision    int // incremented by every change of rows; a cached selection of an older revision is not used
	cached      selection
}

// AddSecret adds an API credential. If the id exists already, AddSecret replaces its password.
func (s *Simulator) AddSecret(id, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[id] = password
}

// RemoveSecret removes an API credential. Requests with it are rejected from then on.
func (s *Simulator) RemoveSecret(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, id)
}

// AddLink adds a link and returns it as stored. If the ID is empty, AddLink generates one. If another member is empty
// but the vendor always sends it, AddLink sets the vendor's usual value. The error is ErrTaken if the id exists
// already.
func (s *Simulator) AddLink(l Link) (Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.ID = cmp.Or(l.ID, s.newID())
	if _, taken := s.links[l.ID]; taken {
		return Link{}, fmt.Errorf("link: %w", ErrTaken)
	}
	l.AccessMode = cmp.Or(l.AccessMode, "recurrent")
	l.Status = cmp.Or(l.Status, LinkValid)
	l.CreatedAt = cmp.Or(l.CreatedAt, s.timestamp())
	l.LastAccessedAt = cmp.Or(l.LastAccessedAt, s.timestamp())
	l.RefreshRate = cmp.Or(l.RefreshRate, "24h")
	l.CredentialsStorage = cmp.Or(l.CredentialsStorage, "store")
	l.StaleIn = cmp.Or(l.StaleIn, "365d")
	if l.FetchResources == nil {
		l.FetchResources = []string{"ACCOUNTS", "TRANSACTIONS"}
	}
	added := &link{Link: l}
	s.links[l.ID] = added
	s.linkOrder = append(s.linkOrder, added)
	return l, nil
}

// SetLinkStatus changes the status of a link. As at the vendor, rows that were collected earlier stay readable. The
// error is ErrNotFound if there is no such link.
func (s *Simulator) SetLinkStatus(id string, status LinkStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[id]
	if !exists {
		return fmt.Errorf("link: %w", ErrNotFound)
	}
	l.Status = status
	return nil
}

// RemoveLink removes a link together with its accounts and transactions. The error is ErrNotFound
// if there is no such link.
func (s *Simulator) RemoveLink(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[id]
	if !exists {
		return fmt.Errorf("link: %w", ErrNotFound)
	}
	for _, a := range l.accounts {
		delete(s.accounts, a.ID)
	}
	for _, r := range l.rows {
		delete(s.rows, r.tx.ID)
	}
	delete(s.links, id)
	s.linkOrder = slices.DeleteFunc(s.linkOrder, func(o *link) bool { return o == l })
	return nil
}

// AddAccount adds an account to the link a.Link, and returns the account as stored. If the ID is empty, AddAccount
// generates one. An empty Institution is copied from the link. An empty CollectedAt or CreatedAt becomes the current
// time. Errors:
//
//   - ErrNotFound if the link does not exist
//   - ErrTaken if the account's id exists already.
func (s *Simulator) AddAccount(a Account) (Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[a.Link]
	if !exists {
		return Account{}, fmt.Errorf("account's link: %w", ErrNotFound)
	}
	a.ID = cmp.Or(a.ID, s.newID())
	if _, taken := s.accounts[a.ID]; taken {
		return Account{}, fmt.Errorf("account: %w", ErrTaken)
	}
	a.Institution = cmp.Or(a.Institution, Institution{Name: l.Institution, Type: "bank"})
	a.CollectedAt = cmp.Or(a.CollectedAt, s.timestamp())
	a.CreatedAt = cmp.Or(a.CreatedAt, s.timestamp())
	s.accounts[a.ID] = &a
	l.accounts = append(l.accounts, &a)
	return a, nil
}

// SetAccountListed sets whether the list of accounts contains the account. The account's transactions stay,
// and they still embed the account. The error is ErrNotFound if there is no such account.
func (s *Simulator) SetAccountListed(id string, listed bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, exists := s.accounts[id]
	if !exists {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	l := s.links[a.Link]
	l.accounts = slices.DeleteFunc(l.accounts, func(o *Account) bool { return o == a })
	if listed {
		l.accounts = append(l.accounts, a)
	}
	return nil
}

// UpdateAccount changes an account, for example its balance. Errors: ErrNotFound.
func (s *Simulator) UpdateAccount(id string, edit func(*Account)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, exists := s.accounts[id]
	if !exists {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	edit(a)
	return nil
}

// visible returns the link with this id, or nil if the secret has no access to it or there is no
// such link. The caller holds the lock.
func (s *Simulator) visible(secret, id string) *link {
	l := s.links[id]
	if l == nil || (l.Owner != "" && l.Owner != secret) {
		return nil
	}
	return l
}

// UpdateLink changes a link, for example its refresh_rate, and returns it. The id cannot be changed. The error is
// ErrNotFound if there is no such link.
func (s *Simulator) UpdateLink(id string, edit func(*Link)) (Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[id]
	if !exists {
		return Link{}, fmt.Errorf("link: %w", ErrNotFound)
	}
	edit(&l.Link)
	l.ID = id
	return l.Link, nil
}
