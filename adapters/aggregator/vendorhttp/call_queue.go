package vendorhttp

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// waitingCall is a call that waits for a token of a rate budget.
type waitingCall struct {
	tenant  domain.TenantID
	granted chan struct{} // closed when the call has received its token
	// validUntil is when the token expires, on the clock of the process. Only tokens of a shared budget expire; for
	// other tokens, validUntil is zero. It must be set before the channel granted is closed.
	validUntil time.Time
}

// wait waits until the call has received a token, maxWait has passed, or ctx has ended. It reports whether the call has
// received a token.
func (c *waitingCall) wait(ctx context.Context, maxWait time.Duration) bool {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-c.granted:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// callQueue contains the calls that wait for a token, in one queue for each tenant. The zero value is not usable; see
// newCallQueue. It is not safe for concurrent use.
type callQueue struct {
	calls map[domain.TenantID][]*waitingCall
	turns []domain.TenantID // the tenants with waiting calls; the first one receives the next token
}

func newCallQueue() callQueue { return callQueue{calls: map[domain.TenantID][]*waitingCall{}} }

// push adds a call of the tenant at the end of its queue.
func (q *callQueue) push(tenant domain.TenantID) *waitingCall {
	call := &waitingCall{tenant: tenant, granted: make(chan struct{})}
	if len(q.calls[tenant]) == 0 {
		q.turns = append(q.turns, tenant)
	}
	q.calls[tenant] = append(q.calls[tenant], call)
	return call
}

// grantNext grants a token to the first waiting call of the next tenant. It returns false if no call was waiting.
func (q *callQueue) grantNext(validUntil time.Time) bool {
	return len(q.turns) > 0 && q.grant(q.turns[0], validUntil)
}

// grant grants a token to the first waiting call of the tenant. The tenant's next turn then comes after those of all
// other tenants. It returns false if no call of the tenant was waiting.
func (q *callQueue) grant(tenant domain.TenantID, validUntil time.Time) bool {
	if len(q.calls[tenant]) == 0 {
		return false
	}
	call := q.calls[tenant][0]
	i := slices.Index(q.turns, tenant)
	q.turns = append(slices.Delete(q.turns, i, i+1), tenant)
	q.remove(call)
	call.validUntil = validUntil
	close(call.granted)
	return true
}

// remove removes a call from its queue, and reports whether the call was queued.
func (q *callQueue) remove(call *waitingCall) bool {
	queue := q.calls[call.tenant]
	i := slices.Index(queue, call)
	if i < 0 {
		return false
	}
	if queue = slices.Delete(queue, i, i+1); len(queue) > 0 {
		q.calls[call.tenant] = queue
		return true
	}
	delete(q.calls, call.tenant)
	q.turns = slices.DeleteFunc(q.turns, func(t domain.TenantID) bool { return t == call.tenant })
	return true
}

// waiting returns the number of calls that wait.
func (q *callQueue) waiting() (n int) {
	for _, queue := range q.calls {
		n += len(queue)
	}
	return n
}
