package domain_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheWaitOfAnErasureForMatcherGrowsWithItsAge(t *testing.T) {
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	e := domain.Erasure{CreatedAt: at, LastError: domain.VendorUnreachable}
	if e.AwaitsMatcher() {
		t.Error("it awaits Matcher before it has waited")
	}
	for age, want := range map[time.Duration]time.Duration{
		0: 2 * time.Second, 7 * time.Second: 2 * time.Second, 20 * time.Second: 5 * time.Second,
		time.Hour: 10 * time.Minute, 6 * 24 * time.Hour: 10 * time.Minute,
	} {
		e.WaitForMatcher(at.Add(age))
		if got := e.DueAt.Sub(at.Add(age)); got != want || !e.AwaitsMatcher() {
			t.Errorf("after %s it waits %s, want %s", age, got, want)
		}
	}
	if e.MatcherGivenUp(at.Add(domain.ErasureGiveUp-time.Second)) || !e.MatcherGivenUp(at.Add(domain.ErasureGiveUp)) {
		t.Error("it does not give up after ErasureGiveUp")
	}
}
