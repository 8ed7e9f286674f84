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

func respondWith(status int) func(context.Context) (ports.StoredResponse, error) {
	return func(context.Context) (ports.StoredResponse, error) {
		return ports.StoredResponse{Status: status, Headers: map[string]string{"Location": "/x"},
			Body: []byte("{}")}, nil
	}
}

func mustNotRun(context.Context) (ports.StoredResponse, error) { panic("ran twice") }

func TestARepeatedRequestGetsTheFirstResponse(t *testing.T) {
	e := newEnv(t)
	first, replayed, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(201))
	e.noError(err)
	if replayed {
		t.Error("the first response is marked as replayed")
	}
	e.clock.pass(ports.ResponseRetention - time.Minute)
	again, replayed, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, mustNotRun)
	e.noError(err)
	if !replayed {
		t.Error("a repeated response is not marked as replayed")
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	e.clock.pass(time.Hour)
	if _, replayed, err = e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(200)); err != nil ||
		replayed {
		t.Errorf("after the retention: %v, %v", replayed, err)
	}
}

func TestTenantsDoNotShareIdempotencyKeys(t *testing.T) {
	e := newEnv(t)
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(201))
	e.noError(err)
	_, replayed, err := e.Do(e.ctx, domain.TenantID{UUID: uuid.New()}, "key", domain.Fingerprint{2}, respondWith(201))
	e.noError(err)
	if replayed {
		t.Error("another tenant's response was returned")
	}
}

func TestAKeyReusedForAnotherRequestIsAConflict(t *testing.T) {
	e := newEnv(t)
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(201))
	e.noError(err)
	_, _, err = e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{2}, mustNotRun)
	e.wantError(err, domain.Conflict, domain.KeyReused)
}

func TestAKeyInFlightIsAConflict(t *testing.T) {
	e := newEnv(t)
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1},
		func(ctx context.Context) (ports.StoredResponse, error) {
			_, _, err := e.Do(ctx, e.tenant, "key", domain.Fingerprint{1}, mustNotRun)
			e.wantError(err, domain.Conflict, domain.KeyInFlight)
			return respondWith(201)(ctx)
		})
	e.noError(err)
}

// If a process dies, its claim of an idempotency key must remain valid for a minute and then expire.
func TestAClaimOfADeadProcessExpires(t *testing.T) {
	e := newEnv(t)
	ran := false
	restore := e.failOperation("Idempotency.Finish")
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(201))
	e.noError(err)
	restore()
	if failures := eventsOf[ports.BackgroundError](e.events); len(failures) != 1 ||
		failures[0].Task != "idempotency.keep" {
		t.Errorf("emitted %v", failures)
	}
	_, _, err = e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, mustNotRun)
	e.wantError(err, domain.KeyInFlight)
	e.clock.pass(ports.ClaimTimeout + time.Second)
	_, _, err = e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1},
		func(ctx context.Context) (ports.StoredResponse, error) {
			ran = true
			return respondWith(201)(ctx)
		})
	e.noError(err)
	if !ran {
		t.Error("the key is still claimed, although its claim has expired")
	}
}

func TestAFailedRequestReleasesItsKey(t *testing.T) {
	failure := errors.New("failed")
	tests := map[string]func(context.Context) (ports.StoredResponse, error){
		"an error":    func(context.Context) (ports.StoredResponse, error) { return ports.StoredResponse{}, failure },
		"no response": func(context.Context) (ports.StoredResponse, error) { return ports.StoredResponse{}, nil },
		"a panic":     func(context.Context) (ports.StoredResponse, error) { panic(failure) },
		"a caller's end": func(ctx context.Context) (ports.StoredResponse, error) {
			return ports.StoredResponse{}, context.Canceled
		},
		"an error status": func(context.Context) (ports.StoredResponse, error) {
			return ports.StoredResponse{Status: 500}, failure
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			ctx, cancel := context.WithCancel(e.ctx)
			func() {
				defer func() { _ = recover() }()
				_, replayed, err := e.Do(ctx, e.tenant, "key", domain.Fingerprint{1},
					func(ctx context.Context) (ports.StoredResponse, error) {
						cancel() // the caller disconnects; the key must be freed nevertheless
						return do(ctx)
					})
				if replayed || (err == nil) != (name == "no response") {
					t.Errorf("got %v, %v", replayed, err)
				}
			}()
			_, replayed, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{2}, respondWith(201))
			e.noError(err)
			if replayed {
				t.Error("the key was not freed")
			}
		})
	}
}

func TestAFailureToReleaseAKeyIsEmitted(t *testing.T) {
	e := newEnv(t)
	e.failOperation("Idempotency.Release")
	failure := errors.New("failed")
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1},
		func(context.Context) (ports.StoredResponse, error) {
			return ports.StoredResponse{}, failure
		})
	e.wantError(err, failure)
	if failures := eventsOf[ports.BackgroundError](e.events); len(failures) != 1 ||
		failures[0].Task != "idempotency.abandon" {
		t.Errorf("emitted %v", failures)
	}
}

// If a request takes longer than ClaimTimeout, a repetition of the request can claim the key. When the
// slow request fails, it must not release the key while the repetition still runs.
func TestASlowRequestDoesNotReleaseTheClaimOfItsRepetition(t *testing.T) {
	e := newEnv(t)
	failure := errors.New("failed")
	running, end, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	repeat := func() {
		_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1},
			func(ctx context.Context) (ports.StoredResponse, error) {
				close(running)
				<-end
				return respondWith(201)(ctx)
			})
		done <- err
	}
	_, _, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1},
		func(context.Context) (ports.StoredResponse, error) {
			e.clock.pass(ports.ClaimTimeout + time.Second)
			go repeat()
			<-running
			return ports.StoredResponse{}, failure
		})
	e.wantError(err, failure)
	_, _, err = e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, respondWith(200))
	close(end)
	e.noError(<-done)
	e.wantError(err, domain.Conflict, domain.KeyInFlight)
	stored, replayed, err := e.Do(e.ctx, e.tenant, "key", domain.Fingerprint{1}, mustNotRun)
	e.noError(err)
	if !replayed || stored.Status != 201 {
		t.Errorf("got %d, replayed %t, want the response of the repetition", stored.Status, replayed)
	}
}
