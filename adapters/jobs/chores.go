package jobs

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// How often the chores come round, and how many rows one round takes.
const (
	strandedEvery = 5 * time.Second
	touchesEvery  = 10 * time.Second
	backlogEvery  = 15 * time.Second
	pruneEvery    = time.Hour
	roundLimit    = 200
)

// chore is one piece of housekeeping. Every process does every chore, for a round is
// idempotent; those that look at every row are led, by whoever is first at each round:
// an elected leader that has died would leave the house alone until it is replaced.
type chore struct {
	name  string
	every time.Duration
	do    func(context.Context) error
}

// leader does a round if no other process is at one of its kind, and nothing otherwise.
type leader func(ctx context.Context, round func(context.Context) error) error

// unrivalled leads where there is no other process.
func unrivalled(ctx context.Context, round func(context.Context) error) error { return round(ctx) }

// choresOf lists what the configuration asks for. kick sends messengers for pulls; what
// looks at every connection is led, so that replicas do not ask the same at once.
func choresOf(cfg Config, keeper ports.Maintenance, kick func(context.Context, []domain.PullID) error, lead leader) []chore {
	chores := []chore{
		{"stranded", strandedEvery, func(ctx context.Context) error {
			ids, err := keeper.ListStuck(ctx, roundLimit)
			if err != nil || len(ids) == 0 {
				return err
			}
			return kick(ctx, ids)
		}},
		{"touches", touchesEvery, keeper.FlushTokenUsage},
	}
	if tell := cfg.Backlog; tell != nil {
		chores = append(chores, chore{"backlog", backlogEvery, func(ctx context.Context) error {
			age, err := keeper.BacklogAge(ctx)
			if err == nil {
				tell(age)
			}
			return err
		}})
	}
	if interval := cfg.ReconcileInterval; interval > 0 {
		every := min(max(interval/20, time.Second), 5*time.Minute)
		chores = append(chores, chore{"reconcile", every, led(lead, rounds(func(ctx context.Context) (int, error) {
			return keeper.Reconcile(ctx, interval, roundLimit)
		}))})
	}
	if keep := cfg.DeliveryRetention; keep > 0 {
		chores = append(chores, chore{"prune", pruneEvery, led(lead, rounds(func(ctx context.Context) (int, error) {
			return keeper.Prune(ctx, keep, roundLimit)
		}))})
	}
	return chores
}

func led(lead leader, do func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return lead(ctx, do) }
}

// rounds repeats a bounded round while it comes back full.
func rounds(round func(context.Context) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			if n, err := round(ctx); err != nil || n < roundLimit || ctx.Err() != nil {
				return err
			}
		}
	}
}

// house keeps chores going until it is left.
type house struct {
	cancel context.CancelFunc
	rooms  sync.WaitGroup
}

// keep starts the chores, each on its own, so that a slow one holds up no other.
func keep(ctx context.Context, chores []chore, observe func(ports.BackgroundError)) *house {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h := &house{cancel: cancel}
	for _, c := range chores {
		h.rooms.Go(func() { c.repeat(ctx, observe) })
	}
	return h
}

// leave ends the chores and waits for the rounds that are under way, no longer than ctx:
// a keeper that does not listen must not hold up the exit.
func (h *house) leave(ctx context.Context) {
	h.cancel()
	empty := make(chan struct{})
	go func() { h.rooms.Wait(); close(empty) }()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

// repeat does the chore every now and then, with a fifth of jitter, so that replicas that
// were started together do not stay together.
func (c chore) repeat(ctx context.Context, observe func(ports.BackgroundError)) {
	timer := time.NewTimer(rand.N(c.every))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := guarded(func() error { return c.do(ctx) })
		if err != nil && ctx.Err() == nil {
			observe(ports.BackgroundError{Task: "chore " + c.name, Err: err})
		}
		timer.Reset(c.every*9/10 + rand.N(c.every/5))
	}
}
