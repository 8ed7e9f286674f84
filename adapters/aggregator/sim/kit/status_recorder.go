package kit

import "net/http"

// RecordStatus returns a writer that calls onStatus with the status of the response, once and
// before its first byte is sent: when the client has the response, it is already counted. A
// response that is never started is not reported.
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

// Unwrap makes http.ResponseController find Flush.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusRecorder) record(status int) {
	if !w.recorded {
		w.recorded = true
		w.onStatus(status)
	}
}
