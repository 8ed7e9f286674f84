package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	id      = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	failure = &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: &domain.Error{
		Kind: domain.Unavailable, Cause: fmt.Errorf("dial: %w", errors.New("refused")),
	}}
	wantError = "unavailable (vendor_unreachable); caused by: unavailable; caused by: dial: refused"
)

// wantSeries is the expected value of the series with the given name and labels.
type wantSeries struct {
	name   string
	labels []string
	want   float64
}

var eventTests = []struct {
	event  ports.TelemetryEvent
	line   map[string]any
	series []wantSeries
}{
	{
		ports.WebhookReceived{Vendor: "pluggy", Outcome: "duplicate"},
		map[string]any{"level": "debug", "message": "webhook", "vendor": "pluggy", "outcome": "duplicate"},
		[]wantSeries{{"webhooks_total", []string{"outcome", "duplicate", "vendor", "pluggy"}, 1}},
	},
	{
		ports.WebhookReceived{Vendor: "unknown", Outcome: "refused"},
		map[string]any{"level": "debug", "message": "webhook", "vendor": "other", "outcome": "refused"},
		[]wantSeries{{"webhooks_total", []string{"outcome", "refused", "vendor", "other"}, 1}},
	},
	{
		ports.PullAttempted{
			Pull: domain.Pull{
				ID: domain.PullID{UUID: id}, Connection: domain.ConnectionID{UUID: id}, Vendor: "pluggy",
				Trigger: domain.TriggerWebhook, State: domain.PullFailed, LastError: domain.CredentialRejected,
				Attempts: 3, Trace: incoming, Tenant: domain.TenantID{UUID: id},
				Progress: domain.Progress{Cursor: canary},
			},
			Took: 2 * time.Second, Counts: domain.Counts{Added: 1, Modified: 2, Removed: 3, Unchanged: 4}, Err: failure,
		},
		map[string]any{
			"level": "error", "message": "pull attempted", "pull": id.String(), "connection": id.String(),
			"vendor": "pluggy", "trigger": "webhook", "state": "failed", "attempt": 3.0, "took": 2.0,
			"added": 1.0, "modified": 2.0, "removed": 3.0, "quarantined": 0.0,
			"trace": incoming[3:35], "error": wantError,
		},
		[]wantSeries{
			{"pull_tries_total", []string{"error", "credential_rejected", "state", "failed", "vendor", "pluggy"}, 1},
			{"pull_try_duration_seconds", []string{"vendor", "pluggy"}, 1},
			{"transactions_total", []string{"change", "added", "vendor", "pluggy"}, 1},
			{"transactions_total", []string{"change", "modified", "vendor", "pluggy"}, 2},
			{"transactions_total", []string{"change", "removed", "vendor", "pluggy"}, 3},
			{"transactions_total", []string{"change", "unchanged", "vendor", "pluggy"}, 4},
		},
	},
	{
		ports.PullAttempted{Pull: domain.Pull{Vendor: "pluggy", State: domain.PullSucceeded}},
		map[string]any{
			"level": "info", "message": "pull attempted", "pull": domain.PullID{}.String(),
			"connection": domain.ConnectionID{}.String(), "vendor": "pluggy", "trigger": "",
			"state": "succeeded", "attempt": 0.0, "took": 0.0, "added": 0.0, "modified": 0.0, "removed": 0.0,
			"quarantined": 0.0,
		},
		[]wantSeries{{"pull_tries_total", []string{"error", "none", "state", "succeeded", "vendor", "pluggy"}, 1}},
	},
	{
		ports.VendorChecked{Vendor: "pluggy", Took: time.Second, Err: failure},
		map[string]any{
			"level": "info", "message": "connection tested", "vendor": "pluggy", "took": 1.0,
			"error": wantError,
		}, nil,
	},
	{
		ports.SealingFailed{Connection: domain.ConnectionID{UUID: id}, Err: errors.New("no key")},
		map[string]any{
			"level": "error", "message": "credential could not be sealed or opened", "connection": id.String(),
			"error": "no key",
		},
		[]wantSeries{{"sealing_failures_total", nil, 1}},
	},
	{
		ports.ReconcileRequested{Requested: 7},
		map[string]any{"level": "info", "message": "reconciling", "connections": 7.0}, nil,
	},
	{
		ports.ConsentExpiring{
			Connection: domain.ConnectionID{UUID: id},
			Vendor:     "pluggy",
			ExpiresAt:  time.Unix(0, 0).UTC(),
		},
		map[string]any{
			"level": "warn", "message": "consent expires", "connection": id.String(), "vendor": "pluggy",
			"expiresAt": "1970-01-01T00:00:00Z",
		},
		nil,
	},
	{
		ports.WebhookMissed{
			Connection: domain.ConnectionID{UUID: id}, Vendor: "pluggy", Pull: domain.PullID{UUID: id},
			BecameSilent: true,
		},
		map[string]any{
			"level": "warn", "message": "webhook missing", "connection": id.String(), "vendor": "pluggy",
			"pull": id.String(), "becameSilent": true,
		}, nil,
	},
	{
		ports.EventAttempted{
			Subscription: events.SubscriptionID{UUID: id},
			Sink:         "webhook",
			Took:         time.Second,
		},
		map[string]any{
			"level": "debug", "message": "event attempted", "subscription": id.String(), "took": 1.0,
		},
		[]wantSeries{{"event_attempt_duration_seconds", []string{"error", "none", "sink", "webhook"}, 1}},
	},
	{
		ports.EventAttempted{
			Subscription: events.SubscriptionID{UUID: id}, Sink: "webhook", Changed: true,
			Err: &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused},
		},
		map[string]any{
			"level": "warn", "message": "event attempted", "subscription": id.String(), "took": 0.0,
			"error": "unavailable (sink_refused)",
		},
		nil,
	},
	{
		ports.EventAttempted{
			Subscription: events.SubscriptionID{UUID: id}, Sink: "webhook",
			Err: &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused},
		},
		map[string]any{
			"level": "debug", "message": "event attempted", "subscription": id.String(), "took": 0.0,
			"error": "unavailable (sink_refused)",
		},
		nil,
	},
	{
		ports.SubscriptionDisabled{
			Subscription: events.SubscriptionID{
				UUID: id,
			},
			Tenant: domain.TenantID{UUID: id},
			Reason: domain.SinkRefused,
		},
		map[string]any{
			"level": "error", "message": "subscription disabled", "subscription": id.String(), "tenant": id.String(),
			"reason": "sink_refused",
		},
		nil,
	},
	{
		ports.ComparisonLimited{CutRows: 5, Unjudged: 3},
		map[string]any{"level": "info", "message": "comparison limited", "cutRows": 5.0, "unjudged": 3.0},
		[]wantSeries{
			{"comparison_limits_total", []string{"limit", "text"}, 5},
			{"comparison_limits_total", []string{"limit", "comparisons"}, 3},
		},
	},
	{ports.Pruned{Rows: 8}, map[string]any{"level": "info", "message": "pruned", "rows": 8.0}, nil},
	{
		ports.Audited{
			Tenant: domain.TenantID{
				UUID: id,
			},
			Caller: ports.Caller{Actor: "alice", Peer: "192.0.2.1", RequestID: "r-1"},
			Action: "token.mint",
			Object: "it",
		},
		map[string]any{
			"level": "info", "message": "audit", "action": "token.mint", "tenant": id.String(), "actor": "alice",
			"object": "it", "peer": "192.0.2.1", "requestId": "r-1",
		},
		nil,
	},
	{
		ports.Audited{Caller: ports.Caller{Actor: ports.UnknownActor}, Action: "token.revoke", Object: "it"},
		map[string]any{
			"level": "info", "message": "audit", "action": "token.revoke", "tenant": domain.TenantID{}.String(),
			"actor": "unknown", "object": "it",
		}, nil,
	},
	{
		ports.CheckpointAnnounced{Tenant: domain.TenantID{UUID: id}, Size: 3, Checkpoint: []byte("a note\n")},
		map[string]any{
			"level":      "info",
			"message":    "audit checkpoint",
			"tenant":     id.String(),
			"size":       3.0,
			"checkpoint": "a note\n",
		},
		nil,
	},
	{
		ports.ConnectionRefreshed{Connection: domain.ConnectionID{UUID: id}, Vendor: "pluggy"},
		map[string]any{
			"level": "info", "message": "connection refreshed", "connection": id.String(), "vendor": "pluggy",
		},
		[]wantSeries{{"caused_reads_total", []string{"cause", "refresh", "vendor", "pluggy"}, 1}},
	},
	{
		ports.BackgroundError{Task: "maintenance prune", Err: errors.Join(failure, errors.New("and more"))},
		map[string]any{
			"level": "error", "message": "background work failed", "where": "maintenance prune",
			"error": "unavailable (vendor_unreachable)\nand more" + strings.TrimPrefix(
				wantError, "unavailable (vendor_unreachable)",
			),
		},
		[]wantSeries{{"background_faults_total", []string{"where", "maintenance prune"}, 1}},
	},
}

func TestEachEventIsOneLogLineAndItsSeries(t *testing.T) {
	for _, o := range eventTests {
		t.Run(reflect.TypeOf(o.event).Name(), func(t *testing.T) {
			var out bytes.Buffer
			m := NewMetrics("pluggy")
			Observer{Logger(&out, zapcore.DebugLevel, "json"), m}.Emit(t.Context(), o.event)
			line := map[string]any{}
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			delete(line, "time")
			if diff := cmp.Diff(o.line, line); diff != "" {
				t.Error(diff)
			}
			for _, want := range o.series {
				if got := value(t, m, want.name, want.labels...); got != want.want {
					t.Errorf("%s%v is %v, not %v", want.name, want.labels, got, want.want)
				}
			}
		})
	}
}

func TestNoLogLevelDropsAuditLines(t *testing.T) {
	for _, level := range []zapcore.Level{zapcore.WarnLevel, zapcore.ErrorLevel, zapcore.FatalLevel} {
		for _, format := range []string{"json", "console"} {
			var out bytes.Buffer
			observer := Observer{Logger(&out, level, format).With(zap.String("part", "one")), NewMetrics("pluggy")}
			observer.Emit(t.Context(), ports.Pruned{Rows: 8})
			alice := ports.Caller{Actor: "alice"}
			observer.Emit(t.Context(), ports.Audited{Caller: alice, Action: "token.mint", Object: "it"})
			observer.Emit(t.Context(), ports.ReconcileRequested{Requested: 7})
			line := out.String()
			if strings.Count(line, "\n") != 1 || !strings.Contains(line, "token.mint") ||
				!strings.Contains(line, "alice") || !strings.Contains(line, "one") {
				t.Errorf("%s, %s: logged %q, want the audit line only", level, format, line)
			}
		}
	}
}

// TestAnActorCannotForgeALogLine checks that an event remains one log line if its actor contains line breaks. The actor
// comes from the token, and may be a name that a user has chosen.
func TestAnActorCannotForgeALogLine(t *testing.T) {
	for _, format := range []string{"json", "console"} {
		var out bytes.Buffer
		Observer{Logger(&out, zapcore.InfoLevel, format), NewMetrics("pluggy")}.Emit(
			t.Context(), ports.Audited{
				Caller: ports.Caller{Actor: "a\n{\"level\":\"info\"}\r\n"}, Action: "token.mint", Object: "it",
			},
		)
		if lines := strings.Count(strings.TrimSpace(out.String()), "\n"); lines != 0 {
			t.Errorf("%s: one audit line is logged as %d lines", format, lines+1)
		}
	}
}

func TestEveryTypeOfEventIsTested(t *testing.T) {
	tree, err := parser.ParseFile(token.NewFileSet(), "../../ports/environment.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, o := range eventTests {
		tried[reflect.TypeOf(o.event).Name()] = true
	}
	kinds := 0
	for _, declared := range tree.Decls {
		if f, ok := declared.(*ast.FuncDecl); ok && f.Name.Name == "event" {
			kinds++
			if name := f.Recv.List[0].Type.(*ast.Ident).Name; !tried[name] {
				t.Errorf("eventTests has no test for the event type %s", name)
			}
		}
	}
	if kinds == 0 {
		t.Error("found no event type in the source of package ports")
	}
}

func TestConsoleFormatIsHumanReadable(t *testing.T) {
	var out bytes.Buffer
	log := Logger(&out, zapcore.InfoLevel, "console")
	log.Debug("hidden")
	log.Warn("shown", zap.Int("rows", 1))
	if text := out.String(); strings.Contains(text, "hidden") || !strings.Contains(text, "WARN\tshown\t{\"rows\": 1}") {
		t.Error(text)
	}
}
