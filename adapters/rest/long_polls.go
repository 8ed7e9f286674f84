package rest

import (
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const (
	// maxTenantPolls is the maximum number of long polls of one tenant that wait at the same time.
	maxTenantPolls = 64
	// pollRetryAfter is how long a caller should wait before it repeats a refused long poll.
	pollRetryAfter = 5 * time.Second
)

// longPolls limits the number of long polls that wait at the same time, for each tenant and in total. While a poll
// waits, it occupies a connection, which is then not available to other callers. longPolls is safe for concurrent
// use.
type longPolls struct {
	max int // the maximum in total; 0 means no limit

	mu      sync.Mutex
	total   int
	waiting map[domain.TenantID]int // the number of waiting polls of each tenant; contains no zeros
}

// newLongPolls returns a longPolls that allows at most maxTotal waiting long polls of all tenants together; 0 means
// no limit.
func newLongPolls(maxTotal int) *longPolls {
	return &longPolls{max: maxTotal, waiting: map[domain.TenantID]int{}}
}

// start counts a long poll of the tenant as waiting, until the caller calls release. If too many polls of the tenant,
// or of all tenants together, are waiting, it counts nothing and returns errTooManyPolls with RetryAfter.
func (l *longPolls) start(tenant domain.TenantID) (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting[tenant] >= maxTenantPolls || (l.max > 0 && l.total >= l.max) {
		return nil, &domain.Error{RetryAfter: pollRetryAfter, Cause: errTooManyPolls}
	}
	l.total++
	l.waiting[tenant]++
	return func() { l.end(tenant) }, nil
}

// end removes a waiting long poll of the tenant from the counts.
func (l *longPolls) end(tenant domain.TenantID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.waiting[tenant]--; l.waiting[tenant] == 0 {
		delete(l.waiting, tenant)
	}
}
