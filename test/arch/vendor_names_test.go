package arch_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// The code of a vendor consists of one folder and one entry in a list. The test checks this for the newest vendor: no
// other code of the service may contain its name.
const (
	vendorFolder = "adapters/aggregator/plaid"
	vendorName   = "plaid"
)

// namesVendor lists the files outside of vendorFolder that may contain the name of the vendor, as patterns of
// path.Match or as folders that end with a slash. Tests and documents may always name it.
var namesVendor = map[string]string{
	"cmd/discovery/compose/vendors.go": "the entry in the list of vendors",

	"configs/*.env":              "settings",
	"configs/run-development.sh": "settings",
	"deploy/":                    "settings",

	"adapters/rest/connections.go":               "descriptions in the OpenAPI document",
	"adapters/rest/transactions.go":              "descriptions in the OpenAPI document",
	"adapters/rest/tokens.go":                    "descriptions in the OpenAPI document",
	"openapi.json":                               "generated",
	"clients/go/client.gen.go":                   "generated",
	"clients/typescript/src/schema.gen.d.ts":     "generated",
	"adapters/rest/console/assets/messages-*.js": "texts of the console",
	"adapters/rest/console/assets/*form.js":      "the form of a connection in the console",
	"adapters/rest/console/assets/tokens.js":     "the form of a webhook address in the console",
	"adapters/rest/console/assets/vendors.js":    "the base URLs that the console offers",
	"cmd/discovery/demo*.go":                     "the demo",
	"cmd/discovery/sandbox.go":                   "the simulators",
	"domain/matching/testdata/":                  "the corpus of the matching tests",
	"adapters/persistence/*/testdata/*.sql":      "rows of the demo",
	"test/":                                      "tests",
}

func TestOnlyAFewFilesNameAVendor(t *testing.T) {
	used := map[string]bool{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == vendorFolder || name != "." && (strings.HasPrefix(d.Name(), ".") ||
			slices.Contains([]string{"node_modules", "dist", "docs"}, d.Name()))):
			return fs.SkipDir
		case !d.Type().IsRegular(), strings.HasPrefix(d.Name(), "."), strings.HasSuffix(name, "_test.go"),
			strings.HasSuffix(name, ".md"):
			return nil
		}
		text, err := fs.ReadFile(os.DirFS(root), name)
		if err != nil || !strings.Contains(strings.ToLower(name+string(text)), vendorName) {
			return err
		}
		entry := listed(name)
		if entry == "" {
			t.Errorf("%s names the vendor %s", name, vendorName)
		}
		used[entry] = true
		if namesVendor[entry] == "descriptions in the OpenAPI document" {
			checkDescriptions(t, name, string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for entry := range namesVendor {
		if !used[entry] {
			t.Errorf("no file that names %s matches the entry %s", vendorName, entry)
		}
	}
}

// listed returns the entry of namesVendor that covers a file, or "".
func listed(name string) string {
	for entry := range namesVendor {
		if ok, _ := path.Match(entry, name); ok || strings.HasSuffix(entry, "/") && strings.HasPrefix(name, entry) {
			return entry
		}
	}
	return ""
}

// checkDescriptions fails the test if a line names the vendor outside of a description in a struct tag.
func checkDescriptions(t *testing.T, name, text string) {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		before, _, _ := strings.Cut(line, `doc:"`)
		if strings.Contains(strings.ToLower(before), vendorName) {
			t.Errorf("%s:%d names the vendor %s outside of a description", name, i+1, vendorName)
		}
	}
}
