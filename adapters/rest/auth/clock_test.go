package auth

import (
	"testing"
	"time"
)

// A clock that is set back, as time servers do, must neither stop the key rotation nor keep
// tokens cached until it has caught up.
func TestKeysStillRotateAfterTheClockIsSetBack(t *testing.T) {
	first, second, firstSet, secondSet := twoKeysAndTokens(t)
	issuer := newRotatingIssuer(t, firstSet)
	v, clock := issuer.verifier(t)
	mustVerify(t, v, first)
	clock.Advance(-10 * time.Second)
	issuer.publish(secondSet)
	mustVerify(t, v, second)
	mustReject(t, v, first)
}

func TestCachedTokensAreDroppedAfterTheClockIsSetBack(t *testing.T) {
	v, clock, finds := newCountingVerifier(t)
	token := signHS256(goodClaims())
	mustVerify(t, v, token)
	finds.reset()
	clock.Advance(-10 * time.Second)
	mustVerify(t, v, token)
	if n := finds.reset(); n != 1 {
		t.Errorf("verified %d times since the clock was set back", n)
	}
}
