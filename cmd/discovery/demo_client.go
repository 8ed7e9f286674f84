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

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
)

// demoClient is the HTTP client of an operator. For each step it prints one line with the request and the response.
type demoClient struct {
	ctx    context.Context
	out    io.Writer
	origin string
	token  string
	step   int
	err    error // the first failure; after it, further steps do nothing
}

// exchangeTimeout bounds one request.
const exchangeTimeout = time.Minute

// maxLineLength is the maximum length, in characters, of the line that a step prints. Longer lines are truncated.
const maxLineLength = 300

// uuids matches ids. The output contains only their first eight characters.
var uuids = regexp.MustCompile(`([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// object is a decoded JSON object.
type object = map[string]any

// printf prints one line. It does nothing after a failure.
func (c *demoClient) printf(format string, args ...any) {
	if c.err == nil {
		_, c.err = fmt.Fprintf(c.out, format+"\n", args...)
	}
}

// call performs one step: it sends a request, checks that the response has the given status,
// prints a line, and returns the decoded body.
func (c *demoClient) call(title, method, path string, body any, status int) object {
	if c.err != nil {
		return object{}
	}
	c.step++
	requestText, response, got, err := c.exchange(method, path, body)
	if err == nil && got != status {
		err = fmt.Errorf("%s %s answered %d, want %d: %s", method, path, got, status, response)
	}
	if err != nil {
		c.err = err
		return object{}
	}
	line := fmt.Sprintf(
		"%s %s %s -> %d %s", method, strings.TrimPrefix(path, apiPath), requestText, got, summary(response),
	)
	line = uuids.ReplaceAllString(strings.ReplaceAll(line, "  ", " "), "$1…")
	c.printf("%2d %-9s %s", c.step, title, truncate(line, maxLineLength))
	var parsed object
	_ = json.Unmarshal(response, &parsed) // a response with status 204 has no body
	return parsed
}

// get sends a GET request without printing it, and returns the decoded body.
func (c *demoClient) get(path string) object { return c.send(http.MethodGet, path, nil, http.StatusOK) }

// send sends a request without printing it, checks that the response has the given status, and returns the decoded
// body. A body of type []byte is sent as a file.
func (c *demoClient) send(method, path string, body any, want int) object {
	var parsed object
	if c.err != nil {
		return parsed
	}
	_, response, status, err := c.exchange(method, path, body)
	if err == nil && status != want {
		err = fmt.Errorf("%s %s answered %d: %s", method, path, status, response)
	}
	if err == nil && len(response) > 0 { // a response with status 204 has no body
		err = json.Unmarshal(response, &parsed)
	}
	c.err = err
	return parsed
}

func (c *demoClient) exchange(
	method, path string, body any,
) (requestText string, content []byte, status int, err error) {
	var payload io.Reader
	mediaType := "application/json"
	switch content := body.(type) {
	case nil:
	case []byte:
		mediaType, payload = "application/octet-stream", bytes.NewReader(content)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return "", nil, 0, err
		}
		requestText, payload = summary(raw), bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(c.ctx, method, c.origin+path, payload)
	if err != nil {
		return "", nil, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		request.Header.Set("Content-Type", mediaType)
	}
	response, err := egress.NewClient(egress.TransportConfig{Timeout: exchangeTimeout}).Do(request)
	if err != nil {
		return "", nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err = io.ReadAll(response.Body)
	return requestText, bytes.TrimSpace(content), response.StatusCode, err
}

// summary returns a JSON body in one line. The members are sorted by name. Times, connection ids and the vendor's own
// object (metadata) are omitted, secrets are hidden, long texts are truncated, and only the length of a long list is
// shown.
func summary(raw []byte) string {
	var body object
	if len(raw) == 0 || json.Unmarshal(raw, &body) != nil {
		return string(raw)
	}
	return summarizeObject(body)
}

func summarizeObject(body object) string {
	parts := make([]string, 0, len(body))
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if !strings.HasSuffix(name, "At") && name != "metadata" && name != "connectionId" {
			parts = append(parts, summarizeMember(name, body[name]))
		}
	}
	return strings.Join(parts, " ")
}

// summarizeMember returns a member as name=value. It hides the credential in a request, and
// returns only the first characters of a token.
func summarizeMember(name string, value any) string {
	const maxLength = 36
	switch v := value.(type) {
	case []any:
		return summarizeList(name, v)
	case object:
		return name + "{" + summarizeObject(v) + "}"
	case string:
		if name == "clientId" || name == "secret" || name == "accessToken" {
			return name + "=…"
		}
		if name == "token" {
			return name + "=" + truncate(v, 4)
		}
		return name + "=" + truncate(v, maxLength)
	}
	return fmt.Sprint(name, "=", value)
}

func truncate(text string, maxLength int) string {
	if runes := []rune(text); len(runes) > maxLength {
		return string(runes[:maxLength]) + "…"
	}
	return text
}

// summarizeList returns the items of a list with one or two items, and otherwise only the
// length of the list.
func summarizeList(name string, list []any) string {
	if len(list) > 2 || len(list) == 0 {
		return fmt.Sprint(name, "[", len(list), "]")
	}
	shown := make([]string, len(list))
	for i, item := range list {
		shown[i] = fmt.Sprint(item)
		if o, ok := item.(object); ok {
			shown[i] = summarizeObject(o)
		}
	}
	return name + "[" + strings.Join(shown, "; ") + "]"
}

// waitFor waits until condition returns true. If the context ends first, waitFor sets c.err to an error that names the
// expected state.
func (c *demoClient) waitFor(state string, condition func() bool) {
	for c.err == nil && !condition() {
		select {
		case <-c.ctx.Done():
			c.err = fmt.Errorf("waiting for %s: %w", state, c.ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
