package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// footprint measures the start-up time, the memory and the size of the binary. Most of these figures are not compared
// with a reference measurement.
func (b *bench) footprint(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "footprint")
	if err != nil {
		return nil, err
	}
	start, err := b.startToReady(ctx, url)
	if err != nil {
		return nil, err
	}
	idle, err := b.idle(ctx)
	if err != nil {
		return nil, err
	}
	pulling, err := b.whilePulling(ctx, url)
	if err != nil {
		return nil, err
	}
	file, err := os.Stat(b.binary)
	if err != nil {
		return nil, err
	}
	size := row{
		what:  "binary, stripped",
		reach: "≤ 45 MiB",
		also:  fmt.Sprintf("%.1f MiB", float64(file.Size())/(1<<20)),
	}
	return append(append([]row{start}, idle...), pulling, size), nil
}

// startToReady measures the time from the start of the binary until it is ready, on a database that is
// already migrated. The reference is the duration of `discovery version`.
func (b *bench) startToReady(ctx context.Context, url string) (row, error) {
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return row{}, err
	}
	var times []float64
	r, err := b.versus(
		ctx,
		row{
			what:    "start → ready, PostgreSQL (time / time)",
			against: "`discovery version`, start to end",
			reach:   "≤ 300 ms",
		},
		func(ctx context.Context) (float64, error) {
			s, err := e.serve(ctx)
			if err != nil {
				return 0, err
			}
			s.stop()
			times = append(times, s.ready.Seconds()*1000)
			return s.ready.Seconds(), nil
		},
		func(ctx context.Context) (float64, error) {
			begun := time.Now()
			err := exec.CommandContext(ctx, b.binary, "version").Run()
			return time.Since(begun).Seconds(), err
		},
	)
	r.also = fmt.Sprintf("%.0f ms", median(times[min(1, len(times)):]))
	return r, err
}

// idle measures the memory of an idle service on PostgreSQL and on SQLite.
func (b *bench) idle(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "idle")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, on := range []struct{ name, url string }{{"PostgreSQL", url}, {"SQLite", ""}} {
		e, err := b.newEnv(ctx, on.url)
		if err != nil {
			return nil, err
		}
		s, err := e.serve(ctx)
		if err != nil {
			return nil, err
		}
		time.Sleep(3 * time.Second)
		rows = append(
			rows,
			row{what: "idle memory, " + on.name, reach: "≤ 45 MiB", also: fmt.Sprintf("%.0f MiB resident", s.rss())},
		)
	}
	return rows, nil
}

// whilePulling samples the memory during one large pull. The memory is treated as flat if the peak of the second half
// is not above the peak of the first half.
func (b *bench) whilePulling(ctx context.Context, url string) (row, error) {
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return row{}, err
	}
	s, err := e.unlimited(ctx)
	if err != nil {
		return row{}, err
	}
	v, err := b.vendor(ctx, b.memoryRows, false)
	if err != nil {
		return row{}, err
	}
	connection, err := s.connect(ctx, v, "large")
	if err != nil {
		return row{}, err
	}
	seen, err := watch(s.process, func() error { return s.pull(ctx, connection) })
	if err != nil {
		return row{}, err
	}
	half := len(seen) / 2
	if half == 0 {
		return row{}, fmt.Errorf("the pull of %d rows was too short to be sampled", b.memoryRows)
	}
	return row{
		what:  fmt.Sprintf("memory while pulling %d rows", v.rows),
		reach: "≤ 120 MiB, flat",
		also: fmt.Sprintf(
			"peak %.0f MiB in the first half, %.0f MiB in the second",
			slices.Max(seen[:half]),
			slices.Max(seen[half:]),
		),
	}, nil
}

// watch calls the function fn, and samples the memory of a process until the function returns. It returns the samples
// in MiB, and the error that the function returned.
func watch(p *process, fn func() error) (seen []float64, err error) {
	ended := make(chan error, 1)
	go func() { ended <- fn() }()
	for {
		select {
		case err := <-ended:
			return seen, err
		case <-time.After(50 * time.Millisecond):
			seen = append(seen, p.rss())
		}
	}
}
