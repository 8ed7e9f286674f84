package main_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// inFlight bounds the requests of one load that are under way at once.
const inFlight = 64

// load is what came back: how long each request took and how many had which status.
type load struct {
	mu    sync.Mutex
	took  []time.Duration
	count map[int]int
}

// paced sends so many requests a second until ctx ends, and waits for their answers. A
// request counts from when it was due, so that a stall is charged with all that it held up.
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

// at gives the quantile of all that took place; q is below 1.
func (l *load) at(q float64) time.Duration {
	slices.Sort(l.took)
	return l.took[int(q*float64(len(l.took)))]
}

// only says whether every request was answered so.
func (l *load) only(status int) bool {
	return slices.Equal(slices.Collect(maps.Keys(l.count)), []int{status})
}
