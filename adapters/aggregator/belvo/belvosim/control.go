package belvosim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// maxGenerated bounds one call of /generate.
const maxGenerated = 1_000_000

// ControlHandler serves /_control/ alone; the package doc lists its calls. Errors are
// {"error"}: 404 for what is not there, 400 for what cannot be read or done.
func (s *Simulator) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, call := range map[string]func(*http.Request) (any, error){
		"GET /_control/state":                    s.controlState,
		"GET /_control/stats":                    func(*http.Request) (any, error) { return s.Stats(), nil },
		"POST /_control/links":                   s.controlAddLink,
		"POST /_control/links/{id}/status":       s.controlStatus,
		"POST /_control/links/{id}/purge":        s.controlPurge,
		"DELETE /_control/links/{id}":            func(r *http.Request) (any, error) { return done, s.RemoveLink(r.PathValue("id")) },
		"POST /_control/accounts":                s.controlAddAccount,
		"POST /_control/accounts/{id}/generate":  s.controlGenerate,
		"POST /_control/transactions":            s.controlAdd,
		"PATCH /_control/transactions/{id}":      s.controlUpdate,
		"DELETE /_control/transactions/{id}":     func(r *http.Request) (any, error) { return done, s.RemoveTransaction(r.PathValue("id")) },
		"POST /_control/transactions/{id}/churn": func(r *http.Request) (any, error) { return s.Churn(r.PathValue("id")) },
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
		shown, err := call(r)
		switch {
		case errors.Is(err, ErrNotFound):
			writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		case err != nil:
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		default:
			writeJSON(w, http.StatusOK, shown)
		}
	}
}

// read refuses members it does not know: a typing error in a script is no silent success.
func read[T any](r *http.Request) (into T, err error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&into); err != nil {
		return into, fmt.Errorf("belvosim: body: %w", err)
	}
	return into, nil
}

func (s *Simulator) controlAddLink(r *http.Request) (any, error) {
	l, err := read[Link](r)
	if err != nil {
		return nil, err
	}
	return s.AddLink(l)
}

func (s *Simulator) controlAddAccount(r *http.Request) (any, error) {
	a, err := read[Account](r)
	if err != nil {
		return nil, err
	}
	return s.AddAccount(a)
}

// addition is a transaction with the link to add it to.
type addition struct {
	Link string `json:"link"`
	Transaction
}

func (s *Simulator) controlAdd(r *http.Request) (any, error) {
	added, err := read[addition](r)
	if err != nil {
		return nil, err
	}
	return s.AddTransaction(added.Link, added.Transaction)
}

// controlUpdate decodes onto the row: members not named stay.
func (s *Simulator) controlUpdate(r *http.Request) (any, error) {
	raw, err := read[json.RawMessage](r)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &Transaction{}); err != nil {
		return nil, fmt.Errorf("belvosim: body: %w", err)
	}
	return s.UpdateTransaction(r.PathValue("id"), func(tx *Transaction) {
		_ = json.Unmarshal(raw, tx) // it was decoded once already
	})
}

func (s *Simulator) controlGenerate(r *http.Request) (any, error) {
	in, err := read[struct {
		Count int `json:"count"`
	}](r)
	if err != nil {
		return nil, err
	}
	if in.Count < 1 || in.Count > maxGenerated {
		return nil, fmt.Errorf("belvosim: count is not within 1..%d", maxGenerated)
	}
	return done, s.Generate(r.PathValue("id"), in.Count)
}

func (s *Simulator) controlStatus(r *http.Request) (any, error) {
	in, err := read[struct {
		Status LinkStatus `json:"status"`
	}](r)
	if err != nil {
		return nil, err
	}
	return done, s.SetLinkStatus(r.PathValue("id"), in.Status)
}

func (s *Simulator) controlPurge(r *http.Request) (any, error) {
	in, err := read[struct {
		Before time.Time `json:"before"`
	}](r)
	if err != nil {
		return nil, err
	}
	purged, err := s.Purge(r.PathValue("id"), in.Before)
	return map[string]int{"purged": purged}, err
}

func (s *Simulator) controlFaults(r *http.Request) (any, error) {
	faults, err := read[[]Fault](r)
	if err != nil {
		return nil, err
	}
	return done, s.Inject(faults...)
}

func (s *Simulator) controlClear(*http.Request) (any, error) {
	s.ClearFaults()
	return done, nil
}

// controlWebhooks answers the receipts also when the last post failed: its status 0
// says so.
func (s *Simulator) controlWebhooks(r *http.Request) (any, error) {
	in, err := read[struct {
		Target Target  `json:"target"`
		Events []Event `json:"events"`
	}](r)
	if err != nil {
		return nil, err
	}
	receipts, err := s.SendWebhooks(r.Context(), in.Target, in.Events...)
	if err != nil && len(receipts) == 0 {
		return nil, err
	}
	return map[string]any{"receipts": receipts}, nil
}
