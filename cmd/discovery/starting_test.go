package main

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

func TestTheProcessAnswersWhileItStarts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	status := func(path string) (int, string) {
		t.Helper()
		response, err := http.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	stop := serveStart(listener)
	if code, body := status("/health"); code != http.StatusOK || body != "{\"status\":\"healthy\"}\n" {
		t.Errorf("/health: %d %s", code, body)
	}
	for _, path := range []string{"/readyz", "/v1/discovery/aggregator-connections"} {
		if code, _ := status(path); code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, code)
		}
	}
	want := `{"status":"unavailable","checks":{},"version":"` + compose.Version() + "\"}\n"
	if _, body := status("/readyz"); body != want {
		t.Errorf("/readyz: %s, want %s", body, want)
	}
	stop()
	server := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	if code, _ := status("/health"); code != http.StatusNotFound {
		t.Errorf("after the handover: %d", code)
	}
}
