package kit

import "net/http"

// Watch tells seen the status of an answer, once and before its first byte leaves: a
// client that has the answer finds it counted. An answer that never begins is not told.
func RecordStatus(w http.ResponseWriter, seen func(status int)) http.ResponseWriter {
	return &watched{ResponseWriter: w, seen: seen}
}

type watched struct {
	http.ResponseWriter
	seen func(status int)
	told bool
}

// WriteHeader implements http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	w.tell(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watched) Write(p []byte) (int, error) {
	w.tell(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach Flush.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) tell(status int) {
	if !w.told {
		w.told = true
		w.seen(status)
	}
}
