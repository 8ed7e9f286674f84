package pluggysim

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// maxWebhooks is the maximum number of webhooks that one client can register for one event.
const maxWebhooks = 5

// allEvents is the event name with which a webhook is registered for all events.
const allEvents = "all"

// Webhook is a registered webhook. The vendor sends Headers with each delivery, and never returns them.
type Webhook struct {
	ID         string            `json:"id"`
	Event      string            `json:"event"` // the name of an event, or allEvents
	URL        string            `json:"url"`
	DisabledAt Time              `json:"disabledAt"`
	CreatedAt  Time              `json:"createdAt"`
	UpdatedAt  Time              `json:"updatedAt"`
	Headers    map[string]string `json:"-"`
}

type registeredWebhook struct {
	Webhook
	client string
}

// Webhooks returns the webhooks of all clients, with their headers, in the order of registration.
func (s *Simulator) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Webhook, len(s.webhooks))
	for i, h := range s.webhooks {
		out[i] = h.Webhook
	}
	return out
}

// createWebhook registers a webhook and responds with 200. The vendor's OpenAPI document specifies 201, but
// the vendor's SDK accepts only 200.
func (s *Simulator) createWebhook(w http.ResponseWriter, r *http.Request, client string) {
	var in struct {
		Event   string            `json:"event"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		writeError(w, http.StatusBadRequest, "", "event and url must be a string")
		return
	}
	if in.Event != allEvents && !slices.Contains(EventNames, in.Event) {
		writeError(w, http.StatusBadRequest, "", "event must be a valid enum value")
		return
	}
	if !isWebhookURL(in.URL) {
		writeError(w, http.StatusBadRequest, "", "url must be an https URL with a host name")
		return
	}
	h, ok := s.register(client, Webhook{Event: in.Event, URL: in.URL, Headers: in.Headers})
	if !ok {
		writeError(w, http.StatusBadRequest, "WEBHOOK_LIMIT_REACHED", "An event takes five webhooks at most")
		return
	}
	writeJSON(w, http.StatusOK, h)
}

// isWebhookURL reports whether the vendor accepts the URL of a webhook: it must be https with a host name
// that is neither an address nor localhost.
func isWebhookURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Hostname() == "localhost" {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err != nil
}

func (s *Simulator) register(client string, h Webhook) (Webhook, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 0
	for _, o := range s.webhooks {
		if o.client == client && o.Event == h.Event {
			same++
		}
	}
	if same >= maxWebhooks {
		return Webhook{}, false
	}
	s.fillIn(&h.ID, &h.CreatedAt, &h.UpdatedAt)
	s.webhooks = append(s.webhooks, registeredWebhook{h, client})
	return h, true
}

func (s *Simulator) listWebhooks(w http.ResponseWriter, _ *http.Request, client string) {
	s.mu.Lock()
	var found []Webhook
	for _, h := range s.webhooks {
		if h.client == client {
			found = append(found, h.Webhook)
		}
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, onePage(found))
}

func (s *Simulator) getWebhook(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	i := s.webhookIndex(r.PathValue("id"), client)
	var found Webhook
	if i >= 0 {
		found = s.webhooks[i].Webhook
	}
	s.mu.Unlock()
	if i < 0 {
		webhookNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, found)
}

func (s *Simulator) deleteWebhook(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	i := s.webhookIndex(r.PathValue("id"), client)
	if i >= 0 {
		s.webhooks = slices.Delete(s.webhooks, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 {
		webhookNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"count": 1})
}

func (s *Simulator) webhookIndex(id, client string) int {
	return slices.IndexFunc(s.webhooks, func(h registeredWebhook) bool { return h.ID == id && h.client == client })
}

func webhookNotFound(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, "WEBHOOK_NOT_FOUND", "There is no such webhook")
}
