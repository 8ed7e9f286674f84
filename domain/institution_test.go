package domain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheStatusOfABankCountsItsConnections(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	bank := domain.BankFacts{Institution: domain.Institution{ID: "201", Name: "Bank"}}
	reason := func(reasons ...domain.AttentionReason) (all []domain.Attention) {
		for _, r := range reasons {
			all = append(all, domain.Attention{Reason: r})
		}
		return all
	}
	var s domain.InstitutionStatus
	for _, c := range []struct {
		paused  bool
		ago     time.Duration
		reasons []domain.Attention
	}{
		{false, time.Hour, nil},
		{false, 2 * time.Hour, reason(domain.NeedsBankRead, domain.NeedsPull)},
		{true, 3 * time.Hour, nil},
		{false, 4 * time.Hour, reason(domain.NeedsReauth)},
		{false, 5 * time.Hour, reason(domain.NeedsConsent)},
		{false, 6 * time.Hour, reason(domain.NeedsRevokedConsent, domain.NeedsPull)},
	} {
		s.Add(&domain.ConnectionFacts{Bank: bank, Paused: c.paused, BankReadAt: at.Add(-c.ago)}, c.reasons)
	}
	s.Add(&domain.ConnectionFacts{}, nil)
	want := domain.InstitutionStatus{
		Name: "Bank", Connections: 7, BankReadAt: at.Add(-2 * time.Hour),
		Reasons: map[domain.AttentionReason]int{
			domain.NeedsBankRead: 1, domain.NeedsPull: 2, domain.NeedsReauth: 1, domain.NeedsConsent: 1,
			domain.NeedsRevokedConsent: 1,
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestPercentilesOfTheDelaysOfReadings(t *testing.T) {
	d := domain.ReadingDelays{}
	if _, ok := d.Percentile(50); ok {
		t.Error("a percentile without a delay")
	}
	d.Add(5, 1, 18)
	d.Add(3, 3, 1) // also 27 and 51 hours
	check := func(percent, want int) {
		t.Helper()
		if got, ok := d.Percentile(percent); got != want || !ok {
			t.Errorf("p%d is %d, %v; want %d", percent, got, ok, want)
		}
	}
	check(1, 3)
	check(50, 5)
	check(95, 27)
	check(100, 51)
	long := domain.ReadingDelays{}
	long.Add(0, 400, 1)
	if len(long) != domain.InstitutionDays {
		t.Errorf("%d days count, want %d", len(long), domain.InstitutionDays)
	}
}
