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
func Reading[T, R any](do func(T) (R, error)) Call {
	return func(r *http.Request) (any, error) {
		in, err := Read[T](r)
		if err != nil {
			return nil, err
		}
		return do(in)
	}
}

// Naming hands the {id} of the path on and shows what comes of it.
func Naming[R any](do func(id string) (R, error)) Call {
	return func(r *http.Request) (any, error) { return do(r.PathValue("id")) }
}

// Removing hands the {id} of the path on.
func Removing(remove func(id string) error) Call {
	return func(r *http.Request) (any, error) { return Done, remove(r.PathValue("id")) }
}

// Editing decodes the body onto the row with the path's {id}: members not named stay.
func Editing[T any](update func(id string, edit func(*T)) (T, error)) Call {
	return func(r *http.Request) (any, error) {
		raw, err := Read[json.RawMessage](r)
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
func Generating(generate func(id string, n int) error) Call {
	return func(r *http.Request) (any, error) {
		in, err := Read[struct {
			Count int `json:"count"`
		}](r)
		if err != nil {
			return nil, err
		}
		if in.Count < 1 || in.Count > maxGenerated {
			return nil, fmt.Errorf("count is not within 1..%d", maxGenerated)
		}
		return Done, generate(r.PathValue("id"), in.Count)
	}
}

// Injecting reads a list of faults and queues them.
func Injecting(faults *faultinject.Injector) Call {
	return Reading(func(injected []faultinject.Fault) (any, error) { return Done, faults.Inject(injected...) })
}

// Clearing forgets the faults that wait.
func Clearing(faults *faultinject.Injector) Call {
	return func(*http.Request) (any, error) {
		faults.Clear()
		return Done, nil
	}
}

// Told shows receipts, also when the last post failed: its status 0 says so.
func Told(receipts []Receipt, err error) (any, error) {
	if err != nil && len(receipts) == 0 {
		return nil, err
	}
	return map[string]any{"receipts": receipts}, nil
}
