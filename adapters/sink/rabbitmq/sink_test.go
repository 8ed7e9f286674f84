package rabbitmq_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/rabbitmq"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/rabbittest"
)

// shared is the broker that all tests of this package use. The first test that needs the broker starts it.
var shared struct {
	once   sync.Once
	broker *rabbittest.Broker
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.broker != nil {
		shared.broker.Stop()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func broker(t testing.TB) *rabbittest.Broker {
	t.Helper()
	shared.once.Do(func() { shared.broker, shared.err = rabbittest.Start() })
	rabbittest.Require(t, shared.err)
	return shared.broker
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newSink(o porttest.SinkOptions) ports.Sink {
	guard := egress.Config{AllowHTTP: true, Resolver: o.Resolver}
	if o.AllowLoopback {
		guard.AllowedCIDRs = loopback
	}
	return rabbitmq.New(rabbitmq.Options{Guard: egress.NewGuard(guard), Product: "test", Timeout: o.Timeout})
}

// exchanges is the number of the last AMQP exchange. Each test uses a new exchange.
var exchanges atomic.Int64

func newExchange() string { return fmt.Sprintf("events.%d", exchanges.Add(1)) }

// destination is an exchange with a queue that gets all its messages.
type destination struct {
	broker   *rabbittest.Broker
	exchange string
	queue    *rabbittest.Queue
	full     *rabbittest.Queue // accepts no messages; bound to the exchange only while the destination refuses messages

	mu       sync.Mutex
	received []porttest.ReceivedEvent
}

func startDestination(t testing.TB) porttest.SinkDestination {
	d := &destination{broker: broker(t), exchange: newExchange()}
	d.queue = d.broker.Queue(t, d.exchange, "#", nil)
	return d
}

func (d *destination) Address() string { return d.broker.Address() }

func (d *destination) Settings(address string) string {
	return settingsOf(d.broker.URL(address), d.exchange, "")
}

// settingsOf returns the settings of a request. An empty text is omitted.
func settingsOf(url, exchange, routingKey string) string {
	members := map[string]string{"url": url, "exchange": exchange, "routingKey": routingKey}
	maps.DeleteFunc(members, func(_, text string) bool { return text == "" })
	text, _ := json.Marshal(members) // texts can always be encoded
	return string(text)
}

// target returns a target with the given settings. The password can be a part of the URL.
func target(url, exchange, routingKey string) ports.SinkTarget {
	return ports.SinkTarget{Settings: ports.SinkSettings{Public: settingsOf(url, exchange, routingKey)}}
}

func (d *destination) Received(t testing.TB) []porttest.ReceivedEvent {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, message := range d.queue.Take(t) {
		d.received = append(d.received, porttest.ReceivedEvent{
			ID: message.MessageId, ContentType: message.ContentType, Body: string(message.Body),
		})
	}
	return append([]porttest.ReceivedEvent(nil), d.received...)
}

// Refuse makes the destination refuse messages, or accept them again. To refuse messages, it binds the queue d.full to
// the exchange and unbinds d.queue, which would accept them. The queue d.full rejects every message, so the broker
// responds with a nack.
func (d *destination) Refuse(t testing.TB, refuse bool) {
	if refuse {
		d.full = d.broker.Queue(t, d.exchange, "#", amqp.Table{"x-max-length": 0, "x-overflow": "reject-publish"})
	}
	d.broker.Do(t, func(ch *amqp.Channel) error {
		if refuse {
			return ch.QueueUnbind(d.queue.Name, "#", d.exchange, nil)
		}
		return errors.Join(
			ch.QueueUnbind(d.full.Name, "#", d.exchange, nil), ch.QueueBind(d.queue.Name, "#", d.exchange, false, nil),
		)
	})
}

func TestSink(t *testing.T) {
	const url = "amqps://user:canary@public.example:5671/vhost"
	invalid := map[string]porttest.InvalidSettings{
		"nothing": {Settings: "{}", Fields: []string{"url", "exchange"}},
		"names": {
			Settings: settingsOf(
				url,
				"amq.topic",
				strings.Repeat("canary", 50),
			),
			Fields: []string{"exchange", "routingKey"},
		},
		"an exchange with a newline": {Settings: settingsOf(url, "canary\n", ""), Fields: []string{"exchange"}},
		"a format": {
			Settings: `{"url":"` + url + `","exchange":"x","format":"canary"}`,
			Fields:   []string{"format"},
		},
		"an unknown member": {
			Settings: `{"url":"` + url + `","exchange":"x","brokers":[]}`,
			Fields:   []string{""},
		},
	}
	for name, url := range map[string]string{
		"another scheme": "https://user:canary@public.example", "no user": "amqps://public.example/canary",
		"a query": "amqps://user:canary@public.example/?cacertfile=/etc/passwd", "an empty query": url + "?",
		"a fragment": url + "#canary", "loopback": "amqps://user:canary@127.0.0.1/", "no host": "amqps://user:canary@/",
		"port 0": "amqps://user:canary@public.example:0/", "opaque": "amqps:user:canary@public.example",
		"the metadata service": "amqp://user:canary@169.254.169.254/", "a space": "amqps://user:can ary@public.example",
		"too long": url + strings.Repeat("canary", 400), "a long virtual host": url + strings.Repeat("canary", 50),
	} {
		invalid[name] = porttest.InvalidSettings{Settings: settingsOf(url, "events", ""), Fields: []string{"url"}}
	}
	porttest.TestSink(t, porttest.SinkSuite{
		Kind: "rabbitmq", Open: newSink, Start: startDestination, Invalid: invalid, AddressField: "url",
	})
}

var event = ports.OutgoingEvent{
	ID: "0198c0de-0000-7000-8000-000000000001", Type: "studio.lerian.discovery.transaction.added",
	Time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Data: []byte(`{"id":"1"}`),
}

// open returns a sender that is closed at the end of the test.
func open(t testing.TB, to ports.SinkTarget) ports.EventSender {
	sender := newSink(porttest.SinkOptions{AllowLoopback: true, Timeout: time.Minute}).Open(to)
	t.Cleanup(sender.Close)
	return sender
}

func TestAMessageIsPersistentAndHasTheTypeAsRoutingKey(t *testing.T) {
	b, exchange := broker(t), newExchange()
	for key, pattern := range map[string]string{"": "studio.lerian.discovery.transaction.*", "mine": "mine"} {
		queue := b.Queue(t, exchange, pattern, nil)
		sender := open(t, target(b.URL(""), exchange, key))
		if _, err := sender.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		want := []amqp.Delivery{
			{
				Exchange:     exchange,
				RoutingKey:   key,
				ContentType:  "application/cloudevents+json",
				DeliveryMode: amqp.Persistent,
				MessageId:    event.ID,
				Type:         event.Type,
				Timestamp:    event.Time,
				Body:         event.Structured(),
			},
		}
		if key == "" {
			want[0].RoutingKey = event.Type
		}
		got := queue.Take(t)
		for i := range got {
			got[i].Timestamp = got[i].Timestamp.UTC()
		}
		ignored := cmpopts.IgnoreFields(amqp.Delivery{}, "Acknowledger", "DeliveryTag", "MessageCount")
		if diff := cmp.Diff(
			want,
			got,
			ignored,
			cmpopts.EquateEmpty(),
			cmpopts.IgnoreUnexported(amqp.Delivery{}),
		); diff != "" {
			t.Errorf("routing key %q (-want +got):\n%s", key, diff)
		}
	}
}

func TestABinaryMessageHasTheAttributesAsHeaders(t *testing.T) {
	b, exchange := broker(t), newExchange()
	queue := b.Queue(t, exchange, "#", nil)
	settings := strings.TrimSuffix(settingsOf(b.URL(""), exchange, ""), "}") + `,"format":"binary"}`
	sender := open(t, ports.SinkTarget{Settings: ports.SinkSettings{Public: settings}})
	e := event
	e.Source, e.Subject, e.Sequence, e.Resource, e.Change = events.Source, "subject", 42, "transaction", "added"
	if _, err := sender.Send(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want := amqp.Table{
		"ce-specversion": "1.0", "ce-id": e.ID, "ce-source": "discovery", "ce-type": e.Type,
		"ce-time": "2026-11-20T12:00:00Z", "ce-subject": "subject", "ce-tenantid": e.Tenant.String(),
		"ce-sequence": "42", "ce-datacontenttype": "application/json", "ce-schemaversion": "1.0.0",
		"ce-resourcetype": "transaction", "ce-eventtype": "added",
	}
	messages := queue.Take(t)
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	got := messages[0]
	if diff := cmp.Diff(want, got.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got.ContentType != "application/json" || string(got.Body) != string(e.Data) || got.MessageId != e.ID {
		t.Errorf("%s %s: %s", got.MessageId, got.ContentType, got.Body)
	}
}

func TestTheExchangeIsDeclaredDurable(t *testing.T) {
	b, exchange := broker(t), newExchange()
	if _, err := open(
		t,
		target(b.URL(""), exchange, ""),
	).Send(t.Context(), event); err != nil {
		t.Fatalf("a message that no queue gets: %v", err)
	}
	b.Do(t, func(ch *amqp.Channel) error { // returns an error if the exchange has other properties
		return ch.ExchangeDeclare(exchange, "topic", true, false, false, false, nil)
	})
}

func TestWhatTheBrokerRefusesIsNamed(t *testing.T) {
	b := broker(t)
	other := newExchange()
	b.Do(t, func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare(other, "fanout", true, false, false, false, nil)
	})
	wrongPassword := strings.Replace(b.URL(""), "canary", "other-canary", 1)
	for name, test := range map[string]struct {
		url, exchange, message string
		code                   int
	}{
		"an exchange of another type": {b.URL(""), other, "exists with another type or other properties", 406},
		"a wrong password":            {wrongPassword, newExchange(), "the user or the password", 403},
		"no permission":               {b.URLWithoutPermission(), newExchange(), "may not declare the exchange", 403},
		"an unknown virtual host":     {b.URL("") + "canary", newExchange(), "the virtual host", 530},
	} {
		t.Run(name, func(t *testing.T) {
			sender := open(t, target(test.url, test.exchange, ""))
			for range 2 {
				answer, err := sender.Send(t.Context(), event)
				if !errors.Is(err, domain.SinkRefused) || !strings.Contains(err.Error(), test.message) {
					t.Errorf("got %v", err)
				}
				if answer.Status != test.code || answer.Body == "" || strings.Contains(answer.Body, "other-canary") {
					t.Errorf("the answer is %+v", answer)
				}
				porttest.SecretFree(t, err)
			}
		})
	}
}

func TestADeletedExchangeIsDeclaredAgain(t *testing.T) {
	b, exchange := broker(t), newExchange()
	sender := open(t, target(b.URL(""), exchange, ""))
	if _, err := sender.Send(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	b.Do(t, func(ch *amqp.Channel) error { return ch.ExchangeDelete(exchange, false, false) })
	_, err := sender.Send(t.Context(), event)
	if !errors.Is(err, domain.SinkRefused) || !strings.Contains(err.Error(), "was deleted") {
		t.Errorf("got %v", err)
	}
	if _, err := sender.Send(t.Context(), event); err != nil {
		t.Errorf("after the declaration: %v", err)
	}
}

func TestConfirmedEventsSurviveACrashOfTheBroker(t *testing.T) {
	b, exchange := broker(t), newExchange()
	queue := b.Queue(t, exchange, "#", nil)
	sender := open(t, target(b.URL(""), exchange, ""))
	var mu sync.Mutex
	confirmed := make(map[string]bool)
	var wait sync.WaitGroup
	crashed := make(chan struct{})
	for worker := range 16 {
		wait.Go(func() {
			for n := 0; ; n++ {
				e := event
				e.ID = fmt.Sprintf("%d-%d", worker, n)
				if _, err := sender.Send(t.Context(), e); err != nil {
					if !errors.Is(err, domain.SinkUnreachable) {
						t.Errorf("got %v", err)
					}
					return
				}
				mu.Lock()
				confirmed[e.ID] = true
				if len(confirmed) == 200 {
					close(crashed)
				}
				mu.Unlock()
			}
		})
	}
	<-crashed
	b.Kill()
	wait.Wait()
	if _, err := sender.Send(t.Context(), event); !errors.Is(err, domain.SinkUnreachable) {
		t.Errorf("without a broker: %v", err)
	}
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Send(t.Context(), event); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	for _, message := range queue.TakeWithin(t, len(confirmed)+1, time.Minute) {
		delete(confirmed, message.MessageId)
	}
	if len(confirmed) > 0 {
		t.Errorf("%d confirmed events are lost", len(confirmed))
	}
}

func TestABrokerThatStopsAnsweringIsATimeout(t *testing.T) {
	b := rabbittest.New(t)
	sender := newSink(porttest.SinkOptions{AllowLoopback: true, Timeout: time.Second}).Open(
		target(b.URL(""), "events", ""),
	)
	defer sender.Close()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := sender.Send(t.Context(), event); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no event succeeds")
		}
	}
	resume := b.Pause()
	large := event
	large.Data = make([]byte, 16<<20) // more than the buffers of the kernel, so that the write blocks
	for _, e := range []ports.OutgoingEvent{large, event} {
		start := time.Now()
		if _, err := sender.Send(t.Context(), e); !errors.Is(err, domain.SinkUnreachable) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("took %v", took)
		}
	}
	resume()
}

func TestAPeerThatIsNoBrokerIsUnreachable(t *testing.T) {
	for name, answer := range map[string]string{
		"HTTP": "HTTP/1.1 400 Bad Request\r\nX: text-canary\r\n\r\n", "nothing": "",
		"another version": "AMQP\x00\x01\x00\x00", "a huge frame": "\x01\x00\x00\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Write([]byte(answer))
					_ = conn.Close()
				}
			}()
			sender := open(t, target("amqp://user:canary@"+l.Addr().String(), "events", ""))
			_, err = sender.Send(t.Context(), event)
			if !errors.Is(err, domain.SinkUnreachable) {
				t.Errorf("got %v", err)
			}
			porttest.SecretFree(t, err)
		})
	}
}

// A sender must encrypt the connection and verify the certificate. The broker of the tests has no TLS, so a proxy in
// front of it terminates TLS.
func TestTheConnectionIsEncryptedAndTheCertificateChecked(t *testing.T) {
	b, exchange := broker(t), newExchange()
	certificate, roots := selfSigned(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go terminateTLS(l, b.Address())
	url := strings.Replace(b.URL(l.Addr().String()), "amqp:", "amqps:", 1)
	for name, trusted := range map[string]*tls.Config{"unknown": nil, "known": {RootCAs: roots}} {
		sink := rabbitmq.New(rabbitmq.Options{
			Guard: egress.NewGuard(egress.Config{AllowedCIDRs: loopback}), TLS: trusted,
		})
		sender := sink.Open(target(url, exchange, ""))
		_, err := sender.Send(t.Context(), event)
		if ok := err == nil; ok != (trusted != nil) || !ok && !errors.Is(err, egress.ErrTLS) {
			t.Errorf("%s authority: %v", name, err)
		}
		sender.Close()
	}
}

func terminateTLS(l net.Listener, to string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", to)
		if err != nil {
			_ = client.Close()
			return
		}
		for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
			go func() {
				defer func() { _, _ = pair[0].Close(), pair[1].Close() }()
				buffer := make([]byte, 4096)
				for {
					n, err := pair[0].Read(buffer)
					if err != nil {
						return
					}
					if _, err := pair[1].Write(buffer[:n]); err != nil {
						return
					}
				}
			}()
		}
	}
}

// selfSigned returns a certificate for 127.0.0.1 and a pool that trusts it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestAConnectionWithoutTLSIsForbiddenUnlessEgressAllowsIt(t *testing.T) {
	sink := rabbitmq.New(rabbitmq.Options{Guard: egress.NewGuard(egress.Config{AllowedCIDRs: loopback})})
	const url = "amqp://user:canary@127.0.0.1:1/"
	requested := domain.SecretText(settingsOf(url, "events", ""))
	_, faults := sink.Parse(t.Context(), requested, ports.SinkSettings{})
	if len(faults) != 1 || faults[0].Field != "url" {
		t.Errorf("got %v", faults)
	}
	sender := sink.Open(target(url, "events", ""))
	defer sender.Close()
	if _, err := sender.Send(t.Context(), event); !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkSend publishes events with 16 calls in flight to a durable queue of a broker on this machine.
func BenchmarkSend(b *testing.B) {
	server, exchange := broker(b), newExchange()
	server.Queue(b, exchange, "#", nil)
	sender := open(b, target(server.URL(""), exchange, ""))
	e := event
	e.Data = []byte(`"` + strings.Repeat("x", 1<<10) + `"`)
	var next atomic.Int64
	var wait sync.WaitGroup
	b.ResetTimer()
	for range 16 {
		wait.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if _, err := sender.Send(context.Background(), e); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
