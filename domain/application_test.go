package domain_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// A deleted connection can still be erased at the vendor. For this it needs the new secret, but a new client id has
// no access to its account.
func TestConnectionsFollowTheCredentialOfTheirApplication(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	own, other := domain.ClientKey{1}, domain.ClientKey{2}
	for name, tc := range map[string]struct {
		deleted bool
		client  domain.ClientKey
		sealed  string
		left    domain.ClientKey
	}{
		"a live connection":                        {false, own, "new", own},
		"a live connection, another client id":     {false, other, "new", other},
		"a deleted connection":                     {true, own, "new", own},
		"a deleted connection, another client id":  {true, other, "old", own},
		"a deleted connection, client id unknown":  {true, domain.ClientKey{}, "old", own},
		"a live connection, the client id unknown": {false, domain.ClientKey{}, "new", domain.ClientKey{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := domain.Connection{Sealed: domain.Sealed("old"), Client: own, Revision: 3}
			if tc.deleted {
				c.Delete(at)
			}
			c.Follow(domain.Sealed("new"), tc.client, at.Add(time.Hour))
			if string(c.Sealed) != tc.sealed || c.Client != tc.left {
				t.Errorf("the credential is %q, the client id %v", c.Sealed, c.Client)
			}
			if rotated := c.Revision == 4; rotated == tc.deleted {
				t.Errorf("the revision is %d", c.Revision)
			}
		})
	}
}

func TestARenewalIsPlannedOnlyForAWebhookThatWasLost(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	never, earlier := time.Time{}, at.Add(-time.Second)
	token := func(state domain.RegistrationState, revokedAt time.Time) domain.WebhookToken {
		return domain.WebhookToken{RevokedAt: revokedAt, Registration: domain.WebhookRegistration{State: state}}
	}
	for name, tc := range map[string]struct {
		changed []domain.WebhookToken
		want    bool
	}{
		"no token":                        {nil, false},
		"removed now":                     {[]domain.WebhookToken{token(domain.RegistrationRemoving, at)}, true},
		"removed before":                  {[]domain.WebhookToken{token(domain.RegistrationRemoving, earlier)}, false},
		"passed to another connection":    {[]domain.WebhookToken{token(domain.RegistrationActive, never)}, true},
		"pending":                         {[]domain.WebhookToken{token(domain.RegistrationPending, at)}, false},
		"without a webhook of the vendor": {[]domain.WebhookToken{token(domain.NotRegistered, at)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := domain.Application{}
			a.RenewRegistration(tc.changed, "https://receiver.example", "alice", at)
			want := domain.RegistrationRenewal{}
			if tc.want {
				want = domain.RegistrationRenewal{
					DueAt: at, Since: at, Receiver: "https://receiver.example", Actor: "alice",
				}
			}
			if a.Renewal != want {
				t.Errorf("the renewal is %+v", a.Renewal)
			}
		})
	}
}

func TestAFailedRenewalIsGivenUpAfterAWeek(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := domain.RegistrationRenewal{DueAt: at, Since: at, Attempts: 3}
	if next := r.Failed(at); !next.DueAt.Equal(at.Add(20 * time.Second)) {
		t.Errorf("the third attempt is followed by one at %v", next.DueAt)
	}
	if next := r.Failed(at.Add(domain.RegistrationGiveUp)); next != (domain.RegistrationRenewal{}) {
		t.Errorf("after a week: %+v", next)
	}
}

func TestAChangeOfAnApplicationIsOneRevision(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sealed := domain.Sealed("new")
	a := domain.Application{Name: "a", Sealed: domain.Sealed("old"), Revision: 1}
	a.Rename("b")
	a.Rotate(sealed)
	a.BumpRevision(at)
	sealed[0] = 'x'
	if a.Name != "b" || string(a.Sealed) != "new" || a.Revision != 2 || !a.UpdatedAt.Equal(at) {
		t.Errorf("%+v", a)
	}
}
