package belvosim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// SetBills replaces the bills of a link. A bill has the vendor's form, with the whole account of the card; the
// simulator serves it unchanged. The error is ErrNotFound if there is no such link.
func (s *Simulator) SetBills(linkID string, bills ...json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, exists := s.links[linkID]
	if !exists {
		return fmt.Errorf("link: %w", ErrNotFound)
	}
	l.bills = bills
	return nil
}

// listBills serves the bills of a link. The parameter link is required.
func (s *Simulator) listBills(w http.ResponseWriter, r *http.Request) {
	only := r.URL.Query().Get("link")
	if only == "" {
		s.writeFailure(w, required("link"))
		return
	}
	s.mu.Lock()
	bills := []json.RawMessage{}
	if l := s.visible(secretOf(r), only); l != nil {
		bills = append(bills, l.bills...)
	}
	s.mu.Unlock()
	sendPage(s, w, pageOf(r, bills, false))
}
