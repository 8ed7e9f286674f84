package kit

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// maxGenerated bounds one call of [Generating], in rows.
const maxGenerated = 1_000_000

// Reading hands the body on and shows what comes of it.
func WithBody[T, R any](do func(T) (R, error)) ControlFunc {
	return func(r *http.Request) (any, error) {
		in, err := DecodeBody[T](r)
		if err != nil {
			return nil, err
		}
		return do(in)
	}
}

// Naming hands the {id} of the path on and shows what comes of it.
func WithID[R any](do func(id string) (R, error)) ControlFunc {
	return func(r *http.Request) (any, error) { return do(r.PathValue("id")) }
}

// Removing hands the {id} of the path on.
func DeleteByID(remove func(id string) error) ControlFunc {
	return func(r *http.Request) (any, error) { return OK, remove(r.PathValue("id")) }
}

// Editing decodes the body onto the row with the path's {id}: members not named stay.
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
			_ = json.Unmarshal(raw, row) // it was decoded once already
		})
	}
}

// Generating reads {"count"}, 1 to a million rows, for the {id} of the path.
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

// Injecting reads a list of faults and queues them.
func InjectFaults(faults *faultinject.Injector) ControlFunc {
	return WithBody(func(injected []faultinject.Fault) (any, error) { return OK, faults.Inject(injected...) })
}

// Clearing forgets the faults that wait.
func ClearFaults(faults *faultinject.Injector) ControlFunc {
	return func(*http.Request) (any, error) {
		faults.Clear()
		return OK, nil
	}
}

// Told shows receipts, also when the last post failed: its status 0 says so.
func DeliveryResults(receipts []DeliveryResult, err error) (any, error) {
	if err != nil && len(receipts) == 0 {
		return nil, err
	}
	return map[string]any{"receipts": receipts}, nil
}
