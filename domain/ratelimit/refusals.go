package ratelimit

import (
	"cmp"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Bounds of Refusals.
const (
	// clientMemory is how long a call of a client counts.
	clientMemory = time.Minute
	// manyRefused is the number of refused clients, of more than one tenant, that blocks the origin.
	manyRefused = 3
	// probeInterval is the time between two calls while the origin is blocked.
	probeInterval = time.Second
	// maxRefused and maxAnswered are the maximum numbers of clients in Refusals whose last call was refused, or was
	// not. A tenant has at most one client of the second kind in it.
	maxRefused  = 32
	maxAnswered = 4
)

// Refusals is the memory of the calls that a vendor has refused with a 429. It belongs to the rate budget of a resource
// at an origin that clients of several tenants call. The zero value has no refused client.
//
// A refusal blocks the client that was refused. The origin is blocked if a call is refused, and one of two conditions
// holds then:
//
//   - All clients that have called within the last minute were refused.
//   - Three clients, of more than one tenant, were refused.
//
// While the origin is blocked, one call a second is made, of clients that are not refused. The block ends with the
// first answer to a call that was sent meanwhile.
type Refusals struct {
	BlockedSince time.Time // zero unless the origin is blocked
	ProbedAt     time.Time // the last call while the origin was blocked
	Clients      []ClientCalls
}

// ClientCalls describes the last calls of a client.
type ClientCalls struct {
	Client    string // a hash of the client id
	Tenant    domain.TenantID
	CalledAt  time.Time
	RefusedAt time.Time // zero if the last call was not refused
	Until     time.Time // when the client may call again, if it was refused
}

// Outcome is the vendor's answer to a call. Its times are durations, because the clocks of a replica and of the store
// differ.
type Outcome struct {
	Client  string // a hash of the client id
	Tenant  domain.TenantID
	SentAgo time.Duration
	Refused bool          // the answer was a 429
	Wait    time.Duration // how long a refused client must wait from now on
}

// Blocked reports whether the origin is blocked.
func (r Refusals) Blocked() bool { return !r.BlockedSince.IsZero() }

// Wait returns how long the client must not call.
func (r Refusals) Wait(client string, now time.Time) time.Duration {
	for _, c := range r.Clients {
		if c.Client == client {
			return max(0, c.Until.Sub(now))
		}
	}
	return 0
}

// ProbeWait returns the time until the next call may be made, of any client that is not refused. It is 0 unless the
// origin is blocked.
func (r Refusals) ProbeWait(now time.Time) time.Duration {
	if !r.Blocked() {
		return 0
	}
	return min(max(0, r.ProbedAt.Add(probeInterval).Sub(now)), probeInterval)
}

// CallsIn returns the time until n calls may have been made. It is 0 unless the origin is blocked.
func (r Refusals) CallsIn(n int, now time.Time) time.Duration {
	if !r.Blocked() {
		return 0
	}
	return r.ProbeWait(now) + time.Duration(max(0, n-1))*probeInterval
}

// Probed returns the refusals after a call was allowed.
func (r Refusals) Probed(now time.Time) Refusals {
	if r.Blocked() {
		r.ProbedAt = now
	}
	return r
}

// Apply returns the refusals after an answer of the vendor. It does not change r.
func (r Refusals) Apply(o Outcome, now time.Time) Refusals {
	sentAt := now.Add(-max(0, o.SentAgo))
	r.Clients = slices.Clone(r.Clients)
	i := slices.IndexFunc(r.Clients, func(c ClientCalls) bool { return c.Client == o.Client })
	if i < 0 {
		i = len(r.Clients)
		r.Clients = append(r.Clients, ClientCalls{Client: o.Client})
	}
	c := &r.Clients[i]
	c.Tenant, c.CalledAt = o.Tenant, domain.Later(c.CalledAt, sentAt)
	switch {
	case o.Refused:
		c.RefusedAt, c.Until = now, domain.Later(c.Until, now.Add(min(o.Wait, MaxRateBlock)))
	case sentAt.After(c.RefusedAt):
		c.RefusedAt, c.Until = time.Time{}, time.Time{}
	}
	r = r.forget(now)
	switch {
	case o.Refused && !r.Blocked() && r.refusesAll():
		r.BlockedSince = now
	case !o.Refused && r.Blocked() && !sentAt.Before(r.BlockedSince):
		r.BlockedSince, r.ProbedAt = time.Time{}, time.Time{}
	}
	return r
}

// refusesAll reports whether one of the two conditions for a block of the origin holds.
func (r Refusals) refusesAll() bool {
	refused, answered := 0, 0
	tenants := map[domain.TenantID]bool{}
	for _, c := range r.Clients {
		if c.RefusedAt.IsZero() {
			answered++
			continue
		}
		refused++
		tenants[c.Tenant] = true
	}
	return answered == 0 || refused >= manyRefused && len(tenants) > 1
}

// forget removes the clients whose calls do not count any more, and those beyond the bounds. The clients that have
// called last remain. r.Clients must not be shared with another value.
//
// A time in the future means that the clock was set back; it is replaced by the latest time that it can have.
func (r Refusals) forget(now time.Time) Refusals {
	for i := range r.Clients {
		c := &r.Clients[i]
		c.CalledAt, c.RefusedAt = domain.Earlier(c.CalledAt, now), domain.Earlier(c.RefusedAt, now)
		c.Until = domain.Earlier(c.Until, now.Add(MaxRateBlock))
	}
	domain.SortLarge(r.Clients, func(x, y ClientCalls) int {
		return cmp.Or(y.RefusedAt.Compare(x.RefusedAt), y.CalledAt.Compare(x.CalledAt))
	})
	refused := 0
	answered := map[domain.TenantID]bool{}
	r.Clients = slices.DeleteFunc(r.Clients, func(c ClientCalls) bool {
		if now.Sub(c.CalledAt) >= clientMemory && !c.Until.After(now) {
			return true
		}
		if !c.RefusedAt.IsZero() {
			refused++
			return refused > maxRefused
		}
		if answered[c.Tenant] || len(answered) >= maxAnswered {
			return true
		}
		answered[c.Tenant] = true
		return false
	})
	return r
}
