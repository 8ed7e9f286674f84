package pluggysim

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sort"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// ErrToken is returned for a connect token that is unknown or expired, or that cannot create an item.
var ErrToken = errors.New("pluggysim: the connect token creates no item")

// grant contains what a connect token permits.
type grant struct {
	client, item, user, webhook string
	expiresAt                   time.Time
}

// Connect simulates an account holder who signs in on the vendor's hosted page with a connect token. It creates an
// item that belongs to the client of the token and has the token's clientUserId and webhookUrl. The other members are
// copied from i; the status LOGIN_ERROR means that the sign-in has failed. The token stays valid. Errors: ErrToken.
func (s *Simulator) Connect(token string, i Item) (Item, error) {
	s.mu.Lock()
	g, ok := s.grants[token]
	s.mu.Unlock()
	if !ok || g.item != "" || !s.opt.Now().Before(g.expiresAt) {
		return Item{}, ErrToken
	}
	i.ClientID, i.ClientUserID, i.WebhookURL = g.client, Text(g.user), Text(g.webhook)
	return s.AddItem(i), nil
}

// controlConnect is the call POST /_control/connect.
func (s *Simulator) controlConnect(in struct {
	Token string `json:"token"`
	Item  Item   `json:"item"`
}) (Item, error) {
	return s.Connect(in.Token, in.Item)
}

// listItems serves GET /items?clientUserId=. The vendor's documentation does not mention this list, but its API has it.
// Options.NoItemList turns it off.
func (s *Simulator) listItems(w http.ResponseWriter, r *http.Request, client string) {
	if s.opt.NoItemList {
		writeError(w, http.StatusNotFound, "", "Cannot GET /items")
		return
	}
	user := r.URL.Query().Get("clientUserId")
	found := []Item{}
	s.mu.Lock()
	for id := range s.store.items {
		i, visible := s.store.visibleItem(id, client)
		if visible && (user == "" || string(i.ClientUserID) == user) {
			found = append(found, i)
		}
	}
	s.mu.Unlock()
	sort.Slice(found, func(i, j int) bool {
		x, y := &found[i], &found[j]
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt.Time), cmp.Compare(x.ID, y.ID)) < 0
	})
	writeJSON(w, http.StatusOK, onePage(found))
}

// SendToItem sends one event to the webhookUrl of the event's item, as the vendor does in addition to the registered
// webhooks. It does nothing if the item has no webhookUrl. If origin is not empty, it replaces the scheme and the host
// of the URL. SendToItem also sends the given headers, although the vendor itself sends none.
func (s *Simulator) SendToItem(
	ctx context.Context, origin string, headers map[string]string, event Event,
) ([]DeliveryResult, error) {
	body, err := s.Payload(event)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	target := string(s.store.items[event.ItemID].WebhookURL)
	s.mu.Unlock()
	if target == "" {
		return nil, nil
	}
	if origin != "" {
		u, err := url.Parse(target)
		if err != nil {
			return nil, err
		}
		target = origin + u.EscapedPath()
	}
	return s.sender.Send(ctx, Target{URL: target, Headers: headers}, kit.Webhook{Event: event.Name, Body: body})
}
