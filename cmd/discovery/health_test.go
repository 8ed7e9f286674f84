package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// readyz serves /readyz with the given response, and returns the address of the server.
func readyz(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("the request is for %s, want /readyz", r.URL.Path)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestHealthExitsWithZeroOnlyIfTheServiceIsReady(t *testing.T) {
	closed, err := loopback(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	ready := readyz(t, http.StatusOK, `{"status":"ready","checks":{"database":{"status":"up"}},"version":"1"}`)
	_, port, _ := strings.Cut(ready, ":")
	for name, test := range map[string]struct {
		address string
		code    int
		says    string
	}{
		"ready":         {ready, 0, "ready\n"},
		"every address": {"0.0.0.0:" + port, 0, "ready\n"},
		"no host":       {":" + port, 0, "ready\n"},
		"no listener":   {closed.Addr().String(), exitFailure, "connection refused"},
		"not ready": {
			readyz(t, http.StatusServiceUnavailable,
				`{"status":"unavailable","checks":{"a":{"status":"up"},"database":{"status":"down"}},"version":"1"}`),
			exitFailure, "discovery: health: the service is unavailable, database is down\n",
		},
		"another service": {
			readyz(t, http.StatusNotFound, canary), exitFailure, "discovery: health: the response has status 404\n",
		},
		"an invalid address": {canary, exitUsage, "SERVER_ADDRESS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
			// The command must not need any other setting.
			code, out, stderr := program(t, func(name string) (string, bool) {
				return test.address, name == "SERVER_ADDRESS"
			}, "health")
			said := out + stderr
			if code != test.code || !strings.Contains(said, test.says) || strings.Count(said, "\n") != 1 {
				t.Errorf("exit %d with %q, want %d with one line that contains %q", code, said, test.code, test.says)
			}
			if strings.Contains(said, canary) {
				t.Errorf("the output contains a value: %q", said)
			}
		})
	}
}
