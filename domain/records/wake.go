package records

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// minWakeInterval is the shortest time between two early attempts at the pulls of a connection.
const minWakeInterval = time.Minute

// Wake plans an early attempt of a pull that waits for its next attempt, because the vendor may now answer otherwise:
// an event says so, or an operator asks for a pull. The attempt is due at the time at, with two exceptions: it is not
// before the time that the vendor has requested with Retry-After, and at least minWakeInterval after lastWake.
//
// lastWake is the result next of the last call for a pull of the connection; zero if there was none. The result next is
// when the next attempt is due. If early is set, the attempt is an early one, and woken is the changed pull. Otherwise
// the pull does not change, because its next attempt was due before.
func Wake(p domain.Pull, lastWake, at time.Time) (woken domain.Pull, next time.Time, early bool) {
	next = at
	if !lastWake.IsZero() {
		next = latest(next, lastWake.Add(minWakeInterval))
	}
	next = latest(next, p.RetryAfterUntil)
	if !next.Before(p.NotBefore) {
		return p, p.NotBefore, false
	}
	if p.ScheduledAt.IsZero() {
		p.ScheduledAt = p.NotBefore
	}
	p.NotBefore = next
	return p, next, true
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Widen adds a scope that requests everything to a pull that waits for its next attempt. complete states whether the
// pull reads everything already. Its steps are then kept unless it has read some of them: what it has read may be old.
//
// ok is false if the pull cannot be widened, and the scope needs a pull of its own. The waiting pull then only awaits
// accounts, or has begun before the connection got its target.
func Widen(p domain.Pull, complete bool, c domain.Connection, scope domain.PullScope) (_ domain.Pull, ok bool) {
	if p.AwaitsAccount() || p.StartedAt.Before(c.TargetChangedAt) {
		return p, false
	}
	p.Scope = p.Scope.Merge(scope)
	p.Progress.Widened = p.Progress.Widened || p.Progress.Planned && (!complete || p.Progress.Step > 0)
	return p, true
}
