package plaidsim

import (
	"cmp"
	"crypto/ecdsa"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Options configures a simulator. With the zero value, the simulator uses the system clock.
type Options struct {
	// Seed determines every id: two simulators with the same seed and the same calls produce the same ids. 0 means a
	// random seed. Keys and signatures are always random.
	Seed uint64
	// Now is the clock of the simulator; nil means time.Now.
	Now func() time.Time
	// PageSize is the maximum number of rows or changes on a page, even if a request asks for more; 0 means 500.
	PageSize int
}

// Simulator is a simulated vendor: its data and its API. It is safe for concurrent use.
type Simulator struct {
	now    func() time.Time
	faults *faultinject.Injector
	api    http.Handler
	sender *kit.Sender
	page   int // the maximum number of rows or changes on a page

	mu        sync.Mutex
	entropy   *rand.ChaCha8
	secrets   map[string]string // secret by client id
	items     []*item           // in the order in which they were added
	mutations int               // number of further requests for a later page that fail because the history has changed
	requests  map[string]int    // number of requests by path
	keys      map[string]*signingKey
	key       string // the id of the key that signs webhooks

	publicTokens map[string]publicToken
}

// publicTokenLifetime is how long a public token can be exchanged.
const publicTokenLifetime = 30 * time.Minute

// publicToken is a token that can be exchanged once for the access token of a newly linked Item.
type publicToken struct {
	item    string
	expires time.Time
}

// signingKey is a key with which webhooks are signed.
type signingKey struct {
	private   *ecdsa.PrivateKey
	createdAt time.Time
	expiredAt time.Time // zero while the key is in use
}

// New returns a simulator without data. It rejects every request until a client is added with [Simulator.AddClient].
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{
		now: o.Now, entropy: kit.NewEntropy(o.Seed), secrets: map[string]string{}, requests: map[string]int{},
		keys: map[string]*signingKey{}, sender: kit.NewSender(o.Seed), publicTokens: map[string]publicToken{},
		page: cmp.Or(o.PageSize, 500),
	}
	s.faults = faultinject.New(s.entropy.Uint64(), faultinject.Vendor{WriteError: writeFaultError})
	s.api = s.faults.Wrap(s.routes())
	s.RotateKey()
	return s
}

// ServeHTTP serves the vendor's API.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests[r.URL.Path]++
	s.mu.Unlock()
	s.api.ServeHTTP(w, r)
}

// Requests returns the number of requests for a path.
func (s *Simulator) Requests(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[path]
}

// Inject appends faults to the queue of package faultinject. It returns an error if one of the faults is invalid.
func (s *Simulator) Inject(faults ...faultinject.Fault) error { return s.faults.Inject(faults...) }

// ClearFaults empties the queue and ends the requests that hang.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// AddClient adds a client id with its secret.
func (s *Simulator) AddClient(clientID, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[clientID] = secret
}

// AddItem adds an Item and returns it. If the id or the access token is empty, AddItem generates one.
func (s *Simulator) AddItem(i Item) Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addItem(i)
}

// addItem is AddItem for a caller that holds the lock.
func (s *Simulator) addItem(i Item) Item {
	i.ID = cmp.Or(i.ID, s.newID())
	i.AccessToken = cmp.Or(i.AccessToken, "access-sandbox-"+kit.NewID(s.entropy).String())
	s.items = append(s.items, &item{
		Item: i, accounts: []Account{}, rows: map[string]Transaction{}, updated: s.now(),
	})
	return i
}

// EditItem changes an Item. fn must not change the id.
func (s *Simulator) EditItem(id string, fn func(*Item)) error {
	return s.edit(id, func(i *item) error {
		fn(&i.Item)
		return nil
	})
}

// AddAccount adds an account to an Item and returns it. If the id is empty, AddAccount generates one.
func (s *Simulator) AddAccount(itemID string, a Account) (Account, error) {
	err := s.edit(itemID, func(i *item) error {
		a.ID = cmp.Or(a.ID, s.newID())
		i.accounts = append(i.accounts, a)
		return nil
	})
	return a, err
}

// EditAccount changes an account of an Item. fn must not change the id.
func (s *Simulator) EditAccount(itemID, account string, fn func(*Account)) error {
	return s.edit(itemID, func(i *item) error {
		at := slices.IndexFunc(i.accounts, func(a Account) bool { return a.ID == account })
		if at < 0 {
			return ErrNotFound
		}
		fn(&i.accounts[at])
		return nil
	})
}

// RemoveAccount removes an account, as if it were closed. Its rows stay.
func (s *Simulator) RemoveAccount(itemID, account string) error {
	return s.edit(itemID, func(i *item) error {
		i.accounts = slices.DeleteFunc(i.accounts, func(a Account) bool { return a.ID == account })
		return nil
	})
}

// Put adds a row to an Item, or changes the row with the same id. It returns the row. If the id is empty, Put generates
// one.
func (s *Simulator) Put(itemID string, t Transaction) (Transaction, error) {
	err := s.edit(itemID, func(i *item) error {
		t.ID = cmp.Or(t.ID, s.newID())
		i.put(t, s.now())
		return nil
	})
	return t, err
}

// Remove removes the rows with these ids from an Item. The next read of the stream lists them as removed. Errors:
// ErrNotFound for an id without a row. The rows with the ids before it have then been removed.
func (s *Simulator) Remove(itemID string, ids ...string) error {
	return s.edit(itemID, func(i *item) error {
		for _, id := range ids {
			if _, ok := i.rows[id]; !ok {
				return ErrNotFound
			}
			i.drop(id, s.now())
		}
		return nil
	})
}

// Post replaces a pending row by a posted one, as the vendor does: the pending row is removed, and the posted one
// gets a new id. fn can change the posted row, for example its amount. If linked is true, the posted row contains the
// id of the pending row. At the vendor, this id is missing if the vendor has not recognised the pending row.
func (s *Simulator) Post(itemID, pending string, linked bool, fn func(*Transaction)) (Transaction, error) {
	var posted Transaction
	err := s.edit(itemID, func(i *item) error {
		row, ok := i.rows[pending]
		if !ok {
			return ErrNotFound
		}
		posted = row
		posted.ID, posted.Pending = s.newID(), false
		if linked {
			posted.PendingID = &row.ID
		}
		if fn != nil {
			fn(&posted)
		}
		i.put(posted, s.now())
		i.drop(pending, s.now())
		return nil
	})
	return posted, err
}

// Enrich changes the category and the merchant of all rows of an Item, as the vendor does when it has improved its
// enrichment. The stream then returns each row as modified. Enrich returns the number of rows.
func (s *Simulator) Enrich(itemID, category, merchant string) (int, error) {
	rows := 0
	err := s.edit(itemID, func(i *item) error {
		for _, id := range sortedIDs(i.rows) {
			row := i.rows[id]
			row.Category = &Category{Primary: category, Detailed: category + "_OTHER"}
			row.Merchant = &merchant
			i.put(row, s.now())
			rows++
		}
		return nil
	})
	return rows, err
}

// ChurnAccounts gives every account and every row of an Item a new id, as the vendor does when an institution renames
// accounts. It returns a map from the old ids of the accounts to the new ones.
func (s *Simulator) ChurnAccounts(itemID string) (map[string]string, error) {
	renamed := map[string]string{}
	err := s.edit(itemID, func(i *item) error {
		for n := range i.accounts {
			renamed[i.accounts[n].ID] = s.newID()
			i.accounts[n].ID = renamed[i.accounts[n].ID]
		}
		for _, id := range sortedIDs(i.rows) {
			row := i.rows[id]
			i.drop(id, s.now())
			row.ID, row.Account = s.newID(), renamed[row.Account]
			i.put(row, s.now())
		}
		return nil
	})
	return renamed, err
}

// edit calls fn with an Item. The caller of edit must not hold the lock.
func (s *Simulator) edit(itemID string, fn func(*item) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.items {
		if i.ID == itemID && !i.removed {
			return fn(i)
		}
	}
	return ErrNotFound
}

// newID returns an id in the vendor's form: 37 letters and digits. The caller holds the lock.
func (s *Simulator) newID() string {
	const characters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	var id strings.Builder
	for range 37 {
		id.WriteByte(characters[s.entropy.Uint64()%uint64(len(characters))])
	}
	return id.String()
}
