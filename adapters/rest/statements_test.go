package rest

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// archiveService is a fake service that writes the statement of each account in accounts. busy is how many more times
// it refuses to, because too many statements are being written.
type archiveService struct {
	*fake
	accounts map[domain.AccountID]func() (books.Statement, error)
	busy     *int
}

func (s archiveService) WriteStatement(_ context.Context, _ domain.TenantID, id domain.AccountID,
	_ ports.StatementQuery, writer ports.StatementWriter) error {
	if *s.busy > 0 {
		*s.busy--
		return &domain.Error{Kind: domain.Unavailable, Code: domain.TooManyStatements}
	}
	of, ok := s.accounts[id]
	if !ok {
		return &domain.Error{Kind: domain.NotFound, Code: domain.AccountNotFound}
	}
	st, err := of()
	if err != nil {
		return err
	}
	return writer(st, countTo(1, 0, nil))
}

func TestAnArchiveHasAFileForEachAccount(t *testing.T) {
	const first, second, third, unknown = "019b0000-0000-7000-8000-000000000002",
		"019b0000-0000-7000-8000-000000000003",
		"019b0000-0000-7000-8000-000000000004", "no-id"
	statement := func(number string) func() (books.Statement, error) {
		return func() (books.Statement, error) {
			st := books.Statement{Period: domain.Window{From: "2026-02-01", To: "2026-02-28"}}
			st.Account.Institution.Name, st.Account.Number = "Banco Ita\u00fa S/A", number
			return st, nil
		}
	}
	idOf := func(text string) domain.AccountID { return domain.AccountID{UUID: uuid.MustParse(text)} }
	busy := 2
	service := archiveService{&fake{}, map[domain.AccountID]func() (books.Statement, error){
		idOf(first):  statement("0001/12345-0"),
		idOf(second): statement("0001/12345-0"),
		idOf(third): func() (books.Statement, error) {
			return books.Statement{}, &domain.Error{Kind: domain.Conflict, Code: domain.AccountDrifting}
		},
	}, &busy}
	s := newEnvOf(t, service, func(o *Options) { o.Statements = []ports.StatementFormat{named{lines{}, "csv"}} })
	w := s.call("POST", prefix+"/statements",
		`{"accountIds":["`+strings.Join([]string{first, second, third, unknown}, `","`)+`"],"format":"csv"}`)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	files := unzip(t, w.Body.Bytes())
	want := []string{
		"019b0000-0000-7000-8000-000000000004.txt", "Banco-Ita\u00fa-S-A_0001-12345-0_2026-02.txt",
		"Banco-Ita\u00fa-S-A_0001-12345-0_2026-02_2.txt", "no-id.txt",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Fatal(diff)
	}
	for name, text := range map[string]string{
		want[0]: "409 MTCH-0007\n", want[1]: "end\n", want[2]: "end\n", want[3]: "404 MTCH-0005\naccount not found\n",
	} {
		if !strings.Contains(files[name], text) {
			t.Errorf("%s: %q", name, files[name])
		}
	}
}

// named is a format with another name.
type named struct {
	lines
	name string
}

func (n named) Name() string { return n.name }

// unzip returns the texts of the files in an archive, by their names.
func unzip(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func TestInvalidRequestsForAnArchive(t *testing.T) {
	s := newEnvOf(t, &fake{}, func(o *Options) { o.Statements = []ports.StatementFormat{named{lines{}, "csv"}} })
	for body, want := range map[string]string{
		`{}`:                               "body.accountIds body.format",
		`{"accountIds":[],"format":"csv"}`: "body.accountIds",
		`{"accountIds":["x"],"format":"csv","version":"102","close":"2026-02-28",` +
			`"from":"2026-02-01"}`: "body.from body.version",
		`{"accountIds":["x"],"format":"csv","version":"102","maxBytes":0}`: "body.maxBytes body.version",
		`{"accountIds":["x"],"format":"csv","locale":"en"}`:                "body.locale",
	} {
		p := problemIn(t, s.call("POST", prefix+"/statements", body), http.StatusBadRequest, codeInvalid)
		if got := locations(p); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
