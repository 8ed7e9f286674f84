package pluggysim

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
)

// AddConsent adds a consent of an item and returns the stored consent. An empty ID becomes a random id. A zero
// CreatedAt becomes the current time. ExpiresAt is copied to the item's consentExpiresAt. Errors: ErrNotFound for an
// unknown item.
func (s *Simulator) AddConsent(c Consent) (Consent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.store.items[c.ItemID]
	if !ok {
		return Consent{}, fmt.Errorf("item: %w", ErrNotFound)
	}
	updated := c.CreatedAt
	s.fillIn(&c.ID, &c.CreatedAt, &updated)
	if c.Products == nil {
		c.Products = slices.Clone(i.Products)
	}
	if c.Permissions == nil {
		c.Permissions = []string{"ACCOUNTS_READ", "ACCOUNTS_TRANSACTIONS_READ"}
	}
	i.ConsentExpires = c.ExpiresAt
	s.store.items[i.ID] = i
	s.store.consents[i.ID] = append(s.store.consents[i.ID], c)
	return c, nil
}

// consentEnded reports whether all consents of the item are revoked. The vendor then returns empty lists of accounts
// and transactions. It is false if the item has no consent. The caller must hold s.mu.
func (s *Simulator) consentEnded(item string) bool {
	consents := s.store.consents[item]
	return len(consents) > 0 && !slices.ContainsFunc(consents, func(c Consent) bool { return c.RevokedAt.IsZero() })
}

// RevokeConsent revokes a consent, as the account holder can do at the institution. Errors: ErrNotFound.
func (s *Simulator) RevokeConsent(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, consents := range s.store.consents {
		for n := range consents {
			if consents[n].ID == id {
				consents[n].RevokedAt = At(s.opt.Now())
				return nil
			}
		}
	}
	return fmt.Errorf("consent: %w", ErrNotFound)
}

// UpdateItem changes an item, for example its nextAutoSyncAt, and returns it. The id cannot be changed. Errors:
// ErrNotFound.
func (s *Simulator) UpdateItem(id string, edit func(*Item)) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.store.items[id]
	if !ok {
		return Item{}, fmt.Errorf("item: %w", ErrNotFound)
	}
	edit(&i)
	i.ID = id
	s.store.items[id] = i
	return i, nil
}

func (s *Simulator) consents(w http.ResponseWriter, r *http.Request, client string) {
	item := r.URL.Query().Get("itemId")
	if _, err := uuid.Parse(item); err != nil {
		writeError(w, http.StatusBadRequest, "", "itemId must be a UUID")
		return
	}
	s.mu.Lock()
	_, ok := s.store.visibleItem(item, client)
	found := slices.Clone(s.store.consents[item])
	s.mu.Unlock()
	if !ok {
		itemNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, onePage(found))
}

func (s *Simulator) consent(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for item, consents := range s.store.consents {
		if _, ok := s.store.visibleItem(item, client); !ok {
			continue
		}
		for _, c := range consents {
			if c.ID == r.PathValue("id") {
				writeJSON(w, http.StatusOK, c)
				return
			}
		}
	}
	writeError(w, http.StatusNotFound, "CONSENT_NOT_FOUND", "There is no such consent")
}
