package porttest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// namePromises are what domain.Connection says of names: unique, and compared exactly.
var namePromises = []promise{
	{"a taken name is a conflict over both kinds", takenNames},
	{"a name is free again once its connection is deleted", deletedNamesAreFree},
	{"names are compared exactly, whatever they hold", namesAreExact},
	{"names sort by their bytes", namesSortByBytes},
	{"of many creations of one name one succeeds", oneNameOneWinner},
	{"a rename onto a taken name writes nothing", renameOntoTaken},
	{"a name is free to another tenant", namesAreTheTenants},
}

// hostile texts break quoting, wildcards, placeholders, collations and normalisation.
var hostile = []string{
	`O'Brien "x"; DROP TABLE connections;--`, `100%_\%`, `%`, `_`, `$1 ? :name @name {{.}}`, `\x00 \u0000 \'`,
	"caf\u00e9", "cafe\u0301", "cafe", "Cafe", "CAFE", "stra\u00dfe", "strasse", "\u0130stanbul", "istanbul",
	"🏦💸", "👩\u200d👩\u200d👧", "\u202eright to left", "名前", "\ufb01le", "file", " file", "file ", "fi le",
	"a", "B", "_a", "a-b", "ab", "a b", "Z", "z", "\u00e4", "~", "\uffff", "\U00010000", "null", "NULL",
}

func cmpText(x, y string) int { return strings.Compare(x, y) }

// takenNames tries both kinds against both: they share one namespace, whatever they
// are stored in. The vendor makes no difference either.
func takenNames(b *bench) {
	for _, first := range []func(string) domain.Connection{b.freshConnection, b.freshEngine} {
		for _, second := range []func(string) domain.Connection{b.freshConnection, b.freshEngine} {
			held := b.store(first("name " + newUUID().String()))
			late := second(held.Name)
			err := b.Connections.Create(b.ctx, late)
			b.fails(err, domain.Conflict)
			b.fails(err, domain.NameTaken)
			_, err = b.Connections.Get(b.ctx, b.tenant, late.Kind, late.ID)
			b.fails(err, domain.NotFound)
			b.same("the first", held, b.get(held))
		}
	}
	other := b.freshConnection("another vendor's")
	b.store(other)
	other.ID, other.Vendor = newID[domain.Connection](), otherVendor
	b.fails(b.Connections.Create(b.ctx, other), domain.NameTaken)
}

// deletedNamesAreFree deletes a name several times over: a store that keeps deleted rows
// unique among themselves fails at the second.
func deletedNamesAreFree(b *bench) {
	for _, fresh := range []func(string) domain.Connection{b.freshConnection, b.freshEngine} {
		for range 3 {
			b.delete(b.store(fresh("again")))
		}
	}
	c := b.store(b.freshConnection("again"))
	found, err := b.Connections.Find(b.ctx, b.tenant, vendor, "again")
	b.ok(err)
	b.same("Find", c, found)
}

// namesAreExact fails where a collation folds case, width or accents, or a store
// normalises what it is given.
func namesAreExact(b *bench) {
	for _, name := range hostile {
		b.store(b.freshConnection(name))
	}
	for _, name := range hostile {
		found, err := b.Connections.Find(b.ctx, b.tenant, vendor, name)
		b.ok(err)
		b.same("name", name, found.Name)
		b.fails(b.Connections.Create(b.ctx, b.freshEngine(name)), domain.NameTaken)
	}
	_, err := b.Connections.Find(b.ctx, b.tenant, vendor, "caFe")
	b.fails(err, domain.NotFound)
}

// namesSortByBytes fails where a database sorts as a language does. It asks also that a
// last page which is exactly full ends the list.
func namesSortByBytes(b *bench) {
	for _, name := range hostile {
		b.store(b.freshConnection(name))
	}
	name := func(c domain.Connection) string { return c.Name }
	want := slices.Sorted(slices.Values(hostile))
	b.same("names by pages of 3", want, ids(b.listed(ports.ConnectionFilter{}, 3, nil), name))
	all, err := b.Connections.List(b.ctx, b.tenant, ports.ConnectionFilter{}, domain.PageRequest{Limit: len(hostile)})
	b.ok(err)
	b.same("a last page that is full", domain.Position{}, all.Next)
	first, err := b.Connections.List(b.ctx, b.tenant, ports.ConnectionFilter{}, domain.PageRequest{Limit: 5})
	b.ok(err)
	b.same("the position", domain.Position{Key: want[4], ID: first.Items[4].ID.UUID}, first.Next)
}

// oneNameOneWinner fails where a store looks for the name before it writes, without a
// constraint behind.
func oneNameOneWinner(b *bench) {
	var winners atomic.Int32
	race(16, func(i int) {
		fresh := b.freshConnection
		if i%2 == 1 {
			fresh = b.freshEngine
		}
		switch err := b.Connections.Create(b.ctx, fresh("one")); {
		case err == nil:
			winners.Add(1)
		case domain.CodeOf(err) != domain.NameTaken:
			b.Error(err)
		}
	})
	b.same("winners", int32(1), winners.Load())
	b.same("rows", 1, len(b.listed(ports.ConnectionFilter{}, 10, nil)))
}

// renameOntoTaken races renames too: the constraint must hold for updates as for inserts.
func renameOntoTaken(b *bench) {
	rename := func(c domain.Connection, name string) error {
		_, err := b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
			c.Rename(name)
			c.BumpRevision(b.now())
			return nil
		})
		return err
	}
	held, c := b.store(b.freshEngine("held")), b.store(b.freshConnection("c"))
	b.fails(rename(c, held.Name), domain.NameTaken)
	b.same("the connection", c, b.get(c))
	b.ok(rename(c, c.Name))

	var mu sync.Mutex
	var racers []domain.Connection
	for range 8 {
		racers = append(racers, b.connection())
	}
	var winners []domain.ConnectionID
	race(len(racers), func(i int) {
		c := racers[i]
		if err := rename(c, "prize"); err == nil {
			mu.Lock()
			defer mu.Unlock()
			winners = append(winners, c.ID)
		} else if domain.CodeOf(err) != domain.NameTaken {
			b.Error(err)
		}
	})
	prize, err := b.Connections.Find(b.ctx, b.tenant, vendor, "prize")
	b.ok(err)
	b.same("winners", []domain.ConnectionID{prize.ID}, winners)
}

func namesAreTheTenants(b *bench) {
	mine := b.store(b.freshConnection("name"))
	other := b.freshConnection("name")
	other.Tenant = newTenant()
	b.store(other)
	b.same("mine", mine, b.get(mine))
	b.same("the other's", other, b.get(other))
}
