package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// load describes the requests of several clients, each with one persistent connection. It implements
// only the necessary parts of HTTP/1.1, in order to leave most of the processor time to the service on
// the same machine.
type load struct {
	addresses []string // the clients are distributed over these addresses in turn
	clients   int
	status    int // the expected status of every response; any other status is an error
	// request appends a whole request to buf. No two calls have the same client and number.
	request func(buf []byte, client, number int) []byte
	// answered is called after each response that has the expected status; it may be nil.
	answered func(client, number int)
}

// loadResult contains the number of responses to the requests of a load, the elapsed time, and the delays.
type loadResult struct {
	count   int
	elapsed time.Duration
	delays  []time.Duration // delays of all responses, in ascending order
}

func (s loadResult) rate() float64 { return float64(s.count) / s.elapsed.Seconds() }

// percentile returns the delay that a fraction of all requests (p, between 0 and 1) did not exceed. If p is 0.5, this
// is the median. It returns 0 if there was no response.
func (s loadResult) percentile(p float64) time.Duration {
	if len(s.delays) == 0 {
		return 0
	}
	return s.delays[min(int(p*float64(len(s.delays))), len(s.delays)-1)]
}

// unpaced runs the load for the given time. Every client sends its next request as soon as it has received the response
// to the previous one.
func (l load) unpaced(ctx context.Context, turn time.Duration) (loadResult, error) {
	return l.run(ctx, turn, func(int, int) time.Duration { return 0 })
}

// paced runs the load for the given time. It sends the given number of requests per second, even if responses are late.
// The delay of a request begins when the request should have been sent. If the service stalls, the delays of later
// requests therefore include the stall.
func (l load) paced(ctx context.Context, turn time.Duration, rate float64) (loadResult, error) {
	apart := time.Duration(float64(time.Second) / rate)
	return l.run(ctx, turn, func(client, number int) time.Duration {
		return apart * time.Duration(number*l.clients+client)
	})
}

// run runs all clients for the given time, and returns their delays. dueTime returns when a request is due, measured
// from the start of the load.
func (l load) run(
	ctx context.Context,
	turn time.Duration,
	dueTime func(client, number int) time.Duration,
) (loadResult, error) {
	conns := make([]*wire, l.clients)
	for i := range conns {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.addresses[i%len(l.addresses)])
		if err != nil {
			return loadResult{}, err
		}
		conns[i] = newWire(conn)
		defer func() { _ = conn.Close() }()
	}
	delays, errs := make([][]time.Duration, l.clients), make([]error, l.clients)
	begun := time.Now()
	var running sync.WaitGroup
	for client := range l.clients {
		running.Go(func() {
			delays[client], errs[client] = l.client(ctx, conns[client], client, begun, turn, dueTime)
		})
	}
	running.Wait()
	all := loadResult{elapsed: time.Since(begun), delays: slices.Concat(delays...)}
	all.count = len(all.delays)
	slices.Sort(all.delays)
	return all, errors.Join(errs...)
}

// client sends the requests of one client on the connection w and returns their delays. begun is the time at which the
// load started.
func (l load) client(
	ctx context.Context,
	w *wire,
	client int,
	begun time.Time,
	turn time.Duration,
	due func(client, number int) time.Duration,
) ([]time.Duration, error) {
	var delays []time.Duration
	var buf []byte
	for number := 0; ctx.Err() == nil; number++ {
		wait := due(client, number)
		if time.Since(begun) >= turn || wait >= turn {
			break
		}
		from := time.Now()
		if wait > 0 {
			from = begun.Add(wait)
			time.Sleep(time.Until(from))
		}
		buf = l.request(buf[:0], client, number)
		status, body, err := w.exchange(buf)
		if err != nil {
			return delays, err
		}
		if status != l.status {
			return delays, fmt.Errorf("answered %d: %.200s", status, body)
		}
		delays = append(delays, time.Since(from))
		if l.answered != nil {
			l.answered(client, number)
		}
	}
	return delays, ctx.Err()
}

// rate returns a measurement that runs the load for the given time, and returns the requests per second. Every client
// sends its next request as soon as it has received the response to the previous one.
func (l load) rate(turn time.Duration) variant {
	return func(ctx context.Context) (float64, error) {
		got, err := l.unpaced(ctx, turn)
		return got.rate(), err
	}
}
