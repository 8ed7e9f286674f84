package porttest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// nameTests check the rules of domain.Connection for names: they are unique and compared exactly.
var nameTests = []storeTest{
	{"a taken name is a conflict across both kinds", takenNameIsConflict},
	{"a name is free again after its connection is deleted", deletedNamesAreFree},
	{"names are compared exactly", namesAreExact},
	{"names sort by their bytes", namesSortByBytes},
	{"of concurrent creations of one name exactly one succeeds", concurrentCreatesOfOneName},
	{"a rename to a taken name writes nothing", renameOntoTaken},
	{"another tenant may use the same name", namesAreTenantScoped},
}

// hostileTexts are texts that break quoting, wildcards, placeholders, collations or Unicode
// normalisation if a store handles them wrongly.
var hostileTexts = []string{
	`O'Brien "x"; DROP TABLE connections;--`, `100%_\%`, `%`, `_`, `$1 ? :name @name {{.}}`, `\x00 \u0000 \'`,
	"caf\u00e9", "cafe\u0301", "cafe", "Cafe", "CAFE", "stra\u00dfe", "strasse", "\u0130stanbul", "istanbul",
	"🏦💸", "👩\u200d👩\u200d👧", "\u202eright to left", "名前", "\ufb01le",
	"file", " file", "file ", "fi le",
	"a", "B", "_a", "a-b", "ab", "a b", "Z", "z", "\u00e4", "~", "\uffff", "\U00010000", "null", "NULL",
}

func compareText(x, y string) int { return strings.Compare(x, y) }

// takenNameIsConflict checks that a second connection with the same name is a conflict, for each pair of kinds. Both
// kinds share one namespace, even if they are stored in different tables. Connections of different vendors share this
// namespace too.
func takenNameIsConflict(f *fixture) {
	for _, first := range []func(string) domain.Connection{f.newConnection, f.newEngine} {
		for _, second := range []func(string) domain.Connection{f.newConnection, f.newEngine} {
			existing := f.createStored(first("name " + newUUID().String()))
			late := second(existing.Name)
			err := f.Connections.Create(f.ctx, late, nil)
			f.errorIs(err, domain.Conflict)
			f.errorIs(err, domain.NameTaken)
			_, err = f.Connections.Get(f.ctx, f.tenant, late.Kind, late.ID)
			f.errorIs(err, domain.NotFound)
			f.equal("the first", existing, f.getConnection(existing))
		}
	}
	other := f.newConnection("another vendor's")
	f.createStored(other)
	other.ID, other.Vendor = newID[domain.Connection](), otherVendor
	f.errorIs(f.Connections.Create(f.ctx, other, nil), domain.NameTaken)
}

// deletedNamesAreFree checks that connections of the same name can be created and deleted several times. A store fails
// at the second deletion if its unique constraint covers deleted rows.
func deletedNamesAreFree(f *fixture) {
	for _, fresh := range []func(string) domain.Connection{f.newConnection, f.newEngine} {
		for range 3 {
			f.deleteConnection(f.createStored(fresh("again")))
		}
	}
	c := f.createStored(f.newConnection("again"))
	found, err := f.Connections.Find(f.ctx, f.tenant, vendor, "again")
	f.noError(err)
	f.equal("Find", c, found)
}

// namesAreExact checks that a store compares names byte by byte. It fails if a collation ignores case, width or
// accents, or if a store normalises names.
func namesAreExact(f *fixture) {
	for _, name := range hostileTexts {
		f.createStored(f.newConnection(name))
	}
	for _, name := range hostileTexts {
		found, err := f.Connections.Find(f.ctx, f.tenant, vendor, name)
		f.noError(err)
		f.equal("name", name, found.Name)
		f.errorIs(f.Connections.Create(f.ctx, f.newEngine(name), nil), domain.NameTaken)
	}
	_, err := f.Connections.Find(f.ctx, f.tenant, vendor, "caFe")
	f.errorIs(err, domain.NotFound)
}

// namesSortByBytes fails if a database sorts by the rules of a language instead of by bytes. It also checks
// that a last page has no next page even if it is full.
func namesSortByBytes(f *fixture) {
	for _, name := range hostileTexts {
		f.createStored(f.newConnection(name))
	}
	name := func(c domain.Connection) string { return c.Name }
	want := slices.Sorted(slices.Values(hostileTexts))
	f.equal("names by pages of 3", want, ids(f.listConnections(ports.ConnectionFilter{}, 3, nil), name))
	all, err := f.Connections.List(f.ctx, f.tenant, ports.ConnectionFilter{},
		domain.PageRequest{Limit: len(hostileTexts)})
	f.noError(err)
	f.equal("a last page that is full", domain.Position{}, all.Next)
	first, err := f.Connections.List(f.ctx, f.tenant, ports.ConnectionFilter{}, domain.PageRequest{Limit: 5})
	f.noError(err)
	f.equal("the position", domain.Position{Key: want[4], ID: first.Items[4].ID.UUID}, first.Next)
}

// concurrentCreatesOfOneName fails if a store only looks up the name before it writes, instead of enforcing
// a unique constraint.
func concurrentCreatesOfOneName(f *fixture) {
	var winners atomic.Int32
	concurrently(16, func(i int) {
		fresh := f.newConnection
		if i%2 == 1 {
			fresh = f.newEngine
		}
		switch err := f.Connections.Create(f.ctx, fresh("one"), nil); {
		case err == nil:
			winners.Add(1)
		case domain.CodeOf(err) != domain.NameTaken:
			f.Error(err)
		}
	})
	f.equal("winners", int32(1), winners.Load())
	f.equal("rows", 1, len(f.listConnections(ports.ConnectionFilter{}, 10, nil)))
}

// renameOntoTaken checks that a connection cannot be renamed to a taken name, not even if several connections are
// renamed to one name concurrently. The unique constraint must apply to updates as well as to inserts.
func renameOntoTaken(f *fixture) {
	rename := func(c domain.Connection, name string) error {
		_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.Rename(name)
			c.BumpRevision(f.now())
			return nil
		})
		return err
	}
	existing, c := f.createStored(f.newEngine("held")), f.createStored(f.newConnection("c"))
	f.errorIs(rename(c, existing.Name), domain.NameTaken)
	f.equal("the connection", c, f.getConnection(c))
	f.noError(rename(c, c.Name))

	var mu sync.Mutex
	var racers []domain.Connection
	for range 8 {
		racers = append(racers, f.createConnection())
	}
	var winners []domain.ConnectionID
	concurrently(len(racers), func(i int) {
		c := racers[i]
		if err := rename(c, "prize"); err == nil {
			mu.Lock()
			defer mu.Unlock()
			winners = append(winners, c.ID)
		} else if domain.CodeOf(err) != domain.NameTaken {
			f.Error(err)
		}
	})
	prize, err := f.Connections.Find(f.ctx, f.tenant, vendor, "prize")
	f.noError(err)
	f.equal("winners", []domain.ConnectionID{prize.ID}, winners)
}

func namesAreTenantScoped(f *fixture) {
	own := f.createStored(f.newConnection("name"))
	other := f.newConnection("name")
	other.Tenant = newTenant()
	f.createStored(other)
	f.equal("mine", own, f.getConnection(own))
	f.equal("the other's", other, f.getConnection(other))
}
