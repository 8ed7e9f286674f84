package pluggysim

import (
	"maps"
	"net/http"

	"github.com/google/uuid"
)

// visibleItem returns the item with this id, and reports whether the client is allowed to read it.
func (w *store) visibleItem(id, client string) (Item, bool) {
	i, ok := w.items[id]
	return i, ok && (i.ClientID == "" || i.ClientID == client)
}

// visibleAccount returns the account with this id, and reports whether the client is allowed to read its item.
func (w *store) visibleAccount(id, client string) (*accountRows, bool) {
	l, ok := w.accounts[id]
	if !ok {
		return nil, false
	}
	_, ok = w.visibleItem(l.ItemID, client)
	return l, ok
}

func (s *Simulator) item(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	i, ok := s.store.visibleItem(r.PathValue("id"), client)
	s.mu.Unlock()
	if !ok {
		itemNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, i)
}

// deleteItem deletes an item with its accounts and transactions. It sends no webhook. A test can send the event
// item/deleted through the control surface (/_control/).
func (s *Simulator) deleteItem(w http.ResponseWriter, r *http.Request, client string) {
	id := r.PathValue("id")
	s.mu.Lock()
	_, ok := s.store.visibleItem(id, client)
	if ok {
		s.store.deleteItem(id)
	}
	s.mu.Unlock()
	if !ok {
		itemNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"count": 1})
}

// deleteItem deletes an item with its accounts and transactions.
func (w *store) deleteItem(id string) {
	for _, account := range w.accountIDs[id] {
		delete(w.accounts, account)
		delete(w.unlisted, account)
		maps.DeleteFunc(w.rows, func(_ string, t *Transaction) bool { return t.AccountID == account })
	}
	delete(w.accountIDs, id)
	delete(w.items, id)
}

func itemNotFound(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, "ITEM_NOT_FOUND", "There is no such item")
}

func (s *Simulator) accounts(w http.ResponseWriter, r *http.Request, client string) {
	q := r.URL.Query()
	item, kind := q.Get("itemId"), q.Get("type")
	if _, err := uuid.Parse(item); err != nil {
		writeError(w, http.StatusBadRequest, "", "itemId must be a UUID")
		return
	}
	s.mu.Lock()
	_, ok := s.store.visibleItem(item, client)
	var found []Account
	for _, id := range s.store.accountIDs[item] {
		if l := s.store.accounts[id]; (kind == "" || kind == l.Type) && !s.store.unlisted[id] && !s.consentEnded(item) {
			found = append(found, l.Account)
		}
	}
	s.mu.Unlock()
	if !ok {
		itemNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, onePage(found))
}

func (s *Simulator) account(w http.ResponseWriter, r *http.Request, client string) {
	var account Account
	s.mu.Lock()
	l, ok := s.store.visibleAccount(r.PathValue("id"), client)
	if ok {
		account = l.Account
	}
	s.mu.Unlock()
	if !ok {
		accountNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, account)
}

func accountNotFound(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, "ACCOUNT_NOT_FOUND", "There is no such account")
}
