package vendorhttp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A body that was returned to a caller must not change, even though the buffers of the client are reused for responses
// that are read later or concurrently.
func TestAResponseIsNotChangedByLaterOnes(t *testing.T) {
	client, call := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat(r.URL.RawQuery, 9000/len(r.URL.RawQuery)))
	})
	var callers sync.WaitGroup
	for caller := range 4 {
		callers.Go(func() {
			bodies := map[string][]byte{}
			for i := range 50 {
				mine := call
				mine.Query = fmt.Sprintf("caller=%d&page=%d", caller, i)
				body, err := client.Do(t.Context(), mine)
				if err != nil {
					t.Error(err)
					return
				}
				bodies[mine.Query] = body
			}
			for query, body := range bodies {
				if string(body) != strings.Repeat(query, 9000/len(query)) {
					t.Errorf("the response to %s has changed", query)
				}
			}
		})
	}
	callers.Wait()
}

// A pooled buffer must contain nothing of an earlier response, and a very large buffer must not
// be pooled.
func TestPooledBuffersAreCleared(t *testing.T) {
	used := bytes.NewBufferString(strings.Repeat(canary, 100))
	memory := used.Bytes()
	releaseBuffer(used)
	if bytes.Contains(memory, []byte(canary)) {
		t.Error("a pooled buffer still contains a response")
	}
	huge := bytes.NewBuffer(make([]byte, maxPooledBuffer+1))
	releaseBuffer(huge)
	if huge.Len() == 0 {
		t.Error("a huge buffer was returned to the pool")
	}
}
