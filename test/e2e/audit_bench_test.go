package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// auditSwitch turns the writing of audit entries on and off.
type auditSwitch struct{ off atomic.Bool }

// entries returns nil while the switch is off, and otherwise its argument.
func (s *auditSwitch) entries(entries ports.AuditEntries) ports.AuditEntries {
	if s.off.Load() {
		return nil
	}
	return entries
}

type switchedConnections struct {
	ports.Connections
	*auditSwitch
}

func (s switchedConnections) Create(ctx context.Context, c domain.Connection, entries ports.AuditEntries) error {
	return s.Connections.Create(ctx, c, s.entries(entries))
}

func (s switchedConnections) Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
	id domain.ConnectionID, entries ports.AuditEntries, fn func(*domain.Connection) error,
) (domain.Connection, error) {
	return s.Connections.Update(ctx, tenant, kind, id, s.entries(entries), fn)
}

type switchedTokens struct {
	ports.Tokens
	*auditSwitch
}

func (s switchedTokens) Create(ctx context.Context, t domain.WebhookToken, entries ports.AuditEntries) error {
	return s.Tokens.Create(ctx, t, s.entries(entries))
}

// BenchmarkAuditedRequest measures requests that create a connection, update a connection or create a webhook token.
// Requests with and without an audit entry alternate. The results are the two medians and the slowdown in percent.
//
// Both databases flush every commit to disk, as in production. SQLite is also measured with its file in memory.
func BenchmarkAuditedRequest(b *testing.B) {
	onDisk, err := datadir.CreateOnDisk()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(onDisk) })
	for name, dsn := range map[string]string{
		"postgres":         "",
		"sqlite":           "sqlite://" + filepath.Join(onDisk, "bench.db"),
		"sqlite-in-memory": "sqlite://" + filepath.Join(datadir.New(b), "bench.db"),
	} {
		backend := "sqlite"
		if dsn == "" {
			backend = "postgres"
			server, err := pgtest.Start(pgtest.Options{Fsync: true})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = server.Stop() })
			dsn = server.URL()
		}
		audit := &auditSwitch{}
		w := open(b, backend, dsn, func(s *setup) {
			s.cfg.RatePerMinute = 0
			s.over.Wrap = func(stores *composedStores) {
				stores.Connections = switchedConnections{stores.Connections, audit}
				stores.Tokens = switchedTokens{stores.Tokens, audit}
			}
		})
		created := func() object {
			return object{
				"vendor":     "pluggy",
				"configName": uuid.NewString(),
				"baseUrl":    "http://127.0.0.1:1",
				"accountRef": uuid.NewString(),
				"clientId":   "client",
				"secret":     "secret",
			}
		}
		send := benchSender(b, w)
		main := created()
		id := text(send(http.MethodPost, connections, main, http.StatusCreated), "id")
		for request, change := range map[string]func(){
			"create": func() { send(http.MethodPost, connections, created(), http.StatusCreated) },
			"update": func() {
				main["configName"] = uuid.NewString()
				send(http.MethodPut, connections+"/"+id, object{
					"configName": main["configName"], "baseUrl": main["baseUrl"], "accountRef": main["accountRef"],
				}, http.StatusOK)
			},
			"mint": func() {
				send(http.MethodPost, tokens, object{"vendor": "pluggy", "connection_config_name": main["configName"]},
					http.StatusCreated)
			},
		} {
			b.Run(name+"/"+request, func(b *testing.B) {
				var took [2][]float64
				for b.Loop() {
					for i := range took {
						audit.off.Store(i == 0)
						start := time.Now()
						change()
						took[i] = append(took[i], float64(time.Since(start).Nanoseconds())/1e3)
					}
				}
				var median [2]float64
				for i := range took {
					slices.Sort(took[i])
					median[i] = took[i][len(took[i])/2]
				}
				b.ReportMetric(median[0], "µs/plain")
				b.ReportMetric(median[1], "µs/audited")
				b.ReportMetric(100*(median[1]/median[0]-1), "%slower")
			})
		}
	}
}

// benchSender returns a function that sends a request as an operator of a new tenant. The function checks the status
// and returns the body of the response.
func benchSender(b *testing.B, w *env) func(method, path string, body object, status int) object {
	claims := jwt.New()
	for name, value := range map[string]any{
		"tenant_id": uuid.NewString(), "sub": "maria", "exp": time.Now().Add(time.Hour).Unix(),
	} {
		if err := claims.Set(name, value); err != nil {
			b.Fatal(err)
		}
	}
	token, err := jwt.Sign(claims, jwt.WithKey(jwa.HS256, []byte(jwtSecret)))
	if err != nil {
		b.Fatal(err)
	}
	return func(method, path string, body object, status int) object {
		raw, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		r, err := http.NewRequestWithContext(b.Context(), method, w.origin+path, bytes.NewReader(raw))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+string(token))
		r.Header.Set("Content-Type", "application/json")
		response, err := w.http.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		got := object{}
		if err != nil || response.StatusCode != status || json.Unmarshal(text, &got) != nil {
			b.Fatal(fmt.Errorf("%s %s: %d %s %w", method, path, response.StatusCode, text, err))
		}
		return got
	}
}
