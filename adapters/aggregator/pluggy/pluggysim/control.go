package pluggysim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ControlHandler serves /_control/ alone; the package doc lists its calls. Errors are
// {"error"}: 400 for what cannot be read or done, 404 for what is not there.
func (s *Simulator) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, call := range map[string]func(*http.Request) (any, error){
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/transactions":            s.controlAdd,
		"PATCH /_control/transactions/{id}":      s.controlUpdate,
		"DELETE /_control/transactions/{id}":     s.controlRemove,
		"POST /_control/transactions/{id}/churn": func(r *http.Request) (any, error) { return s.Churn(r.PathValue("id")) },
		"POST /_control/accounts/{id}/generate":  s.controlGenerate,
		"POST /_control/items/{id}/status":       s.controlStatus,
		"POST /_control/keys/expire":             s.controlExpire,
		"POST /_control/faults":                  s.controlFaults,
		"DELETE /_control/faults":                s.controlClear,
		"POST /_control/webhooks":                s.controlWebhooks,
	} {
		mux.HandleFunc(pattern, controlled(call))
	}
	return mux
}

// done is the answer of a call that has nothing to show.
var done = map[string]bool{"ok": true}

func controlled(call func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		out, err := call(r)
		switch {
		case errors.Is(err, ErrNotFound):
			answer(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		case err != nil:
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		default:
			answer(w, http.StatusOK, out)
		}
	}
}

func read(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("pluggysim: body: %w", err)
	}
	return nil
}

func (s *Simulator) controlAdd(r *http.Request) (any, error) {
	var t Transaction
	if err := read(r, &t); err != nil {
		return nil, err
	}
	return s.AddTransaction(t)
}

// controlUpdate decodes onto the row: members not named stay.
func (s *Simulator) controlUpdate(r *http.Request) (any, error) {
	var raw json.RawMessage
	if err := read(r, &raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &Transaction{}); err != nil {
		return nil, fmt.Errorf("pluggysim: body: %w", err)
	}
	return s.UpdateTransaction(r.PathValue("id"), func(t *Transaction) {
		_ = json.Unmarshal(raw, t) // decoded once already
	})
}

func (s *Simulator) controlRemove(r *http.Request) (any, error) {
	return done, s.RemoveTransaction(r.PathValue("id"))
}

func (s *Simulator) controlGenerate(r *http.Request) (any, error) {
	var in struct {
		Count int `json:"count"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Count < 1 || in.Count > 1_000_000 {
		return nil, errors.New("pluggysim: count must be 1..1000000")
	}
	return done, s.Generate(r.PathValue("id"), in.Count)
}

func (s *Simulator) controlStatus(r *http.Request) (any, error) {
	var in struct {
		Status          string `json:"status"`
		ExecutionStatus string `json:"executionStatus"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return done, s.SetItemStatus(r.PathValue("id"), in.Status, in.ExecutionStatus)
}

func (s *Simulator) controlExpire(*http.Request) (any, error) {
	s.ExpireKeys()
	return done, nil
}

func (s *Simulator) controlFaults(r *http.Request) (any, error) {
	var faults []Fault
	if err := read(r, &faults); err != nil {
		return nil, err
	}
	return done, s.Inject(faults...)
}

func (s *Simulator) controlClear(*http.Request) (any, error) {
	s.ClearFaults()
	return done, nil
}

// controlWebhooks answers the receipts also when the last post failed: its status 0 says so.
func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	var in struct {
		Target Target  `json:"target"`
		Events []Event `json:"events"`
		ItemID string  `json:"itemId"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if len(in.Events) == 0 {
		in.Events = s.Pending(in.ItemID)
	}
	receipts, err := s.SendWebhooks(r.Context(), in.Target, in.Events...)
	if err != nil && len(receipts) == 0 {
		return nil, err
	}
	return map[string]any{"receipts": receipts}, nil
}
