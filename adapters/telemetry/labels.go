package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const (
	// other stands for every value that is not one of the few a label may have.
	other = "other"
	// mostValues is how many values of one label are told apart.
	maxLabelValues = 64
	// longestWord bounds what stands between two slashes of a value: a template's words
	// are shorter than an id (36 bytes) and a webhook token (43).
	maxSegmentLength = 32
)

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// labels bounds the values of labels, so that nobody outside can make series.
type labels struct {
	vendors []domain.Vendor

	mu   sync.RWMutex
	seen map[string][]string // by label
}

// vendor is the vendor's name if it is wired.
func (l *labels) vendor(v domain.Vendor) string {
	if slices.Contains(l.vendors, v) {
		return string(v)
	}
	return other
}

// word passes the first few values of a label that could stand in a table of the code;
// "" is none of them.
func (l *labels) value(label, value string) string {
	if !isLabelValue(value) {
		return other
	}
	l.mu.RLock()
	known := slices.Contains(l.seen[label], value)
	l.mu.RUnlock()
	if known || l.add(label, value) {
		return value
	}
	return other
}

func (l *labels) add(label, value string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.seen[label], value) {
		return true
	}
	if len(l.seen[label]) >= maxLabelValues {
		return false
	}
	l.seen[label] = append(l.seen[label], value)
	return true
}

// wordy says whether text looks like a template or a code.
func isLabelValue(text string) bool {
	for segment := range strings.SplitSeq(text, "/") {
		if len(segment) > maxSegmentLength {
			return false
		}
	}
	return text != "" && len(text) <= 4*maxSegmentLength && strings.IndexFunc(text, notInLabel) < 0
}

func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/{}_-.: ", r)
}

func methodLabel(name string) string {
	if slices.Contains(methods, name) {
		return name
	}
	return other
}

// status is the code, or none where no answer came.
func statusLabel(code int) string {
	switch {
	case code == 0:
		return none
	case code < 100 || code > 599:
		return other
	}
	return strconv.Itoa(code)
}
