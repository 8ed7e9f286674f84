package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sendRequest sends a request without a body and returns the response and its body. It uses a real connection,
// because the body of a response to HEAD is omitted by net/http and not by the handler.
func sendRequest(t *testing.T, server *httptest.Server, method, path string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer tenant-a")
	r.Header.Set("Accept-Encoding", "identity") // by default, the transport asks for gzip only in a GET
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// TestHEADIsGETWithoutABody checks that the responses to HEAD and GET differ only in the body. It compares them for all
// paths in the OpenAPI document, for paths that the service serves but the document does not contain, and for requests
// that fail.
func TestHEADIsGETWithoutABody(t *testing.T) {
	s := newEnv(t)
	server := httptest.NewServer(s)
	defer server.Close()
	paths := []string{
		"/openapi.json", "/docs", "/console", "/console/changes",
		connectionsPath + "?limit=0", connectionsPath + "/unknown",
		prefix + "/webhooks/pluggy/" + webhookToken, "/nowhere",
		connectionsPath + "?cursor=" + strings.Repeat("A", 3000),
	}
	for template, methods := range openAPI(t, s)["paths"].(map[string]any) {
		if methods.(map[string]any)["get"] != nil {
			paths = append(paths, strings.NewReplacer("{id}", someID.String()).Replace(template))
		}
	}
	if len(paths) < 20 {
		t.Fatalf("only %d paths", len(paths))
	}
	for _, path := range paths {
		t.Run(path[:min(len(path), 80)], func(t *testing.T) {
			get, whole := sendRequest(t, server, http.MethodGet, path)
			head, none := sendRequest(t, server, http.MethodHead, path)
			if whole == "" || none != "" {
				t.Errorf("GET had %d bytes, HEAD %d", len(whole), len(none))
			}
			if diff := cmp.Diff(
				get.Header, head.Header,
				cmpopts.IgnoreMapEntries(func(name string, _ []string) bool { return name == "Date" }),
			); diff != "" ||
				head.StatusCode != get.StatusCode {
				t.Errorf("%d and %d, (-GET +HEAD)\n%s", get.StatusCode, head.StatusCode, diff)
			}
			if get.ContentLength != head.ContentLength {
				t.Errorf("the Content-Length is %d for GET and %d for HEAD", get.ContentLength, head.ContentLength)
			}
		})
	}
}

func TestHEADIsLoggedAndCountedAsHEAD(t *testing.T) {
	var seen []string
	s := newEnv(t, func(o *Options) {
		o.OnRequest = func(method, route string, status int, _ time.Duration) {
			seen = append(seen, method+" "+route+" "+http.StatusText(status))
		}
	})
	s.call("HEAD", idPath, "")
	s.call("HEAD", "/health", "")
	if diff := cmp.Diff([]string{"HEAD " + connectionsPath + "/{id} OK", "HEAD /health OK"}, seen); diff != "" {
		t.Error(diff)
	}
	for _, line := range s.logs.All() {
		if fields := line.ContextMap(); fields["method"] != "HEAD" || fields["bytes"] != int64(0) {
			t.Errorf("logged %v", fields)
		}
	}
}

// TestAHEADOfTheFeedDoesNotWait checks that a HEAD request never waits for changes, because its
// response could not contain them.
func TestAHEADOfTheFeedDoesNotWait(t *testing.T) {
	p := newPollers(t, 0)
	if w := p.call("HEAD", prefix+"/transactions/changes?wait=30", ""); w.Code != http.StatusOK {
		t.Errorf("status %d, want 200", w.Code)
	}
	s := newEnv(t)
	if w := s.call("HEAD", prefix+"/transactions/changes?wait=31", ""); w.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", w.Code)
	}
}
