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
	// other replaces every value that a label may not have.
	other = "other"
	// maxLabelValues is the maximum number of distinct values of one label.
	maxLabelValues = 64
	// maxSegmentLength bounds the text between two slashes of a value, in bytes. The segments
	// of a template are shorter than an id (36 bytes) or a webhook token (43).
	maxSegmentLength = 32
)

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// labels bounds the values of labels, so that no outside input can create series.
type labels struct {
	vendors []domain.Vendor

	mu   sync.RWMutex
	seen map[string][]string // by label
}

// vendor returns the vendor's name if it is configured, and other if not.
func (l *labels) vendor(v domain.Vendor) string {
	if slices.Contains(l.vendors, v) {
		return string(v)
	}
	return other
}

// value returns value if it looks like a constant of the code and is one of the first few
// of its label, and other if not. "" is always other.
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

// isLabelValue reports whether text looks like a template or a code.
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

// statusLabel returns the status code as text, or none if no response came.
func statusLabel(code int) string {
	switch {
	case code == 0:
		return none
	case code < 100 || code > 599:
		return other
	}
	return strconv.Itoa(code)
}
