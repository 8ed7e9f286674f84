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

// load is a crowd of clients, each with one connection that is kept. It speaks just enough
// HTTP/1.1 to cost little beside the service that it shares the processor with.
type load struct {
	addresses []string // the clients are dealt to them in turn
	clients   int
	status    int // every answer must have it
	// request appends a whole request; client and number tell it apart from others.
	request func(buf []byte, client, number int) []byte
	// answered is told that the client's request of that number had the wanted status; nil: nobody is.
	answered func(client, number int)
}

// seen is what a load saw.
type seen struct {
	count   int
	elapsed time.Duration
	delays  []time.Duration // sorted
}

func (s seen) rate() float64 { return float64(s.count) / s.elapsed.Seconds() }

// percentile takes 0.5 for the median.
func (s seen) percentile(p float64) time.Duration {
	if len(s.delays) == 0 {
		return 0
	}
	return s.delays[min(int(p*float64(len(s.delays))), len(s.delays)-1)]
}

// flat lets every client ask again as soon as it is answered.
func (l load) flat(ctx context.Context, turn time.Duration) (seen, error) {
	return l.run(ctx, turn, func(int, int) time.Duration { return 0 })
}

// paced lets the crowd ask so many times a second, whatever the answers take: a delay counts
// from when the request was due, so that a stall is felt by all who wait behind it.
func (l load) paced(ctx context.Context, turn time.Duration, rate float64) (seen, error) {
	apart := time.Duration(float64(time.Second) / rate)
	return l.run(ctx, turn, func(client, number int) time.Duration {
		return apart * time.Duration(number*l.clients+client)
	})
}

// run lets clients ask until the turn is over; due says when, after the begin.
func (l load) run(ctx context.Context, turn time.Duration, due func(client, number int) time.Duration) (seen, error) {
	conns := make([]*wire, l.clients)
	for i := range conns {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.addresses[i%len(l.addresses)])
		if err != nil {
			return seen{}, err
		}
		conns[i] = newWire(conn)
		defer func() { _ = conn.Close() }()
	}
	delays, errs := make([][]time.Duration, l.clients), make([]error, l.clients)
	begun := time.Now()
	var crowd sync.WaitGroup
	for client := range l.clients {
		crowd.Go(func() {
			delays[client], errs[client] = l.ask(ctx, conns[client], client, begun, turn, due)
		})
	}
	crowd.Wait()
	all := seen{elapsed: time.Since(begun), delays: slices.Concat(delays...)}
	all.count = len(all.delays)
	slices.Sort(all.delays)
	return all, errors.Join(errs...)
}

// ask is one client.
func (l load) ask(ctx context.Context, w *wire, client int, begun time.Time, turn time.Duration, due func(client, number int) time.Duration) ([]time.Duration, error) {
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

// rate is a side: requests a second of a flat load.
func (l load) rate(turn time.Duration) side {
	return func(ctx context.Context) (float64, error) {
		got, err := l.flat(ctx, turn)
		return got.rate(), err
	}
}
