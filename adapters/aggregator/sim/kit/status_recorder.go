package kit

import "net/http"

// RecordStatus returns a writer that calls onStatus once with the status of the response, before
// the first byte of the response is sent. Therefore a response is counted before the client
// receives it. onStatus is not called for a response that is never started.
func RecordStatus(w http.ResponseWriter, onStatus func(status int)) http.ResponseWriter {
	return &statusRecorder{ResponseWriter: w, onStatus: onStatus}
}

type statusRecorder struct {
	http.ResponseWriter
	onStatus func(status int)
	recorded bool
}

// WriteHeader implements http.ResponseWriter.
func (w *statusRecorder) WriteHeader(status int) {
	w.record(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusRecorder) Write(p []byte) (int, error) {
	w.record(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap returns the wrapped writer, so that http.ResponseController can call its Flush method.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusRecorder) record(status int) {
	if !w.recorded {
		w.recorded = true
		w.onStatus(status)
	}
}
