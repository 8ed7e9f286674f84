package pluggysim

import (
	"net/http"

	"github.com/google/uuid"
)

// owned says whether the client may see the item.
func (w *world) owned(id, client string) (Item, bool) {
	i, ok := w.items[id]
	return i, ok && (i.ClientID == "" || i.ClientID == client)
}

// ledger finds an account of an item that the client may see.
func (w *world) ledger(id, client string) (*ledger, bool) {
	l, ok := w.ledgers[id]
	if !ok {
		return nil, false
	}
	_, ok = w.owned(l.ItemID, client)
	return l, ok
}

func (s *Simulator) item(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	i, ok := s.world.owned(r.PathValue("id"), client)
	s.mu.Unlock()
	if !ok {
		itemNotFound(w)
		return
	}
	answer(w, http.StatusOK, i)
}

func itemNotFound(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "ITEM_NOT_FOUND", "There is no such item")
}

func (s *Simulator) accounts(w http.ResponseWriter, r *http.Request, client string) {
	q := r.URL.Query()
	item, kind := q.Get("itemId"), q.Get("type")
	if _, err := uuid.Parse(item); err != nil {
		fail(w, http.StatusBadRequest, "", "itemId must be a UUID")
		return
	}
	s.mu.Lock()
	_, ok := s.world.owned(item, client)
	var found []Account
	for _, id := range s.world.ofItem[item] {
		if l := s.world.ledgers[id]; kind == "" || kind == l.Type {
			found = append(found, l.Account)
		}
	}
	s.mu.Unlock()
	if !ok {
		itemNotFound(w)
		return
	}
	answer(w, http.StatusOK, onePage(found))
}

func (s *Simulator) account(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	l, ok := s.world.ledger(r.PathValue("id"), client)
	s.mu.Unlock()
	if !ok {
		accountNotFound(w)
		return
	}
	answer(w, http.StatusOK, l.Account) // an account is set once, at AddAccount
}

func accountNotFound(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "ACCOUNT_NOT_FOUND", "There is no such account")
}
