package kit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// maxBody is the maximum size of the body of a control request, in bytes.
const maxBody = 1 << 20

// ControlFunc handles one request to the control surface, which is the set of HTTP calls that inspect and change a
// simulator. It returns the value that is sent as JSON.
type ControlFunc func(*http.Request) (any, error)

// OK is the value that a ControlFunc without a result returns.
var OK = map[string]bool{"ok": true}

// Control returns the handler of a control surface (see [ControlFunc]). The keys of calls are [http.ServeMux] patterns.
// The handler has no authentication: mount it on loopback only.
//
// Every response is JSON. The response to an error is an object with the member "error". Its status is 404 if
// errors.Is(err, notFoundErr), and 400 otherwise.
func Control(notFoundErr error, calls map[string]ControlFunc) http.Handler {
	mux := http.NewServeMux()
	for pattern, call := range calls {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			result, err := call(r)
			switch {
			case errors.Is(err, notFoundErr):
				writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
			case err != nil:
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			default:
				writeJSON(w, http.StatusOK, result)
			}
		})
	}
	return mux
}

// Mount returns a handler that serves a vendor's API at / and its control surface at
// /_control/.
func Mount(api, control http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_control/", control)
	mux.Handle("/", api)
	return mux
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // a raw JSON member that the caller has added is invalid
		http.Error(w, "simulator: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// DecodeBody decodes a JSON body. It rejects unknown members, so that a typing error in a
// script is reported and not ignored.
func DecodeBody[T any](r *http.Request) (into T, err error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&into); err != nil {
		return into, fmt.Errorf("body: %w", err)
	}
	return into, nil
}
