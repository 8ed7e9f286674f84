package pluggysim

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// maxHooks is how many webhooks one client may register for one event.
const maxHooks = 5

// Webhook is a registered target. Headers is what the vendor would send along; it is never read back.
type Webhook struct {
	ID         string            `json:"id"`
	Event      string            `json:"event"` // an event name, or all
	URL        string            `json:"url"`
	DisabledAt Time              `json:"disabledAt"`
	CreatedAt  Time              `json:"createdAt"`
	UpdatedAt  Time              `json:"updatedAt"`
	Headers    map[string]string `json:"-"`
}

type hook struct {
	Webhook
	client string
}

// Webhooks lists what all clients registered, in the order of creation, with headers.
func (s *Simulator) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Webhook, len(s.hooks))
	for i, h := range s.hooks {
		out[i] = h.Webhook
	}
	return out
}

// createHook answers 200, which the SDK demands, and not the OpenAPI document's 201.
func (s *Simulator) createHook(w http.ResponseWriter, r *http.Request, client string) {
	var in struct {
		Event   string            `json:"event"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, "", "event and url must be a string")
		return
	}
	if in.Event != "all" && !slices.Contains(EventNames, in.Event) {
		fail(w, http.StatusBadRequest, "", "event must be a valid enum value")
		return
	}
	if !postable(in.URL) {
		fail(w, http.StatusBadRequest, "", "url must be an https URL with a host name")
		return
	}
	h, ok := s.register(client, Webhook{Event: in.Event, URL: in.URL, Headers: in.Headers})
	if !ok {
		fail(w, http.StatusBadRequest, "WEBHOOK_LIMIT_REACHED", "An event takes five webhooks at most")
		return
	}
	answer(w, http.StatusOK, h)
}

// postable keeps the vendor's rule: https, a name and no address literal.
func postable(raw string) bool {
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
	for _, o := range s.hooks {
		if o.client == client && o.Event == h.Event {
			same++
		}
	}
	if same >= maxHooks {
		return Webhook{}, false
	}
	s.fill(&h.ID, &h.CreatedAt, &h.UpdatedAt)
	s.hooks = append(s.hooks, hook{h, client})
	return h, true
}

func (s *Simulator) listHooks(w http.ResponseWriter, _ *http.Request, client string) {
	s.mu.Lock()
	var found []Webhook
	for _, h := range s.hooks {
		if h.client == client {
			found = append(found, h.Webhook)
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, onePage(found))
}

func (s *Simulator) getHook(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	i := s.hookOf(r.PathValue("id"), client)
	var found Webhook
	if i >= 0 {
		found = s.hooks[i].Webhook
	}
	s.mu.Unlock()
	if i < 0 {
		hookNotFound(w)
		return
	}
	answer(w, http.StatusOK, found)
}

func (s *Simulator) deleteHook(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	i := s.hookOf(r.PathValue("id"), client)
	if i >= 0 {
		s.hooks = slices.Delete(s.hooks, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 {
		hookNotFound(w)
		return
	}
	answer(w, http.StatusOK, map[string]int{"count": 1})
}

func (s *Simulator) hookOf(id, client string) int {
	return slices.IndexFunc(s.hooks, func(h hook) bool { return h.ID == id && h.client == client })
}

func hookNotFound(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "WEBHOOK_NOT_FOUND", "There is no such webhook")
}
