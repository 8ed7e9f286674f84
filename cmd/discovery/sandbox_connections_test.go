package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// The sandbox creates a connection for each of its items and requests a pull. When it starts again, it keeps them.
func TestTheSandboxCreatesConnectionsOnce(t *testing.T) {
	serving, stop := context.WithCancel(t.Context())
	group, serving := errgroup.WithContext(serving)
	stage, err := newDemoEnv(serving, group, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
	const n = 3
	items := stage.pluggy.SeedItems(n, time.Now())
	var out bytes.Buffer
	c := &demoClient{ctx: t.Context(), out: &out, origin: stage.service, token: stage.token}
	for _, want := range []string{"3 connections were created and are being read, 0 existed already.",
		"0 connections were created and are being read, 3 existed already."} {
		out.Reset()
		err := connectItems(c, stage.origins["pluggy"], items)
		if err != nil || strings.TrimSpace(out.String()) != want {
			t.Fatalf("%q, %v, want %q", out.String(), err, want)
		}
	}
	c.waitFor("the pulls", func() bool {
		page := c.get(apiPath + "/pulls?status=succeeded&limit=10")
		return len(page["items"].([]any)) == n
	})
	if c.err != nil {
		t.Error(c.err)
	}
}

func TestTheSandboxNeedsAServiceForConnections(t *testing.T) {
	for args, env := range map[string]map[string]string{
		"--connections=1":  {"DISCOVERY_URL": "http://127.0.0.1:1"},
		"--connections=2":  {"DISCOVERY_TOKEN": "x"},
		"--connections=-1": {"DISCOVERY_URL": "http://127.0.0.1:1", "DISCOVERY_TOKEN": "x"},
	} {
		lookup := func(name string) (string, bool) {
			value, found := env[name]
			return value, found
		}
		var out, errs bytes.Buffer
		code := report(run(t.Context(), []string{"sandbox", args}, lookup, nil, &out, &errs), &errs)
		if code != exitUsage || !strings.Contains(errs.String(), "--connections: ") || out.Len() > 0 {
			t.Errorf("%s: exit %d with %q and %q", args, code, out.String(), errs.String())
		}
	}
}
