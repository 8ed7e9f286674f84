package kit_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

var errUnknown = errors.New("unknown id")

// row is the type of the data that can be changed by the control surface of these tests. There is
// only one row, with the id "a".
type row struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

func checkID(id string) error {
	if id != "a" {
		return fmt.Errorf("row: %w", errUnknown)
	}
	return nil
}

func newControl() (http.Handler, *faultinject.Injector) {
	stored := row{Text: "x", Count: 1}
	faults := faultinject.New(1, faultinject.Vendor{})
	return kit.Control(errUnknown, map[string]kit.ControlFunc{
		"POST /_control/rows":               kit.WithBody(func(in row) (row, error) { return in, nil }),
		"GET /_control/rows/{id}":           kit.WithID(func(id string) (row, error) { return stored, checkID(id) }),
		"DELETE /_control/rows/{id}":        kit.DeleteByID(checkID),
		"POST /_control/rows/{id}/generate": kit.GenerateRows(func(id string, _ int) error { return checkID(id) }),
		"POST /_control/faults":             kit.InjectFaults(faults),
		"DELETE /_control/faults":           kit.ClearFaults(faults),
		"GET /_control/broken":              func(*http.Request) (any, error) { return func() {}, nil },
		"PATCH /_control/rows/{id}": kit.PatchByID(func(id string, edit func(*row)) (row, error) {
			edited := stored
			edit(&edited)
			return edited, checkID(id)
		}),
	}), faults
}

func send(handler http.Handler, method, path, body string) (int, string) {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, "/_control"+path, strings.NewReader(body)))
	return recorder.Code, strings.TrimSpace(recorder.Body.String())
}

func TestControlFuncsReturnJSON(t *testing.T) {
	handler, faults := newControl()
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/rows", `{"text":"y","count":2}`, 200, `{"text":"y","count":2}`},
		{"POST", "/rows", `{"txet":"y"}`, 400, `{"error":"body: json: unknown field \"txet\""}`},
		{"POST", "/rows", ``, 400, `{"error":"body: EOF"}`},
		{"GET", "/rows/a", ``, 200, `{"text":"x","count":1}`},
		{"GET", "/rows/b", ``, 404, `{"error":"row: unknown id"}`},
		{"DELETE", "/rows/a", ``, 200, `{"ok":true}`},
		{"DELETE", "/rows/b", ``, 404, `{"error":"row: unknown id"}`},
		{"PATCH", "/rows/a", `{"count":7}`, 200, `{"text":"x","count":7}`},
		{
			"PATCH", "/rows/a", `{"count":"7"}`, 400,
			`{"error":"body: json: cannot unmarshal string into Go struct field row.count of type int"}`,
		},
		{"PATCH", "/rows/b", `{}`, 404, `{"error":"row: unknown id"}`},
		{"POST", "/rows/a/generate", `{"count":1000000}`, 200, `{"ok":true}`},
		{"POST", "/rows/a/generate", `{"count":1000001}`, 400, `{"error":"count is not within 1..1000000"}`},
		{"POST", "/rows/a/generate", `{"count":0}`, 400, `{"error":"count is not within 1..1000000"}`},
		{"POST", "/rows/b/generate", `{"count":1}`, 404, `{"error":"row: unknown id"}`},
		{"POST", "/faults", `[{"kind":"cut"},{"kind":"hang"}]`, 200, `{"ok":true}`},
		{"POST", "/faults", `[{"kind":"earthquake"}]`, 400, `{"error":"fault: no kind \"earthquake\""}`},
		{"GET", "/broken", ``, 500, `simulator: json: unsupported type: func()`},
	} {
		status, got := send(handler, c.method, c.path, c.body)
		if status != c.status || got != c.want {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, status, got, c.status, c.want)
		}
	}
	if waiting := len(faults.Pending()); waiting != 2 {
		t.Errorf("%d faults are queued, want 2", waiting)
	}
	if send(handler, "DELETE", "/faults", ""); len(faults.Pending()) != 0 {
		t.Error("faults were not cleared")
	}
}

func TestOversizedBodyIsRejected(t *testing.T) {
	handler, _ := newControl()
	if status, _ := send(
		handler, "POST", "/rows", `{"text":"`+strings.Repeat("x", 1<<20)+`"}`,
	); status != http.StatusBadRequest {
		t.Errorf("answered %d", status)
	}
}

func TestMountSeparatesAPIAndControl(t *testing.T) {
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	both := kit.Mount(says("api"), says("control"))
	for path, want := range map[string]string{"/_control/x": "control", "/x": "api", "/": "api"} {
		recorder := httptest.NewRecorder()
		both.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		if got := recorder.Body.String(); got != want {
			t.Errorf("%s reached %s", path, got)
		}
	}
}

func TestRecordStatusReportsOnceBeforeTheBody(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   []int
	}{
		"written": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }, []int{418}},
		"written once": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418); _, _ = w.Write([]byte("x")) },
			[]int{418},
		},
		"implied": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }, []int{200}},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("x"))
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
		}, []int{200}},
		"none": {func(http.ResponseWriter, *http.Request) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			recorder, seen := httptest.NewRecorder(), []int(nil)
			test.answer(kit.RecordStatus(recorder, func(status int) {
				if recorder.Body.Len() > 0 {
					t.Error("reported after the first byte")
				}
				seen = append(seen, status)
			}), nil)
			if diff := cmp.Diff(test.want, seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeedDeterminesTheIDs(t *testing.T) {
	var ids []string
	for _, seed := range []uint64{1, 1, 2, 0, 0} {
		ids = append(ids, kit.NewID(kit.NewEntropy(seed)).String())
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || ids[3] == ids[4] {
		t.Errorf("ids do not follow the seed: %v", ids)
	}
}
