package faultinject_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

const normalBody = `{"next":null,"done":true,"results":[{"amount":12.50,"text":"x"},{"amount":7,"text":null}]}`

// newFaultyServer starts a server that responds to a request with a valid list, unless one of the
// given faults affects the request. It returns the injector of the faults and the server.
func newFaultyServer(t *testing.T, faults ...faultinject.Fault) (*faultinject.Injector, *httptest.Server) {
	t.Helper()
	injector := faultinject.New(1, faultinject.Vendor{WriteError: writeError})
	if err := injector.Inject(faults...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(injector.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Honest", "yes")
		_, _ = io.WriteString(w, normalBody)
	})))
	t.Cleanup(server.Close)
	// The client must return a redirect response and not follow it.
	server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return injector, server
}

func writeError(w http.ResponseWriter, f faultinject.Fault) {
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Code)
}

func fetch(ctx context.Context, server *httptest.Server, path string) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := server.Client().Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// statuses requests a path several times and returns the status of each response.
func statuses(t *testing.T, server *httptest.Server, path string, times int) (got []int) {
	t.Helper()
	for range times {
		response, _, err := fetch(t.Context(), server, path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, response.StatusCode)
	}
	return got
}

func TestStatusFaultUsesTheVendorsErrorFormat(t *testing.T) {
	_, server := newFaultyServer(
		t,
		faultinject.Fault{
			Kind: faultinject.Status, Status: 429, Code: "slow_down", RetryAfter: "9",
			Header: map[string]string{"X-Left": "0"},
		},
	)
	response, body, err := fetch(t.Context(), server, "/")
	if err != nil || response.StatusCode != 429 || body != "slow_down" ||
		response.Header.Get("Retry-After") != "9" || response.Header.Get("X-Left") != "0" {
		t.Errorf("got %v, %q, %v", response, body, err)
	}
}

func TestHangLastsUntilTheClientLeaves(t *testing.T) {
	injector, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := fetch(ctx, server, "/"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if injector.Injected() != 1 {
		t.Errorf("%d injected", injector.Injected())
	}
}

// entered is an empty request body. Its Read method closes the channel. A fault of the kind Hang reads the body of a
// request just before the request hangs. The closed channel therefore shows that the request hangs.
type entered chan struct{}

func (e entered) Read([]byte) (int, error) {
	close(e)
	return 0, io.EOF
}

func TestClearEndsAHang(t *testing.T) {
	injector, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Hang})
	hanging, ended := make(entered), make(chan any)
	go func() {
		defer func() { ended <- recover() }()
		server.Config.Handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", hanging))
	}()
	<-hanging
	injector.Clear()
	if got := <-ended; got != http.ErrAbortHandler {
		t.Errorf("the hang ended with %v", got)
	}
}

func TestDripDeliversTheWholeBodySlowly(t *testing.T) {
	_, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Drip, DelayMs: 1, Size: 10})
	started := time.Now()
	response, body, err := fetch(t.Context(), server, "/")
	if err != nil || body != normalBody || response.Header.Get("X-Honest") != "yes" {
		t.Errorf("got %q, %v", body, err)
	}
	if took := time.Since(started); took < time.Duration(len(normalBody)/10)*time.Millisecond {
		t.Errorf("it took only %s", took)
	}
}

func TestCutPromisesMoreThanItSends(t *testing.T) {
	_, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Cut})
	response, body, err := fetch(t.Context(), server, "/")
	if !errors.Is(err, io.ErrUnexpectedEOF) || int(response.ContentLength) != len(normalBody) ||
		body != normalBody[:len(normalBody)/2] {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestOversizeIsValidJSON(t *testing.T) {
	_, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Oversize, Size: 100_000})
	_, body, err := fetch(t.Context(), server, "/")
	if err != nil || len(body) != 100_000+len(normalBody) || !json.Valid([]byte(body)) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestHTMLComesWith200(t *testing.T) {
	_, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.HTML})
	response, body, err := fetch(t.Context(), server, "/")
	if err != nil || response.StatusCode != 200 ||
		!strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") || !strings.HasPrefix(body, "<!doctype") {
		t.Errorf("got %v, %q, %v", response, body, err)
	}
}

func TestHTMLMayClaimToBeJSON(t *testing.T) {
	_, server := newFaultyServer(
		t, faultinject.Fault{Kind: faultinject.HTML, Header: map[string]string{"Content-Type": "application/json"}},
	)
	response, body, err := fetch(t.Context(), server, "/")
	if err != nil || response.Header.Get("Content-Type") != "application/json" || json.Valid([]byte(body)) {
		t.Errorf("got %v, %q, %v", response, body, err)
	}
}

func TestRedirectLeadsToAnotherHost(t *testing.T) {
	_, server := newFaultyServer(t,
		faultinject.Fault{Kind: faultinject.Redirect},
		faultinject.Fault{Kind: faultinject.Redirect, Status: 301, Value: "http://169.254.169.254/"})
	for _, want := range []struct {
		status   int
		location string
	}{{307, "https://elsewhere.invalid/a?b=1"}, {301, "http://169.254.169.254/"}} {
		response, _, err := fetch(t.Context(), server, "/a?b=1")
		if err != nil || response.StatusCode != want.status || response.Header.Get("Location") != want.location {
			t.Errorf("got %v, %v; want %+v", response, err, want)
		}
	}
}

func TestBodyFaultsEditTheJSON(t *testing.T) {
	for name, test := range map[string]struct {
		fault faultinject.Fault
		want  string
	}{
		"types": {
			faultinject.Fault{Kind: faultinject.Types},
			`{"done":[],"next":{},"results":[{"amount":"seven","text":7},{"amount":"seven","text":{}}]}`,
		},
		"number": {
			faultinject.Fault{Kind: faultinject.Number},
			`{"done":true,"next":null,"results":[{"amount":1e400,"text":"x"},{"amount":1e400,"text":null}]}`,
		},
		"any text": {
			faultinject.Fault{Kind: faultinject.Number, Value: "NaN"},
			`{"done":true,"next":null,"results":[{"amount":NaN,"text":"x"},{"amount":NaN,"text":null}]}`,
		},
		"another host": {
			faultinject.Fault{Kind: faultinject.NextHost},
			`{"done":true,"next":"https://elsewhere.invalid/l?p=1","results":[{"amount":12.50,"text":"x"},` +
				`{"amount":7,"text":null}]}`,
		},
		"a given host": {
			faultinject.Fault{Kind: faultinject.NextHost, Value: "http://[::1]/"},
			`{"done":true,"next":"http://[::1]/","results":[{"amount":12.50,"text":"x"},{"amount":7,"text":null}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := newFaultyServer(t, test.fault)
			response, body, err := fetch(t.Context(), server, "/l?p=1")
			if err != nil || response.Header.Get("X-Honest") != "yes" {
				t.Fatalf("got %v, %v", response, err)
			}
			if diff := cmp.Diff(test.want, body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEndlessNeverRepeatsAURL(t *testing.T) {
	_, server := newFaultyServer(t, faultinject.Fault{Kind: faultinject.Endless, Times: -1})
	seen := map[string]bool{}
	path := "/l?p=1"
	for range 5 {
		_, body, err := fetch(t.Context(), server, path)
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Next string }
		if err := json.Unmarshal([]byte(body), &page); err != nil || seen[page.Next] ||
			!strings.HasPrefix(page.Next, server.URL+"/l?again=") {
			t.Fatalf("next is %q, %v", page.Next, err)
		}
		seen[page.Next] = true
		path = strings.TrimPrefix(page.Next, server.URL)
	}
}

// serve calls a handler directly, without a network connection, and returns the response's body.
func serve(handler http.Handler) string {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	return recorder.Body.String()
}

func TestVendorMayAddKindsAndCursors(t *testing.T) {
	calls := 0
	injector := faultinject.New(1, faultinject.Vendor{
		RepeatedCursor: func(_ *http.Request, ordinal int) string { return fmt.Sprintf("?after=%d", ordinal) },
		CustomKinds:    map[faultinject.Kind]func(){"eclipse": func() { calls++ }},
	})
	if err := injector.Inject(
		faultinject.Fault{Kind: faultinject.Endless}, faultinject.Fault{Kind: "eclipse"},
	); err != nil {
		t.Fatal(err)
	}
	handler := injector.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"next":"","struck":%d}`, calls)
	}))
	got := []string{serve(handler), serve(handler)}
	if diff := cmp.Diff([]string{`{"next":"?after=1","struck":0}`, `{"next":"","struck":1}`}, got); diff != "" {
		t.Error(diff)
	}
	if err := faultinject.New(1, faultinject.Vendor{}).Inject(faultinject.Fault{Kind: "eclipse"}); err == nil {
		t.Error("another vendor has the custom kind too")
	}
}

func TestEditLeavesOtherBodiesUnchanged(t *testing.T) {
	injector := faultinject.New(1, faultinject.Vendor{})
	if err := injector.Inject(
		faultinject.Fault{Kind: faultinject.Endless}, faultinject.Fault{Kind: faultinject.Types},
	); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"id":"x"}`, `plain text`} {
		handler := injector.Wrap(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }),
		)
		if got := serve(handler); got != body {
			t.Errorf("%s became %s", body, got)
		}
	}
}
