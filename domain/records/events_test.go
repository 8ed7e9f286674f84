package records_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

var (
	someID       = uuid.UUID{7}
	connectionID = domain.ConnectionID{UUID: someID}
	epoch        = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
)

func TestEventOfAChangedHealth(t *testing.T) {
	reauth := domain.Health{NeedsReauth: true}
	for _, tc := range []struct {
		name          string
		kind          domain.ConnectionKind
		before, after domain.Health
		want          events.EventType
	}{
		{"the holder must sign in", domain.Aggregator, domain.Health{}, reauth, events.ConnectionReauthRequired},
		{"the holder has signed in", domain.Aggregator, reauth, domain.Health{Status: domain.Healthy},
			events.ConnectionRecovered},
		{"a reset is no recovery", domain.Aggregator, reauth, domain.Health{}, ""},
		{"the need stays", domain.Aggregator, reauth, domain.Health{NeedsReauth: true, Status: domain.Healthy}, ""},
		{"there was no need", domain.Aggregator, domain.Health{}, domain.Health{Status: domain.Healthy}, ""},
		{"engine connections have no events", domain.Engine, domain.Health{}, reauth, ""},
	} {
		before := domain.Connection{ID: connectionID, Kind: tc.kind, Health: tc.before}
		after := before
		after.Health = tc.after
		_, recorded := records.OfHealth(before, after)
		wantEvents(t, tc.name, recorded, tc.want)
	}
}

// Each step changes the health of a connection. An operator's new credential resets the health.
func TestARecoveryIsReportedAfterANewCredential(t *testing.T) {
	reauth := domain.Health{Status: domain.Unhealthy, NeedsReauth: true, Reason: domain.CredentialRejected}
	c := domain.Connection{ID: connectionID, Kind: domain.Aggregator}
	for _, step := range []struct {
		name   string
		health domain.Health
		want   events.EventType
	}{
		{"the credential is rejected", reauth, events.ConnectionReauthRequired},
		{"a new credential", domain.Health{}, ""},
		{"the vendor does not know the account", domain.Health{Status: domain.Unhealthy,
			Reason: domain.AccountNotFound}, ""},
		{"a success", domain.Health{Status: domain.Healthy}, events.ConnectionRecovered},
		{"another success", domain.Health{Status: domain.Healthy, Since: epoch}, ""},
		{"rejected again", reauth, events.ConnectionReauthRequired},
		{"another new credential", domain.Health{}, ""},
		{"which is rejected, too", reauth, events.ConnectionReauthRequired},
		{"the holder has signed in", domain.Health{Status: domain.Unhealthy, Reason: domain.AccountNotFound},
			events.ConnectionRecovered},
		{"a success without another event", domain.Health{Status: domain.Healthy}, ""},
	} {
		before := c
		c.Health = step.health
		var recorded []records.Event
		c.Announced, recorded = records.OfHealth(before, c)
		wantEvents(t, step.name, recorded, step.want)
	}
}

func TestTheFirstSuccessAfterAFailedPullIsReported(t *testing.T) {
	c, pull := domain.Connection{ID: connectionID, Kind: domain.Aggregator}, domain.PullID{UUID: someID}
	for i, step := range []struct {
		end  domain.PullState
		want events.EventType
	}{
		{domain.PullSucceeded, ""},
		{domain.PullFailed, events.PullFailedEvent},
		{domain.PullQueued, ""},
		{domain.PullFailed, events.PullFailedEvent},
		{domain.PullSucceeded, events.PullRecoveredEvent},
		{domain.PullSucceeded, ""},
	} {
		var recorded []records.Event
		c.Announced, recorded = records.OfPull(c, pull, step.end)
		wantEvents(t, fmt.Sprint("step ", i, ": ", step.end), recorded, step.want)
	}
	c.Announced.PullFailed, c.DeletedAt = true, epoch
	_, recorded := records.OfPull(c, pull, domain.PullSucceeded)
	wantEvents(t, "the connection was deleted", recorded, "")
}

func TestEventOfASilentConnection(t *testing.T) {
	heard := domain.Connection{ID: connectionID}
	silent := heard
	silent.Webhook.MissedAt = epoch
	wantEvents(t, "a webhook is missing", records.OfSilence(heard, silent), events.ConnectionSilent)
	wantEvents(t, "another webhook is missing", records.OfSilence(silent, silent), "")
	wantEvents(t, "a webhook has arrived", records.OfSilence(silent, heard), "")
}

func TestEventsOfErasuresConsentsAndCheckpoints(t *testing.T) {
	e := domain.Erasure{Connection: connectionID, Status: domain.ErasureDone}
	wantEvents(t, "the erasure has ended", records.OfErasure(e), events.ConnectionErased)
	e.Status = domain.ErasureFailed
	wantEvents(t, "the erasure has failed", records.OfErasure(e), "")
	wantEvents(t, "consent", []records.Event{records.OfConsent(connectionID)}, events.ConnectionConsentExpiring)
	checkpoint := records.OfCheckpoint(domain.TenantID{UUID: someID})
	wantEvents(t, "checkpoint", []records.Event{checkpoint}, events.AuditCheckpoint)
}

func TestEventOfACompletenessState(t *testing.T) {
	for state, want := range map[books.CompletenessState]events.EventType{
		books.Drifting: events.AccountDriftingEvent, books.Complete: events.AccountCompleteEvent,
		books.CompletenessUnknown: "",
	} {
		var recorded []records.Event
		if e, ok := records.OfCompleteness(domain.AccountID{UUID: someID}, state); ok {
			recorded = append(recorded, e)
		}
		wantEvents(t, string(state), recorded, want)
	}
}

// wantEvents checks that events contains one event of each given type about someID, in this order. A type "" means that
// there is no event.
func wantEvents(t *testing.T, name string, recorded []records.Event, types ...events.EventType) {
	t.Helper()
	var want []records.Event
	for _, kind := range types {
		if kind != "" {
			want = append(want, records.Event{Type: kind, Subject: someID.String()})
		}
	}
	if !slices.Equal(recorded, want) {
		t.Errorf("%s: the events are %v instead of %v", name, recorded, want)
	}
}
