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
	// other is the label value that is used for all values that are not allowed.
	other = "other"
	// maxLabelValues is the maximum number of distinct values of one label.
	maxLabelValues = 64
	// maxSegmentLength is the maximum length of the text between two slashes of a label
	// value, in bytes. The segments of route templates are shorter than that. Ids (36 bytes)
	// and webhook tokens (43 bytes) are longer, so they cannot become label values.
	maxSegmentLength = 32
)

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// labels bounds the number of values of each label, so that input from outside cannot create
// an unlimited number of series.
type labels struct {
	vendors []domain.Vendor

	mu   sync.RWMutex
	seen map[string][]string // the accepted values of each label; the key is the label's name
}

// vendor returns the name of v, or "other" if v is not configured.
func (l *labels) vendor(v domain.Vendor) string {
	if slices.Contains(l.vendors, v) {
		return string(v)
	}
	return other
}

// value returns a label value unchanged if both conditions are true:
//   - The value has the form of a route template or an error code.
//   - The value is one of the first maxLabelValues different values of the label.
//
// In all other cases, and always for "", value returns "other".
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

// isLabelValue reports whether text looks like a route template or an error code.
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

// statusLabel returns the status code as text. If code is 0 because no response was received, it returns "none".
func statusLabel(code int) string {
	switch {
	case code == 0:
		return none
	case code < 100 || code > 599:
		return other
	}
	return strconv.Itoa(code)
}
