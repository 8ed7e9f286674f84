package vendorhttp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// An answer belongs to who asked for it: those that are read after it, and beside it, into
// buffers that were used before, change nothing of it.
func TestAnAnswerOutlivesThoseBehindIt(t *testing.T) {
	client, call := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat(r.URL.RawQuery, 9000/len(r.URL.RawQuery)))
	})
	var asking sync.WaitGroup
	for who := range 4 {
		asking.Go(func() {
			held := map[string][]byte{}
			for i := range 50 {
				mine := call
				mine.Query = fmt.Sprintf("who=%d&page=%d", who, i)
				body, err := client.Do(t.Context(), mine)
				if err != nil {
					t.Error(err)
					return
				}
				held[mine.Query] = body
			}
			for query, body := range held {
				if string(body) != strings.Repeat(query, 9000/len(query)) {
					t.Errorf("the answer to %s is another by now", query)
				}
			}
		})
	}
	asking.Wait()
}

// A buffer that waits for the next answer says nothing of the one before, and a huge one
// does not wait.
func TestBuffersAreKeptEmpty(t *testing.T) {
	used := bytes.NewBufferString(strings.Repeat(canary, 100))
	room := used.Bytes()
	releaseBuffer(used)
	if bytes.Contains(room, []byte(canary)) {
		t.Error("a kept buffer still holds an answer")
	}
	huge := bytes.NewBuffer(make([]byte, maxPooledBuffer+1))
	releaseBuffer(huge)
	if huge.Len() == 0 {
		t.Error("a huge buffer was made ready for the next answer")
	}
}

// What one row was written with is not seen in the next, nor beside it.
func TestFormsOfManyRowsAreTheirOwn(t *testing.T) {
	form := CanonicalForm{KeepNulls: true, AppendText: AppendCanonical, AppendNumber: AppendCanonical}
	wide := make([]string, 0, 100)
	for i := range 100 {
		wide = append(wide, fmt.Sprintf(`"member %02d":%d`, 99-i, i))
	}
	rows := []string{
		`{"b":1,"a":{"d":2,"c":[{"f":1,"e":2}]}}`, `{}`, `{"aa":1,"a":2,"aaaaaaaab":3,"aaaaaaaaa":4,"":5}`, "{" + strings.Join(wide, ",") + "}",
	}
	var writing sync.WaitGroup
	for range 4 {
		writing.Go(func() {
			for range 100 {
				for _, row := range rows {
					want := jsontext.Value(row)
					if err := want.Canonicalize(); err != nil {
						t.Error(err)
					}
					if got, plain := form.Append(nil, []byte(row)); !plain || string(got) != string(want) {
						t.Errorf("got %s\nwant %s", got, want)
					}
				}
			}
		})
	}
	writing.Wait()
}
