package porttest

import (
	"bytes"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var sealedValueTests = []storeTest{
	{"the values of all tenants are listed once, by id", sealedValuesAreListed},
	{"a value is replaced only while it is the old one, and nothing else changes", sealedValueIsReplaced},
	{"the first key of each kind stays, and is replaced only by its own copy", firstKeyStays},
}

// sealedObject is a stored object with a sealed value.
type sealedObject struct {
	value ports.SealedValue
	// stored returns the stored object. with returns the object as it was created, with another sealed value.
	stored func() any
	with   func(domain.Sealed) any
	remove func() // makes the value obsolete
}

// sealedObjects creates an object of each kind that has a sealed value. A connection is created of both kinds.
func (f *fixture) sealedObjects() []sealedObject {
	f.Helper()
	var all []sealedObject
	tenant := f.tenant
	add := func(kind ports.SealedKind, id, boundTo uuid.UUID, sealed domain.Sealed, o sealedObject) {
		o.value = ports.SealedValue{Kind: kind, Tenant: tenant, ID: id, BoundTo: boundTo, Sealed: sealed}
		all = append(all, o)
	}
	for _, c := range []domain.Connection{f.createConnection(), f.createStored(f.newEngine(newUUID().String()))} {
		add(ports.SealedConnection, c.ID.UUID, c.ID.UUID, c.Sealed, sealedObject{
			stored: func() any { return f.getConnection(c) },
			with: func(s domain.Sealed) any {
				c.Sealed = s
				return c
			},
			remove: func() { f.deleteConnection(c) },
		})
	}
	l := f.createLinkSession()
	add(ports.SealedLinkSession, l.ID.UUID, l.Connection.UUID, l.Sealed, sealedObject{
		stored: func() any { return f.getLinkSession(l) },
		with: func(s domain.Sealed) any {
			l.Sealed = s
			return l
		},
		remove: func() {
			ended := l
			ended.Discard(f.now())
			f.noError(f.LinkSessions.Save(f.ctx, ended, l.DueAt))
		},
	})
	a := f.createApplication(newUUID().String())
	add(ports.SealedApplication, a.ID.UUID, a.ID.UUID, a.Sealed, sealedObject{
		stored: func() any { return f.getApplication(a.ID) },
		with: func(s domain.Sealed) any {
			a.Sealed = s
			return a
		},
		remove: func() { f.noError(f.Applications.Delete(f.ctx, tenant, a.ID, nil, allowed)) },
	})
	s := f.subscribe()
	add(ports.SealedSubscription, s.ID.UUID, s.ID.UUID, s.Sealed, sealedObject{
		stored: func() any { return f.status(s).Subscription },
		with: func(sealed domain.Sealed) any {
			s.Sealed = sealed
			return s
		},
		remove: func() {
			f.noError(f.Subscriptions.Delete(f.ctx, tenant, s.ID, nil,
				func(events.Subscription) error { return nil }))
		},
	})
	return all
}

// listSealed reads all values of a kind by pages, like a re-encryption. They may include those of other tests.
func (f *fixture) listSealed(kind ports.SealedKind) []ports.SealedValue {
	f.Helper()
	const limit = 3
	var all []ports.SealedValue
	for after := uuid.Nil; ; {
		batch, err := f.SealedValues.List(f.ctx, kind, after, limit)
		f.noError(err)
		if len(batch) > limit {
			f.Fatalf("%d values, limit %d", len(batch), limit)
		}
		if len(batch) == 0 {
			return all
		}
		all = append(all, batch...)
		after = batch[len(batch)-1].ID
	}
}

func sealedValuesAreListed(f *fixture) {
	want := map[ports.SealedKind][]ports.SealedValue{}
	var removed []ports.SealedValue
	for range 3 {
		f.tenant = newTenant()
		for _, o := range f.sealedObjects() {
			want[o.value.Kind] = append(want[o.value.Kind], o.value)
		}
		for _, o := range f.sealedObjects() {
			o.remove()
			removed = append(removed, o.value)
		}
	}
	byID := func(x, y ports.SealedValue) int { return bytes.Compare(x.ID[:], y.ID[:]) }
	for kind, values := range want {
		listed := f.listSealed(kind)
		if !slices.IsSortedFunc(listed, byID) {
			f.Errorf("the values of the kind %s are not sorted by id", kind)
		}
		own := slices.DeleteFunc(listed, func(v ports.SealedValue) bool {
			same := func(o ports.SealedValue) bool { return o.ID == v.ID }
			if slices.ContainsFunc(removed, same) {
				f.Errorf("the value of a removed %s is listed", kind)
			}
			return !slices.ContainsFunc(values, same)
		})
		slices.SortFunc(values, byID)
		f.equal(string(kind), values, own)
	}
}

// sealedValueIsReplaced checks that Replace does not overwrite a newer value. Re-encryption reads a value and replaces
// it later. If the value was changed in between, Replace must not restore the old one.
func sealedValueIsReplaced(f *fixture) {
	fresh := domain.Sealed("fresh \x00\xfe")
	for _, o := range f.sealedObjects() {
		replace := func(edit func(*ports.SealedValue), fresh domain.Sealed) bool {
			f.Helper()
			v := o.value
			edit(&v)
			replaced, err := f.SealedValues.Replace(f.ctx, v, fresh)
			f.noError(err)
			return replaced
		}
		kind, same := string(o.value.Kind), func(*ports.SealedValue) {}
		before := o.stored()
		f.equal(kind+" from another value", false,
			replace(func(v *ports.SealedValue) { v.Sealed = domain.Sealed("stale") }, fresh))
		f.equal(kind+" of an absent object", false, replace(func(v *ports.SealedValue) { v.ID = newUUID() }, fresh))
		f.equal(kind+" of another tenant", false,
			replace(func(v *ports.SealedValue) { v.Tenant = newTenant() }, fresh))
		f.equal(kind+" unchanged", before, o.stored())
		f.equal(kind+" from the stored value", true, replace(same, fresh))
		f.equal(kind+" replaced", o.with(fresh), o.stored())
		f.equal(kind+" a second time", false, replace(same, domain.Sealed("fresher")))
		o.remove()
		f.equal(kind+" of a removed object", false,
			replace(func(v *ports.SealedValue) { v.Sealed = fresh }, domain.Sealed("fresher")))
	}
}

func firstKeyStays(f *fixture) {
	keys := map[ports.SealedKind]domain.Sealed{}
	for _, kind := range []ports.SealedKind{ports.SealedHashKey, ports.SealedAuditKey} {
		stored := make([]domain.Sealed, 4)
		concurrently(len(stored), func(i int) {
			var err error
			stored[i], err = f.SealedValues.CreateKey(f.ctx, kind, domain.Sealed(newUUID().String()))
			if err != nil {
				f.Error(err)
			}
		})
		for _, sealed := range stored {
			f.equal("the key", string(stored[0]), string(sealed))
		}
		keys[kind] = domain.Sealed("fresh \x00\xff" + newUUID().String())
		replace := func(previous domain.Sealed) bool {
			f.Helper()
			v := ports.SealedValue{Kind: kind, Sealed: previous}
			replaced, err := f.SealedValues.Replace(f.ctx, v, keys[kind])
			f.noError(err)
			return replaced
		}
		f.equal("replaced another key", false, replace(domain.Sealed("another")))
		f.equal("replaced", true, replace(stored[0]))
	}
	for kind, want := range keys {
		key, err := f.SealedValues.Key(f.ctx, kind)
		f.noError(err)
		f.equal(string(kind), string(want), string(key))
	}
}
