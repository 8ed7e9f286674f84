package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// waitingFeed is a fake service whose change feed has no changes. A call that may wait for changes blocks until it
// receives from release, or until its request ends.
type waitingFeed struct {
	*fake
	release chan struct{}
}

func (f waitingFeed) Changes(
	ctx context.Context, _ domain.TenantID, _ domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	if wait > 0 {
		select {
		case <-f.release:
		case <-ctx.Done():
			return domain.FeedPage{}, ctx.Err()
		}
	}
	return domain.FeedPage{Next: domain.Position{Key: "1", ID: someID}}, nil
}

// pollers sends long polls to a handler. Each response is sent to the channel responses.
type pollers struct {
	env
	release   chan struct{}
	responses chan *httptest.ResponseRecorder
}

func newPollers(t *testing.T, maxLongPolls int) pollers {
	t.Helper()
	release := make(chan struct{})
	handler, err := New(waitingFeed{&fake{}, release}, Options{
		Verifier: fakeVerifier{}, Clock: porttest.NewClock(moment), NewRequestID: func() string { return "x" },
		Development: true, MaxLongPolls: maxLongPolls,
	})
	if err != nil {
		t.Fatal(err)
	}
	return pollers{env{Handler: handler}, release, make(chan *httptest.ResponseRecorder, 1000)}
}

// poll starts n long polls with the token, and returns when all of them wait or have a response.
func (p pollers) poll(token string, n int) {
	for range n {
		go func() {
			p.responses <- p.call("GET", prefix+"/transactions/changes?wait=30", "", "Authorization", "Bearer "+token)
		}()
	}
	synctest.Wait()
}

// mustRefuse fails the test unless the next long poll with the token is refused at once.
func (p pollers) mustRefuse(t *testing.T, token string) {
	t.Helper()
	p.poll(token, 1)
	if len(p.responses) != 1 {
		t.Fatalf("%d polls got a response, want that of the refused poll", len(p.responses))
	}
	w := <-p.responses
	problemIn(t, w, http.StatusTooManyRequests, codeRateLimited)
	if w.Header().Get("Retry-After") != "5" || w.Header().Get("Connection") != "close" {
		t.Errorf("Retry-After %q, Connection %q, want 5 and close",
			w.Header().Get("Retry-After"), w.Header().Get("Connection"))
	}
}

// mustWait fails the test if p.responses contains a response.
func (p pollers) mustWait(t *testing.T) {
	t.Helper()
	if len(p.responses) > 0 {
		t.Fatalf("%d polls got a response instead of waiting: %s", len(p.responses), (<-p.responses).Body)
	}
}

func TestTheLongPollsOfOneTenantAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPollers(t, 0)
		p.poll("tenant-a", maxTenantPolls)
		p.mustWait(t)
		p.mustRefuse(t, "tenant-a")
		p.poll("tenant-b", maxTenantPolls)
		p.mustWait(t)
		if w := p.call("GET", prefix+"/transactions/changes", ""); w.Code != http.StatusOK {
			t.Errorf("a read that does not wait: status %d, want 200", w.Code)
		}
		close(p.release)
		for range 2 * maxTenantPolls {
			if w := <-p.responses; w.Code != http.StatusOK {
				t.Errorf("a poll that waited got %d %s", w.Code, w.Body)
			}
		}
		p.poll("tenant-a", 1)
		if w := <-p.responses; w.Code != http.StatusOK {
			t.Errorf("a poll after the others have ended: status %d, want 200", w.Code)
		}
	})
}

func TestTheLongPollsOfAllTenantsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPollers(t, 3)
		p.poll("tenant-a", 2)
		p.poll("tenant-b", 1)
		p.mustWait(t)
		p.mustRefuse(t, "tenant-a")
		p.mustRefuse(t, "tenant-b")
		p.release <- struct{}{}
		<-p.responses
		p.poll("tenant-b", 1)
		p.mustWait(t)
		close(p.release)
		for range 3 {
			<-p.responses
		}
	})
}

// Background tasks leave time to the requests that OnWork counts. A long poll that waits must not slow them down.
func TestRequestsAreWorkExceptForWaitingLongPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var working atomic.Int64
		var during int64
		release := make(chan struct{})
		handler, err := New(waitingFeed{&fake{}, release}, Options{
			Verifier: fakeVerifier{}, Clock: porttest.NewClock(moment), NewRequestID: func() string { return "x" },
			Development: true, OnWork: func(change int) { working.Add(int64(change)) },
			Ready: func(context.Context) map[string]error { during = working.Load(); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		p := pollers{env{Handler: handler}, release, make(chan *httptest.ResponseRecorder, 10)}
		p.poll("tenant-a", 3)
		if n := working.Load(); n != 0 {
			t.Errorf("three waiting long polls count as %d, want 0", n)
		}
		for range 3 {
			release <- struct{}{}
		}
		synctest.Wait()
		p.call("GET", readyPath, "")
		if n := working.Load(); n != 0 || during != 1 {
			t.Errorf("a request counts as %d while it runs and as %d later, want 1 and 0", during, n)
		}
	})
}
