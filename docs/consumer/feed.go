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

// feed is a client of the change feed.
type feed struct {
	origin, token string
	limit         int
	wait          time.Duration
}

// transaction holds the members that this consumer stores; the service sends more.
type transaction struct {
	ID        string  `json:"id"`
	Version   int     `json:"version"`
	Date      string  `json:"date"`
	Amount    string  `json:"amount"` // exact: a decimal string, never a float
	Currency  string  `json:"currency"`
	RemovedAt *string `json:"removedAt,omitempty"`
}

// page is one response of the feed. NextCursor is always present.
type page struct {
	Items []struct {
		Transaction transaction `json:"transaction"`
	} `json:"items"`
	HasMore    bool   `json:"hasMore"`
	NextCursor string `json:"nextCursor"`
}

// retryError is a temporary failure: the same cursor may be requested again after a delay.
type retryError struct {
	cause error
	after time.Duration
}

func (e *retryError) Error() string { return fmt.Sprintf("retry in %s: %v", e.after, e.cause) }

// defaultRetryAfter is the delay if the service sends no Retry-After.
const defaultRetryAfter = 2 * time.Second

// read requests the page after the cursor; "" is the start of the feed.
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
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return page{}, &retryError{err, defaultRetryAfter}
	}
	defer func() { _ = response.Body.Close() }()
	return parseResponse(response)
}

// parseResponse returns the page of a response. It returns a retryError for a temporary
// failure, and another error for a permanent one: an expired token, an invalid cursor.
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
