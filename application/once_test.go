package application_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func answering(status int) func(context.Context) (ports.StoredResponse, error) {
	return func(context.Context) (ports.StoredResponse, error) {
		return ports.StoredResponse{Status: status, Headers: map[string]string{"Location": "/x"}, Body: []byte("{}")}, nil
	}
}

func never(context.Context) (ports.StoredResponse, error) { panic("ran twice") }

func TestARepeatGivesTheFirstAnswer(t *testing.T) {
	b := newBench(t)
	first, replayed, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, answering(201))
	b.ok(err)
	if replayed {
		t.Error("the first is no repeat")
	}
	b.clock.pass(ports.ResponseRetention - time.Minute)
	again, replayed, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, never)
	b.ok(err)
	if !replayed {
		t.Error("a repeat does not say so")
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	b.clock.pass(time.Hour)
	if _, replayed, err = b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, answering(200)); err != nil || replayed {
		t.Errorf("after its time: %v, %v", replayed, err)
	}
}

func TestAKeyIsItsTenantsOwn(t *testing.T) {
	b := newBench(t)
	_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, answering(201))
	b.ok(err)
	_, replayed, err := b.Do(b.ctx, domain.TenantID{UUID: uuid.New()}, "key", domain.Fingerprint{2}, answering(201))
	b.ok(err)
	if replayed {
		t.Error("another tenant's answer was given")
	}
}

func TestAKeyReused(t *testing.T) {
	b := newBench(t)
	_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, answering(201))
	b.ok(err)
	_, _, err = b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{2}, never)
	b.fails(err, domain.Conflict, domain.KeyReused)
}

func TestAKeyInFlight(t *testing.T) {
	b := newBench(t)
	_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, func(ctx context.Context) (ports.StoredResponse, error) {
		_, _, err := b.Do(ctx, b.tenant, "key", domain.Fingerprint{1}, never)
		b.fails(err, domain.Conflict, domain.KeyInFlight)
		return answering(201)(ctx)
	})
	b.ok(err)
}

// A claim whose process died is believed for a minute.
func TestAClaimOfADeadProcess(t *testing.T) {
	b := newBench(t)
	ran := false
	over := b.outage("Idempotency.Finish")
	_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, answering(201))
	b.ok(err)
	over()
	if faults := noted[ports.BackgroundError](b.seen); len(faults) != 1 || faults[0].Task != "idempotency.keep" {
		t.Errorf("observed %v", faults)
	}
	_, _, err = b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, never)
	b.fails(err, domain.KeyInFlight)
	b.clock.pass(ports.ClaimTimeout + time.Second)
	_, _, err = b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, func(ctx context.Context) (ports.StoredResponse, error) {
		ran = true
		return answering(201)(ctx)
	})
	b.ok(err)
	if !ran {
		t.Error("the stale claim was believed")
	}
}

func TestWhatCameToNothingFreesTheKey(t *testing.T) {
	failure := errors.New("failed")
	tests := map[string]func(context.Context) (ports.StoredResponse, error){
		"an error":  func(context.Context) (ports.StoredResponse, error) { return ports.StoredResponse{}, failure },
		"no answer": func(context.Context) (ports.StoredResponse, error) { return ports.StoredResponse{}, nil },
		"a panic":   func(context.Context) (ports.StoredResponse, error) { panic(failure) },
		"a caller's end": func(ctx context.Context) (ports.StoredResponse, error) {
			return ports.StoredResponse{}, context.Canceled
		},
		"an error status": func(context.Context) (ports.StoredResponse, error) { return ports.StoredResponse{Status: 500}, failure },
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			ctx, cancel := context.WithCancel(b.ctx)
			func() {
				defer func() { _ = recover() }()
				_, replayed, err := b.Do(ctx, b.tenant, "key", domain.Fingerprint{1}, func(ctx context.Context) (ports.StoredResponse, error) {
					cancel() // the key is freed although the caller has left
					return do(ctx)
				})
				if replayed || (err == nil) != (name == "no answer") {
					t.Errorf("got %v, %v", replayed, err)
				}
			}()
			_, replayed, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{2}, answering(201))
			b.ok(err)
			if replayed {
				t.Error("the key was not freed")
			}
		})
	}
}

func TestAnAbandonThatFailsIsObserved(t *testing.T) {
	b := newBench(t)
	b.outage("Idempotency.Abandon")
	failure := errors.New("failed")
	_, _, err := b.Do(b.ctx, b.tenant, "key", domain.Fingerprint{1}, func(context.Context) (ports.StoredResponse, error) {
		return ports.StoredResponse{}, failure
	})
	b.fails(err, failure)
	if faults := noted[ports.BackgroundError](b.seen); len(faults) != 1 || faults[0].Task != "idempotency.abandon" {
		t.Errorf("observed %v", faults)
	}
}
