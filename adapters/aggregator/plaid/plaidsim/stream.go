package plaidsim

import (
	"encoding/base64"
	"fmt"
)

// Statuses of an Item's history.
const (
	HistoryNotReady = "NOT_READY"
	HistoryInitial  = "INITIAL_UPDATE_COMPLETE"
	HistoryComplete = "HISTORICAL_UPDATE_COMPLETE"
)

// cursor is a position in the stream of changes of an Item. A read of the stream covers the changes with the indexes
// from (included) to until (excluded). The field until is the number of changes that the Item had when the first page
// was read. Between two pages, the field read is the number of changes on the earlier pages.
type cursor struct{ from, until, read int }

// encode returns the cursor as the vendor's clients see it.
func (c cursor) encode(itemID string) string {
	text := fmt.Sprintf("%s %d %d %d", itemID, c.from, c.until, c.read)
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// decodeCursor parses a cursor. ok is false if the text is not a cursor of the Item.
func decodeCursor(text, itemID string) (c cursor, ok bool) {
	plain, err := base64.StdEncoding.DecodeString(text)
	var id string
	if err == nil {
		_, err = fmt.Sscanf(string(plain), "%s %d %d %d", &id, &c.from, &c.until, &c.read)
	}
	return c, err == nil && id == itemID && 0 <= c.from && c.from <= c.until && c.read >= 0
}

// MutateDuringPagination makes the next n requests for later pages fail, as if the history had changed while it was
// read.
func (s *Simulator) MutateDuringPagination(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mutations = n
}

// sync serves a page of the stream of changes.
func (s *Simulator) sync(i *item, in request) (any, *apiError) {
	if failure := i.healthy(); failure != nil {
		return nil, failure
	}
	status := orText(i.History, HistoryComplete)
	page := map[string]any{
		"accounts": []Account{}, "added": []Transaction{}, "modified": []Transaction{}, "removed": []any{},
		"next_cursor": "", "has_more": false, "transactions_update_status": status, "request_id": requestID,
	}
	if i.NotReady > 0 {
		i.NotReady--
		status = HistoryNotReady
		page["transactions_update_status"] = status
	}
	if status == HistoryNotReady {
		return page, nil
	}
	at := cursor{until: len(i.changes)}
	if in.Cursor != "" {
		var ok bool
		if at, ok = decodeCursor(in.Cursor, i.ID); !ok || at.until > len(i.changes) {
			return nil, &errCursor
		}
		if at.read > 0 && (s.mutations > 0 || at.until < len(i.changes)) {
			s.mutations = max(0, s.mutations-1)
			return nil, &errMutation
		}
		if at.read == 0 {
			at = cursor{from: at.until, until: len(i.changes)}
		}
	}
	count := s.pageSize(in.Count)
	all := i.since(at.from, at.until)
	part := all[min(at.read, len(all)):min(at.read+count, len(all))]
	s.fill(page, i, in, part)
	next := cursor{from: at.until, until: at.until}
	if at.read+len(part) < len(all) {
		next = cursor{at.from, at.until, at.read + len(part)}
		page["has_more"] = true
	}
	page["next_cursor"] = next.encode(i.ID)
	return page, nil
}

// pageSize returns the number of rows or changes on a page. asked is nil if the request does not state a number.
func (s *Simulator) pageSize(asked *int) int {
	if asked == nil {
		return min(100, s.page)
	}
	return min(*asked, s.page)
}

// fill adds changes to a page.
func (s *Simulator) fill(page map[string]any, i *item, in request, changes []change) {
	added, modified, removed, accounts := []Transaction{}, []Transaction{}, []any{}, []Account{}
	seen := map[string]bool{}
	for _, c := range changes {
		switch {
		case !c.exists:
			removed = append(removed, map[string]string{"transaction_id": c.id, "account_id": c.account})
		case c.existed:
			modified = append(modified, in.shown(i.rows[c.id]))
		default:
			added = append(added, in.shown(i.rows[c.id]))
		}
		if a, ok := i.account(c.account); ok && !seen[c.account] {
			seen[c.account], accounts = true, append(accounts, a)
		}
	}
	page["added"], page["modified"], page["removed"], page["accounts"] = added, modified, removed, accounts
}
