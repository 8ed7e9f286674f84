package clients_test

import (
	"archive/zip"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

func TestAStatementIsSavedToAFile(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	var bank string
	for _, account := range objects(t, e.must(t, "", "accounts", "list", "-o", "json")) {
		if account["type"] == "bank" {
			bank = account["id"].(string)
		}
	}
	file := filepath.Join(t.TempDir(), "statement.csv")
	if out := e.must(t, "", "accounts", "statement", bank, "--format", "csv", "-o", file); out != "" {
		t.Errorf("the command printed %q", out)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	printed := e.must(t, "", "accounts", "statement", bank, "--format", "csv")
	if string(saved) != printed {
		t.Errorf("saved %q, printed %q", saved, printed)
	}
	if rows, err := csv.NewReader(strings.NewReader(printed)).
		ReadAll(); err != nil || len(rows) < 2 ||
		rows[0][0] != "id" {
		t.Errorf("the CSV is %v, %v", rows, err)
	}
	if out := e.must(
		t,
		"",
		"accounts",
		"statement",
		bank,
		"--format",
		"camt053",
	); !strings.Contains(
		out,
		"<Cd>CLBD</Cd>",
	) {
		t.Errorf("the camt.053 is %q", out)
	}
	archive := filepath.Join(t.TempDir(), "statements.zip")
	e.must(t, "", "accounts", "statements", bank, "0196f5d4-6f0e-7000-8000-000000000009", "--format", "ofx",
		"--ofx-version", "102", "-o", archive)
	files, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	if len(files.File) != 2 || !strings.HasSuffix(files.File[0].Name, ".ofx") ||
		files.File[1].Name != "0196f5d4-6f0e-7000-8000-000000000009.txt" {
		t.Errorf("the archive has %d files", len(files.File))
	}
	if out := e.must(t, "", "accounts", "statement", bank, "--format", "csv", "--locale", "pt-BR"); !strings.HasPrefix(
		out, "\ufeffID;Data;Valor;") {
		t.Errorf("the CSV for spreadsheets in Brazil is %q", out)
	}
	empty := e.must(
		t,
		"",
		"accounts",
		"statement",
		bank,
		"--format",
		"matcher",
		"--from",
		"2001-01-01",
		"--to",
		"2001-01-02",
	)
	if strings.TrimSpace(empty) != "[]" {
		t.Errorf("an empty period is %q", empty)
	}
	for _, args := range [][]string{
		{bank}, {bank, "--format", "pdf"}, {bank, "--format", "csv", "--from", "x"}, {"--format", "csv"},
		{bank, "--format", "csv", "--from", "2026-02-01", "--to", "2026-01-01"},
		{bank, "--format", "csv", "--bill", bank, "--from", "2026-01-01"},
		{bank, "--format", "camt053", "--bill", bank},
		{bank, "--format", "csv", "--bill", bank, "--close", "2026-01-01"},
		{bank, "--format", "csv", "--bill", bank, "--force"},
	} {
		if _, fault, code := e.discovery(t, "", append([]string{"accounts", "statement"}, args...)...); code != 2 {
			t.Errorf("%v: the exit code is %d: %s", args, code, fault)
		}
	}
}

// A statement that ends before the present day must say so, unless the caller has chosen its last day.
func TestAStatementThatEndsEarlySaysSo(t *testing.T) {
	day := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
	early := "statement-0196f5d4-2001-01-01-" + day(-2) + ".xml"
	for name, test := range map[string]struct {
		file string
		args []string
		says bool
	}{
		"of a day that is over":        {early, nil, true},
		"to a chosen day":              {early, []string{"--to", day(-2)}, false},
		"of a close":                   {early, []string{"--close", day(-2)}, false},
		"of a bill":                    {early, []string{"--format", "ofx", "--bill", "y"}, false},
		"to a later day":               {"statement-0196f5d4-2001-01-01-" + day(1) + ".xml", nil, false},
		"in a file with no day at all": {"statement.xml", nil, false},
	} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", `attachment; filename="`+test.file+`"`)
			_, _ = fmt.Fprint(w, "the document")
		}))
		e := &env{origin: service.URL, token: harness.Token(t, "0196f5d4-6f0e-7000-8000-000000000001")}
		args := append([]string{"accounts", "statement", "x", "--format", "camt053"}, test.args...)
		out, note, code := e.discovery(t, "", args...)
		service.Close()
		if code != 0 || out != "the document" || strings.Contains(note, "ends with "+day(-2)) != test.says ||
			(note != "") != test.says {
			t.Errorf("a statement %s ends with %d, %q and %q", name, code, out, note)
		}
	}
}

// If a response ends before the document is complete, no file must remain.
func TestAnIncompleteStatementLeavesNoFile(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "id,date\r\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer service.Close()
	e := &env{origin: service.URL, token: harness.Token(t, "0196f5d4-6f0e-7000-8000-000000000001")}
	folder := t.TempDir()
	_, fault, code := e.discovery(
		t,
		"",
		"accounts",
		"statement",
		"x",
		"--format",
		"csv",
		"-o",
		filepath.Join(folder, "a.csv"),
	)
	if code != 1 || !strings.Contains(fault, "not complete") {
		t.Errorf("the exit code is %d: %s", code, fault)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("the folder contains %v, %v", left, err)
	}
}
