package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
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

// maxLine is where a step's line is cut, in characters.
const maxLine = 300

// ids are shown by their begin.
var ids = regexp.MustCompile(`([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

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
	line := fmt.Sprintf("%s %s %s -> %d %s", method, strings.TrimPrefix(path, surface), asked, got, brief(answer))
	line = ids.ReplaceAllString(strings.ReplaceAll(line, "  ", " "), "$1…")
	g.say("%2d %-9s %s", g.step, title, cut(line, maxLine))
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
		asked, payload = brief(raw), bytes.NewReader(raw)
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

// brief writes a JSON body as it fits into a line: members in order but for times and the
// vendor's own object, secrets hidden, long texts cut, lists by their length.
func brief(raw []byte) string {
	var body object
	if len(raw) == 0 || json.Unmarshal(raw, &body) != nil {
		return string(raw)
	}
	return members(body)
}

func members(body object) string {
	parts := make([]string, 0, len(body))
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if !strings.HasSuffix(name, "At") && name != "metadata" && name != "connectionId" {
			parts = append(parts, member(name, body[name]))
		}
	}
	return strings.Join(parts, " ")
}

// member hides what is a secret on its way in, and shows only the begin of a token.
func member(name string, value any) string {
	const most = 36
	switch v := value.(type) {
	case []any:
		return listed(name, v)
	case object:
		return name + "{" + members(v) + "}"
	case string:
		if name == "clientId" || name == "secret" {
			return name + "=…"
		}
		if name == "token" {
			return name + "=" + cut(v, 4)
		}
		return name + "=" + cut(v, most)
	}
	return fmt.Sprint(name, "=", value)
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// listed shows a short list whole.
func listed(name string, list []any) string {
	if len(list) > 2 || len(list) == 0 {
		return fmt.Sprint(name, "[", len(list), "]")
	}
	shown := make([]string, len(list))
	for i, item := range list {
		shown[i] = fmt.Sprint(item)
		if o, ok := item.(object); ok {
			shown[i] = members(o)
		}
	}
	return name + "[" + strings.Join(shown, "; ") + "]"
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
