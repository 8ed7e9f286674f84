package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// feed is a client of the change feed of one tenant.
type feed struct {
	origin, token string
	limit         int
	wait          time.Duration
	transport     http.RoundTripper // nil means http.DefaultTransport
}

// transaction contains the members that this consumer stores; the service sends more members.
type transaction struct {
	ID        string  `json:"id"`
	Version   int     `json:"version"`
	Date      string  `json:"date"`
	Amount    string  `json:"amount"` // a decimal string, never a float, so that the amount is exact
	Currency  string  `json:"currency"`
	RemovedAt *string `json:"removedAt,omitempty"`
}

// page is one response of the change feed. The service always sends NextCursor.
type page struct {
	Items []struct {
		Transaction transaction `json:"transaction"`
	} `json:"items"`
	HasMore    bool   `json:"hasMore"`
	NextCursor string `json:"nextCursor"`
}

// retryError is a temporary failure. The same cursor can be requested again after the delay.
type retryError struct {
	cause error
	delay time.Duration
}

func (e *retryError) Error() string { return fmt.Sprintf("retry in %s: %v", e.delay, e.cause) }

// defaultRetryAfter is the delay after a temporary failure without a Retry-After header. It is also the delay after an
// empty page, if the service sent the page earlier than the request allowed (parameter wait).
const defaultRetryAfter = 2 * time.Second

// read requests the page that follows the cursor; the cursor "" is the start of the feed. It
// returns the same errors as parseResponse.
func (f feed) read(ctx context.Context, cursor string) (page, error) {
	query := url.Values{"limit": {strconv.Itoa(f.limit)}, "wait": {f.wait.String()}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait+30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(
		ctx, http.MethodGet, f.origin+"/v1/discovery/transactions/changes?"+query.Encode(), nil,
	)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Authorization", "Bearer "+f.token)
	response, err := (&http.Client{Transport: f.transport}).Do(request)
	if err != nil {
		return page{}, &retryError{err, defaultRetryAfter}
	}
	defer func() { _ = response.Body.Close() }()
	return parseResponse(response)
}

// parseResponse returns the page that a response contains. After a temporary failure it returns
// a retryError. After a permanent failure, such as an expired token or an invalid cursor, it
// returns another error.
func parseResponse(response *http.Response) (page, error) {
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		after := defaultRetryAfter
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
			after = time.Duration(seconds) * time.Second
		}
		return page{}, &retryError{fmt.Errorf("the service answered %s", response.Status), after}
	case status != http.StatusOK:
		problem, _ := io.ReadAll(io.LimitReader(response.Body, 1<<12))
		return page{}, fmt.Errorf("the service answered %s: %s", response.Status, problem)
	}
	var p page
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		return page{}, &retryError{fmt.Errorf("the response is incomplete: %w", err), defaultRetryAfter}
	}
	return p, nil
}
