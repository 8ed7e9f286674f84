package simulation_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/stores"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// canary is part of every secret, so that a search for it detects a leaked secret.
const canary = "CANARY"

// replicaCount is the number of replicas of the service. The replicas share only the stores.
const replicaCount = 2

// These fakes implement every method of their ports. The stores in store_faults_test.go are not in this list. They
// inject faults into some methods and inherit the remaining methods from the store.
var (
	_ ports.Clock       = (*clock)(nil)
	_ ports.Sleeper     = (*clock)(nil)
	_ ports.IDs         = (*ids)(nil)
	_ ports.Entropy     = entropy{}
	_ ports.Sealer      = (*fakeSealer)(nil)
	_ ports.EgressGuard = allowAll{}
	_ ports.Observer    = observer{}
	_ ports.Aggregator  = (*vendor)(nil)
	_ ports.Aggregator  = registrar{}
)

// sim is one simulation. All of its random choices derive from one seed.
type sim struct {
	seed     uint64
	rand     *rand.Rand
	step     int
	clock    *clock
	trace    hash.Hash
	lines    [40]string
	logged   int
	counters counters

	tasks       []*task
	current     *task
	spawned     int
	nextQuiesce int
	faultFree   bool // no faults are injected
	failed      bool // an invariant was violated; tasks no longer wait for each other
	down        bool // the store is unavailable until outageEnd
	outageEnd   time.Time

	store        *stores.Store
	replicas     [replicaCount]*application.Service
	sealer       *fakeSealer
	ids          *ids
	vendors      []*vendor
	used         []domain.Vendor // the vendors of new account references
	tenants      []domain.TenantID
	readers      []*reader
	connections  []*connection // all connections that were ever created
	applications []*vendorApplication
	newSecrets   map[string]string        // the secrets of applications by name
	webhooks     []vendorWebhook          // the webhooks that the vendor "pluggy" has
	hashes       []domain.TokenHash       // the hashes of all tokens that were ever stored
	bodies       map[string]domain.PullID // the pulls of the last events without an id, by connection and body
	started      map[domain.PullID]bool   // pulls that were claimed at least once
	refs         []*accountRef            // all account references for which a connection was ever requested
	jobs         []job
	claims       map[domain.LeaseID]domain.Pull
	holders      map[domain.PullID]domain.LeaseID
	readAt       map[domain.PullID]time.Time           // when each pull had read all listed accounts
	published    map[domain.PullID]bool                // the pulls that have published rows
	awaiting     map[domain.PullID]bool                // pulls that wait for an account; true if they read everything
	openComplete map[domain.PullID]domain.ConnectionID // open pulls that are known to read everything
	deliveryIDs  []domain.DeliveryID                   // every delivery that was ever accepted
	deliveries   map[domain.DeliveryID]deliveryRecord
	absent       map[rowKey]absentRow
	announced    map[rowKey]bool                   // their removal was announced to a claimed pull, or applied early
	originals    map[rowKey]domain.TransactionData // the content with which each row was first stored
	staged       map[rowKey]domain.TransactionData // the content with which each row was last staged
	seenVersions map[domain.TransactionID]map[int]rowState
	splitPairs   map[[2]string]bool // pairs of rows that an operator has split or dismissed
	decisions    decisions
	renamed      map[rowKey]bool // rows of transactions that have had more than one row
	prunedBefore time.Time       // only deliveries received before this time may be pruned
	names        int
	hostileRefs  int // how many references are hostile
	longestTexts int // how many rows have one of the longest texts

	booked *booked // nil if the accounts have no balances
}

// job is a queued job: a worker must run the pull when the job is due.
type job struct {
	pull domain.PullID
	due  time.Time
}

// deliveryRecord describes an accepted delivery.
type deliveryRecord struct {
	tenant     domain.TenantID
	at         time.Time
	connection domain.ConnectionID
	pull       domain.PullID // the first pull to which the delivery was attached
	removed    []string      // the rows whose removal the delivery announces
}

// openStore opens the database of a simulation. The store calls fault before it uses the database.
type openStore func(t *testing.T, nudge gormstore.Nudge, fault func() error) *stores.Store

func onSQLite(t *testing.T, nudge gormstore.Nudge, fault func() error) *stores.Store {
	return sqlitetest.Open(t, sqlite.Config{InjectFault: fault}).Store(nudge)
}

func onPostgreSQL(t *testing.T, nudge gormstore.Nudge, fault func() error) *stores.Store {
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Timeout: harness.StoreTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db.StoreWith(gormstore.Options{Dialect: db.Dialect(nudge), InjectFault: fault})
}

// newSim returns a simulation with a database of its own. Each account reference belongs to a random vendor of the
// given ones. If none are given, it belongs to a vendor without a stream of changes.
func newSim(t *testing.T, seed uint64, open openStore, vendors ...domain.Vendor) *sim {
	if len(vendors) == 0 {
		vendors = []domain.Vendor{"pluggy", "belvo"}
	}
	s := &sim{
		seed:         seed,
		used:         vendors,
		rand:         rand.New(rand.NewPCG(seed, 0x5eed)),
		trace:        sha256.New(),
		clock:        &clock{now: time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)},
		deliveries:   map[domain.DeliveryID]deliveryRecord{},
		newSecrets:   map[string]string{},
		bodies:       map[string]domain.PullID{},
		started:      map[domain.PullID]bool{},
		claims:       map[domain.LeaseID]domain.Pull{},
		holders:      map[domain.PullID]domain.LeaseID{},
		openComplete: map[domain.PullID]domain.ConnectionID{},
		awaiting:     map[domain.PullID]bool{},
		readAt:       map[domain.PullID]time.Time{},
		published:    map[domain.PullID]bool{},
		absent:       map[rowKey]absentRow{},
		announced:    map[rowKey]bool{},
		originals:    map[rowKey]domain.TransactionData{},
		staged:       map[rowKey]domain.TransactionData{},
		seenVersions: map[domain.TransactionID]map[int]rowState{},
		splitPairs:   map[[2]string]bool{},
		decisions:    newDecisions(),
		renamed:      map[rowKey]bool{},
		sealer:       &fakeSealer{credentials: map[string]domain.Credential{}, primary: 1},
	}
	s.ids = &ids{rand: rand.New(rand.NewPCG(seed, 0x1d5)), clock: s.clock}
	s.nextQuiesce = 1_500 + s.rand.IntN(2_000)
	s.store = open(t, s.nudge, func() error {
		if s.down {
			return storeUnavailable()
		}
		return nil
	})
	s.vendors = []*vendor{{sim: s, name: "pluggy"}, {sim: s, name: "belvo"}, {sim: s, name: "plaid"}}
	for i := range s.replicas {
		app, err := application.New(s.deps())
		if err != nil {
			panic(err)
		}
		s.replicas[i] = app
	}
	for range 3 {
		tenant := domain.TenantID{UUID: s.ids.New()}
		s.tenants = append(s.tenants, tenant)
		for range 2 {
			s.readers = append(s.readers, &reader{
				sim: s, tenant: tenant, mirror: map[domain.TransactionID]rowState{},
				connections: map[domain.TransactionID]domain.ConnectionID{},
			})
		}
	}
	return s
}

func (s *sim) deps() application.Deps {
	policy := domain.SourcePolicy{Authorization: domain.SecretText(canary + "-shared")}
	return application.Deps{
		Connections: connections{s, s.store.Connections()}, Tokens: tokens{s, s.store.Tokens()},
		Deliveries: deliveries{s, s.store.Deliveries()}, Idempotency: idempotency{s, s.store.Idempotency()},
		Pulls: pulls{s, s.store.Pulls()}, Ledger: ledger{s, s.store.Ledger()},
		AuditLog: s.store.AuditLog(), AuditTree: transparency.Tree{}, CloseDocument: camt053.Format{},
		Erasures:       erasures{s, s.store.Erasures()},
		Applications:   applications{s, s.store.Applications()},
		LinkSessions:   s.store.LinkSessions(),
		BankStatements: s.store.BankStatements(), StatementReader: bankstatement.Reader{},
		SealedValues: sealedValues{s, s.store.SealedValues()},
		Sealer:       s.sealer, Egress: allowAll{},
		Aggregators:   []ports.Aggregator{registrar{s.vendors[0]}, s.vendors[1], streamVendor{s.vendors[2]}},
		Subscriptions: s.store.Subscriptions(),
		Sources:       map[domain.Vendor]domain.SourcePolicy{"pluggy": policy, "belvo": policy, "plaid": policy},
		Clock:         s.clock, Sleeper: s.clock, IDs: s.ids, Entropy: entropy{s}, Observer: observer{s},
		Go: s.goConcurrently,
	}
}

// randomReplica returns one of the replicas.
func (s *sim) randomReplica() *application.Service { return s.replicas[s.rand.IntN(replicaCount)] }

func (s *sim) chance(p float64) bool { return s.rand.Float64() < p }

func storeUnavailable() error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable}
}

// nudge schedules a job for each pull, as the real job queue does. The jobs are due immediately. A pull has at most one
// job. If the pull already has a job, that job keeps the earlier of the two due times.
func (s *sim) nudge(pulls ...domain.PullID) {
	for _, id := range pulls {
		s.scheduleJob(id, 0)
	}
}

func (s *sim) scheduleJob(id domain.PullID, wait time.Duration) {
	due := s.clock.now.Add(wait)
	for i := range s.jobs {
		if s.jobs[i].pull == id {
			if due.Before(s.jobs[i].due) {
				s.jobs[i].due = due
			}
			return
		}
	}
	s.jobs = append(s.jobs, job{id, due})
}

// checkNoSecret checks that a value that the service returned or emitted contains no secret in any format of package
// fmt. subject describes the value in the error message.
func (s *sim) checkNoSecret(subject string, out any) {
	for _, form := range []string{"%v", "%+v", "%#v"} {
		if strings.Contains(fmt.Sprintf(form, out), canary) {
			s.violated("%s leaked a secret", subject)
		}
	}
}

// checkError checks the error that a use case has returned, and returns it unchanged. The error must not be an internal
// error, and must not contain a secret.
func (s *sim) checkError(where string, err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		s.checkNoSecret(where, e)
		s.checkNoSecret(where, e.Error())
	}
	if err != nil && domain.CodeOf(err) == domain.InternalFailure && len(domain.ErrorsOf(err)) == 0 &&
		!errors.Is(err, context.Canceled) {
		s.violated("%s failed with an internal error: %v", where, err)
	}
	return err
}

// clock is the simulated clock. It advances by a microsecond with each reading, so that no two events
// have the same time.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time {
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

// advance moves the clock by whole microseconds, as exact as the clocks and times of vendors that the service uses.
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d).Truncate(time.Microsecond) }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.advance(d)
	return ctx.Err()
}

// ids generates UUIDs of version 7 with timestamps from the simulated clock.
type ids struct {
	rand  *rand.Rand
	clock *clock
	made  uint16
}

func (i *ids) New() uuid.UUID {
	var id uuid.UUID
	i.made++
	binary.BigEndian.PutUint64(id[:8], uint64(i.clock.now.UnixMilli())<<16|0x7000|uint64(i.made>>4))
	binary.BigEndian.PutUint64(id[8:], i.rand.Uint64()>>2|0x8000000000000000)
	return id
}

// entropy returns random bytes. The random bytes of a webhook token are chosen so that the encoded token starts with
// the canary.
type entropy struct{ sim *sim }

func (e entropy) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e.sim.rand.Uint32())
	}
	if len(p) == domain.TokenBytes {
		mark, _ := base64.RawURLEncoding.DecodeString(canary + "xx")
		copy(p, mark)
	}
	return len(p), nil
}

// fakeSealer keeps the credentials in memory. A sealed credential is one byte, which represents the sealing key,
// followed by a number.
type fakeSealer struct {
	credentials map[string]domain.Credential // by tenant, connection and sealed credential
	primary     byte                         // the current sealing key
}

func (v *fakeSealer) Seal(
	t domain.TenantID, c domain.ConnectionID, credential domain.Credential,
) (domain.Sealed, error) {
	sealed := binary.BigEndian.AppendUint32(domain.Sealed{v.primary}, uint32(len(v.credentials)))
	v.credentials[t.String()+c.String()+string(sealed)] = credential
	return sealed, nil
}

func (v *fakeSealer) Open(t domain.TenantID, c domain.ConnectionID, s domain.Sealed) (domain.Credential, error) {
	credential, existing := v.credentials[t.String()+c.String()+string(s)]
	if !existing {
		return domain.Credential{}, &domain.Error{Kind: domain.Rejected, Code: domain.CredentialUnopened}
	}
	return credential, nil
}

func (v *fakeSealer) NeedsReseal(s domain.Sealed) bool { return !bytes.HasPrefix(s, []byte{v.primary}) }

type allowAll struct{}

func (allowAll) Check(context.Context, string) error { return nil }

// observer checks every event that the service emits.
type observer struct{ sim *sim }

func (e observer) Emit(_ context.Context, o ports.TelemetryEvent) {
	e.sim.checkNoSecret("an emitted event", o)
	switch o := o.(type) {
	case ports.PullAttempted:
		_ = e.sim.checkError("a pull", o.Err)
		e.sim.checkRestarts(o)
		e.sim.counters.countAttempt(o)
	case ports.SealingFailed:
		e.sim.violated("a credential did not open: %v", o.Err)
	}
}

// SealSubscription seals the secrets of a subscription as if they belonged to a connection with the same id.
func (v *fakeSealer) SealSubscription(
	t domain.TenantID, id events.SubscriptionID, secrets domain.Credential,
) (domain.Sealed, error) {
	return v.Seal(t, domain.ConnectionID(id), secrets)
}

func (v *fakeSealer) OpenSubscription(
	t domain.TenantID, id events.SubscriptionID, s domain.Sealed,
) (domain.Credential, error) {
	return v.Open(t, domain.ConnectionID(id), s)
}

// SealFile returns the content after the byte of the current sealing key.
func (v *fakeSealer) SealFile(_ domain.TenantID, _ witness.BankStatementID, content []byte) (domain.Sealed, error) {
	return append(domain.Sealed{v.primary}, content...), nil
}

func (v *fakeSealer) OpenFile(_ domain.TenantID, _ witness.BankStatementID, s domain.Sealed) ([]byte, error) {
	return s[1:], nil
}
