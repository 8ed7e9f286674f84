package application_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// received is an event that a fake sink has confirmed.
type received struct {
	Sequence string
	ID       string
	Type     string
	Subject  string
	Data     struct{ Version int }
}

// fakeSink is a sink whose destinations are functions. The field answer maps URLs to these functions.
type fakeSink struct {
	mu       sync.Mutex
	answer   map[string]func(ctx context.Context, e ports.OutgoingEvent) error // a nil function confirms immediately
	received map[string][]received
	secrets  map[string][]string // maps each URL to the secrets of its newest sender
	inFlight map[string]int
	most     int // the highest number of concurrent attempts of one destination
}

func newFakeSink() *fakeSink {
	return &fakeSink{
		answer:   map[string]func(context.Context, ports.OutgoingEvent) error{},
		received: map[string][]received{}, secrets: map[string][]string{}, inFlight: map[string]int{},
	}
}

func (*fakeSink) Kind() events.SinkKind { return "webhook" }
func (*fakeSink) Signs() bool           { return true }
func (*fakeSink) Schema() string        { return "" }

// sinkURL is the only setting of a fakeSink.
type sinkURL struct {
	URL string `json:"url"`
}

func (s *fakeSink) Parse(
	_ context.Context, requested domain.Secret, stored ports.SinkSettings,
) (ports.SinkSettings, []*domain.Error) {
	m, faults := settings.Decode[sinkURL](requested, "is wrong")
	if faults != nil {
		return ports.SinkSettings{}, faults
	}
	u, fault := settings.ParseURL(m.URL, urlOf(stored))
	if fault != nil {
		return ports.SinkSettings{}, []*domain.Error{fault}
	}
	return ports.SinkSettings{Public: settings.Encode(sinkURL{u.Public}), Secrets: u.Secrets}, nil
}

func (*fakeSink) Current(stored ports.SinkSettings) ports.SinkSettings {
	u := urlOf(stored)
	return ports.SinkSettings{Public: settings.Encode(sinkURL{u.Public}), Secrets: u.Secrets}
}

func urlOf(stored ports.SinkSettings) settings.URL {
	return settings.CurrentURL(settings.Stored[sinkURL](stored.Public).URL, stored.Secrets)
}

// requestTo returns a request for a sink with this URL.
func requestTo(url string) ports.SinkRequest {
	return ports.SinkRequest{Kind: "webhook", Settings: domain.SecretText(settings.Encode(sinkURL{url}))}
}

func (s *fakeSink) Open(t ports.SinkTarget) ports.EventSender {
	s.mu.Lock()
	defer s.mu.Unlock()
	url := urlOf(t.Settings).Full()
	s.secrets[url] = nil
	for _, secret := range t.SigningSecrets {
		s.secrets[url] = append(s.secrets[url], string(secret.Reveal()))
	}
	return fakeSender{s, url}
}

type fakeSender struct {
	*fakeSink
	url string
}

func (fakeSender) Close() {}

func (s fakeSender) Send(ctx context.Context, e ports.OutgoingEvent) (events.SinkAnswer, error) {
	s.mu.Lock()
	answer := s.answer[s.url]
	s.inFlight[s.url]++
	s.most = max(s.most, s.inFlight[s.url])
	s.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(ctx, e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight[s.url]--
	if err != nil {
		return events.SinkAnswer{}, err
	}
	var r received
	if err := json.Unmarshal(e.Structured(), &r); err != nil {
		return events.SinkAnswer{}, err
	}
	s.fakeSink.received[s.url] = append(s.fakeSink.received[s.url], r)
	return events.SinkAnswer{Status: 200}, nil
}

func (s *fakeSink) got(url string) []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received[url])
}

func (s *fakeSink) set(url string, answer func(ctx context.Context, e ports.OutgoingEvent) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer[url] = answer
}

// versionEncoder encodes only the version of a transaction. It encodes any other resource as an empty object.
type versionEncoder struct{}

func (versionEncoder) Transaction(t domain.Transaction) ([]byte, error) {
	return fmt.Appendf(nil, `{"version":%d}`, t.Version), nil
}
func (versionEncoder) Account(domain.Account) ([]byte, error)       { return []byte("{}"), nil }
func (versionEncoder) Connection(domain.Connection) ([]byte, error) { return []byte("{}"), nil }
func (versionEncoder) Pull(domain.Pull) ([]byte, error)             { return []byte("{}"), nil }
func (versionEncoder) Close(books.Close) ([]byte, error)            { return []byte("{}"), nil }
func (versionEncoder) Suggestion(ports.Suggestion) ([]byte, error)  { return []byte("{}"), nil }
func (versionEncoder) BankStatement(ports.BankStatementView) ([]byte, error) {
	return []byte("{}"), nil
}

func (versionEncoder) Bill(ports.Bill) ([]byte, error)              { return []byte("{}"), nil }
func (versionEncoder) Conflict(lerianmatcher.Entry) ([]byte, error) { return []byte("{}"), nil }
func (versionEncoder) Subscription(ports.SubscriptionStatus) ([]byte, error) {
	return []byte("{}"), nil
}

// shiftedClock is the clock of a synctest bubble plus an offset. The method pass increases the offset.
type shiftedClock struct {
	mu    sync.Mutex
	shift time.Duration
}

func (c *shiftedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.shift).Truncate(time.Microsecond)
}

func (c *shiftedClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift += d
}

// dispatchEnv is an env for tests that run dispatchers in a synctest bubble.
type dispatchEnv struct {
	*env
	sink    *fakeSink
	clock   *shiftedClock
	running domain.Lease // the lease of the pull that stores all rows
}

// newDispatchEnv returns a dispatchEnv in which no dispatcher is running yet.
func newDispatchEnv(t *testing.T, with ...func(*application.Deps)) *dispatchEnv {
	t.Helper()
	d := &dispatchEnv{sink: newFakeSink(), clock: &shiftedClock{}}
	d.env = newEnv(t, append([]func(*application.Deps){func(deps *application.Deps) {
		store := sqlitetest.Open(t, sqlite.Config{}).Store(nil)
		deps.Connections, deps.Pulls, deps.Ledger = store.Connections(), store.Pulls(), store.Ledger()
		deps.Subscriptions = store.Subscriptions()
		deps.Clock, deps.Sleeper, deps.IDs, deps.Entropy = d.clock, system.Clock{}, system.IDs{}, system.Entropy()
		deps.Observer = discardEvents{}
		deps.Sinks, deps.EventEncoder = []ports.Sink{d.sink}, versionEncoder{}
	}}, with...)...)
	c := d.createConnection("books")
	now := d.clock.Now()
	p, err := d.deps.Pulls.Request(d.ctx, d.tenant, c.ID, ports.PullRequest{
		ID: domain.PullID{UUID: uuid.New()}, Trigger: domain.TriggerOperator, At: now,
	}, nil)
	d.noError(err)
	d.running = domain.Lease{
		ID:     domain.LeaseID{UUID: uuid.New()},
		Pull:   p.ID,
		Tenant: p.Tenant,
		Until:  now.Add(time.Hour),
	}
	_, err = d.deps.Pulls.Claim(d.ctx, d.running, now)
	d.noError(err)
	return d
}

// dispatch starts the dispatcher of a service. The dispatcher runs until the test ends or stop is called.
func (d *dispatchEnv) dispatch(s *application.Service) (stop func()) {
	ctx, cancel := context.WithCancel(d.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.DispatchEvents(ctx)
	}()
	return func() { cancel(); <-ended }
}

// subscribe creates a subscription to transactions. Its sink has the given URL.
func (d *dispatchEnv) subscribe(url string) ports.CreatedSubscription {
	d.Helper()
	s, err := d.CreateSubscription(d.ctx, d.tenant, ports.NewSubscription{
		Name: "ledger", Types: []string{"transaction.*"},
		Sink: requestTo(url),
	})
	d.noError(err)
	return s
}

// store stores rows and removals with the running pull. The map rows contains the description of each row, with the
// external id as its key.
func (d *dispatchEnv) store(rows map[string]string, removed ...string) {
	d.Helper()
	w := ports.PageWrite{
		At: d.clock.Now(), LeaseUntil: d.running.Until, Removed: removed,
		NewID: func() domain.TransactionID { return domain.TransactionID{UUID: uuid.New()} },
	}
	for id, description := range rows {
		amount, _ := domain.ParseMoney("1", "BRL")
		w.Transactions = append(w.Transactions, domain.TransactionData{
			ExternalID: id, Description: description, Amount: amount, Status: domain.Posted, Date: "2026-02-10",
		})
	}
	_, err := d.deps.Pulls.StorePage(d.ctx, d.running, w)
	d.noError(err)
}

func (d *dispatchEnv) status(s ports.CreatedSubscription) ports.SubscriptionStatus {
	d.Helper()
	status, err := d.GetSubscription(d.ctx, d.tenant, s.ID)
	d.noError(err)
	return status
}

// feed reads the change feed and returns a map from the id of each record to its version.
func (d *dispatchEnv) feed() map[string]int {
	d.Helper()
	page, err := d.deps.Ledger.Changes(d.ctx, d.tenant, domain.PageRequest{Limit: 100_000})
	d.noError(err)
	versions := map[string]int{}
	for _, t := range page.Items {
		versions[t.ID.String()] = t.Version
	}
	return versions
}

const receiverURL, other = "https://books.example.test/", "https://other.example.test/"

func refused() error { return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused} }

// mortalStore is the store of a process that dies at one of its store calls. That call is executed only if isExecuted
// is true. Its result is lost in either case.
type mortalStore struct {
	ports.Subscriptions
	mu         sync.Mutex
	left       int // number of calls until the process dies
	isDead     bool
	isExecuted bool
}

func (m *mortalStore) dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.isDead
}

// kill makes each later call fail.
func (m *mortalStore) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.isDead = true
}

// callStore makes a store call if the process is alive and does not die before the call.
func callStore[T any](m *mortalStore, call func() (T, error)) (result T, err error) {
	m.mu.Lock()
	died := m.isDead
	if m.left--; m.left <= 0 {
		m.isDead = true
	}
	executes := !died && (!m.isDead || m.isExecuted)
	dies := m.isDead
	m.mu.Unlock()
	if executes {
		result, err = call()
	}
	if dies {
		return *new(T), unavailable(domain.Interrupted)
	}
	return result, err
}

func (m *mortalStore) ClaimSubscriptions(ctx context.Context, holder domain.LeaseID, now, leaseEnd time.Time, limit int,
) ([]events.Subscription, error) {
	return callStore(m, func() ([]events.Subscription, error) {
		return m.Subscriptions.ClaimSubscriptions(ctx, holder, now, leaseEnd, limit)
	})
}

func (m *mortalStore) ReleaseSubscriptions(ctx context.Context, holder domain.LeaseID) error {
	_, err := callStore(m, func() (int, error) { return 0, m.Subscriptions.ReleaseSubscriptions(ctx, holder) })
	return err
}

func (m *mortalStore) ListPending(ctx context.Context, holder domain.LeaseID) ([]events.SubscriptionID, error) {
	if m.dead() {
		return nil, unavailable(domain.Interrupted)
	}
	return m.Subscriptions.ListPending(ctx, holder)
}

func (m *mortalStore) Append(ctx context.Context, l ports.SubscriptionLease, s events.Subscription, limit int,
	newID func() events.EventID,
) (ports.AppendedEvents, error) {
	return callStore(m, func() (ports.AppendedEvents, error) { return m.Subscriptions.Append(ctx, l, s, limit, newID) })
}

func (m *mortalStore) ListEvents(ctx context.Context, l ports.SubscriptionLease, afterSequence int64, limit int,
) ([]events.SubscriptionEvent, error) {
	return callStore(m, func() ([]events.SubscriptionEvent, error) {
		return m.Subscriptions.ListEvents(ctx, l, afterSequence, limit)
	})
}

func (m *mortalStore) ListParked(ctx context.Context, l ports.SubscriptionLease, limit int,
) ([]events.SubscriptionEvent, error) {
	return callStore(m, func() ([]events.SubscriptionEvent, error) { return m.Subscriptions.ListParked(ctx, l, limit) })
}

func (m *mortalStore) NextParked(ctx context.Context, l ports.SubscriptionLease, subject string,
) (events.SubscriptionEvent, error) {
	return callStore(m, func() (events.SubscriptionEvent, error) { return m.Subscriptions.NextParked(ctx, l, subject) })
}

func (m *mortalStore) RecordAttempts(ctx context.Context, l ports.SubscriptionLease, w ports.AttemptsWrite) error {
	_, err := callStore(m, func() (int, error) { return 0, m.Subscriptions.RecordAttempts(ctx, l, w) })
	return err
}

// mortalSink sends nothing once its process is dead.
type mortalSink struct {
	*fakeSink
	store *mortalStore
}

type mortalSender struct {
	ports.EventSender
	store *mortalStore
}

func (s mortalSink) Open(t ports.SinkTarget) ports.EventSender {
	return mortalSender{s.fakeSink.Open(t), s.store}
}

func (s mortalSender) Send(ctx context.Context, e ports.OutgoingEvent) (events.SinkAnswer, error) {
	if s.store.dead() {
		return events.SinkAnswer{}, unavailable(domain.Interrupted)
	}
	return s.EventSender.Send(ctx, e)
}

// Processes die at random store calls, and the sink fails and hangs at random. Even then, no event may be lost. The
// sequences must have no gap, and the versions of each record must ascend.
func TestEventsSurviveFailuresAndDeaths(t *testing.T) {
	seeds := uint64(30)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { surviveDeaths(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func surviveDeaths(t *testing.T, random *rand.Rand) {
	d := newDispatchEnv(t)
	s := d.subscribe(receiverURL)
	var mu sync.Mutex
	luck := rand.New(rand.NewPCG(random.Uint64(), 2)) // used only by the sink, which runs concurrently
	chance := func(p float64) bool {
		mu.Lock()
		defer mu.Unlock()
		return luck.Float64() < p
	}
	d.sink.set(receiverURL, func(ctx context.Context, _ ports.OutgoingEvent) error {
		switch {
		case chance(0.02): // hangs
			select {
			case <-time.After(15 * time.Second):
			case <-ctx.Done():
			}
			return unavailable(domain.SinkUnreachable)
		case chance(0.3):
			return refused()
		}
		time.Sleep(time.Millisecond)
		return nil
	})
	change := 0
	write := func() {
		rows := map[string]string{}
		var removed []string
		for range random.IntN(6) {
			change++
			rows[strconv.Itoa(random.IntN(12))] = strconv.Itoa(change)
		}
		if random.IntN(4) == 0 {
			removed = []string{strconv.Itoa(random.IntN(12))}
		}
		d.store(rows, removed...)
	}
	for range 12 {
		store := &mortalStore{
			Subscriptions: d.deps.Subscriptions,
			left:          1 + random.IntN(40),
			isExecuted:    random.IntN(2) == 0,
		}
		deps := d.deps
		deps.Subscriptions, deps.Sinks = store, []ports.Sink{mortalSink{d.sink, store}}
		process, err := application.New(deps)
		d.noError(err)
		stop := d.dispatch(process)
		for n := 0; !store.dead() && n < 200; n++ {
			write()
			time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		}
		stop()
		write()
	}
	stop := d.dispatch(d.Service)
	defer stop()
	d.waitUntilSent(s, 3*time.Hour)
	checkReceived(d, s, d.sink.got(receiverURL))
}

// waitUntilSent waits until no event of the subscription waits, but at most for the given time.
func (d *dispatchEnv) waitUntilSent(s ports.CreatedSubscription, most time.Duration) {
	for end := time.Now().Add(most); time.Now().Before(end); {
		time.Sleep(20 * time.Second)
		if status := d.status(s); status.Waiting == 0 && status.LastSequence > 0 {
			break
		}
	}
}

// checkReceived checks that all events of a subscription were received. The versions of each record must ascend up to
// the current version, and the first event of a record must be transaction.added.
func checkReceived(d *dispatchEnv, s ports.CreatedSubscription, got []received) {
	d.Helper()
	status := d.status(s)
	if status.Waiting != 0 {
		d.Errorf("%d events wait", status.Waiting)
	}
	sequences, ids := map[string]string{}, map[string]bool{}
	last, first, version := map[string]int64{}, map[string]received{}, map[string]int{}
	for _, r := range got {
		if id, known := sequences[r.Sequence]; known && id != r.ID {
			d.Errorf("sequence %s has two ids", r.Sequence)
		} else if !known {
			n, _ := strconv.ParseInt(r.Sequence, 10, 64)
			if n < last[r.Subject] {
				d.Errorf("%s: sequence %d was first sent after %d", r.Subject, n, last[r.Subject])
			}
			last[r.Subject] = n
		}
		sequences[r.Sequence], ids[r.ID] = r.ID, true
		if r.Data.Version < version[r.Subject] {
			d.Errorf("%s: version %d after %d", r.Subject, r.Data.Version, version[r.Subject])
		}
		version[r.Subject] = r.Data.Version
		if f, known := first[r.Subject]; !known {
			first[r.Subject] = r
		} else if r.Type == events.TransactionAdded.CloudEvent() && r.Sequence != f.Sequence {
			d.Errorf("%s was added twice", r.Subject)
		}
	}
	for n := range status.LastSequence {
		if sequences[strconv.FormatInt(n+1, 10)] == "" {
			d.Errorf("sequence %d of %d was not received", n+1, status.LastSequence)
		}
	}
	if int64(len(ids)) != status.LastSequence {
		d.Errorf("%d ids of %d events", len(ids), status.LastSequence)
	}
	for id, want := range d.feed() {
		if version[id] != want || first[id].Type != events.TransactionAdded.CloudEvent() {
			d.Errorf("%s: received version %d, want %d; first event %s", id, version[id], want, first[id].Type)
		}
	}
}

func TestASlowSinkDelaysNoOtherSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		d.sink.set(other, func(ctx context.Context, _ ports.OutgoingEvent) error {
			<-ctx.Done()
			return unavailable(domain.SinkUnreachable)
		})
		slow, fast := d.subscribe(other), d.subscribe(receiverURL)
		defer d.dispatch(d.Service)()
		rows := map[string]string{}
		for n := range 1000 {
			rows[strconv.Itoa(n)] = "x"
		}
		d.store(rows)
		time.Sleep(time.Second)
		if got := len(d.sink.got(receiverURL)); got != 1000 {
			t.Errorf("received %d events, want 1000", got)
		}
		if d.sink.most != 16 {
			t.Errorf("%d attempts at once, want 16", d.sink.most)
		}
		if waiting := d.status(slow).Waiting; waiting != 1000 {
			t.Errorf("%d events of the slow sink wait, want 1000", waiting)
		}
		checkReceived(d, fast, d.sink.got(receiverURL))
	})
}

func TestAFailingSubjectDelaysOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		var poisoned string
		d.sink.set(receiverURL, func(_ context.Context, e ports.OutgoingEvent) error {
			if poisoned == "" {
				poisoned = e.Subject
			}
			if e.Subject == poisoned {
				return refused()
			}
			return nil
		})
		defer d.dispatch(d.Service)()
		d.store(map[string]string{"a": "1"})
		time.Sleep(time.Second)
		for n := range 50 {
			d.store(map[string]string{"a": strconv.Itoa(n + 2), "b": strconv.Itoa(n), strconv.Itoa(n): "x"})
			time.Sleep(300 * time.Millisecond)
		}
		if got, want := len(d.sink.got(receiverURL)), 100; got != want {
			t.Errorf("received %d events, want %d", got, want)
		}
		if status := d.status(s); status.Position != 0 || status.Retrying != 51 || status.Waiting != 51 {
			t.Errorf("position %d, %d retrying, %d waiting; want 0, 51, 51",
				status.Position, status.Retrying, status.Waiting)
		}
		d.sink.set(receiverURL, nil)
		time.Sleep(2 * time.Minute)
		checkReceived(d, s, d.sink.got(receiverURL))
	})
}

// A subject is parked while its first event waits for a retry. When 256 subjects are parked, no further attempt starts,
// but the running attempts can still fail and park more subjects. After a restart, each parked subject must continue
// with its parked events. Its later events must follow.
func TestAllParkedSubjectsContinueAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		var tried sync.Map
		var subjects atomic.Int32
		d.sink.set(receiverURL, func(_ context.Context, e ports.OutgoingEvent) error {
			if _, again := tried.LoadOrStore(e.Subject, true); !again {
				// The first attempts end at different times. When the 256th subject is parked, other attempts are
				// therefore still under way.
				time.Sleep(time.Second + time.Duration(subjects.Add(1)%16)*60*time.Millisecond)
			}
			return refused()
		})
		rows := newRows(400)
		d.store(rows)
		stop := d.dispatch(d.Service)
		time.Sleep(2 * time.Minute)
		stop()
		if retrying := d.status(s).Retrying; retrying <= 256 {
			t.Fatalf("%d events are parked, want more than 256", retrying)
		}
		for id := range rows {
			rows[id] = "2"
		}
		d.store(rows)
		d.sink.set(receiverURL, nil)
		defer d.dispatch(d.Service)()
		d.waitUntilSent(s, time.Hour)
		checkReceived(d, s, d.sink.got(receiverURL))
	})
}

// newRows returns the first versions of n records.
func newRows(n int) map[string]string {
	rows := map[string]string{}
	for i := range n {
		rows[strconv.Itoa(i)] = "1"
	}
	return rows
}

// A subject is parked while its first event waits for a retry. While 256 subjects are parked, no other events are sent.
//
// Even then, the sink must be tried at short intervals, so that the subscription recovers soon after an outage. After
// the first success, all events that wait for a retry must be sent at once. The process may have been started during
// the outage.
func TestASinkThatWasDownForLongGetsEventsSoon(t *testing.T) {
	if testing.Short() {
		t.Skip("the store is read five times a second for three hours")
	}
	for name, restarts := range map[string]bool{"the same process": false, "another process": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDispatchEnv(t)
				s := d.subscribe(receiverURL)
				var tried sync.Map
				var attempts atomic.Int32
				d.sink.set(receiverURL, func(_ context.Context, e ports.OutgoingEvent) error {
					if _, again := tried.LoadOrStore(e.Subject, true); !again {
						time.Sleep(10 * time.Millisecond)
					}
					attempts.Add(1)
					return refused()
				})
				rows := newRows(400)
				d.store(rows)
				stop := d.dispatch(d.Service)
				time.Sleep(75 * time.Minute) // then the waits before a retry have their longest duration, an hour
				if restarts {
					stop()
					stop = d.dispatch(d.Service)
				} else {
					attempts.Store(0)
					time.Sleep(15 * time.Minute)
					if n := attempts.Load(); n < 25 || n > 200 {
						t.Errorf("%d attempts in 15 minutes while the sink is down, want 25 to 200", n)
					}
				}
				d.sink.set(receiverURL, nil)
				time.Sleep(30 * time.Second)
				stop()
				if status := d.status(s); status.Waiting != 0 {
					t.Fatalf("%d events wait although the sink works", status.Waiting)
				}
				checkReceived(d, s, d.sink.got(receiverURL))
			})
		})
	}
}

// A subject is parked while its first event waits for a retry. While 256 subjects are parked, no other events are sent,
// not even events whose data is already loaded.
//
// A retry for the same record may then load and send newer data. After the retry, the older data must not be sent.
func TestALoadedEventIsNotSentAfterALaterVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		d.sink.set(receiverURL, func(context.Context, ports.OutgoingEvent) error {
			time.Sleep(time.Second)
			return refused()
		})
		defer d.dispatch(d.Service)()
		d.store(map[string]string{"a": "1"})
		time.Sleep(500 * time.Millisecond)
		rows := newRows(280)
		d.store(rows)
		time.Sleep(500 * time.Millisecond)
		d.store(map[string]string{"a": "2"})
		time.Sleep(5 * time.Minute)
		d.store(map[string]string{"a": "3"})
		d.sink.set(receiverURL, nil)
		time.Sleep(2 * time.Hour) // meanwhile, attempts that were under way fail and are retried
		checkReceived(d, s, d.sink.got(receiverURL))
	})
}

// A destination that requests a delay with Retry-After must not be probed before the delay has passed.
func TestAProbeHonoursRetryAfter(t *testing.T) {
	if testing.Short() {
		t.Skip("the store is read every second for three hours")
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		d.subscribe(receiverURL)
		var last time.Time
		var mu sync.Mutex
		shortest := time.Hour
		d.sink.set(receiverURL, func(context.Context, ports.OutgoingEvent) error {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			if !last.IsZero() && now.Sub(last) > time.Second { // attempts within a second are treated as one round
				shortest = min(shortest, now.Sub(last))
			}
			last = now
			return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused, RetryAfter: 20 * time.Minute}
		})
		rows := newRows(300)
		d.store(rows)
		defer d.dispatch(d.Service)()
		time.Sleep(3 * time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if shortest < 20*time.Minute {
			t.Errorf("an attempt after %v, want none within 20 minutes", shortest)
		}
	})
}

// If a process dies, another process must take over its subscriptions within 12 s.
func TestTheSubscriptionsOfADeadProcessAreTakenOverSoon(t *testing.T) {
	for wait := range 14 { // varies the time of death relative to the end of the lease
		synctest.Test(t, func(t *testing.T) {
			d := newDispatchEnv(t)
			s := d.subscribe(receiverURL)
			store := &mortalStore{Subscriptions: d.deps.Subscriptions, left: 1 << 30}
			deps := d.deps
			deps.Subscriptions, deps.Sinks = store, []ports.Sink{mortalSink{d.sink, store}}
			process, err := application.New(deps)
			d.noError(err)
			stop := d.dispatch(process)
			d.store(map[string]string{"a": "1"})
			time.Sleep(time.Duration(wait+1) * time.Second)
			store.kill()
			defer d.dispatch(d.Service)()
			d.store(map[string]string{"a": "2"})
			stop()
			time.Sleep(12*time.Second + 500*time.Millisecond)
			checkReceived(d, s, d.sink.got(receiverURL))
		})
	}
}

// A process may still be sending events when it cannot extend its lease, for example because its database does not
// answer. The attempts of this process must end before another process sends events. Otherwise a hanging attempt could
// deliver an old event after later ones.
func TestAttemptsEndBeforeAnotherProcessSends(t *testing.T) {
	for wait := range 14 {
		synctest.Test(t, func(t *testing.T) {
			d := newDispatchEnv(t)
			d.subscribe(receiverURL)
			var underWay, most atomic.Int32
			d.sink.set(receiverURL, func(ctx context.Context, _ ports.OutgoingEvent) error {
				if n := underWay.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer underWay.Add(-1)
				select {
				case <-time.After(15 * time.Second):
				case <-ctx.Done():
				}
				return unavailable(domain.SinkUnreachable)
			})
			store := &mortalStore{Subscriptions: d.deps.Subscriptions, left: 1 << 30}
			deps := d.deps
			deps.Subscriptions = store
			process, err := application.New(deps)
			d.noError(err)
			defer d.dispatch(process)()
			time.Sleep(time.Duration(wait)*time.Second + 700*time.Millisecond)
			d.store(map[string]string{"a": "1"})
			time.Sleep(250 * time.Millisecond) // the attempt has started, and the next claim is due soon
			store.kill()
			time.Sleep(100 * time.Millisecond)
			defer d.dispatch(d.Service)()
			time.Sleep(30 * time.Second)
			if n := most.Load(); n != 1 {
				t.Errorf("%d attempts of one event at once, want 1", n)
			}
		})
	}
}

// The first five attempts must be made within 30 s. If all attempts fail for three days, the subscription must be
// disabled, but keep its position.
func TestASubscriptionIsDisabledAfterThreeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		d.sink.set(receiverURL, func(context.Context, ports.OutgoingEvent) error { return refused() })
		stop := d.dispatch(d.Service)
		d.store(map[string]string{"a": "1", "b": "1"})
		time.Sleep(30 * time.Second)
		attempts, err := d.ListEventAttempts(d.ctx, d.tenant, s.ID, domain.PageRequest{Limit: 100})
		d.noError(err)
		if len(attempts.Items) < 10 || attempts.Items[0].Error != domain.SinkRefused {
			t.Errorf("%d attempts of two events within 30 s, want at least 10", len(attempts.Items))
		}
		stop()
		d.clock.pass(71 * time.Hour)
		stop = d.dispatch(d.Service)
		time.Sleep(2 * time.Second)
		if state := d.status(s).State; state != events.SubscriptionActive {
			t.Errorf("%s after 71 hours", state)
		}
		stop()
		d.clock.pass(2 * time.Hour)
		defer d.dispatch(d.Service)()
		time.Sleep(2 * time.Second)
		status := d.status(s)
		if status.State != events.SubscriptionDisabled || status.Reason != domain.SinkRefused || status.Position != 0 {
			t.Errorf("%s (%s) at position %d after 73 hours", status.State, status.Reason, status.Position)
		}
		d.store(map[string]string{"a": "2", "c": "1"})
		d.sink.set(receiverURL, nil)
		_, err = d.ResumeSubscription(d.ctx, d.tenant, s.ID)
		d.noError(err)
		time.Sleep(2 * time.Second)
		checkReceived(d, s, d.sink.got(receiverURL))
	})
}

func TestAPausedSubscriptionContinuesWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		defer d.dispatch(d.Service)()
		d.store(map[string]string{"a": "1"})
		time.Sleep(time.Second)
		_, err := d.PauseSubscription(d.ctx, d.tenant, s.ID)
		d.noError(err)
		d.store(map[string]string{"a": "2", "b": "1"})
		time.Sleep(time.Minute)
		if got := len(d.sink.got(receiverURL)); got != 1 {
			t.Errorf("received %d events, want 1", got)
		}
		_, err = d.ResumeSubscription(d.ctx, d.tenant, s.ID)
		d.noError(err)
		time.Sleep(time.Second)
		if got := len(d.sink.got(receiverURL)); got != 3 {
			t.Errorf("received %d events, want 3", got)
		}
		checkReceived(d, s, d.sink.got(receiverURL))
	})
}

// A replayed event must keep its sequence, id and type. Its data must be the current state of the record.
func TestEventsAreReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		defer d.dispatch(d.Service)()
		d.store(map[string]string{"a": "1"})
		time.Sleep(time.Second)
		d.store(map[string]string{"a": "2"})
		time.Sleep(time.Second)
		before := d.sink.got(receiverURL)
		_, err := d.ReplaySubscription(d.ctx, d.tenant, s.ID, 1)
		d.noError(err)
		time.Sleep(2 * time.Second)
		want := slices.Concat(before, before)
		want[2].Data.Version = 2
		if got := d.sink.got(receiverURL); !slices.Equal(got, want) {
			t.Errorf("received %v, want %v", got, want)
		}
		checkReceived(d, s, d.sink.got(receiverURL))
	})
}

// An event that the sink always refuses must not hold back the later events of its record for ever.
func TestASkippedEventLetsTheNextOnePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		d.sink.set(receiverURL, func(context.Context, ports.OutgoingEvent) error { return refused() })
		defer d.dispatch(d.Service)()
		d.store(map[string]string{"a": "1"})
		time.Sleep(2 * time.Second)
		d.store(map[string]string{"a": "2"})
		time.Sleep(2 * time.Second)
		_, err := d.SkipEvent(d.ctx, d.tenant, s.ID, 2)
		if !errors.Is(err, domain.Conflict) {
			t.Errorf("an event that only waits: %v", err)
		}
		_, err = d.SkipEvent(d.ctx, d.tenant, s.ID, 1)
		d.noError(err)
		d.sink.set(receiverURL, nil)
		time.Sleep(time.Minute)
		got := d.sink.got(receiverURL)
		if len(got) != 1 || got[0].Sequence != "2" || !strings.HasSuffix(got[0].Type, ".transaction.added") {
			t.Errorf("received %+v", got)
		}
	})
}

// The encoder of these tests encodes nothing but the version.
func TestAMemberIsLeftOutOfTheDataOfEvents(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"a":1.10,"metadata":{"x":[1]},"b":"\u00e9"}`, `{"a":1.10,"b":"\u00e9"}`},
		{`{"metadata":null}`, `{}`}, {`{"b":{"metadata":1}}`, `{"b":{"metadata":1}}`},
	} {
		got, err := events.LeaveOut([]byte(c.data), []string{events.Metadata})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v", c.data, got, err)
		}
	}
	for _, settings := range []string{`{}`, `{"url":"https://x.example"}`} {
		rest, without := events.SplitWithout(events.WithWithout(settings, []string{events.Metadata}))
		if rest != settings || !slices.Equal(without, []string{events.Metadata}) {
			t.Errorf("%s: %s, %v", settings, rest, without)
		}
	}
}

func TestBothSecretsSignForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		s := d.subscribe(receiverURL)
		first := string(s.Secret.Reveal())
		stop := d.dispatch(d.Service)
		time.Sleep(2 * time.Second)
		rotated, err := d.RotateSubscriptionSecret(d.ctx, d.tenant, s.ID)
		d.noError(err)
		second := string(rotated.Secret.Reveal())
		time.Sleep(2 * time.Second)
		d.wantSecrets(second, first)
		d.clock.pass(24 * time.Hour)
		time.Sleep(3 * time.Second)
		d.wantSecrets(second)
		stop()
		result, err := d.TestSubscription(d.ctx, d.tenant, s.ID)
		d.noError(err)
		got := d.sink.got(receiverURL)
		if !result.Delivered || len(got) != 1 || got[0].Type != "studio.lerian.discovery.subscription.test" ||
			got[0].Sequence != "" {
			t.Errorf("result %+v, received %v", result, got)
		}
	})
}

func (d *dispatchEnv) wantSecrets(want ...string) {
	d.Helper()
	d.sink.mu.Lock()
	defer d.sink.mu.Unlock()
	if !slices.Equal(d.sink.secrets[receiverURL], want) {
		d.Errorf("the sender has %d secrets, want %d", len(d.sink.secrets[receiverURL]), len(want))
	}
}

// TestASinkThatHangsGetsOneAttemptAtATime makes all attempts of a sink hang. After the first attempts have timed out,
// one attempt at a time is under way, and only the first failure is reported as a change.
func TestASinkThatHangsGetsOneAttemptAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes atomic.Int64
		d := newDispatchEnv(t, func(deps *application.Deps) {
			deps.Observer = observerFunc(func(e ports.TelemetryEvent) {
				if e, ok := e.(ports.EventAttempted); ok && e.Changed {
					changes.Add(1)
				}
			})
		})
		var hanging atomic.Int64
		d.sink.set(receiverURL, func(ctx context.Context, _ ports.OutgoingEvent) error {
			hanging.Add(1)
			defer hanging.Add(-1)
			_ = system.Clock{}.Sleep(ctx, 15*time.Second)
			return unavailable(domain.SinkUnreachable)
		})
		s := d.subscribe(receiverURL)
		defer d.dispatch(d.Service)()
		rows := map[string]string{}
		for n := range 100 {
			rows[strconv.Itoa(n)] = "x"
		}
		d.store(rows)
		time.Sleep(40 * time.Second) // the first results of the first attempts start some more attempts
		for range 20 {
			time.Sleep(3 * time.Second)
			if n := hanging.Load(); n > 1 {
				t.Fatalf("%d attempts hang, want at most 1", n)
			}
		}
		if n := changes.Load(); n != 1 {
			t.Errorf("%d changes were reported, want 1", n)
		}
		d.sink.set(receiverURL, nil)
		time.Sleep(time.Minute)
		checkReceived(d, s, d.sink.got(receiverURL))
		if n := changes.Load(); n != 2 {
			t.Errorf("%d changes were reported, want 2", n)
		}
	})
}

// observerFunc is an Observer.
type observerFunc func(ports.TelemetryEvent)

func (f observerFunc) Emit(_ context.Context, e ports.TelemetryEvent) { f(e) }

// A pull wakes the dispatcher of its process, so that an event need not wait for the next poll.
func TestAPullIsAnnouncedWithoutAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatchEnv(t)
		d.subscribe(receiverURL)
		c := d.createConnection("second")
		d.vendor.setRows("r1")
		defer d.dispatch(d.Service)()
		time.Sleep(time.Minute + time.Millisecond) // the interval of the polls has grown to its maximum
		d.runPull(d.requestFullPull(c))
		synctest.Wait()
		if got := len(d.sink.got(receiverURL)); got != 1 {
			t.Errorf("received %d events, want 1", got)
		}
	})
}
