package porttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SinkSuite describes a sink to TestSink: how to open the sink, how to start its destination, and invalid settings.
type SinkSuite struct {
	Kind events.SinkKind
	// Open returns a sink.
	Open func(SinkOptions) ports.Sink
	// Start starts a destination without TLS on loopback. The destination is stopped when the test ends.
	Start func(testing.TB) SinkDestination
	// Invalid contains invalid settings. The key describes what is wrong with them.
	Invalid map[string]InvalidSettings
	// AddressField is the name that Parse gives to the field with the address of the destination.
	AddressField string
	// SigningSecrets are the keys that sign the events of the tests; nil if the sink does not sign.
	SigningSecrets []domain.Secret
}

// SinkOptions are the options that the suite sets for a sink. Connections without TLS are always allowed.
type SinkOptions struct {
	Timeout       time.Duration // the time limit of one Send
	Resolver      SinkResolver  // nil means the system's resolver
	AllowLoopback bool          // allows addresses of 127.0.0.0/8; otherwise only public addresses are allowed
}

// SinkResolver resolves a host name. *net.Resolver implements it.
type SinkResolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// SinkDestination is a destination of events that runs on loopback.
type SinkDestination interface {
	// Address returns the host and the port of the destination.
	Address() string
	// Settings returns the settings of a request as a JSON object. Their address is the given host and port, for
	// example those of a proxy in front of the destination. Events are sent in structured mode. The settings contain
	// a secret with the word "canary".
	Settings(address string) string
	// Received returns the events that the destination has confirmed since its start, in order.
	Received(testing.TB) []ReceivedEvent
	// Refuse makes the destination refuse events until it is called with false.
	Refuse(t testing.TB, refuse bool)
}

// ReceivedEvent is an event that a destination has received.
type ReceivedEvent struct{ ID, ContentType, Body string }

// InvalidSettings contains invalid settings of a request. Fields are the names of the invalid fields, in the order in
// which Parse must report them.
type InvalidSettings struct {
	Settings string
	Fields   []string
}

// The times of the tests:
//
//   - longSend is the timeout of Send for a destination that answers.
//   - shortSend is the timeout of Send for a destination that does not answer.
//   - patience is the longest time that one Send may take.
//   - replacement is the time within which a connection that hangs must be replaced. It is shorter than the time after
//     which heartbeats or the kernel would end the connection.
const (
	longSend  = time.Minute
	shortSend = 400 * time.Millisecond
	patience  = 30 * time.Second

	replacement = 10 * time.Second
)

// TestSink checks a sink against its contract. A proxy between the sink and the destination simulates a destination
// that hangs, breaks and comes back.
func TestSink(t *testing.T, s SinkSuite) {
	t.Run("the kind is its own", func(t *testing.T) {
		if kind := s.Open(SinkOptions{}).Kind(); kind != s.Kind {
			t.Errorf("the kind is %q", kind)
		}
	})
	t.Run("stored settings contain no secret, and omitted secrets are kept for the same address", s.keepsSecrets)
	for name, invalid := range s.Invalid {
		t.Run("every invalid field is named/"+name, func(t *testing.T) { s.invalidFields(t, invalid) })
	}
	for name, test := range map[string]func(*testing.T){
		"an event arrives unchanged":                                    s.unchanged,
		"Send returns only after the confirmation":                      s.confirmation,
		"events that are sent one after another keep their order":       s.order,
		"events that are sent at the same time all arrive":              s.concurrent,
		"a destination that hangs is a timeout, then works again":       s.hangs,
		"a connection that hangs is replaced":                           s.lostConnections,
		"a destination that never answers a connection is a timeout":    s.neverAnswers,
		"a call that its caller cancels is interrupted":                 s.canceled,
		"a refused event is refused, and the next one can succeed":      s.refuses,
		"a destination that dies is unreachable until it comes back":    s.diesAndComesBack,
		"a forbidden address is not dialed, also after a DNS rebinding": s.forbidden,
		"a sender does not print its secrets":                           s.printsNoSecret,
		"a closed sender has no connection":                             s.closed,
	} {
		t.Run(name, test)
	}
}

// keepsSecrets calls Parse with the public settings, as if an operator had changed another field. The secrets must be
// kept if the address stays the same.
func (s SinkSuite) keepsSecrets(t *testing.T) {
	sink, destination := s.Open(SinkOptions{AllowLoopback: true}), s.Start(t)
	stored := s.parse(t, sink, destination.Settings(destination.Address()), ports.SinkSettings{})
	if !strings.HasPrefix(stored.Public, "{") || stored.Secrets.IsZero() {
		t.Errorf("the public settings are %s, the secrets %v", stored.Public, stored.Secrets.Names())
	}
	for _, name := range stored.Secrets.Names() {
		if strings.Contains(stored.Public, string(stored.Secrets.Part(name).Reveal())) {
			t.Errorf("the public settings contain the secret %q: %s", name, stored.Public)
		}
	}
	kept := s.parse(t, sink, stored.Public, stored)
	if diff := cmp.Diff(stored.Public, kept.Public); diff != "" || !kept.Secrets.Equal(stored.Secrets) {
		t.Errorf("the secrets %v, the public settings (-stored +kept):\n%s", kept.Secrets.Names(), diff)
	}
	if current := sink.Current(stored); current.Public != stored.Public || !current.Secrets.Equal(stored.Secrets) {
		t.Errorf("settings of this version are changed to %s", current.Public)
	}
	host, port, _ := net.SplitHostPort(destination.Address())
	moved := strings.Replace(stored.Public, net.JoinHostPort(host, port), "127.0.0.9:"+port, 1)
	elsewhere, _ := sink.Parse(t.Context(), domain.SecretText(moved), stored)
	for _, name := range elsewhere.Secrets.Names() {
		if elsewhere.Secrets.Part(name).Equal(stored.Secrets.Part(name)) {
			t.Errorf("another host gets the stored secret %q", name)
		}
	}
}

// parse returns the result of Parse for valid settings.
func (s SinkSuite) parse(t *testing.T, sink ports.Sink, text string, stored ports.SinkSettings) ports.SinkSettings {
	t.Helper()
	parsed, faults := sink.Parse(t.Context(), domain.SecretText(text), stored)
	if len(faults) > 0 {
		t.Fatalf("valid settings: %v", domain.Join(faults))
	}
	return parsed
}

// target returns a destination of events with these settings and the suite's signing secrets.
func (s SinkSuite) target(settings ports.SinkSettings) ports.SinkTarget {
	return ports.SinkTarget{Settings: settings, SigningSecrets: s.SigningSecrets}
}

func (s SinkSuite) invalidFields(t *testing.T, invalid InvalidSettings) {
	var fields []string
	_, faults := s.Open(SinkOptions{}).Parse(t.Context(), domain.SecretText(invalid.Settings), ports.SinkSettings{})
	for _, fault := range faults {
		fields = append(fields, fault.Field)
		if fault.Kind != domain.Invalid {
			t.Errorf("%v is not Invalid", fault)
		}
		SecretFree(t, fault)
	}
	if diff := cmp.Diff(invalid.Fields, fields); diff != "" {
		t.Errorf("invalid fields (-want +got):\n%s", diff)
	}
}

// sinkEnv contains a sender that is connected to a destination through a proxy.
type sinkEnv struct {
	destination SinkDestination
	proxy       *sinkProxy
	settings    ports.SinkSettings // of the proxy
	sender      ports.EventSender
	sent        atomic.Int64
}

func (s SinkSuite) newEnv(t *testing.T, timeout time.Duration) *sinkEnv {
	t.Helper()
	e := &sinkEnv{destination: s.Start(t)}
	e.proxy = newSinkProxy(t, e.destination.Address())
	sink := s.Open(SinkOptions{Timeout: timeout, AllowLoopback: true})
	e.settings = s.parse(t, sink, e.destination.Settings(e.proxy.address()), ports.SinkSettings{})
	e.sender = sink.Open(s.target(e.settings))
	t.Cleanup(func() { e.sender.Close() })
	if n := e.proxy.accepted.Load(); n != 0 {
		t.Errorf("%d connections before the first event", n)
	}
	return e
}

// event returns the nth event.
func (e *sinkEnv) event(n int64) ports.OutgoingEvent {
	id := fmt.Sprintf("0198c0de-0000-7000-8000-%012d", n)
	return ports.OutgoingEvent{
		ID: id, Source: events.Source, Type: "studio.lerian.discovery.transaction.added", Subject: "record",
		Resource: "transaction", Change: "added", Sequence: n, Time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Data: fmt.Appendf(nil, `{"description":"ação <&> 日本","n":%d}`, n),
	}
}

// send sends the next event, and returns the event that the destination must receive.
func (e *sinkEnv) send(ctx context.Context, t testing.TB) (ReceivedEvent, error) {
	t.Helper()
	event := e.event(e.sent.Add(1))
	start := time.Now()
	_, err := e.sender.Send(ctx, event)
	if took := time.Since(start); took > patience {
		t.Errorf("a Send took %v", took)
	}
	e.checkError(t, err)
	return ReceivedEvent{
		ID:          event.ID,
		ContentType: "application/cloudevents+json",
		Body:        string(event.Structured()),
	}, err
}

// checkError checks that an error contains no secret and no address.
func (e *sinkEnv) checkError(t testing.TB, err error) {
	t.Helper()
	SecretFree(t, err)
	for deep := err; deep != nil; deep = errors.Unwrap(deep) {
		if text := fmt.Sprintf("%v %+v", deep, deep); strings.Contains(text, e.proxy.address()) ||
			strings.Contains(text, "127.0.0.1") {
			t.Errorf("the error contains an address: %s", text)
		}
	}
}

// deliver sends the next event and ends the test if this fails. It returns the event that the destination must receive.
func (e *sinkEnv) deliver(t testing.TB) ReceivedEvent {
	t.Helper()
	want, err := e.send(t.Context(), t)
	if err != nil {
		t.Fatalf("an event was not sent: %v", err)
	}
	return want
}

// fail sends the next event and checks that this fails with an error of this kind and code.
func (e *sinkEnv) fail(ctx context.Context, t testing.TB, kind domain.Kind, code domain.Code) {
	t.Helper()
	if _, err := e.send(ctx, t); !errors.Is(err, kind) || !errors.Is(err, code) {
		t.Errorf("got %v, want %s (%s)", err, kind, code)
	}
}

// recover sends events until one of them is delivered, and returns this event. Earlier events may fail, because a
// sender may notice a lost connection only when it sends an event.
func (e *sinkEnv) recover(t testing.TB) ReceivedEvent {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		want, err := e.send(t.Context(), t)
		if err == nil {
			return want
		}
		if !errors.Is(err, domain.Unavailable) || time.Now().After(deadline) {
			t.Fatalf("no event succeeds: %v", err)
		}
	}
}

func (s SinkSuite) unchanged(t *testing.T) {
	e := s.newEnv(t, longSend)
	want := e.deliver(t)
	if diff := cmp.Diff([]ReceivedEvent{want}, e.destination.Received(t)); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func (s SinkSuite) confirmation(t *testing.T) {
	e := s.newEnv(t, longSend)
	e.deliver(t)
	release := e.proxy.holdResponses()
	returned := make(chan error, 1)
	go func() {
		_, err := e.send(t.Context(), t)
		returned <- err
	}()
	for deadline := time.Now().Add(patience); len(e.destination.Received(t)) < 2; {
		if time.Now().After(deadline) {
			t.Fatal("the event did not arrive")
		}
	}
	select {
	case err := <-returned:
		t.Fatalf("Send returned before the confirmation: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	release()
	if err := <-returned; err != nil {
		t.Errorf("after the confirmation: %v", err)
	}
}

func (s SinkSuite) order(t *testing.T) {
	e := s.newEnv(t, longSend)
	var want []ReceivedEvent
	for range 50 {
		want = append(want, e.deliver(t))
	}
	if diff := cmp.Diff(want, e.destination.Received(t)); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func (s SinkSuite) concurrent(t *testing.T) {
	e := s.newEnv(t, longSend)
	const senders, each = 16, 20
	var wait sync.WaitGroup
	wanted := make([][]ReceivedEvent, senders)
	for i := range senders {
		wait.Go(func() {
			for range each {
				want, err := e.send(t.Context(), t)
				if err != nil {
					t.Errorf("an event was not sent: %v", err)
				}
				wanted[i] = append(wanted[i], want)
			}
		})
	}
	wait.Wait()
	want, got := slices.Concat(wanted...), e.destination.Received(t)
	byID := func(a, b ReceivedEvent) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got, byID)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	if n := e.proxy.accepted.Load(); n > senders {
		t.Errorf("%d connections for %d events, at most %d at a time", n, senders*each, senders)
	}
}

func (s SinkSuite) hangs(t *testing.T) {
	e := s.newEnv(t, shortSend)
	e.recover(t) // connecting can take longer than shortSend on a busy machine
	resume := e.proxy.hang()
	e.fail(t.Context(), t, domain.Unavailable, domain.SinkUnreachable)
	e.fail(t.Context(), t, domain.Unavailable, domain.SinkUnreachable)
	resume()
	want := e.recover(t)
	if got := e.destination.Received(t); !slices.Contains(got, want) {
		t.Errorf("%v is not among %v", want, got)
	}
}

func (s SinkSuite) neverAnswers(t *testing.T) {
	e := s.newEnv(t, shortSend)
	resume := e.proxy.hang()
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() { e.fail(t.Context(), t, domain.Unavailable, domain.SinkUnreachable) })
	}
	wait.Wait()
	resume()
	e.recover(t)
}

func (s SinkSuite) lostConnections(t *testing.T) {
	e := s.newEnv(t, shortSend)
	e.recover(t)
	e.proxy.lose()
	e.fail(t.Context(), t, domain.Unavailable, domain.SinkUnreachable)
	start := time.Now()
	want := e.recover(t)
	if took := time.Since(start); took > replacement {
		t.Errorf("the connection was replaced after %v", took)
	}
	if got := e.destination.Received(t); !slices.Contains(got, want) {
		t.Errorf("%v is not among %v", want, got)
	}
}

func (s SinkSuite) canceled(t *testing.T) {
	e := s.newEnv(t, longSend)
	e.deliver(t)
	release := e.proxy.holdResponses()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	e.fail(ctx, t, domain.Unavailable, domain.Interrupted)
	e.fail(ctx, t, domain.Unavailable, domain.Interrupted)
	release()
	e.recover(t)
}

func (s SinkSuite) refuses(t *testing.T) {
	e := s.newEnv(t, longSend)
	first := e.deliver(t)
	e.destination.Refuse(t, true)
	e.fail(t.Context(), t, domain.Unavailable, domain.SinkRefused)
	e.fail(t.Context(), t, domain.Unavailable, domain.SinkRefused)
	e.destination.Refuse(t, false)
	last := e.recover(t)
	if diff := cmp.Diff([]ReceivedEvent{first, last}, e.destination.Received(t)); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func (s SinkSuite) diesAndComesBack(t *testing.T) {
	e := s.newEnv(t, longSend)
	want := []ReceivedEvent{e.deliver(t)}
	e.proxy.holdResponses()
	var wait sync.WaitGroup
	before := e.proxy.requested.Load()
	for range 8 {
		wait.Go(func() { e.fail(t.Context(), t, domain.Unavailable, domain.SinkUnreachable) })
	}
	for e.proxy.requested.Load() == before { // until at least one event was sent
		time.Sleep(time.Millisecond)
	}
	e.proxy.stop()
	wait.Wait()
	for range 3 {
		e.fail(t.Context(), t, domain.Unavailable, domain.SinkUnreachable)
	}
	e.proxy.start()
	for range 5 {
		want = append(want, e.recover(t))
	}
	got := e.destination.Received(t)
	for _, event := range want {
		if !slices.Contains(got, event) {
			t.Errorf("%v is missing", event.ID)
		}
	}
}

// rebindingResolver returns a public address at the first lookup, and loopback at later ones.
type rebindingResolver struct{ lookups atomic.Int32 }

// LookupNetIP implements SinkResolver.
func (r *rebindingResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if r.lookups.Add(1) == 1 {
		return []netip.Addr{netip.AddrFrom4([4]byte{93, 184, 215, 14})}, nil
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
}

func (s SinkSuite) forbidden(t *testing.T) {
	e := s.newEnv(t, longSend)
	_, port, _ := net.SplitHostPort(e.proxy.address())
	rebinding := s.Open(SinkOptions{Timeout: longSend, Resolver: &rebindingResolver{}})
	name := e.destination.Settings("rebinding.example:" + port)
	target := s.target(s.parse(t, rebinding, name, ports.SinkSettings{})) // the first address is public
	original := e.sender
	defer func() { e.sender = original }()
	e.sender = rebinding.Open(target)
	e.fail(t.Context(), t, domain.Rejected, domain.AddressNotAllowed)
	e.fail(t.Context(), t, domain.Rejected, domain.AddressNotAllowed)
	e.sender.Close()
	strict := s.Open(SinkOptions{Timeout: longSend})
	for _, host := range []string{"127.0.0.1", "127.1", "[::ffff:127.0.0.1]"} {
		var fields []string
		requested := domain.SecretText(e.destination.Settings(host + ":" + port))
		_, faults := strict.Parse(t.Context(), requested, ports.SinkSettings{})
		for _, fault := range faults {
			fields = append(fields, fault.Field)
		}
		if diff := cmp.Diff([]string{s.AddressField}, fields); diff != "" {
			t.Errorf("%s: invalid fields (-want +got):\n%s", host, diff)
		}
		public := strings.Replace(e.settings.Public, e.proxy.address(), host+":"+port, 1)
		e.sender = strict.Open(s.target(ports.SinkSettings{Public: public, Secrets: e.settings.Secrets}))
		e.fail(t.Context(), t, domain.Rejected, domain.AddressNotAllowed)
		e.sender.Close()
	}
	if n := e.proxy.accepted.Load(); n != 0 {
		t.Errorf("%d connections to a forbidden address", n)
	}
}

// printsNoSecret checks that a printed sender shows no secret. Printing reads the fields of the sender without a lock.
// The sender has not sent anything yet, so no other goroutine changes these fields.
func (s SinkSuite) printsNoSecret(t *testing.T) {
	e := s.newEnv(t, longSend)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, e.sender); strings.Contains(text, "canary") ||
			strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("%s prints a secret: %s", verb, text)
		}
	}
}

func (s SinkSuite) closed(t *testing.T) {
	e := s.newEnv(t, longSend)
	e.deliver(t)
	if e.proxy.open.Load() == 0 {
		t.Error("the sender did not keep a connection for the next event")
	}
	e.sender.Close()
	for deadline := time.Now().Add(patience); e.proxy.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are open", e.proxy.open.Load())
		}
	}
	e.sender = s.Open(SinkOptions{Timeout: longSend}).Open(s.target(e.settings))
}
