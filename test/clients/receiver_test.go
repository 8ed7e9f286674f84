package clients_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/webhook"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The signing secrets of the tests.
const (
	signingSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherSecret   = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

// sender returns a sender that signs its events with the secrets and sends them to the URL.
func sender(t *testing.T, url string, secrets ...string) ports.EventSender {
	t.Helper()
	target := ports.SinkTarget{Settings: ports.SinkSettings{Public: `{"url":"` + url + `"}`}}
	for _, text := range secrets {
		target.SigningSecrets = append(target.SigningSecrets, domain.SecretText(text))
	}
	s := webhook.New(webhook.Options{Clock: system.Clock{}, Guard: egress.NewGuard(egress.Config{
		AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})}).Open(target)
	t.Cleanup(s.Close)
	return s
}

// event returns an event with the given sequence number. If the number is 0, the event has no sequence number, like the
// event that the service sends to test a subscription.
func event(sequence int64) ports.OutgoingEvent {
	return ports.OutgoingEvent{
		ID: fmt.Sprintf("event-%d", sequence), Source: events.Source, Subject: fmt.Sprintf("record-%d", sequence),
		Type: "studio.lerian.discovery.transaction.added", Sequence: sequence,
		Data: []byte(`{"description":"ação <&> 日本","version":1}`),
	}
}

// startReceiver starts the example and returns its URL. The example is killed when ctx ends.
func startReceiver(ctx context.Context, t *testing.T, journal string) (url string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(root, "examples", "node", "receive.mjs"), "0", journal)
	cmd.Env = append(os.Environ(), "WEBHOOK_SECRET="+signingSecret)
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the example does not listen: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	return "http://" + strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
}

func TestTheExampleReceiverStoresVerifiedEventsOnce(t *testing.T) {
	requireTools(t, "node")
	journal := filepath.Join(t.TempDir(), "events.jsonl")
	ctx, kill := context.WithCancel(t.Context())
	send := func(url string, e ports.OutgoingEvent, want error, secrets ...string) {
		t.Helper()
		if _, err := sender(t, url, secrets...).Send(t.Context(), e); !errors.Is(err, want) {
			t.Errorf("event %d with %d secrets: got %v, want %v", e.Sequence, len(secrets), err, want)
		}
	}
	url := startReceiver(ctx, t, journal)
	send(url, event(0), nil, signingSecret)
	send(url, event(1), nil, signingSecret)
	send(url, event(1), nil, signingSecret) // sent again, because the confirmation could have been lost
	send(url, event(2), domain.SinkRefused, otherSecret)
	send(url, event(4), nil, otherSecret, signingSecret) // during a rotation, each event is signed with both secrets
	large := event(5)
	large.Data = []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
	if _, err := sender(t, url, signingSecret).Send(t.Context(), large); err == nil {
		t.Error("a body of 2 MiB was accepted")
	}
	kill()
	if err := appendText(journal, `{"id":"cut`); err != nil { // as if the receiver had been killed while it was writing
		t.Fatal(err)
	}
	url = startReceiver(t.Context(), t, journal)
	send(url, event(1), nil, signingSecret)
	send(url, event(3), nil, signingSecret)
	example := filepath.Join(root, "examples", "node", "receive.mjs")
	report := exec.CommandContext(t.Context(), "node", example, "--report", journal)
	out, err := report.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const added = "studio.lerian.discovery.transaction.added "
	want := "- " + added + "record-0\n1 " + added + "record-1\n" +
		"3 " + added + "record-3\n4 " + added + "record-4\nmissing: 2\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
}

func appendText(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
