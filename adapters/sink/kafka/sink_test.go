package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/kafka"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "events"

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newSink(o porttest.SinkOptions) ports.Sink {
	guard := egress.Config{AllowHTTP: true, Resolver: o.Resolver}
	if o.AllowLoopback {
		guard.AllowedCIDRs = loopback
	}
	return kafka.New(kafka.Options{Guard: egress.NewGuard(guard), Product: "test", Timeout: o.Timeout})
}

// cluster is a Kafka cluster in this process.
type cluster struct {
	*kfake.Cluster
	address    string                 // of the first broker
	advertised atomic.Pointer[string] // the address of the first broker in the answers of the cluster
	refuse     atomic.Bool
	consumer   *kgo.Client
	received   []*kgo.Record
}

// advertisingListener is the listener of a broker that tells clients another address than its own.
type advertisingListener struct {
	net.Listener
	advertised *atomic.Pointer[string]
}

func (l advertisingListener) Addr() net.Addr { return advertisedAddr(*l.advertised.Load()) }

type advertisedAddr string

func (advertisedAddr) Network() string  { return "tcp" }
func (a advertisedAddr) String() string { return string(a) }

// startCluster starts a cluster with one broker. The topic has the given number of partitions. The cluster is closed
// at the end of the test.
func startCluster(t testing.TB, partitions int32, options ...kfake.Opt) *cluster {
	t.Helper()
	c := &cluster{}
	listen := func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		c.address = l.Addr().String()
		c.advertised.Store(&c.address)
		return advertisingListener{l, &c.advertised}, nil
	}
	options = append(options, kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic), kfake.ListenFn(listen))
	started, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Close)
	c.Cluster = started
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return refusal(r.(*kmsg.ProduceRequest), kerr.PolicyViolation), nil, c.refuse.Load()
	})
	return c
}

// refusal returns the response that refuses all messages of a request.
func refusal(r *kmsg.ProduceRequest, with *kerr.Error) *kmsg.ProduceResponse {
	response := r.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range r.Topics {
		refused := kmsg.NewProduceResponseTopic()
		refused.Topic, refused.TopicID = topic.Topic, topic.TopicID
		for _, partition := range topic.Partitions {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.ErrorCode = partition.Partition, with.Code
			refused.Partitions = append(refused.Partitions, p)
		}
		response.Topics = append(response.Topics, refused)
	}
	return response
}

// records returns all messages of a topic, in the order of their partition.
func (c *cluster) records(t testing.TB, of string, options ...kgo.Opt) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if c.consumer == nil {
		client, err := kgo.NewClient(append(options,
			kgo.SeedBrokers(c.address), kgo.ConsumeTopics(of), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.FetchMaxWait(50*time.Millisecond), kgo.MetadataMinAge(50*time.Millisecond),
			kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, c.address) // not the advertised address
			}))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		c.consumer = client
	}
	for stored := c.stored(of); len(c.received) < stored; {
		fetched := c.consumer.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatal(err)
		}
		c.received = append(c.received, fetched.Records()...)
	}
	return c.received
}

// stored returns the number of messages in a topic.
func (c *cluster) stored(of string) (n int) {
	for _, partition := range c.PartitionInfos(of) {
		n += int(partition.HighWatermark)
	}
	return n
}

// settingsOf returns settings for the broker at an address, without TLS.
func settingsOf(address, more string) string {
	return `{"brokers":["` + address + `"],"topic":"` + topic + `","tls":false` + more + `}`
}

// parsed returns the settings of a valid request.
func parsed(t testing.TB, sink ports.Sink, requested string) ports.SinkSettings {
	t.Helper()
	settings, faults := sink.Parse(t.Context(), domain.SecretText(requested), ports.SinkSettings{})
	if faults != nil {
		t.Fatal(domain.Join(faults))
	}
	return settings
}

// open returns a sender that is closed at the end of the test.
func open(t testing.TB, requested string) ports.EventSender {
	t.Helper()
	sink := newSink(porttest.SinkOptions{AllowLoopback: true})
	sender := sink.Open(ports.SinkTarget{Settings: parsed(t, sink, requested)})
	t.Cleanup(sender.Close)
	return sender
}

// destination is a cluster with one partition.
type destination struct{ *cluster }

func startDestination(t testing.TB) porttest.SinkDestination {
	return destination{startCluster(t, 1, kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "canary"))}
}

func (d destination) Address() string { return d.address }

// Settings makes the broker advertise the address, too.
func (d destination) Settings(address string) string {
	d.advertised.Store(&address)
	return settingsOf(address, `,"format":"structured",`+
		`"sasl":{"mechanism":"PLAIN","username":"user","password":"canary"}`)
}

func (d destination) Received(t testing.TB) (all []porttest.ReceivedEvent) {
	login := kgo.SASL(plain.Auth{User: "user", Pass: "canary"}.AsMechanism())
	for _, record := range d.records(t, topic, login) {
		id := regexp.MustCompile(`"id":"([^"]*)"`).FindSubmatch(record.Value)
		all = append(all, porttest.ReceivedEvent{
			ID: string(id[1]), ContentType: header(record, "content-type"), Body: string(record.Value),
		})
	}
	return all
}

func (d destination) Refuse(_ testing.TB, refuse bool) { d.refuse.Store(refuse) }

// header returns the value of a header of a message, or "".
func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

func TestSink(t *testing.T) {
	const broker = "public.example:9093"
	login := func(text string) string { return settingsOf(broker, `,"sasl":{`+text+`}`) }
	invalid := map[string]porttest.InvalidSettings{
		"nothing":           {Settings: "{}", Fields: []string{"brokers"}},
		"an unknown member": {Settings: settingsOf(broker, `,"url":"canary"`), Fields: []string{""}},
		"another type":      {Settings: `{"brokers":"canary"}`, Fields: []string{""}},
		"too many brokers": {
			Settings: `{"brokers":["a.example:1"` + strings.Repeat(
				`,"a.example:1"`,
				16,
			) + `]}`,
			Fields: []string{"brokers"},
		},
		"a format":        {Settings: settingsOf(broker, `,"format":"canary"`), Fields: []string{"format"}},
		"a topic":         {Settings: `{"brokers":["` + broker + `"],"topic":"can ary"}`, Fields: []string{"topic"}},
		"a topic of dots": {Settings: `{"brokers":["` + broker + `"],"topic":".."}`, Fields: []string{"topic"}},
		"a long topic": {
			Settings: `{"brokers":["` + broker + `"],"topic":"` + strings.Repeat("t", 250) + `"}`,
			Fields:   []string{"topic"},
		},
		"a second broker": {Settings: `{"brokers":["` + broker + `","canary"]}`, Fields: []string{"brokers[1]"}},
		"no password": {
			Settings: login(`"mechanism":"PLAIN","username":"u"`),
			Fields:   []string{"sasl.password"},
		},
		"no username": {
			Settings: login(`"mechanism":"PLAIN","password":"canary"`),
			Fields:   []string{"sasl.username"},
		},
		"a NUL": {
			Settings: login(`"mechanism":"PLAIN","username":"u","password":"canary\u0000"`),
			Fields:   []string{"sasl.password"},
		},
		"a mechanism": {
			Settings: login(`"mechanism":"canary","username":"u","password":"p"`),
			Fields:   []string{"sasl.mechanism"},
		},
		"a login is no text": {Settings: login(`"mechanism":"PLAIN","username":["canary"]`), Fields: []string{""}},
	}
	for name, broker := range map[string]string{
		"no port": "public.example", "port 0": "public.example:0", "a path": "public.example:9093/canary",
		"a URL": "https://public.example:9093", "userinfo": "canary@public.example:9093",
		"a space":  "can ary:9093",
		"loopback": "127.0.0.1:9093", "a short notation": "127.1:9093", "the metadata service": "169.254.169.254:80",
		"too long": strings.Repeat("canary.", 40) + "example:9093", "two": "public.example:9093,other.example:9093",
		"empty": "",
	} {
		invalid["a broker: "+name] = porttest.InvalidSettings{
			Settings: `{"brokers":[` + strconv.Quote(broker) + `]}`, Fields: []string{"brokers[0]"},
		}
	}
	porttest.TestSink(t, porttest.SinkSuite{
		Kind: "kafka", Open: newSink, Start: startDestination, Invalid: invalid, AddressField: "brokers[0]",
	})
}

func TestAPasswordIsKeptOnlyForTheSameLogin(t *testing.T) {
	sink := newSink(porttest.SinkOptions{AllowLoopback: true})
	const start = `{"brokers":["a.example:1","b.example:1"],"tls":true,"sasl":{"mechanism":"PLAIN","username":"u"`
	stored := parsed(t, sink, start+`,"password":"canary"}}`)
	for requested, kept := range map[string]bool{
		start + "}}": true,
		strings.Replace(start, `,"b.example:1"`, "", 1) + "}}":             true,
		strings.Replace(start, "b.example", "c.example", 1) + "}}":         false,
		strings.Replace(start, "true", "false", 1) + "}}":                  false,
		strings.Replace(start, `"u"`, `"v"`, 1) + "}}":                     false,
		strings.Replace(start, "PLAIN", "SCRAM-SHA-256", 1) + "}}":         false,
		strings.Replace(start, `"b.example:1"`, `"b.example:2"`, 1) + "}}": false,
	} {
		settings, faults := sink.Parse(t.Context(), domain.SecretText(requested), stored)
		if (faults == nil) != kept || kept && !settings.Secrets.Equal(stored.Secrets) {
			t.Errorf("%s: %v", requested, faults)
		}
	}
}

func TestTLSIsTheDefaultUnlessEgressAllowsPlaintext(t *testing.T) {
	for allowed, want := range map[bool]string{
		false: `{"brokers":["a.example:1"],"tls":true}`, true: `{"brokers":["a.example:1"],"tls":false}`,
	} {
		sink := kafka.New(kafka.Options{Guard: egress.NewGuard(egress.Config{AllowHTTP: allowed})})
		if got := parsed(t, sink, `{"brokers":["a.example:1"]}`).Public; got != want {
			t.Errorf("plaintext allowed: %v: %s", allowed, got)
		}
		requested := domain.SecretText(`{"brokers":["a.example:1"],"tls":false}`)
		_, faults := sink.Parse(t.Context(), requested, ports.SinkSettings{})
		if (faults == nil) != allowed {
			t.Errorf("plaintext allowed: %v: %v", allowed, faults)
		}
	}
	target := ports.SinkTarget{Settings: ports.SinkSettings{Public: `{"brokers":["127.0.0.1:1"],"tls":false}`}}
	sender := kafka.New(kafka.Options{Guard: egress.NewGuard(egress.Config{AllowedCIDRs: loopback})}).Open(target)
	defer sender.Close()
	if _, err := sender.Send(t.Context(), event); !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("plaintext that is not allowed any more: %v", err)
	}
}

var event = ports.OutgoingEvent{
	ID: "0198c0de-0000-7000-8000-000000000001", Source: events.Source, Subject: "0198c0de-0000-7000-8000-000000000007",
	Type: "studio.lerian.discovery.transaction.added", Resource: "transaction", Change: "added", Sequence: 42,
	Tenant: domain.TenantID{UUID: uuid.UUID{7}}, Time: time.Date(2026, 11, 20, 12, 0, 0, 5e8, time.UTC),
	Data: []byte(`{"id":"1"}`),
}

func TestAMessageIsInBinaryModeByDefault(t *testing.T) {
	c := startCluster(t, 1)
	for format, wantBody := range map[string]string{
		"": string(event.Data), `,"format":"binary"`: string(event.Data),
		`,"format":"structured"`: string(event.Structured()),
	} {
		if _, err := open(t, settingsOf(c.address, format)).Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		records := c.records(t, topic)
		got := records[len(records)-1]
		want := map[string]string{"content-type": "application/cloudevents+json"}
		if !strings.Contains(format, "structured") {
			want = map[string]string{
				"content-type":       "application/json",
				"ce-specversion":     "1.0",
				"ce-id":              event.ID,
				"ce-source":          "discovery",
				"ce-type":            event.Type,
				"ce-time":            "2026-11-20T12:00:00.5Z",
				"ce-subject":         event.Subject,
				"ce-tenantid":        event.Tenant.String(),
				"ce-sequence":        "42",
				"ce-datacontenttype": "application/json",
				"ce-schemaversion":   "1.0.0",
				"ce-resourcetype":    "transaction",
				"ce-eventtype":       "added",
			}
		}
		headers := map[string]string{}
		for _, h := range got.Headers {
			headers[h.Key] = string(h.Value)
		}
		if diff := cmp.Diff(want, headers); diff != "" {
			t.Errorf("%q: headers (-want +got):\n%s", format, diff)
		}
		if string(got.Value) != wantBody || string(got.Key) != event.Subject || !got.Timestamp.Equal(event.Time) {
			t.Errorf("%q: %s = %s at %v", format, got.Key, got.Value, got.Timestamp)
		}
	}
}

// The rules are those of docs/events.md, section "Lerian's streaming library".
func TestABinaryMessageFollowsTheRulesOfLeriansStreamingLibrary(t *testing.T) {
	c := startCluster(t, 1)
	for _, kind := range append(events.EventTypes(), events.SubscriptionTest) {
		e := events.SubscriptionEvent{
			ID: events.EventID{
				UUID: uuid.New(),
			},
			Source:   events.Source,
			Type:     kind,
			Subject:  "s",
			At:       event.Time,
			Sequence: 1,
		}
		if _, err := open(t, settingsOf(c.address, "")).Send(t.Context(), e.CloudEvent(event.Tenant, nil)); err != nil {
			t.Fatal(err)
		}
	}
	for _, record := range c.records(t, topic) {
		ce := func(name string) string { return header(record, "ce-"+name) }
		source := ce("source")
		if !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`).MatchString(source) {
			t.Errorf("the source %q is not a segment", source)
		}
		if kafka.DefaultTopic != "lerian.streaming."+source {
			t.Errorf("the topic of %q is %s", source, kafka.DefaultTopic)
		}
		want := "studio.lerian." + source + "." + ce("resourcetype") + "." + ce("eventtype")
		if ce("type") != want || ce("resourcetype") == "" || ce("eventtype") == "" {
			t.Errorf("the type %q, want %q", ce("type"), want)
		}
		if _, err := time.Parse(time.RFC3339Nano, ce("time")); err != nil {
			t.Error(err)
		}
		if ce("specversion") != "1.0" || ce("id") == "" || ce("schemaversion") != "1.0.0" || ce("systemevent") != "" {
			t.Errorf("%v", record.Headers)
		}
		names := map[string]int{}
		for _, h := range record.Headers {
			if names[h.Key]++; names[h.Key] > 1 ||
				strings.ContainsFunc(string(h.Value), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("the header %s = %q", h.Key, h.Value)
			}
		}
	}
}

func TestTheMessagesOfARecordAreInOnePartitionAndInOrder(t *testing.T) {
	c := startCluster(t, 8)
	sender := open(t, settingsOf(c.address, ""))
	const subjects, each = 16, 10
	var wait sync.WaitGroup
	for s := range subjects {
		wait.Go(func() {
			for n := range each {
				e := event
				e.Subject, e.Sequence = fmt.Sprintf("record-%d", s), int64(n+1)
				if _, err := sender.Send(t.Context(), e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	partitions, last, used := map[string]int32{}, map[string]int{}, map[int32]bool{}
	for _, record := range c.records(t, topic) {
		subject := string(record.Key)
		sequence, _ := strconv.Atoi(header(record, "ce-sequence"))
		if p, known := partitions[subject]; known && p != record.Partition || sequence != last[subject]+1 {
			t.Errorf(
				"%s: message %d after %d, partition %d after %d",
				subject,
				sequence,
				last[subject],
				record.Partition,
				p,
			)
		}
		partitions[subject], last[subject], used[record.Partition] = record.Partition, sequence, true
	}
	if len(last) != subjects || len(used) < 3 {
		t.Errorf("%d records in %d partitions", len(last), len(used))
	}
}

func TestTheDefaultTopicIsCreatedIfTheBrokersAllowIt(t *testing.T) {
	c := startCluster(t, 1, kfake.AllowAutoTopicCreation())
	if _, err := open(t, `{"brokers":["`+c.address+`"],"tls":false}`).Send(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if got := c.records(t, "lerian.streaming.discovery"); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
}

func TestWhatTheBrokersRefuseIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		code    *kerr.Error
		message string
	}{
		"no permission": {kerr.TopicAuthorizationFailed, "may not write to the topic"},
		"too large":     {kerr.MessageTooLarge, "larger than the topic allows"},
		"another":       {kerr.InvalidRecord, "INVALID_RECORD"},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCluster(t, 1)
			c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				return refusal(r.(*kmsg.ProduceRequest), test.code), nil, true
			})
			_, err := open(t, settingsOf(c.address, "")).Send(t.Context(), event)
			if !errors.Is(err, domain.SinkRefused) || !strings.Contains(err.Error(), test.message) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("an unknown topic", func(t *testing.T) {
		c := startCluster(t, 1)
		_, err := open(t, `{"brokers":["`+c.address+`"],"tls":false,"topic":"other"}`).Send(t.Context(), event)
		if !errors.Is(err, domain.SinkRefused) || !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a large event", func(t *testing.T) {
		c := startCluster(t, 1)
		large := event
		large.Data = []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
		sender := open(t, settingsOf(c.address, ""))
		if _, err := sender.Send(t.Context(), large); !errors.Is(err, domain.SinkRefused) {
			t.Errorf("got %v", err)
		}
		large.Data = large.Data[:1000<<10]
		if _, err := sender.Send(t.Context(), large); err != nil {
			t.Errorf("1,000 KiB: %v", err)
		}
	})
}

// rejectLogins makes the cluster answer all further logins with the error that Kafka returns for a wrong password.
// Otherwise the fake cluster would only close the connection.
func (c *cluster) rejectLogins() {
	c.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		response := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		response.ErrorCode = kerr.SaslAuthenticationFailed.Code
		response.ErrorMessage = new("text-canary")
		return response, nil, true
	})
}

func TestLogins(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		c := startCluster(t, 1, kfake.EnableSASL(), kfake.Superuser(mechanism, "user", "canary"))
		login := func(password string) string {
			return settingsOf(
				c.address,
				`,"sasl":{"mechanism":"`+mechanism+`","username":"user","password":"`+password+`"}`,
			)
		}
		if _, err := open(t, login("canary")).Send(t.Context(), event); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
		c.rejectLogins()
		wrong := open(t, login("other-canary"))
		for range 2 {
			_, err := wrong.Send(t.Context(), event)
			if !errors.Is(err, domain.SinkRefused) || !strings.Contains(err.Error(), "the user or the password") {
				t.Errorf("%s: a wrong password: %v", mechanism, err)
			}
			porttest.SecretFree(t, err)
		}
		if _, err := open(
			t,
			settingsOf(c.address, ""),
		).Send(t.Context(), event); !errors.Is(
			err,
			domain.SinkUnreachable,
		) {
			t.Errorf("%s: no login: %v", mechanism, err)
		}
	}
}

// A broker returns the addresses of the other brokers. The service must not connect to such an address if it is
// forbidden.
func TestABrokerThatAnotherOneNamesMustHaveAnAllowedAddress(t *testing.T) {
	var dialed atomic.Int64
	forbidden, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = forbidden.Close() }()
	go func() {
		for {
			conn, err := forbidden.Accept()
			if err != nil {
				return
			}
			dialed.Add(1)
			_ = conn.Close()
		}
	}()
	c := startCluster(t, 1)
	sink := kafka.New(kafka.Options{Guard: egress.NewGuard(egress.Config{
		AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})})
	_, port, _ := net.SplitHostPort(forbidden.Addr().String())
	for _, name := range []string{"127.0.0.2", "127.2", "[::ffff:127.0.0.2]"} {
		named := name + ":" + port
		c.advertised.Store(&named)
		sender := sink.Open(ports.SinkTarget{Settings: parsed(t, sink, settingsOf(c.address, ""))})
		if _, err := sender.Send(t.Context(), event); !errors.Is(err, domain.AddressNotAllowed) {
			t.Errorf("%s: %v", name, err)
		}
		sender.Close()
	}
	if n := dialed.Load(); n > 0 {
		t.Errorf("%d connections to a forbidden address", n)
	}
}

func TestTheConnectionIsEncryptedAndTheCertificateChecked(t *testing.T) {
	certificate, roots := selfSigned(t)
	c := startCluster(t, 1, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
	for name, trusted := range map[string]*tls.Config{"unknown": nil, "known": {RootCAs: roots}} {
		sink := kafka.New(kafka.Options{Guard: egress.NewGuard(egress.Config{AllowedCIDRs: loopback}), TLS: trusted})
		sender := sink.Open(ports.SinkTarget{
			Settings: parsed(t, sink, `{"brokers":["`+c.address+`"],"topic":"`+topic+`"}`),
		})
		_, err := sender.Send(t.Context(), event)
		if ok := err == nil; ok != (trusted != nil) || !ok && !errors.Is(err, egress.ErrTLS) {
			t.Errorf("%s authority: %v", name, err)
		}
		sender.Close()
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

// Several senders of one tenant send one after the other. The number of connections that stay open must not exceed
// the limit of the tenant.
func TestTheSendersOfATenantShareConnections(t *testing.T) {
	c := startCluster(t, 1)
	var open atomic.Int64
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = proxy.Close() }()
	go forward(proxy, c.address, &open)
	address := proxy.Addr().String()
	c.advertised.Store(&address)
	const perTenant, senders = 4, 8
	sink := kafka.New(kafka.Options{
		Guard:  egress.NewGuard(egress.Config{AllowHTTP: true, AllowedCIDRs: loopback}),
		Shares: egress.NewConnectionShares(perTenant),
	})
	for range senders {
		sender := sink.Open(ports.SinkTarget{Settings: parsed(t, sink, settingsOf(address, ""))})
		defer sender.Close()
		if _, err := sender.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(time.Minute); open.Load() > perTenant; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are open", open.Load())
		}
	}
}

// forward accepts connections from l and forwards each of them to an address, the argument to. The counter open
// contains the number of open connections.
func forward(l net.Listener, to string, open *atomic.Int64) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		open.Add(1)
		go func() {
			defer open.Add(-1)
			server, err := net.Dial("tcp", to)
			if err == nil {
				go func() {
					_, _ = io.Copy(client, server)
					_ = client.Close()
				}()
				_, _ = io.Copy(server, client)
				_ = server.Close()
			}
			_ = client.Close()
		}()
	}
}

// BenchmarkSend produces events with 16 calls in flight to a cluster in this process.
func BenchmarkSend(b *testing.B) {
	c := startCluster(b, 8)
	sender := open(b, settingsOf(c.address, ""))
	var next atomic.Int64
	var wait sync.WaitGroup
	b.ResetTimer()
	for range 16 {
		wait.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				e := event
				e.Subject, e.Data = fmt.Sprint("record-", n), []byte(`"`+strings.Repeat("x", 1<<10)+`"`)
				if _, err := sender.Send(context.Background(), e); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
