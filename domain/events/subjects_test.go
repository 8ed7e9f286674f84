package events_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

func TestASubjectOfTwoIDsIsParsed(t *testing.T) {
	old, newer := domain.TransactionID{UUID: uuid.New()}, domain.TransactionID{UUID: uuid.New()}
	subscription := events.SubscriptionID{UUID: uuid.New()}
	subject := events.SuggestionSubject(old, newer)
	if x, y, err := events.ParseSuggestionSubject(subject); x != old || y != newer || err != nil {
		t.Errorf("%s is parsed as %s, %s, %v", subject, x, y, err)
	}
	conflict := events.ConflictSubject(subscription, newer)
	if x, y, err := events.ParseConflictSubject(conflict); x != subscription || y != newer || err != nil {
		t.Errorf("%s is parsed as %s, %s, %v", conflict, x, y, err)
	}
	for _, text := range []string{"", "/", old.String(), old.String() + "/", "/" + old.String(), "x/" + old.String()} {
		if _, _, err := events.ParseSuggestionSubject(text); err == nil {
			t.Errorf("%q is a pair of records", text)
		}
		if _, _, err := events.ParseConflictSubject(text); err == nil {
			t.Errorf("%q is a conflict", text)
		}
	}
	for kind, want := range map[events.EventType]string{
		events.ReplacementPossible: newer.String(), events.ReplacementDecided: newer.String(),
		events.MatcherConflict: newer.String(), events.PeriodAdjusted: subject,
	} {
		if got := events.PublicSubject(kind, subject); got != want {
			t.Errorf("receivers of %s see %s, want %s", kind, got, want)
		}
	}
}
