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

// SinkSuite describes the sink of one kind of destination.
type SinkSuite struct {
	Kind events.SinkKind
	// Open returns a sink.
	Open func(SinkOptions) ports.Sink
	// Start starts a destination without TLS on loopback. The destination is stopped when the test ends.
	Start func(testing.TB) SinkDestination
	// Invalid contains invalid targets. The key describes what is wrong with the target.
	Invalid map[string]InvalidSinkTarget
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
	// Target returns a target for the destination, but with the host and port of address, for example those of a proxy.
	// The URL of the target contains a secret with the word "canary".
	Target(address string) ports.SinkTarget
	// Received returns the events that the destination has confirmed since its start, in order.
	Received(testing.TB) []ReceivedEvent
	// Refuse makes the destination refuse events until it is called with false.
	Refuse(t testing.TB, refuse bool)
}

// ReceivedEvent is an event that a destination has received.
type ReceivedEvent struct{ ID, ContentType, Body string }

// InvalidSinkTarget contains an invalid target. Fields are the names of its invalid fields, in the order in which
// Validate must report them.
type InvalidSinkTarget struct {
	Target ports.SinkTarget
	Fields []string
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

func (s SinkSuite) invalidFields(t *testing.T, invalid InvalidSinkTarget) {
	var fields []string
	for _, fault := range s.Open(SinkOptions{}).Validate(t.Context(), invalid.Target) {
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
	sender      ports.EventSender
	sent        atomic.Int64
}

func (s SinkSuite) newEnv(t *testing.T, timeout time.Duration) *sinkEnv {
	t.Helper()
	e := &sinkEnv{destination: s.Start(t)}
	e.proxy = newSinkProxy(t, e.destination.Address())
	sink := s.Open(SinkOptions{Timeout: timeout, AllowLoopback: true})
	target := e.destination.Target(e.proxy.address())
	if faults := sink.Validate(t.Context(), target); len(faults) > 0 {
		t.Fatalf("a valid target: %v", domain.Join(faults))
	}
	e.sender = sink.Open(target)
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
		ID: id, Type: "studio.lerian.discovery.transaction.added", Subject: "record", Sequence: n,
		Time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Body: fmt.Appendf(nil, `{"specversion":"1.0","id":"%s","data":{"description":"ação <&> 日本","n":%d}}`, id, n),
	}
}

// send sends the next event, and returns the event that the destination must receive.
func (e *sinkEnv) send(ctx context.Context, t testing.TB) (ReceivedEvent, error) {
	t.Helper()
	event := e.event(e.sent.Add(1))
	start := time.Now()
	err := e.sender.Send(ctx, event)
	if took := time.Since(start); took > patience {
		t.Errorf("a Send took %v", took)
	}
	e.checkError(t, err)
	return ReceivedEvent{ID: event.ID, ContentType: "application/cloudevents+json", Body: string(event.Body)}, err
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
	target := e.destination.Target("rebinding.example:" + port)
	if faults := rebinding.Validate(t.Context(), target); len(faults) > 0 {
		t.Fatalf("the first address is public: %v", domain.Join(faults))
	}
	original := e.sender
	defer func() { e.sender = original }()
	e.sender = rebinding.Open(target)
	e.fail(t.Context(), t, domain.Rejected, domain.AddressNotAllowed)
	e.fail(t.Context(), t, domain.Rejected, domain.AddressNotAllowed)
	e.sender.Close()
	strict := s.Open(SinkOptions{Timeout: longSend})
	for _, host := range []string{"127.0.0.1", "127.1", "[::ffff:127.0.0.1]"} {
		target := e.destination.Target(host + ":" + port)
		var fields []string
		for _, fault := range strict.Validate(t.Context(), target) {
			fields = append(fields, fault.Field)
		}
		if diff := cmp.Diff([]string{"url"}, fields); diff != "" {
			t.Errorf("%s: invalid fields (-want +got):\n%s", host, diff)
		}
		e.sender = strict.Open(target)
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
	e.sender = s.Open(SinkOptions{Timeout: longSend}).Open(e.destination.Target(e.proxy.address()))
}
