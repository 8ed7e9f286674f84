package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// New returns a client of the service at baseURL, such as https://api.example.com. It sends token as the
// bearer token of each request. Further options, such as [WithHTTPClient], replace the defaults.
func New(baseURL, token string, options ...ClientOption) (*ClientWithResponses, error) {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	return NewClientWithResponses(baseURL, append([]ClientOption{WithRequestEditorFn(authorize)}, options...)...)
}

// APIError is a response of the service that reports a failure.
type APIError struct {
	Status    int      // the HTTP status
	Problem   *Problem // nil if the body of the response is not a problem document
	RequestID string   // the X-Request-Id header, under which the service logs the request; may be empty
	// RetryAfter is the value of the Retry-After header: a number of seconds or a date. It may be empty.
	RetryAfter string
}

// Error returns the detail of the problem, the invalid fields and the request id.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
	if e.Problem != nil {
		fmt.Fprintf(&b, ": %s", e.Problem.Detail)
		if e.Problem.Errors != nil {
			for _, field := range *e.Problem.Errors {
				fmt.Fprintf(&b, "; %s: %s", field.Location, field.Message)
			}
		}
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// CheckResponse returns nil if the status of the response is between 200 and 299, and otherwise an [*APIError]. body
// is the body of the response: the field Body of a generated response.
func CheckResponse(response *http.Response, body []byte) error {
	if response == nil {
		return errors.New("there is no response")
	}
	if response.StatusCode/100 == 2 {
		return nil
	}
	failure := &APIError{
		Status:    response.StatusCode,
		RequestID: response.Header.Get("X-Request-Id"), RetryAfter: response.Header.Get("Retry-After"),
	}
	var problem Problem
	if json.Unmarshal(body, &problem) == nil && problem.Code != "" {
		failure.Problem = &problem
	}
	return failure
}
