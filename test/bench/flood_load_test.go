package main_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// inFlight is the maximum number of concurrent requests of one load, which is a sequence of requests at a fixed rate.
const inFlight = 64

// load records the responses to a sequence of requests: the duration of each request, and the number
// of responses by status.
type load struct {
	mu    sync.Mutex
	took  []time.Duration
	count map[int]int
}

// paced sends perSecond requests per second until ctx ends, and waits for their responses. The duration
// of a request counts from the time at which it was due, so a stall is included in the duration of every
// request that it delayed.
func (l *load) paced(ctx context.Context, perSecond int, send func() (status int)) {
	gap := time.Second / time.Duration(perSecond)
	places := make(chan struct{}, inFlight)
	var all sync.WaitGroup
	defer all.Wait()
	for due := time.Now(); ; due = due.Add(gap) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		places <- struct{}{}
		all.Go(func() {
			status := send()
			l.add(time.Since(due), status)
			<-places
		})
	}
}

func (l *load) add(took time.Duration, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == nil {
		l.count = map[int]int{}
	}
	l.took = append(l.took, took)
	l.count[status]++
}

// quantile returns the q-quantile of the durations of all requests, where q is below 1.
func (l *load) quantile(q float64) time.Duration {
	slices.Sort(l.took)
	return l.took[int(q*float64(len(l.took)))]
}

// allHadStatus reports whether every response had the given status.
func (l *load) allHadStatus(status int) bool {
	return slices.Equal(slices.Collect(maps.Keys(l.count)), []int{status})
}
