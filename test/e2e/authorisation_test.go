package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

// accessManager is an access manager that each test can make deny, fail or misbehave for one tenant. It identifies the
// tenant by the bearer token of the request.
type accessManager struct {
	mu        sync.Mutex
	behaviour map[string]http.HandlerFunc // by token; without an entry, every question is answered positively
	asked     map[string][]string         // by token: "<subject> <action> <resource> <product>"
}

func newAccessManager(t *testing.T) (m *accessManager, url string) {
	t.Helper()
	m = &accessManager{behaviour: map[string]http.HandlerFunc{}, asked: map[string][]string{}}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return m, server.URL
}

func (m *accessManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var question struct{ Sub, Resource, Action, Product string }
	err := json.UnmarshalRead(r.Body, &question, json.MatchCaseInsensitiveNames(true))
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/authorize" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	token := r.Header.Get("Authorization")
	m.mu.Lock()
	m.asked[token] = append(m.asked[token],
		strings.TrimSpace(question.Sub+" "+question.Action+" "+question.Resource+" "+question.Product))
	answer := m.behaviour[token]
	m.mu.Unlock()
	if answer == nil {
		answer = answerWith(http.StatusOK, `{"authorized":true}`)
	}
	answer(w, r)
}

// answer sets how the access manager responds to requests with the operator's token.
func (m *accessManager) answer(o operator, behaviour http.HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.behaviour[o.token] = behaviour
}

func (m *accessManager) questions(o operator) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked[o.token])
}

func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// hijacked returns a handler that writes text to the raw connection, and then writes part repeatedly for 20 s or
// until the connection is closed.
func hijacked(text, part string, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		raw, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer raw.Close()
		_, err = raw.Write([]byte(text))
		for end := time.Now().Add(20 * time.Second); err == nil && time.Now().Before(end); {
			_, err = raw.Write([]byte(part))
			time.Sleep(pause)
		}
	}
}

// TestTheAccessManagerDecides checks three things:
//
//   - The access manager is asked only once about repeated requests.
//   - After the access manager has withdrawn a permission, requests are soon refused.
//   - The audit log contains the refused requests.
func TestTheAccessManagerDecides(t *testing.T) {
	manager, url := newAccessManager(t)
	each(t, func(t *testing.T, w *env) {
		o := w.audited(t, "ana")
		o.token = signed(t, jwtSecret, object{
			"tenant_id": o.tenant, "sub": "ana", "owner": "lerian", "type": "normal-user",
		})
		pace.Try(t, func() error { // a permission is remembered for a short time only
			before := len(manager.questions(o))
			o.get(connections).want(http.StatusOK)
			o.get(connections).want(http.StatusOK)
			if asked := manager.questions(o)[before:]; len(asked) > 1 {
				return fmt.Errorf("the access manager was asked %q", asked)
			}
			return nil
		})
		if got := manager.questions(o); got[0] != "lerian/ana get aggregator-connections discovery" {
			t.Errorf("the access manager was asked %q", got)
		}
		manager.answer(o, answerWith(http.StatusOK, `{"authorized":false}`))
		o.send(http.MethodPost, connections, "no JSON").problem(http.StatusForbidden, "MTCH-0004")
		eventually(t, "the end of a withdrawn permission", func() bool {
			return o.send(http.MethodGet, connections, nil).status == http.StatusForbidden
		})
		w.call(t, http.MethodGet, "/readyz", nil).want(http.StatusOK)
		manager.answer(o, nil)
		var refused []string
		for _, entry := range o.entries("?action=access.refused") {
			refused = append(refused, text(entry, "actor")+" "+text(entry, "object"))
		}
		if want := []string{"ana create-connection", "ana list-connections"}; !slices.Equal(refused, want) {
			t.Errorf("refusals in the audit log: %q, want %q", refused, want)
		}
	}, func(s *setup) { s.cfg.Auth.AuthorizerURL = url })
}

// TestAnAccessManagerThatMisbehavesHoldsNoRequest sends requests while the access manager misbehaves. A change must
// be refused. A read must succeed, because the access manager has permitted it before.
func TestAnAccessManagerThatMisbehavesHoldsNoRequest(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
	manager, url := newAccessManager(t)
	each(t, func(t *testing.T, w *env) {
		for name, behaviour := range map[string]http.HandlerFunc{
			"101":                hijacked(switching, "x", time.Second),
			"no response":        hijacked("", "", time.Second),
			"a header by bytes":  hijacked("HTTP/1.1 200 OK\r\nX: ", "x", time.Second),
			"an endless header":  hijacked("HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 4096)+"\r\n", 0),
			"1xx in a row":       hijacked("", "HTTP/1.1 103 Early Hints\r\n\r\n", time.Millisecond),
			"a body by bytes":    hijacked(head+"\r\n", " ", time.Second),
			"an endless body":    hijacked(head+"\r\n", strings.Repeat(" ", 4096), 0),
			"endless trailers":   hijacked(head+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", 0),
			"a redirect":         http.RedirectHandler("/v1/authorize", http.StatusTemporaryRedirect).ServeHTTP,
			"an internal error":  answerWith(http.StatusInternalServerError, `{"authorized":true}`),
			"a text for boolean": answerWith(http.StatusOK, `{"authorized":"true"}`),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				o := w.operator(t)
				o.get(connections).want(http.StatusOK)
				manager.answer(o, behaviour)
				refusal := o.send(http.MethodPost, connections, object{})
				refusal.problem(http.StatusServiceUnavailable, "MTCH-0008")
				if refusal.header.Get("Retry-After") == "" {
					t.Errorf("the refusal has the headers %v", refusal.header)
				}
				o.get(connections).want(http.StatusOK)
			})
		}
	}, func(s *setup) { s.cfg.Auth.AuthorizerURL = url })
}
