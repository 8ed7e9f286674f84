package pluggysim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// connectTokenLifetime is how long a connect token is valid.
const connectTokenLifetime = 30 * time.Minute

// ConnectTokens returns the connect tokens that were issued so far, oldest first.
func (s *Simulator) ConnectTokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens)
}

// connectToken issues a connect token. If the request has an itemId, the token permits updating this item. The token is
// a JWT, like the tokens of the vendor.
func (s *Simulator) connectToken(w http.ResponseWriter, r *http.Request, client string) {
	var in struct {
		ItemID  string `json:"itemId"`
		Options struct {
			User    string `json:"clientUserId"`
			Webhook string `json:"webhookUrl"`
		} `json:"options"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		writeError(w, http.StatusBadRequest, "", "The body must be JSON")
		return
	}
	if in.Options.Webhook != "" && !isWebhookURL(in.Options.Webhook) {
		writeError(w, http.StatusBadRequest, "", "webhookUrl must be an https URL")
		return
	}
	token, ok := s.issueConnectToken(grant{
		client: client, item: in.ItemID, user: in.Options.User, webhook: in.Options.Webhook,
	})
	if !ok {
		itemNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"accessToken": token})
}

// issueConnectToken creates, stores and returns a connect token. It returns false if the client is not allowed to read
// the item.
func (s *Simulator) issueConnectToken(g grant) (token string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, visible := s.store.visibleItem(g.item, g.client); !visible && g.item != "" {
		return "", false
	}
	now := s.opt.Now()
	token = s.sign(map[string]any{
		"clientId": g.client, "itemId": g.item, "type": "CONNECT", "iat": now.Unix(),
		"exp": now.Add(s.opt.TokenTTL).Unix(), "jti": s.newID(),
	})
	g.expiresAt = now.Add(s.opt.TokenTTL)
	s.tokens, s.grants[token] = append(s.tokens, token), g
	return token, true
}

// updateItem starts a synchronisation of an item with its stored credentials. The item stays in UPDATING until
// Options.RefreshTime has passed or [Simulator.SetItemStatus] ends the synchronisation; until then, the vendor refuses
// a second one.
func (s *Simulator) updateItem(w http.ResponseWriter, r *http.Request, client string) {
	i, visible, started := s.startUpdate(r.PathValue("id"), client)
	switch {
	case !visible:
		itemNotFound(w)
	case !started:
		writeError(w, http.StatusBadRequest, "ITEM_IS_ALREADY_UPDATING", "The item is already being updated")
	default:
		writeJSON(w, http.StatusOK, i)
	}
}

// startUpdate starts a synchronisation of the item, unless a synchronisation is already running, and returns the item.
// It reports whether the client is allowed to read the item, and whether it has started the synchronisation.
func (s *Simulator) startUpdate(id, client string) (i Item, visible, started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, visible = s.store.visibleItem(id, client)
	if !visible || i.Status == "UPDATING" {
		return i, visible, false
	}
	i.Status, i.ExecutionStatus, i.UpdatedAt = "UPDATING", "CREATED", At(s.opt.Now())
	s.store.items[id] = i
	s.stats.Refreshes++
	if s.opt.RefreshTime > 0 {
		time.AfterFunc(s.opt.RefreshTime, func() { s.finishUpdate(id, i.UpdatedAt) })
	}
	return i, true, true
}

// finishUpdate ends the synchronisation of an item that started at a time, unless another call has ended it.
func (s *Simulator) finishUpdate(id string, started Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.store.items[id]; ok && i.Status == "UPDATING" && i.UpdatedAt == started {
		s.setItemStatus(i, "UPDATED", "")
	}
}
