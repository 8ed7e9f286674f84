package kit

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// maxGenerated is the maximum number of rows that one call of [GenerateRows] adds.
const maxGenerated = 1_000_000

// WithBody returns a ControlFunc that decodes the body, passes it to fn, and returns the result of fn.
func WithBody[T, R any](fn func(T) (R, error)) ControlFunc {
	return func(r *http.Request) (any, error) {
		in, err := DecodeBody[T](r)
		if err != nil {
			return nil, err
		}
		return fn(in)
	}
}

// WithID returns a ControlFunc that passes the {id} of the path to fn, and returns the result of fn.
func WithID[R any](fn func(id string) (R, error)) ControlFunc {
	return func(r *http.Request) (any, error) { return fn(r.PathValue("id")) }
}

// DeleteByID returns a ControlFunc that passes the {id} of the path to the function remove, and returns [OK].
func DeleteByID(remove func(id string) error) ControlFunc {
	return func(r *http.Request) (any, error) { return OK, remove(r.PathValue("id")) }
}

// PatchByID returns a ControlFunc that decodes the body into the row with the {id} of the path.
// Members of the row that the body does not contain keep their values.
func PatchByID[T any](update func(id string, edit func(*T)) (T, error)) ControlFunc {
	return func(r *http.Request) (any, error) {
		raw, err := DecodeBody[json.RawMessage](r)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, new(T)); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		return update(r.PathValue("id"), func(row *T) {
			_ = json.Unmarshal(raw, row) // no error: the same text was decoded above
		})
	}
}

// GenerateRows returns a ControlFunc that passes the {id} of the path and a number to the function generate. The number
// is the member "count" of the body, from 1 to a million.
func GenerateRows(generate func(id string, n int) error) ControlFunc {
	return func(r *http.Request) (any, error) {
		in, err := DecodeBody[struct {
			Count int `json:"count"`
		}](r)
		if err != nil {
			return nil, err
		}
		if in.Count < 1 || in.Count > maxGenerated {
			return nil, fmt.Errorf("count is not within 1..%d", maxGenerated)
		}
		return OK, generate(r.PathValue("id"), in.Count)
	}
}

// SetListed returns a ControlFunc that passes the {id} of the path and the member "listed" of the body to fn.
func SetListed(fn func(id string, listed bool) error) ControlFunc {
	return func(r *http.Request) (any, error) {
		in, err := DecodeBody[struct {
			Listed bool `json:"listed"`
		}](r)
		if err != nil {
			return nil, err
		}
		return OK, fn(r.PathValue("id"), in.Listed)
	}
}

// InjectFaults returns a ControlFunc that reads a list of faults and appends them to the queue.
func InjectFaults(faults *faultinject.Injector) ControlFunc {
	return WithBody(func(injected []faultinject.Fault) (any, error) { return OK, faults.Inject(injected...) })
}

// ClearFaults returns a ControlFunc that removes the queued faults.
func ClearFaults(faults *faultinject.Injector) ControlFunc {
	return func(*http.Request) (any, error) {
		faults.Clear()
		return OK, nil
	}
}

// DeliveryResults returns the response of a control call that sent webhooks. It returns err only if there are no
// results. With results, err is redundant: the last result reports the failure with the status 0 (no response).
func DeliveryResults(results []DeliveryResult, err error) (any, error) {
	if err != nil && len(results) == 0 {
		return nil, err
	}
	return map[string]any{"receipts": results}, nil
}
