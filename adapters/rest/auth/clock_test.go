package auth

import (
	"testing"
	"time"
)

// A clock may be set back, for example by a time server. Until the clock has reached its former
// time again, rotated keys must still be fetched, and cached tokens must not be accepted.
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
