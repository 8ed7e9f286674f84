package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var linkEpoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

// openLink returns a session that was created at linkEpoch and expires half an hour later.
func openLink() domain.LinkSession {
	return domain.LinkSession{
		State: domain.LinkOpen, Name: "books", BaseURL: "https://api.example.test", Sealed: domain.Sealed("sealed"),
		CreatedAt: linkEpoch, ExpiresAt: linkEpoch.Add(30 * time.Minute),
	}
}

func TestAnOpenSessionWaitsConnectsOrCloses(t *testing.T) {
	unreachable := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	limited := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: time.Hour}
	failed := domain.LinkedObject{AccountRef: "item-1", State: domain.LinkedFailed}
	pending := domain.LinkedObject{AccountRef: "item-2", State: domain.LinkedPending}
	ready := domain.LinkedObject{AccountRef: "item-3", State: domain.LinkedReady}
	for name, test := range map[string]struct {
		objects []domain.LinkedObject
		err     error
		after   time.Duration // since the creation
		want    string        // the reference, or when the session is due after the creation, or its state
	}{
		"nothing at first":                {nil, nil, 4 * time.Second, "7s"},
		"nothing after five minutes":      {nil, nil, 5 * time.Minute, "5m15s"},
		"nothing after twenty minutes":    {nil, nil, 20 * time.Minute, "20m30s"},
		"nothing shortly before the end":  {nil, nil, 29*time.Minute + 50*time.Second, "30m0s"},
		"a failed sign-in can be retried": {[]domain.LinkedObject{failed}, nil, 20 * time.Minute, "20m30s"},
		"signed in":                       {[]domain.LinkedObject{failed, ready}, nil, 5 * time.Minute, "item-3"},
		"signed in at the last moment":    {[]domain.LinkedObject{ready}, nil, 31 * time.Minute, "item-3"},
		"nothing at the end":              {nil, nil, 30 * time.Minute, "closing"},
		"a failed sign-in at the end":     {[]domain.LinkedObject{failed}, nil, 30 * time.Minute, "closing"},
		"in progress at the end":          {[]domain.LinkedObject{pending}, nil, 30 * time.Minute, "30m30s"},
		"in progress for too long":        {[]domain.LinkedObject{pending}, nil, 40 * time.Minute, "closing"},
		"unreachable at the end":          {nil, unreachable, 30 * time.Minute, "30m30s"},
		"unreachable for too long":        {nil, unreachable, 40 * time.Minute, "closing"},
		"a long wait ends with the token": {nil, limited, 5 * time.Minute, "30m0s"},
		"a long wait after the end":       {nil, limited, 31 * time.Minute, "40m0s"},
	} {
		s := openLink()
		now := linkEpoch.Add(test.after)
		got, signedIn := s.Advance(test.objects, test.err, now)
		if !signedIn {
			if got = string(s.State); s.State == domain.LinkOpen {
				got = s.DueAt.Sub(linkEpoch).String()
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if s.State == domain.LinkClosing && (s.Name != "" || !s.DueAt.Equal(now)) {
			t.Errorf("%s: the closing session is %+v", name, s)
		}
	}
}

func TestASettledSessionContainsNothing(t *testing.T) {
	atEnd := linkEpoch.Add(30*time.Minute + domain.LinkEcho)
	for name, settle := range map[string]func(s *domain.LinkSession){
		"abandoned": func(s *domain.LinkSession) { s.Close(linkEpoch); s.Cleaned(atEnd) },
		"discarded": func(s *domain.LinkSession) { s.Discard(atEnd) },
		"given up":  func(s *domain.LinkSession) { s.Close(linkEpoch); s.Retry(nil, linkEpoch.Add(domain.LinkGiveUp)) },
		"done": func(s *domain.LinkSession) {
			s.Connect("item-1", linkEpoch)
			s.Connected(linkEpoch)
			s.Cleaned(atEnd)
		},
	} {
		s := openLink()
		s.Actor, s.Receiver, s.Announced, s.Hook = "alice", "https://hooks.test", []string{"x"}, domain.HashToken("y")
		settle(&s)
		if !s.Final() || s.EndedAt.IsZero() {
			t.Errorf("%s: the session is %s since %v", name, s.State, s.EndedAt)
		}
		want := domain.LinkSession{
			State: s.State, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, EndedAt: s.EndedAt,
		}
		if diff := cmp.Diff(want, s); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if s.Announce("item-9", atEnd) {
			t.Errorf("%s: an object is announced", name)
		}
	}
}

// The vendor may create objects until LinkEcho after the expiry, so objects are deleted once more at that time.
func TestObjectsAreDeletedOnceMoreAfterTheTokenHasExpired(t *testing.T) {
	want := linkEpoch.Add(30*time.Minute + domain.LinkEcho)
	closing, done := openLink(), openLink()
	closing.Close(linkEpoch)
	closing.Cleaned(linkEpoch.Add(time.Minute))
	done.Connect("item-1", linkEpoch)
	done.Connected(linkEpoch.Add(time.Minute))
	for _, s := range []domain.LinkSession{closing, done} {
		if !s.DueAt.Equal(want) {
			t.Errorf("%s: due at %v, want %v", s.State, s.DueAt, want)
		}
	}
	objects := []domain.LinkedObject{{AccountRef: "item-1"}, {AccountRef: "item-2"}}
	if diff := cmp.Diff([]string{"item-2"}, done.Superfluous(objects)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"item-1", "item-2"}, closing.Superfluous(objects)); diff != "" {
		t.Error(diff)
	}
}

func TestARetryIsNeverLaterThanTheEndOfTheCredential(t *testing.T) {
	s := openLink()
	s.Close(linkEpoch)
	for now := linkEpoch; !s.Retry(&domain.Error{Kind: domain.Unavailable, RetryAfter: 48 * time.Hour}, now); {
		if s.DueAt.After(linkEpoch.Add(domain.LinkGiveUp)) || !s.DueAt.After(now) {
			t.Fatalf("at %v the next attempt is at %v", now, s.DueAt)
		}
		now = s.DueAt
	}
	if s.Sealed != nil || s.State != domain.LinkAbandoned {
		t.Errorf("after the last attempt: %s, credential %q", s.State, s.Sealed)
	}
}

func TestTheWaitBetweenFailedAttemptsOfASessionGrows(t *testing.T) {
	s := openLink()
	s.Close(linkEpoch)
	for i, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		s.Retry(&domain.Error{Kind: domain.Unavailable}, linkEpoch)
		if wait := s.DueAt.Sub(linkEpoch); wait != want {
			t.Errorf("failure %d: the next attempt is after %v, want %v", i+1, wait, want)
		}
	}
}

func TestAnAttemptThatTheRateBudgetDidNotPermitIsNotCounted(t *testing.T) {
	s := openLink()
	s.Close(linkEpoch)
	s.Retry(&domain.Error{Kind: domain.Unavailable}, linkEpoch)
	want := s.DueAt.Sub(linkEpoch)
	for range 20 {
		s.Retry(&domain.Error{Kind: domain.Unavailable, Code: domain.BudgetExhausted}, linkEpoch)
	}
	if wait := s.DueAt.Sub(linkEpoch); s.Attempts != 1 || wait > want {
		t.Errorf("%d attempts, and the next after %v; want 1 and at most %v", s.Attempts, wait, want)
	}
	s.Retry(&domain.Error{
		Kind: domain.Unavailable, Code: domain.BudgetExhausted, RetryAfter: time.Minute,
	}, linkEpoch)
	if wait := s.DueAt.Sub(linkEpoch); wait != time.Minute {
		t.Errorf("the next attempt is after %v, want the wait of the rate budget", wait)
	}
}

func TestAnnouncedObjectsAreBoundedAndMakeTheSessionDue(t *testing.T) {
	s := openLink()
	s.DueAt = linkEpoch.Add(time.Hour)
	const upper = "7D2F9C1E-0B5A-4C3D-8E6F-1A2B3C4D5E6F"
	if !s.Announce(upper, linkEpoch) || !s.DueAt.Equal(linkEpoch) || s.Announce(upper, linkEpoch) ||
		s.Announce(strings.ToLower(upper), linkEpoch) {
		t.Errorf("due at %v, announced %q", s.DueAt, s.Announced)
	}
	for i := range 2 * domain.MaxAnnouncedLinks {
		s.Announce("item-"+time.Duration(i).String(), linkEpoch)
	}
	if len(s.Announced) != domain.MaxAnnouncedLinks {
		t.Errorf("%d objects", len(s.Announced))
	}
}

func TestOnlyIDsOfThisServiceAreIDsOfSessions(t *testing.T) {
	const own = "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"
	if got := domain.LinkSessionIn(own); got.String() != own {
		t.Errorf("got %s", got)
	}
	for _, text := range []string{"", "user-42", "7d2f9c1e-0b5a-4c3d-8e6f-1a2b3c4d5e6f", "{" + own + "}"} {
		if got := domain.LinkSessionIn(text); !got.IsZero() {
			t.Errorf("%q: got %s", text, got)
		}
	}
}

func TestAnOpenSessionIsFirstReadSoonButNotAfterItsEnd(t *testing.T) {
	for expires, due := range map[time.Duration]time.Duration{
		time.Second: time.Second, 30 * time.Minute: 3 * time.Second,
	} {
		s := openLink()
		s.Open(linkEpoch.Add(expires), linkEpoch)
		if !s.ExpiresAt.Equal(linkEpoch.Add(expires)) || !s.DueAt.Equal(linkEpoch.Add(due)) {
			t.Errorf(
				"it ends after %v and is due after %v, want %v",
				s.ExpiresAt.Sub(linkEpoch),
				s.DueAt.Sub(linkEpoch),
				due,
			)
		}
	}
}

func TestAConnectedSessionGivesItsValuesToTheConnection(t *testing.T) {
	s := openLink()
	s.Application.UUID[0], s.Attempts = 1, 3
	if _, has := s.Token(domain.TokenID{}, linkEpoch); has {
		t.Error("a session without a webhook has a token")
	}
	s.Hook = domain.HashToken("raw")
	token, has := s.Token(domain.TokenID{UUID: accountID(3).UUID}, linkEpoch)
	if !has || !token.Matches("raw") || token.ID.IsZero() || !token.CreatedAt.Equal(linkEpoch) {
		t.Errorf("the token is %+v", token)
	}
	c := s.ConnectionOf("item", linkEpoch)
	if c.Name != "books" || c.AccountRef != "item" || !c.NewReference || c.Revision != 1 {
		t.Errorf("the connection is %+v", c)
	}
	s.Connect("item", linkEpoch.Add(time.Minute))
	if s.State != domain.LinkConnected || s.AccountRef != "item" || s.Name != "" || s.BaseURL != "" ||
		s.Sealed != nil ||
		!s.Application.IsZero() ||
		s.Attempts != 0 {
		t.Errorf("the connected session is %+v", s)
	}
	discarded := s
	if discarded.Discard(linkEpoch.Add(time.Hour)); discarded.State != domain.LinkDone {
		t.Errorf("a connected session ends as %s", discarded.State)
	}
	s.Connected(linkEpoch.Add(2 * time.Minute))
	if s.State != domain.LinkDone || !s.DueAt.Equal(s.ExpiresAt.Add(domain.LinkEcho)) {
		t.Errorf("the done session is %+v", s)
	}
	s.Cleaned(s.DueAt)
	if s.State != domain.LinkDone || s.AccountRef != "" || !s.EndedAt.Equal(linkEpoch.Add(2*time.Minute)) {
		t.Errorf("the cleaned session is %+v", s)
	}
}
