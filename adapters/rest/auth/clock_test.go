package auth

import (
	"testing"
	"time"
)

// A clock that is set back, as time servers do, must stop neither the rotation of keys nor
// the forgetting of tokens until it has caught up.
func TestAClockThatIsSetBackStopsNoRotation(t *testing.T) {
	first, second, firstSet, secondSet := tokensOfTheRing(t)
	issuer := newRotating(t, firstSet)
	v, clock := issuer.verifier(t)
	comesIn(t, v, first)
	clock.Pass(-10 * time.Second)
	issuer.publish(secondSet)
	comesIn(t, v, second)
	staysOut(t, v, first)
}

func TestAClockThatIsSetBackForgetsTokens(t *testing.T) {
	v, clock, finds := remembering(t)
	token := shareSigned(goodClaims())
	comesIn(t, v, token)
	finds.take()
	clock.Pass(-10 * time.Second)
	comesIn(t, v, token)
	if n := finds.take(); n != 1 {
		t.Errorf("verified %d times since the clock was set back", n)
	}
}
