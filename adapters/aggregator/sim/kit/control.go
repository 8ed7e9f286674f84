package kit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// maxBody bounds what a call is told, in bytes.
const maxBody = 1 << 20

// Call does what a request to the control surface asks and returns what to show for it.
type ControlFunc func(*http.Request) (any, error)

// Done is the answer of a call that has nothing to show.
var OK = map[string]bool{"ok": true}

// Control serves calls by their [http.ServeMux] patterns. Every answer is JSON; errors
// are {"error"}: 404 for those that are missing, 400 for all others. It has no
// authentication: mount it on loopback only.
func Control(missing error, calls map[string]ControlFunc) http.Handler {
	mux := http.NewServeMux()
	for pattern, call := range calls {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			shown, err := call(r)
			switch {
			case errors.Is(err, missing):
				show(w, http.StatusNotFound, map[string]string{"error": err.Error()})
			case err != nil:
				show(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			default:
				show(w, http.StatusOK, shown)
			}
		})
	}
	return mux
}

// Mount puts a vendor's API at / and its control surface at /_control/.
func Mount(api, control http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_control/", control)
	mux.Handle("/", api)
	return mux
}

func show(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // a raw member that was handed in is not JSON
		http.Error(w, "simulator: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// Read decodes a body. It refuses members it does not know: a typing error in a script
// is no silent success.
func DecodeBody[T any](r *http.Request) (into T, err error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&into); err != nil {
		return into, fmt.Errorf("body: %w", err)
	}
	return into, nil
}
