package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

const (
	authorizedAnswer = `{"authorized":true,"timestamp":"2026-01-02T03:04:05Z"}`
	refusedAnswer    = `{"authorized":false}`
)

// fakeManager is an access manager. It records its requests and responds with status and body.
type fakeManager struct {
	mu       sync.Mutex
	status   int
	body     string
	requests []string // "<method> <path> <Authorization>: <body>"
}

func (m *fakeManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	m.requests = append(m.requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+": "+string(body))
	if m.status >= 300 && m.status < 400 {
		w.Header().Set("Location", "/v1/authorize")
	}
	w.WriteHeader(m.status)
	_, _ = w.Write([]byte(m.body))
}

func (m *fakeManager) respond(status int, body string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status, m.body = status, body
}

// reset returns the requests since the last call of reset.
func (m *fakeManager) reset() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.requests = nil }()
	return m.requests
}

// newAuthorizer returns an Authorizer that asks the fake manager.
func newAuthorizer(t *testing.T, change ...func(*AccessManager)) (*Authorizer, *fakeManager, *porttest.Clock) {
	t.Helper()
	manager, clock := &fakeManager{status: http.StatusOK, body: authorizedAnswer}, porttest.NewClock(moment)
	server := httptest.NewServer(manager)
	t.Cleanup(server.Close)
	config := AccessManager{URL: server.URL + "/base/", Client: clientWithoutRedirects()}
	for _, apply := range change {
		apply(&config)
	}
	a, err := NewAuthorizer(t.Context(), config, clock)
	if err != nil {
		t.Fatal(err)
	}
	return a, manager, clock
}

func clientWithoutRedirects() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func read(bearer string) Access {
	return Access{Bearer: bearer, Resource: "accounts", Action: "get", Read: true}
}

func write(bearer string) Access {
	return Access{Bearer: bearer, Resource: "accounts", Action: "delete"}
}

func TestTheQuestionDependsOnTheKindOfToken(t *testing.T) {
	const client = `{"sub":"admin/discovery-editor-role","resource":"accounts","action":"get"}`
	for name, c := range map[string]struct {
		claims []any
		want   string // the body of the question; "" if the token must be rejected
	}{
		"a person": {
			[]any{"type", "normal-user", "owner", "lerian", "sub", "ana"},
			`{"sub":"lerian/ana","resource":"accounts","action":"get","product":"discovery"}`,
		},
		"an application":           {[]any{"type", "application", "owner", "lerian", "sub", "app"}, client},
		"no type":                  {[]any{"owner", "lerian", "sub", "ana"}, client},
		"a type in capitals":       {[]any{"type", "Normal-User", "owner", "lerian", "sub", "ana"}, client},
		"a type that is no text":   {[]any{"type", true, "owner", "lerian", "sub", "ana"}, client},
		"a person without owner":   {[]any{"type", "normal-user", "sub", "ana"}, ""},
		"a person without subject": {[]any{"type", "normal-user", "owner", "lerian"}, ""},
		"an owner that is no text": {[]any{"type", "normal-user", "owner", 7, "sub", "ana"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, manager, _ := newAuthorizer(t)
			v, _ := newHS256Verifier(t, Claims{})
			token := signHS256(goodClaims().withMembers(c.claims...))
			principal, err := v.Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			access := read(token)
			access.Principal = principal
			err = a.Authorize(t.Context(), access)
			if c.want == "" {
				if !errors.Is(err, domain.Unauthenticated) || len(manager.reset()) > 0 {
					t.Errorf("got %v, want Unauthenticated without a question", err)
				}
				return
			}
			want := []string{"POST /base/v1/authorize " + token + ": " + c.want}
			if diff := cmp.Diff(want, manager.reset()); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestAPositiveAnswerIsUsedForFiveSeconds(t *testing.T) {
	a, manager, clock := newAuthorizer(t)
	questions := func(access Access) int {
		t.Helper()
		if err := a.Authorize(t.Context(), access); err != nil {
			t.Fatal(err)
		}
		return len(manager.reset())
	}
	if questions(read("a")) != 1 || questions(read("a")) != 0 {
		t.Error("the first answer was not used")
	}
	other := read("a")
	other.Resource = "pulls"
	if questions(read("b")) != 1 || questions(write("a")) != 1 || questions(other) != 1 {
		t.Error("an answer was used for another token, action or resource")
	}
	clock.Advance(5*time.Second - time.Millisecond)
	if questions(read("a")) != 0 {
		t.Error("the answer was not used for 5 s")
	}
	clock.Advance(time.Millisecond)
	manager.respond(http.StatusOK, refusedAnswer)
	err := a.Authorize(t.Context(), read("a"))
	if !errors.Is(err, ErrAccessRefused) || !errors.Is(err, domain.Forbidden) {
		t.Errorf("5 s after the last positive answer: %v, want refused", err)
	}
}

func TestARefusalIsNotStored(t *testing.T) {
	a, manager, clock := newAuthorizer(t)
	if err := a.Authorize(t.Context(), read("a")); err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Second)
	for range 2 {
		manager.respond(http.StatusOK, refusedAnswer)
		if err := a.Authorize(t.Context(), read("a")); !errors.Is(err, ErrAccessRefused) {
			t.Fatalf("got %v, want refused", err)
		}
	}
	manager.respond(http.StatusBadGateway, "")
	if err := a.Authorize(t.Context(), read("a")); !errors.Is(err, ErrAccessManagerUnreachable) {
		t.Errorf("a read passed with an answer from before the refusal: %v", err)
	}
	manager.respond(http.StatusOK, authorizedAnswer)
	if err := a.Authorize(t.Context(), read("a")); err != nil {
		t.Errorf("the refusal was still used: %v", err)
	}
}

func TestEveryOtherResponseCountsAsUnreachable(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"no content":          {204, ""},
		"created":             {201, authorizedAnswer},
		"a redirect":          {307, authorizedAnswer},
		"unauthorized":        {401, `{"code":"401","message":"canary"}`},
		"forbidden":           {403, refusedAnswer},
		"not found":           {404, authorizedAnswer},
		"internal error":      {500, authorizedAnswer},
		"no JSON":             {200, "<html>canary"},
		"an empty body":       {200, ""},
		"no member":           {200, `{}`},
		"null":                {200, `{"authorized":null}`},
		"a text":              {200, `{"authorized":"true"}`},
		"a number":            {200, `{"authorized":1}`},
		"a list":              {200, `[{"authorized":true}]`},
		"another case":        {200, `{"Authorized":true}`},
		"two members":         {200, `{"authorized":false,"authorized":true}`},
		"two documents":       {200, authorizedAnswer + authorizedAnswer},
		"an answer too large": {200, `{"authorized":true,"x":"` + strings.Repeat("x", maxAccessResponse) + `"}`},
		"a body too large":    {200, authorizedAnswer + strings.Repeat(" ", maxAccessResponse)},
	} {
		t.Run(name, func(t *testing.T) {
			a, manager, _ := newAuthorizer(t)
			manager.respond(c.status, c.body)
			err := a.Authorize(t.Context(), read("a"))
			if !errors.Is(err, domain.Unavailable) || !errors.Is(err, ErrAccessManagerUnreachable) ||
				domain.RetryAfterOf(err) < time.Second || strings.Contains(errors.Unwrap(err).Error(), "canary") {
				t.Errorf("%v: %v", err, errors.Unwrap(err))
			}
			if n := len(manager.reset()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestReadsPassForAMinuteWhileTheManagerIsUnreachable(t *testing.T) {
	a, manager, clock := newAuthorizer(t)
	for _, access := range []Access{read("a"), write("a")} {
		if err := a.Authorize(t.Context(), access); err != nil {
			t.Fatal(err)
		}
	}
	manager.reset()
	manager.respond(http.StatusServiceUnavailable, "")
	clock.Advance(time.Minute - time.Millisecond)
	if err := a.Authorize(t.Context(), read("a")); err != nil || len(manager.reset()) != 1 {
		t.Errorf("a read after 59.999 s: %v", err)
	}
	for name, access := range map[string]Access{"a write": write("a"), "another token": read("b")} {
		if err := a.Authorize(t.Context(), access); !errors.Is(err, ErrAccessManagerUnreachable) {
			t.Errorf("%s: %v, want unreachable", name, err)
		}
	}
	clock.Advance(time.Millisecond)
	if err := a.Authorize(t.Context(), read("a")); !errors.Is(err, ErrAccessManagerUnreachable) {
		t.Errorf("a read after 60 s: %v, want unreachable", err)
	}
}

func TestAClockThatIsSetBackMakesNoAnswerYounger(t *testing.T) {
	a, manager, clock := newAuthorizer(t)
	if err := a.Authorize(t.Context(), read("a")); err != nil {
		t.Fatal(err)
	}
	clock.Advance(-time.Hour)
	manager.respond(http.StatusBadGateway, "")
	if err := a.Authorize(t.Context(), read("a")); !errors.Is(err, ErrAccessManagerUnreachable) {
		t.Errorf("got %v, want unreachable", err)
	}
}

// roundTrip is a transport without a network, for tests in a bubble of synctest.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// bubbleAuthorizer returns an Authorizer with the clock of the bubble and the given transport.
func bubbleAuthorizer(t *testing.T, transport roundTrip) *Authorizer {
	t.Helper()
	config := AccessManager{URL: "https://access.example", Client: &http.Client{Transport: transport}}
	a, err := NewAuthorizer(t.Context(), config, bubbleClock{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func response(body io.Reader) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Header: http.Header{}}
}

func TestConcurrentEqualQuestionsShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		a := bubbleAuthorizer(t, func(*http.Request) (*http.Response, error) {
			calls.Add(1)
			time.Sleep(time.Second)
			return response(strings.NewReader(authorizedAnswer)), nil
		})
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var failed atomic.Int32
		var all sync.WaitGroup
		all.Go(func() {
			if err := a.Authorize(impatient, read("a")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the impatient caller got %v", err)
			}
		})
		synctest.Wait()
		for range 100 {
			all.Go(func() {
				if a.Authorize(t.Context(), read("a")) != nil {
					failed.Add(1)
				}
			})
		}
		all.Wait()
		if calls.Load() != 1 || failed.Load() != 0 {
			t.Errorf("%d calls, %d failures", calls.Load(), failed.Load())
		}
		time.Sleep(4 * time.Second)
		if err := a.Authorize(t.Context(), read("a")); err != nil || calls.Load() != 2 {
			t.Errorf("the age of an answer does not count from the beginning of its call: %v", err)
		}
	})
}

// trickle is a body that never ends. It yields one byte per second.
type trickle struct{ ctx context.Context }

func (b trickle) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func TestAManagerThatNeverEndsItsResponseIsUnreachableAfterThreeSeconds(t *testing.T) {
	for name, transport := range map[string]roundTrip{
		"no response": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"a trickle": func(r *http.Request) (*http.Response, error) { return response(trickle{r.Context()}), nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				err := bubbleAuthorizer(t, transport).Authorize(t.Context(), write("a"))
				if took := time.Since(begin); !errors.Is(err, ErrAccessManagerUnreachable) || took != accessTimeout {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}

func TestTheStoredAnswersAreBoundedAndContainNoToken(t *testing.T) {
	a, _, clock := newAuthorizer(t)
	for i := range maxGrants + 100 {
		a.store(grantKey{token: tokenHash{byte(i), byte(i >> 8), byte(i >> 16)}}, clock.Now())
	}
	if n := len(a.grants); n != maxGrants {
		t.Errorf("%d answers are stored", n)
	}
	if text := (grantKey{token: tokenHash{1}, resource: "a", action: "get"}).String(); len(text) != 32+1+1+3 {
		t.Errorf("the key is %q", text)
	}
}

func TestFailuresAreReportedAtMostEveryFiveSeconds(t *testing.T) {
	var reported errorRecorder
	a, manager, clock := newAuthorizer(t, func(m *AccessManager) { m.OnError = reported.record })
	manager.respond(http.StatusBadGateway, "canary")
	for i := range 3 {
		_ = a.Authorize(t.Context(), read("token-"+strconv.Itoa(i)))
	}
	clock.Advance(reportInterval)
	_ = a.Authorize(t.Context(), read("token-4"))
	if diff := cmp.Diff([]string{"it responded with status 502", "it responded with status 502"},
		reported.messages); diff != "" {
		t.Error(diff)
	}
}

func TestAnAddressOfTheManagerIsAnAbsoluteURL(t *testing.T) {
	for _, bad := range []string{"", "access.example", "ftp://access.example", "/v1"} {
		if _, err := NewAuthorizer(t.Context(), AccessManager{URL: bad}, porttest.NewClock(moment)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
