package porttest

import (
	"crypto/sha256"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// idempotencyTests check ports.IdempotencyStore.
var idempotencyTests = []storeTest{
	{"a free key is claimed, and its stored response is returned unchanged", responseIsReplayed},
	{"a key in flight is a conflict until its claim times out", claimTimesOut},
	{"a key with another fingerprint is a conflict", fingerprintsDiffer},
	{"a response is stored until its retention ends", responseExpires},
	{"a released key is free, but a finished one cannot be released", releaseFreesTheKey},
	{"a claim that was taken over is not ended by the request that made the first claim", claimIsFenced},
	{"a claim with a time of any precision can be ended", claimTimeIsExact},
	{"keys are separate per tenant", keysAreTenantScoped},
	{"of concurrent claims of one key exactly one succeeds", concurrentClaims},
	{"of concurrent claims of one stale key exactly one succeeds", concurrentClaimsOfStaleKey},
	{"old responses are pruned, young ones are not", pruneRemovesOldResponses},
}

var (
	fingerprintA = domain.Fingerprint(sha256.Sum256([]byte("asked")))
	fingerprintB = domain.Fingerprint(sha256.Sum256([]byte("another")))
)

// timeResolution is the smallest time difference that a store can represent.
const timeResolution = time.Microsecond

func (f *fixture) beginKey(key string, fingerprint domain.Fingerprint, at time.Time) (*ports.StoredResponse, error) {
	return f.Idempotency.Begin(f.ctx, f.tenant, key, fingerprint, at)
}

// claimKey claims a key, and ends the test if the key is not free.
func (f *fixture) claimKey(key string, fingerprint domain.Fingerprint, at time.Time) {
	f.Helper()
	response, err := f.beginKey(key, fingerprint, at)
	f.noError(err)
	f.equal("response of a free key", (*ports.StoredResponse)(nil), response)
}

// finishKey stores a response for a key that was claimed at the given time, and returns the response.
func (f *fixture) finishKey(key string, claimedAt time.Time) ports.StoredResponse {
	f.Helper()
	response := ports.StoredResponse{
		Status: 201, Headers: map[string]string{"Location": "/x?a='%", "ETag": `"1"`},
		Body: []byte("{\"a\": 1}\x00\xff\n"),
	}
	f.noError(f.Idempotency.Finish(f.ctx, f.tenant, key, claimedAt, response, claimedAt))
	return response
}

func responseIsReplayed(f *fixture) {
	at := f.now()
	for _, key := range []string{"key", "KEY", "a:b_c-1"} {
		f.claimKey(key, fingerprintA, at)
		want := f.finishKey(key, at)
		for range 2 {
			got, err := f.beginKey(key, fingerprintA, at.Add(time.Hour))
			f.noError(err)
			f.equal("stored response", &want, got)
		}
	}
	f.claimKey("bare", fingerprintA, at)
	f.noError(f.Idempotency.Finish(f.ctx, f.tenant, "bare", at, ports.StoredResponse{Status: 204}, at))
	got, err := f.beginKey("bare", fingerprintA, at)
	f.noError(err)
	f.equal("a response without body", &ports.StoredResponse{Status: 204}, got)
}

// claimTimesOut checks that a claim ends after its timeout. Otherwise a process that dies while it holds a claim would
// block the key forever. The next claim of the key has the same timeout.
func claimTimesOut(f *fixture) {
	at := f.now()
	f.claimKey("key", fingerprintA, at)
	for _, age := range []time.Duration{0, ports.ClaimTimeout - timeResolution, ports.ClaimTimeout} {
		_, err := f.beginKey("key", fingerprintA, at.Add(age))
		f.errorIs(err, domain.Conflict)
		f.errorIs(err, domain.KeyInFlight)
	}
	again := at.Add(ports.ClaimTimeout + timeResolution)
	f.claimKey("key", fingerprintB, again)
	_, err := f.beginKey("key", fingerprintB, again.Add(ports.ClaimTimeout))
	f.errorIs(err, domain.KeyInFlight)
}

func fingerprintsDiffer(f *fixture) {
	at := f.now()
	f.claimKey("key", fingerprintA, at)
	_, err := f.beginKey("key", fingerprintB, at)
	f.errorIs(err, domain.Conflict)
	want := f.finishKey("key", at)
	_, err = f.beginKey("key", fingerprintB, at.Add(time.Hour))
	f.errorIs(err, domain.Conflict)
	f.errorIs(err, domain.KeyReused)
	got, err := f.beginKey("key", fingerprintA, at.Add(time.Hour))
	f.noError(err)
	f.equal("the first response", &want, got)
}

func responseExpires(f *fixture) {
	at := f.now()
	f.claimKey("key", fingerprintA, at)
	want := f.finishKey("key", at)
	got, err := f.beginKey("key", fingerprintA, at.Add(ports.ResponseRetention))
	f.noError(err)
	f.equal("response at the end of its retention", &want, got)
	late := at.Add(ports.ResponseRetention + timeResolution)
	f.claimKey("key", fingerprintB, late)
	_, err = f.beginKey("key", fingerprintB, late)
	f.errorIs(err, domain.KeyInFlight)
}

// releaseFreesTheKey checks that Release frees a claimed key. It also calls Release after Finish. This can happen if a
// process resumes after its claim has timed out.
func releaseFreesTheKey(f *fixture) {
	at := f.now()
	abandon := func(key string) {
		f.Helper()
		f.noError(f.Idempotency.Release(f.ctx, f.tenant, key, at))
	}
	abandon("key")
	f.claimKey("key", fingerprintA, at)
	abandon("key")
	f.claimKey("key", fingerprintB, at)
	want := f.finishKey("key", at)
	abandon("key")
	got, err := f.beginKey("key", fingerprintB, at)
	f.noError(err)
	f.equal("stored response", &want, got)
}

// claimIsFenced checks a request that runs longer than ClaimTimeout. A repetition of the request takes over the claim.
// Afterwards the slow request must neither free the key nor store its response. A free key would allow a third
// execution.
func claimIsFenced(f *fixture) {
	at := f.now()
	taken := at.Add(ports.ClaimTimeout + timeResolution)
	late := ports.StoredResponse{Status: 500}
	endFirst := func() {
		f.Helper()
		f.noError(f.Idempotency.Release(f.ctx, f.tenant, "key", at))
		f.noError(f.Idempotency.Finish(f.ctx, f.tenant, "key", at, late, taken))
	}
	f.claimKey("key", fingerprintA, at)
	f.claimKey("key", fingerprintA, taken)
	endFirst()
	_, err := f.beginKey("key", fingerprintA, taken)
	f.errorIs(err, domain.KeyInFlight)
	want := f.finishKey("key", taken)
	endFirst()
	f.noError(f.Idempotency.Release(f.ctx, f.tenant, "key", taken))
	f.noError(f.Idempotency.Finish(f.ctx, f.tenant, "key", taken, late, taken))
	got, err := f.beginKey("key", fingerprintA, taken)
	f.noError(err)
	f.equal("stored response", &want, got)
}

// claimTimeIsExact claims a key at a time that is more precise than a database can store. The store must still find
// the claim by this time, although it has stored a rounded time.
func claimTimeIsExact(f *fixture) {
	for _, fraction := range []time.Duration{1, 499, 500, 999} {
		at := f.now().Add(fraction)
		f.claimKey("released", fingerprintA, at)
		f.noError(f.Idempotency.Release(f.ctx, f.tenant, "released", at))
		f.claimKey("released", fingerprintB, at)
		f.noError(f.Idempotency.Release(f.ctx, f.tenant, "released", at))
		key := "finished-" + fraction.String()
		f.claimKey(key, fingerprintA, at)
		want := f.finishKey(key, at)
		got, err := f.beginKey(key, fingerprintA, at)
		f.noError(err)
		f.equal("stored response", &want, got)
	}
}

func keysAreTenantScoped(f *fixture) {
	at, own := f.now(), f.tenant
	f.claimKey("key", fingerprintA, at)
	want := f.finishKey("key", at)
	f.tenant = newTenant()
	f.claimKey("key", fingerprintB, at)
	f.noError(f.Idempotency.Release(f.ctx, f.tenant, "key", at))
	f.tenant = own
	got, err := f.beginKey("key", fingerprintA, at)
	f.noError(err)
	f.equal("stored response", &want, got)
}

// winners claims a key several times concurrently and returns the number of claims that succeed.
func (f *fixture) winners(key string, at time.Time) int32 {
	var won atomic.Int32
	concurrently(16, func(int) {
		response, err := f.beginKey(key, fingerprintA, at)
		switch {
		case err == nil && response == nil:
			won.Add(1)
		case domain.CodeOf(err) != domain.KeyInFlight:
			f.Errorf("response %v, error %v", response, err)
		}
	})
	return won.Load()
}

func concurrentClaims(f *fixture) { f.equal("winners", int32(1), f.winners("key", f.now())) }

// concurrentClaimsOfStaleKey fails if a store replaces a stale claim in two steps: a delete and then an
// insert.
func concurrentClaimsOfStaleKey(f *fixture) {
	at := f.now()
	f.claimKey("key", fingerprintA, at)
	f.equal("winners", int32(1), f.winners("key", at.Add(2*ports.ClaimTimeout)))
}

// pruneRemovesOldResponses stores very old responses, and prunes with an old cutoff. Prune removes responses of every
// tenant, but the responses of the other tests are newer than the cutoff.
func pruneRemovesOldResponses(f *fixture) {
	old := time.Date(1999, time.May, 1, 0, 0, 0, 0, time.UTC)
	for _, key := range []string{"a", "b", "c"} {
		f.claimKey(key, fingerprintA, old)
		f.finishKey(key, old)
	}
	f.claimKey("young", fingerprintA, old.AddDate(1, 0, 0))
	young := f.finishKey("young", old.AddDate(1, 0, 0))
	forgotten := 0
	for {
		n, err := f.Idempotency.Prune(f.ctx, old.AddDate(0, 1, 0), 2)
		f.noError(err)
		if n > 2 {
			f.Fatalf("%d responses pruned, limit 2", n)
		}
		if n == 0 {
			break
		}
		forgotten += n
	}
	if forgotten < 3 {
		f.Errorf("%d responses pruned, want 3 or more", forgotten)
	}
	f.claimKey("a", fingerprintB, old)
	got, err := f.beginKey("young", fingerprintA, old.AddDate(1, 0, 0))
	f.noError(err)
	f.equal("a young response", &young, got)
}
