package porttest

import (
	"crypto/sha256"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// idempotencyPromises are those of ports.IdempotencyStore.
var idempotencyPromises = []promise{
	{"a free key is claimed, and its answer is given again as it was", answerIsRepeated},
	{"a key in flight is a conflict until its claim is stale", claimGoesStale},
	{"a key with another fingerprint is a conflict", fingerprintsDiffer},
	{"an answer is kept for its time", answerGoesStale},
	{"an abandoned key is free, an answer cannot be abandoned", abandonFrees},
	{"keys are the tenant's own", keysKeepTenants},
	{"of many claims of one key one succeeds", oneClaimWins},
	{"of many claims of one stale key one succeeds", oneStaleClaimWins},
	{"old answers are forgotten, young ones are not", forgetOld},
}

var (
	asked   = domain.Fingerprint(sha256.Sum256([]byte("asked")))
	another = domain.Fingerprint(sha256.Sum256([]byte("another")))
)

// instant is the smallest step of time a store keeps.
const instant = time.Microsecond

func (b *bench) begin(key string, f domain.Fingerprint, at time.Time) (*ports.StoredResponse, error) {
	return b.Idempotency.Begin(b.ctx, b.tenant, key, f, at)
}

// begins asks for a claim.
func (b *bench) begins(key string, f domain.Fingerprint, at time.Time) {
	b.Helper()
	answer, err := b.begin(key, f, at)
	b.ok(err)
	b.same("answer of a free key", (*ports.StoredResponse)(nil), answer)
}

func (b *bench) answer(key string, at time.Time) ports.StoredResponse {
	b.Helper()
	answer := ports.StoredResponse{
		Status: 201, Headers: map[string]string{"Location": "/x?a='%", "ETag": `"1"`}, Body: []byte("{\"a\": 1}\x00\xff\n"),
	}
	b.ok(b.Idempotency.Finish(b.ctx, b.tenant, key, answer, at))
	return answer
}

func answerIsRepeated(b *bench) {
	at := b.now()
	for _, key := range []string{"key", "KEY", "a:b_c-1"} {
		b.begins(key, asked, at)
		want := b.answer(key, at)
		for range 2 {
			got, err := b.begin(key, asked, at.Add(time.Hour))
			b.ok(err)
			b.same("answer", &want, got)
		}
	}
	b.begins("bare", asked, at)
	b.ok(b.Idempotency.Finish(b.ctx, b.tenant, "bare", ports.StoredResponse{Status: 204}, at))
	got, err := b.begin("bare", asked, at)
	b.ok(err)
	b.same("an answer without body", &ports.StoredResponse{Status: 204}, got)
}

// claimGoesStale: a process died in the middle. Whoever claims the key then has it for
// as long as the first had.
func claimGoesStale(b *bench) {
	at := b.now()
	b.begins("key", asked, at)
	for _, age := range []time.Duration{0, ports.ClaimTimeout - instant, ports.ClaimTimeout} {
		_, err := b.begin("key", asked, at.Add(age))
		b.fails(err, domain.Conflict)
		b.fails(err, domain.KeyInFlight)
	}
	again := at.Add(ports.ClaimTimeout + instant)
	b.begins("key", another, again)
	_, err := b.begin("key", another, again.Add(ports.ClaimTimeout))
	b.fails(err, domain.KeyInFlight)
}

func fingerprintsDiffer(b *bench) {
	at := b.now()
	b.begins("key", asked, at)
	_, err := b.begin("key", another, at)
	b.fails(err, domain.Conflict)
	want := b.answer("key", at)
	_, err = b.begin("key", another, at.Add(time.Hour))
	b.fails(err, domain.Conflict)
	b.fails(err, domain.KeyReused)
	got, err := b.begin("key", asked, at.Add(time.Hour))
	b.ok(err)
	b.same("the first answer", &want, got)
}

func answerGoesStale(b *bench) {
	at := b.now()
	b.begins("key", asked, at)
	want := b.answer("key", at)
	got, err := b.begin("key", asked, at.Add(ports.ResponseRetention))
	b.ok(err)
	b.same("answer at the end of its time", &want, got)
	late := at.Add(ports.ResponseRetention + instant)
	b.begins("key", another, late)
	_, err = b.begin("key", another, late)
	b.fails(err, domain.KeyInFlight)
}

// abandonFrees has a late abandon, of a process that was thought dead.
func abandonFrees(b *bench) {
	at := b.now()
	abandon := func(key string) {
		b.Helper()
		b.ok(b.Idempotency.Release(b.ctx, b.tenant, key))
	}
	abandon("key")
	b.begins("key", asked, at)
	abandon("key")
	b.begins("key", another, at)
	want := b.answer("key", at)
	abandon("key")
	got, err := b.begin("key", another, at)
	b.ok(err)
	b.same("answer", &want, got)
}

func keysKeepTenants(b *bench) {
	at, mine := b.now(), b.tenant
	b.begins("key", asked, at)
	want := b.answer("key", at)
	b.tenant = newTenant()
	b.begins("key", another, at)
	b.ok(b.Idempotency.Release(b.ctx, b.tenant, "key"))
	b.tenant = mine
	got, err := b.begin("key", asked, at)
	b.ok(err)
	b.same("answer", &want, got)
}

// winners counts the claims that succeed of many at once.
func (b *bench) winners(key string, at time.Time) int32 {
	var won atomic.Int32
	race(16, func(int) {
		answer, err := b.begin(key, asked, at)
		switch {
		case err == nil && answer == nil:
			won.Add(1)
		case domain.CodeOf(err) != domain.KeyInFlight:
			b.Errorf("answer %v, error %v", answer, err)
		}
	})
	return won.Load()
}

func oneClaimWins(b *bench) { b.same("winners", int32(1), b.winners("key", b.now())) }

// oneStaleClaimWins fails where a stale claim is deleted and inserted in two steps.
func oneStaleClaimWins(b *bench) {
	at := b.now()
	b.begins("key", asked, at)
	b.same("winners", int32(1), b.winners("key", at.Add(2*ports.ClaimTimeout)))
}

// forgetOld plays in a year of its own: forgetting sees the answers of every tenant.
func forgetOld(b *bench) {
	old := time.Date(1999, time.May, 1, 0, 0, 0, 0, time.UTC)
	for _, key := range []string{"a", "b", "c"} {
		b.begins(key, asked, old)
		b.answer(key, old)
	}
	b.begins("young", asked, old.AddDate(1, 0, 0))
	young := b.answer("young", old.AddDate(1, 0, 0))
	forgotten := 0
	for {
		n, err := b.Idempotency.Prune(b.ctx, old.AddDate(0, 1, 0), 2)
		b.ok(err)
		if n > 2 {
			b.Fatalf("%d answers forgotten, limit 2", n)
		}
		if n == 0 {
			break
		}
		forgotten += n
	}
	if forgotten < 3 {
		b.Errorf("%d answers forgotten, want 3 or more", forgotten)
	}
	b.begins("a", another, old)
	got, err := b.begin("young", asked, old.AddDate(1, 0, 0))
	b.ok(err)
	b.same("a young answer", &young, got)
}
