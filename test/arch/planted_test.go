package arch_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// project is the input of the checks: the parsed code and the tables of rules. To test the checks, a test adds a
// violation to a copy of the real project.
type project struct {
	files      tree
	allowed    map[string][]string
	exceptions []exception
	revealers  map[string][]string
}

// check runs all checks and returns the violations.
func (p project) check() []violation {
	return slices.Concat(
		checkImports(p.files, p.allowed), checkLayers(p.files, importers), checkShelves(p.files, shelves),
		checkCore(p.files, bans, p.exceptions), checkSecrets(p.files, p.revealers),
	)
}

// copyOf returns a copy of the real project, which a test can change.
func copyOf(t *testing.T) project {
	t.Helper()
	return project{maps.Clone(realTree(t)), maps.Clone(allowed), slices.Clone(exceptions), maps.Clone(revealers)}
}

func TestTheRealTreeIsClean(t *testing.T) {
	report(t, copyOf(t).check())
}

// Each case adds a file with one import. The checks must report the import under exactly the rules of the case, and
// must report no other violation.
func TestPlantedImportsAreReported(t *testing.T) {
	const sqlStores = "adapters/persistence/gormstore"
	for _, c := range []struct {
		pkg, imported string
		rules         []string
	}{
		{"domain", "gorm.io/gorm", []string{ruleImport}},
		{"domain", "github.com/labstack/echo/v4", []string{ruleImport}},
		{"domain", "go.uber.org/zap", []string{ruleImport}},
		{"domain", "github.com/google/uuidx", []string{ruleImport}}, // an entry must match whole path elements
		{"application", "gorm.io/gorm", []string{ruleImport}},
		{"adapters/rest", "github.com/jackc/pgx/v5", []string{ruleImport}},
		// the allow-list of gormstore contains pgx/v5/pgconn and pgx/v5/pgtype, but not pgx/v5
		{"adapters/persistence/gormstore", "github.com/jackc/pgx/v5", []string{ruleImport}},
		// the packages below gormstore, except for stores, use gormstore and not each other
		{sqlStores + "/recordstore", module + "/" + sqlStores + "/eventlog", []string{ruleImport}},
		{sqlStores + "/recordstore", module + "/" + sqlStores + "/erasing", []string{ruleImport}},
		{sqlStores + "/eventlog", module + "/" + sqlStores + "/recordstore", []string{ruleImport}},
		{sqlStores + "/eventlog", module + "/" + sqlStores + "/erasing", []string{ruleImport}},
		{sqlStores + "/erasing", module + "/" + sqlStores + "/recordstore", []string{ruleImport}},
		{sqlStores + "/erasing", module + "/" + sqlStores + "/eventlog", []string{ruleImport}},
		{"adapters/rest", module + "/adapters/persistence/sqlite", []string{ruleImport}},
		{"adapters/rest", module + "/application", []string{ruleImport, ruleLayer}},
		{"adapters/rest", module + "/cmd/discovery/compose", []string{ruleImport, ruleLayer}},
		// the compose package may import every package of this module (anyPackage), but third-party packages must be
		// listed
		{"cmd/discovery/compose", "gorm.io/gorm", []string{ruleImport}},
		// production code must not import packages below test
		{"cmd/discovery/compose", module + "/test/kit/harness", []string{ruleLayer}},
	} {
		t.Run(c.pkg+" imports "+c.imported, func(t *testing.T) {
			var want []string
			for _, rule := range c.rules {
				want = append(want, key(c.pkg+"/planted.go", rule, c.imported))
			}
			text := "package planted\n\nimport alias " + strconv.Quote(c.imported) + "\n\nvar _ = alias.Name\n"
			compare(t, plant(t, c.pkg+"/planted.go", text), want)
		})
	}
}

// Each case adds a file to a package, usually to a package of the core. The file imports another package and uses a
// name from it. The checks must report the use if it is forbidden.
func TestPlantedClocksRandomSourcesAndIOAreReported(t *testing.T) {
	const uuid = "github.com/google/uuid"
	for _, c := range []struct {
		pkg, spec, expression string
		subject               string // the subject of the expected violation; "" if no violation is expected
	}{
		{"domain", `"time"`, "time.Now()", "time.Now"},
		{"domain", `"time"`, "time.Now", "time.Now"},
		{"domain", `clock "time"`, "clock.Now()", "time.Now"},
		{"domain", `"time"`, "time.Since(then)", "time.Since"},
		{"domain", `"time"`, "time.NewTicker(1)", "time.NewTicker"},
		{"domain", `"time"`, "time.AfterFunc(1, f)", "time.AfterFunc"},
		{"domain", `"time"`, "time.Local", "time.Local"},
		{"domain", `"time"`, "time.Second", ""},
		{"ports", `"time"`, "time.Until(then)", "time.Until"},
		{"application", `"time"`, "time.Sleep", "time.Sleep"},
		{"application", `"time"`, "time.After(1)", "time.After"},
		{"application", `"time"`, "time.Tick(1)", "time.Tick"},
		{"application", `"time"`, "time.NewTimer(1)", "time.NewTimer"},

		{"domain", `"context"`, "context.WithTimeout", "context.WithTimeout"},
		{"ports", `"context"`, "context.WithTimeoutCause", "context.WithTimeoutCause"},
		{"application", `"context"`, "context.WithDeadline", "context.WithDeadline"},
		{"application", `"context"`, "context.WithTimeout", ""},

		{"domain", `"math/rand"`, "rand.Int()", "math/rand"},
		{"domain", `"math/rand/v2"`, "rand.Int()", "math/rand/v2"},
		{"domain", `"crypto/rand"`, "rand.Text()", "crypto/rand"},
		{"domain", `"hash/maphash"`, "maphash.String", "hash/maphash"},
		{"application/pulling", `"hash/maphash"`, "maphash.Bytes", "hash/maphash.Bytes"},
		{"domain", `"` + uuid + `"`, "uuid.New()", uuid + ".New"},
		{"application/planted", `"` + uuid + `"`, "uuid.NewString()", uuid + ".NewString"},
		{"ports", `id "` + uuid + `"`, "id.Must(id.NewV7())", uuid + ".NewV7"},
		{"ports", `"` + uuid + `"`, "uuid.Nil", ""},

		{"domain", `"os"`, "os.Args", "os"},
		{"application", `"os/exec"`, "exec.Command", "os/exec"},
		{"ports", `_ "net"`, "0", "net"},
		{"application", `"net/http"`, "http.Get", "net/http"},
		{"domain", `"net/url"`, "url.Parse", ""},
		{"domain", `"database/sql"`, "sql.Open", "database/sql"},
		{"domain", `"log"`, "log.Print", "log"},
		{"domain", `"log/slog"`, "slog.Info", "log/slog.Info"},
		{"application", `"log/slog"`, "slog.Value{}", "log/slog"},
		{"domain", `"syscall"`, "syscall.Getpid", "syscall"},
		{"domain", `"io/ioutil"`, "ioutil.ReadFile", "io/ioutil"},
		{"domain", `"path/filepath"`, "filepath.Glob", "path/filepath"},
		{"domain", `_ "unsafe"`, "0", "unsafe"},

		{"ports/porttest", `"time"`, "time.Now()", ""},
		{"adapters/membudget", `"time"`, "time.Now()", ""},
	} {
		t.Run(c.pkg+" uses "+c.expression+" of "+c.spec, func(t *testing.T) {
			name := c.pkg + "/planted.go"
			p := plant(t, name, "package planted\n\nimport "+c.spec+"\n\nvar _ = "+c.expression+"\n")
			if _, listed := p.allowed[c.pkg]; !listed {
				// this package is below application, so it belongs to the core as well
				p.allowed[c.pkg] = []string{uuid}
			}
			var want []string
			if c.subject != "" {
				want = []string{key(name, ruleCore, c.subject)}
			}
			compare(t, p, want)
		})
	}
}

// Each case adds one file. The checks must report the violations in the content or in the path of the file, and nothing
// else.
func TestPlantedFilesAreReported(t *testing.T) {
	const clock = "package planted\n\nimport \"time\"\n\nvar _ = time.Now()\n"
	for name, c := range map[string]struct {
		path, text string
		want       []string
	}{
		"a dot import in the core": {
			"domain/planted.go", "package domain\n\nimport . \"time\"\n\nvar _ = Now()\n",
			[]string{key("domain/planted.go", ruleDotImport, "time")},
		},
		"a new package": {
			"adapters/planted/planted.go", "package planted",
			[]string{key("adapters/planted/planted.go", ruleUnlisted, "adapters/planted")},
		},
		"a new package under a build constraint": {
			"adapters/planted/planted_plan9.go", "//go:build ignore\n\npackage planted",
			[]string{key("adapters/planted/planted_plan9.go", ruleUnlisted, "adapters/planted")},
		},
		"a clock in a new package below application": {
			"application/planted/planted.go", clock,
			[]string{
				key("application/planted/planted.go", ruleUnlisted, "application/planted"),
				key("application/planted/planted.go", ruleCore, "time.Now"),
			},
		},
		"a Go file in a shelf": {
			"adapters/planted.go", "package adapters",
			[]string{
				key("adapters/planted.go", ruleUnlisted, "adapters"),
				key("adapters/planted.go", ruleShelf, "adapters"),
			},
		},
		"a call of Reveal in a package that may not": {
			"adapters/jobs/planted.go", "package jobs\n\nvar _ = secret.Reveal()",
			[]string{key("adapters/jobs/planted.go", ruleReveal, "adapters/jobs")},
		},
		"a call of Reveal in a file that may not": {
			"adapters/rest/planted.go", "package rest\n\nvar _ = minted.Raw.Reveal()",
			[]string{key("adapters/rest/planted.go", ruleReveal, "adapters/rest")},
		},
		"Reveal as a method value": {
			"application/planted.go", "package application\n\nvar _ = secret.Reveal",
			[]string{key("application/planted.go", ruleReveal, "application")},
		},
		"a call of Reveal in a package that may": {
			"adapters/sealing/planted.go", "package sealing\n\nvar _ = secret.Reveal()", nil,
		},
		"a clock in a test":            {"domain/planted_test.go", clock, nil},
		"a clock in testdata":          {"domain/testdata/planted.go", clock, nil},
		"a package in a hidden folder": {".ci/planted.go", clock, nil},
		"a package in node_modules":    {"docs/node_modules/planted.go", clock, nil},
	} {
		t.Run(name, func(t *testing.T) { compare(t, plant(t, c.path, c.text), c.want) })
	}
}

// Each case makes one entry in a table of rules unused. The checks must report this entry.
func TestStaleLinesAreReported(t *testing.T) {
	cases := map[string]struct {
		change func(p project) project
		want   string
	}{
		"a package of the module that is not imported": {
			func(p project) project {
				p.allowed["ports"] = append(slices.Clone(p.allowed["ports"]), "configs")
				return p
			},
			key(allowListFile, ruleStale, "ports imports configs"),
		},
		"a third-party module that is not imported": {
			func(p project) project {
				p.allowed["application"] = append(slices.Clone(p.allowed["application"]), "gorm.io/gorm")
				return p
			},
			key(allowListFile, ruleStale, "application imports gorm.io/gorm"),
		},
		"a line of a package that does not exist": {
			func(p project) project {
				p.allowed["adapters/fax"] = nil
				return p
			},
			key(allowListFile, ruleStale, "adapters/fax"),
		},
		"a package whose code is deleted": {
			func(p project) project {
				gone := func(name string, _ source) bool { return within(name, "adapters/system") }
				maps.DeleteFunc(p.files, gone)
				return p
			},
			key(allowListFile, ruleStale, "adapters/system"),
		},
		"a wildcard that only allows what is listed": {
			func(p project) project {
				p.allowed["adapters/membudget"] = append(slices.Clone(p.allowed["adapters/membudget"]), anyPackage)
				return p
			},
			key(allowListFile, ruleStale, "adapters/membudget imports *"),
		},
		"an exception for a name that is not used": {
			func(p project) project {
				p.exceptions = append(p.exceptions, exception{"ports", "time", []string{"Now"}, "planted"})
				return p
			},
			key(coreFile, ruleStale, "ports uses time.Now"),
		},
		"an exception for a package that is not imported": {
			func(p project) project {
				p.exceptions = append(p.exceptions, exception{"domain", "net/mail", nil, "planted"})
				return p
			},
			key(coreFile, ruleStale, "domain uses net/mail"),
		},
		"a package that may reveal and does not": {
			func(p project) project {
				p.revealers["adapters/jobs"] = nil
				return p
			},
			key(secretsFile, ruleStale, "adapters/jobs"),
		},
		"a file that may reveal and does not": {
			func(p project) project {
				p.revealers["adapters/rest"] = append(slices.Clone(p.revealers["adapters/rest"]), "errors.go")
				return p
			},
			key(secretsFile, ruleStale, "adapters/rest/errors.go"),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { compare(t, c.change(copyOf(t)), []string{c.want}) })
	}
}

// compare fails the test unless the checks report exactly the wanted violations. It ignores the violations
// of the real tree, because TestTheRealTreeIsClean reports them.
func compare(t *testing.T, p project, want []string) {
	t.Helper()
	existing := copyOf(t).check()
	var got []string
	for _, v := range p.check() {
		if !slices.Contains(existing, v) {
			got = append(got, key(v.file, v.rule, v.subject))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the checks report other violations than planted (-want +got):\n%s", diff)
	}
}

// key returns a text that identifies a violation. The text does not contain the line and the reason.
func key(file, rule, subject string) string { return file + ": " + rule + ": " + subject }

// plant returns a copy of the real project to which one file has been added.
func plant(t *testing.T, name, text string) project {
	t.Helper()
	planted, err := loadTree(fstest.MapFS{name: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	p := copyOf(t)
	if _, exists := p.files[name]; exists {
		t.Fatalf("%s exists: plant another file", name)
	}
	maps.Copy(p.files, planted)
	return p
}
