package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// guide is an operator at the service's door: it calls, and tells what it asked and what
// came back, one line a step.
type guide struct {
	ctx    context.Context
	out    io.Writer
	origin string
	token  string
	step   int
	err    error // the first failure; later steps do nothing
}

// object is a JSON object.
type object = map[string]any

// say writes one line.
func (g *guide) say(format string, args ...any) {
	if g.err == nil {
		_, g.err = fmt.Fprintf(g.out, format+"\n", args...)
	}
}

// call does one step: it must answer with the status, and gives the body.
func (g *guide) call(title, method, path string, body any, status int) object {
	if g.err != nil {
		return object{}
	}
	g.step++
	asked, answer, got, err := g.exchange(method, path, body)
	if err == nil && got != status {
		err = fmt.Errorf("%s %s answered %d, want %d: %s", method, path, got, status, answer)
	}
	if err != nil {
		g.err = err
		return object{}
	}
	g.say("%2d %-9s %s %s%s\n             -> %d %s", g.step, title, method, strings.TrimPrefix(path, "/v1/discovery"), asked, got, shorten(answer))
	var parsed object
	_ = json.Unmarshal(answer, &parsed) // a 204 has no body
	return parsed
}

// get reads without telling.
func (g *guide) get(path string) object {
	var parsed object
	if g.err != nil {
		return parsed
	}
	_, answer, status, err := g.exchange(http.MethodGet, path, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s answered %d: %s", path, status, answer)
	}
	if err == nil {
		err = json.Unmarshal(answer, &parsed)
	}
	g.err = err
	return parsed
}

func (g *guide) exchange(method, path string, body any) (asked string, answer []byte, status int, err error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return "", nil, 0, err
		}
		asked, payload = " "+string(masked(raw)), bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(g.ctx, method, g.origin+path, payload)
	if err != nil {
		return "", nil, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	return asked, bytes.TrimSpace(answer), response.StatusCode, err
}

// masked hides what the demo sends as a secret: its lines show what is shown elsewhere.
func masked(raw []byte) []byte {
	var body object
	if json.Unmarshal(raw, &body) != nil {
		return raw
	}
	for _, name := range []string{"clientId", "secret"} {
		if _, there := body[name]; there {
			body[name] = "…"
		}
	}
	out, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	return out
}

// shorten cuts a token out of a mint's answer, and long answers.
func shorten(answer []byte) string {
	var parsed object
	if json.Unmarshal(answer, &parsed) == nil && parsed["token"] != nil {
		raw, _ := parsed["token"].(string)
		answer = bytes.ReplaceAll(answer, []byte(raw), []byte(raw[:4]+"…"))
	}
	const most = 300
	if text := []rune(string(answer)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(answer)
}

// eventually asks until done says yes.
func (g *guide) eventually(what string, done func() bool) {
	for g.err == nil && !done() {
		select {
		case <-g.ctx.Done():
			g.err = fmt.Errorf("waiting for %s: %w", what, g.ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
