package porttest

import (
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// cmpOptions make cmp compare values: two amounts are equal if amount and currency are equal, two
// times are equal if they are the same instant, and nil and empty slices or maps are equal.
var cmpOptions = cmp.Options{
	cmp.Comparer(func(a, f domain.Money) bool { return a.Equal(f) }),
	cmpopts.EquateEmpty(),
}

func (f *fixture) noError(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("unexpected error: %v (cause %v)", err, errors.Unwrap(err))
	}
}

// errorIs ends the test unless err has the given kind or code.
func (f *fixture) errorIs(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("error %v, want %v", err, want)
	}
}

// sameNotFound fails the test unless the error for another tenant's row (foreign) and the error for a row that does not
// exist (absent) are the same NotFound error.
func (f *fixture) sameNotFound(method string, foreign, absent error) {
	f.Helper()
	if !errors.Is(foreign, domain.NotFound) || !errors.Is(absent, domain.NotFound) {
		f.Errorf("%s: another tenant's row returns %v and an absent one %v, want NotFound for both", method,
			foreign, absent)
		return
	}
	if foreign.Error() != absent.Error() {
		f.Errorf("%s: another tenant's row returns %q, an absent one %q: a caller can distinguish them", method,
			foreign, absent)
	}
}

func (f *fixture) equal(name string, want, got any) {
	f.Helper()
	if diff := cmp.Diff(want, got, cmpOptions); diff != "" {
		f.Fatalf("%s (-want +got):\n%s", name, diff)
	}
}

// inUTC fails the test unless all times are in UTC. Otherwise the output of a caller would depend on the
// server's time zone.
func (f *fixture) inUTC(times ...time.Time) {
	f.Helper()
	for _, at := range times {
		if at.Location() != time.UTC {
			f.Errorf("%v is not in UTC", at)
		}
	}
}

// invalidCursor fails the test unless err is a single error of the kind Invalid for the field "cursor".
func (f *fixture) invalidCursor(what string, err error) {
	f.Helper()
	errs := domain.ErrorsOf(err)
	if len(errs) != 1 || errs[0].Kind != domain.Invalid || errs[0].Field != "cursor" {
		f.Errorf("%s: error %v, want Invalid on cursor", what, err)
	}
}

// collectPages reads a list page by page and returns all of its items. It calls fn, if fn is not nil, after each page
// except the last.
func collectPages[T any](f *fixture, limit int, list func(domain.PageRequest) (domain.Page[T], error),
	fn func()) []T {
	f.Helper()
	var all []T
	for request := (domain.PageRequest{Limit: limit}); ; {
		page, err := list(request)
		f.noError(err)
		if len(page.Items) > limit {
			f.Fatalf("a page of %d rows, limit %d", len(page.Items), limit)
		}
		all = append(all, page.Items...)
		if page.Next.IsZero() {
			return all
		}
		if len(page.Items) < limit {
			f.Fatalf("a page of %d rows has a next one, limit %d", len(page.Items), limit)
		}
		request.After = page.Next
		if fn != nil {
			fn()
		}
	}
}

// ids returns the key of each item, in the order of the items.
func ids[T any, K any](items []T, key func(T) K) []K {
	keys := make([]K, 0, len(items))
	for _, item := range items {
		keys = append(keys, key(item))
	}
	return keys
}

// exactlyOnce fails the test unless each expected key was returned exactly once, and each other key at most once.
func exactlyOnce[K comparable](f *fixture, expected, returned []K) {
	f.Helper()
	times := map[K]int{}
	for _, key := range returned {
		times[key]++
	}
	for _, key := range expected {
		if times[key] != 1 {
			f.Errorf("%v was returned %d times, want once", key, times[key])
		}
	}
	for key, n := range times {
		if n > 1 && !slices.Contains(expected, key) {
			f.Errorf("%v was returned %d times", key, n)
		}
	}
}

func connectionID(c domain.Connection) domain.ConnectionID { return c.ID }
func tokenID(t domain.WebhookToken) domain.TokenID         { return t.ID }
func deliveryID(d domain.Delivery) domain.DeliveryID       { return d.ID }
func pullID(p domain.Pull) domain.PullID                   { return p.ID }
func externalID(t domain.Transaction) string               { return t.ExternalID }
