// Package arch_test checks the structure of the code: which package may import which package or third-party module,
// what the core may use, and which code may reveal a secret.
//
// Each check is a function that takes a parsed tree. planted_test.go adds violations to a copy of the tree, and tests
// that the checks find them. The test process parses the files itself, without starting another program. The go command
// therefore knows which files the tests read. If one of these files changes, the go command does not reuse a cached
// result.
package arch_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	ruleImport    = "import that is not on the allow-list"
	ruleUnlisted  = "package without a line in the allow-list"
	ruleStale     = "stale line"
	ruleLayer     = "import against the layers"
	ruleShelf     = "Go file in a folder that only holds packages"
	ruleCore      = "banned in the core"
	ruleDotImport = "dot import in the core"
	ruleReveal    = "Reveal of a secret"
)

// violation is one place in the code that violates one rule. line is 0 if the violation concerns a whole file.
type violation struct {
	file    string
	line    int
	rule    string
	subject string // the import, name or entry that violates the rule
	why     string
}

// String returns the line that a failing test prints.
func (v violation) String() string {
	return fmt.Sprintf("%s:%d: %s: %s (%s)", v.file, v.line, v.rule, v.subject, v.why)
}

// report fails the test if there are violations, and prints each violation.
func report(t *testing.T, found []violation) {
	t.Helper()
	for _, v := range found {
		t.Error(v)
	}
}

func TestImportsFollowTheAllowList(t *testing.T) {
	report(t, checkImports(realTree(t), allowed))
}

func TestImportsFollowTheLayers(t *testing.T) {
	report(t, checkLayers(realTree(t), importers))
}

func TestShelvesHoldNoFiles(t *testing.T) {
	report(t, checkShelves(realTree(t), shelves))
}

// checkImports returns a violation in four cases: an import is not on the list of its package, a package has no list,
// a list is of a package without code, or an entry of a list is unused.
func checkImports(files tree, allowed map[string][]string) []violation {
	var found []violation
	used := map[string]map[string]bool{} // the entries of the allow-list that some import has used, by package
	for _, file := range slices.Sorted(maps.Keys(files)) {
		pkg := path.Dir(file)
		list, listed := allowed[pkg]
		if !listed {
			found = append(found, violation{file, 0, ruleUnlisted, pkg, "add one to " + allowListFile})
			continue
		}
		if used[pkg] == nil {
			used[pkg] = map[string]bool{}
		}
		for _, i := range files[file].imports {
			if standard(i.path) {
				continue
			}
			entry, ok := match(list, i.path)
			if !ok {
				why := "the line of " + pkg + " does not name it"
				found = append(found, violation{file, i.line, ruleImport, i.path, why})
			}
			used[pkg][entry] = true
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(allowed)) {
		if used[pkg] == nil {
			found = append(found, violation{allowListFile, 0, ruleStale, pkg, "the package has no code"})
			continue
		}
		for _, entry := range allowed[pkg] {
			if !used[pkg][entry] {
				subject := pkg + " imports " + entry
				found = append(found, violation{allowListFile, 0, ruleStale, subject, "no import matches this entry"})
			}
		}
	}
	return found
}

// match returns the entry of list that covers an import. If several entries cover the import, match returns the
// longest one. A shorter entry may then be unused, and checkImports reports unused entries.
func match(list []string, imported string) (entry string, ok bool) {
	pkg, ours := ofModule(imported)
	for _, e := range list {
		switch {
		case ours && (e == pkg || e == anyPackage && entry == ""):
		case !ours && within(imported, e) && len(e) > len(entry):
		default:
			continue
		}
		entry, ok = e, true
	}
	return entry, ok
}

// checkLayers returns a violation for each import that breaks the rules in importers. The key is the imported top-level
// folder, and the value lists the top-level folders that may import it. A folder without an entry may be imported by
// every folder.
func checkLayers(files tree, importers map[string][]string) []violation {
	var found []violation
	for _, file := range slices.Sorted(maps.Keys(files)) {
		from, _, _ := strings.Cut(file, "/")
		for _, i := range files[file].imports {
			pkg, _ := ofModule(i.path)
			folder, _, _ := strings.Cut(pkg, "/")
			if may, bounded := importers[folder]; bounded && !slices.Contains(may, from) {
				why := "only " + strings.Join(may, ", ") + " may import " + folder
				found = append(found, violation{file, i.line, ruleLayer, i.path, why})
			}
		}
	}
	return found
}

// checkShelves returns a violation for each Go file that is directly in a shelf, which is a folder that may contain
// only packages.
func checkShelves(files tree, shelves []string) []violation {
	var found []violation
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if folder := path.Dir(file); slices.Contains(shelves, folder) {
			found = append(found, violation{file, 0, ruleShelf, folder, "put it in a package below"})
		}
	}
	return found
}

// ofModule reports whether an import is a package of this module, and returns the folder of the package.
func ofModule(imported string) (folder string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// standard reports whether an import belongs to the standard library, which is the case if the first
// element of its path contains no dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
