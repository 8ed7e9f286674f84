package ratelimit

import (
	"cmp"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Window is a rate limit for rare calls: at most Limit calls in any 60 s, or in any Length. Unlike a token bucket, it
// allows all calls at once. A call that exceeds the limit is refused; it does not wait.
type Window struct {
	Limit int
	// Share is the number of calls that one tenant can make in a window while another tenant asks for calls, too. A
	// tenant asks if it has called Take within the last WindowLength, even if that call was refused.
	Share int
	// Length is how long a call counts; 0 means WindowLength.
	Length time.Duration
	// AcceptedOnly means that a call counts only if the vendor accepts it. Any other call is given back.
	AcceptedOnly bool
}

func (w Window) length() time.Duration { return cmp.Or(w.Length, WindowLength) }

// WindowLength is how long a call counts. It exceeds a minute, because a call arrives at the vendor up to two seconds
// after Take: it may be sent a second later, and needs time on its way. The vendor counts when calls arrive.
const WindowLength = 62 * time.Second

// Take takes one call of the tenant out of the window, and returns the new state. It does not change b. The result wait
// is zero if the call may be made. Otherwise the call is refused, and wait is the time after which another attempt can
// succeed. The state of a window consists of BlockedUntil, Refusals, and the members Taken
// and AskedAt of Demands.
//
// If blockFor is positive, Take takes no call. It blocks the window for this time, because the vendor has asked for it.
func (b Budget) Take(
	w Window, tenant domain.TenantID, blockFor time.Duration, now time.Time,
) (state Budget, wait time.Duration) {
	b = b.recent(w, now)
	b.FullAt = now
	if blockFor > 0 {
		b.BlockedUntil = domain.Later(b.BlockedUntil, now.Add(min(blockFor, MaxRateBlock)))
		return b, 0
	}
	i := slices.IndexFunc(b.Demands, func(d TenantDemand) bool { return d.Tenant == tenant })
	if i < 0 {
		i = len(b.Demands)
		b.Demands = append(b.Demands, TenantDemand{Tenant: tenant})
	}
	own := &b.Demands[i]
	own.AskedAt = now
	var all []time.Time
	var otherAskedAt time.Time
	for _, d := range b.Demands {
		all = append(all, d.Taken...)
		if d.Tenant != tenant {
			otherAskedAt = domain.Later(otherAskedAt, d.AskedAt)
		}
	}
	free := domain.Later(b.BlockedUntil, w.freeAt(all, w.Limit))
	free = domain.Later(free, now.Add(b.Refusals.ProbeWait(now)))
	if !otherAskedAt.IsZero() {
		free = domain.Later(free, domain.Earlier(w.freeAt(own.Taken, w.Share), otherAskedAt.Add(w.length())))
	}
	if free.After(now) {
		return b.withoutIdle(tenant), free.Sub(now)
	}
	own.Taken = append(own.Taken, now)
	b.Refusals = b.Refusals.Probed(now)
	return b.withoutIdle(tenant), 0
}

// GiveBack returns the state without the last call that the tenant took. It does not change b. It keeps a block.
func (b Budget) GiveBack(tenant domain.TenantID, now time.Time) Budget {
	b.FullAt = now
	b.Demands = slices.Clone(b.Demands)
	for i, d := range b.Demands {
		if n := len(d.Taken); d.Tenant == tenant && n > 0 {
			b.Demands[i].Taken = slices.Clone(d.Taken[:n-1])
		}
	}
	return b
}

// Left returns how many calls the window allows now.
func (b Budget) Left(w Window, now time.Time) int {
	if now.Before(b.BlockedUntil) || b.Refusals.Blocked() {
		return 0
	}
	left := w.Limit
	for _, d := range b.recent(w, now).Demands {
		left -= len(d.Taken)
	}
	return max(0, left)
}

// freeAt returns the time from which fewer than limit of the calls count against the rate limit. If fewer calls count
// already, freeAt returns the zero time.
func (w Window) freeAt(taken []time.Time, limit int) time.Time {
	if len(taken) < limit {
		return time.Time{}
	}
	domain.SortLarge(taken, time.Time.Compare)
	return taken[len(taken)-limit].Add(w.length())
}

// recent returns a copy of the state without calls and tenants that do not count any more. If the store's clock was set
// back, a stored time can lie in the future. Such a time is replaced by now, so that it does not count for too long.
func (b Budget) recent(w Window, now time.Time) Budget {
	b.BlockedUntil = domain.Earlier(b.BlockedUntil, now.Add(MaxRateBlock))
	demands := make([]TenantDemand, 0, len(b.Demands)+1)
	for _, d := range b.Demands {
		d.AskedAt = domain.Earlier(d.AskedAt, now)
		var taken []time.Time
		for _, at := range d.Taken {
			if at = domain.Earlier(at, now); now.Sub(at) < w.length() {
				taken = append(taken, at)
			}
		}
		if d.Taken = taken; len(taken) > 0 || now.Sub(d.AskedAt) < w.length() {
			demands = append(demands, d)
		}
	}
	b.Demands = demands
	return b
}

// maxIdle is the maximum number of tenants without a call in the window that are kept in the state. Take needs only
// the tenant that has asked last, and the one before it.
const maxIdle = 2

// withoutIdle removes the tenants that have taken no call, except the maxIdle tenants that have asked last. It bounds
// the state, however many tenants ask.
func (b Budget) withoutIdle(asking domain.TenantID) Budget {
	domain.SortLarge(b.Demands, func(x, y TenantDemand) int { return y.AskedAt.Compare(x.AskedAt) })
	idle := 0
	b.Demands = slices.DeleteFunc(b.Demands, func(d TenantDemand) bool {
		if len(d.Taken) > 0 || d.Tenant == asking {
			return false
		}
		idle++
		return idle > maxIdle
	})
	return b
}
