package arch_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

const coreFile = "test/arch/core_test.go"

// coreRoots are the packages that must have no I/O, clock or random source. Packages below them belong to
// the core as well, except for the testKits.
var coreRoots = []string{"domain", "ports", "application"}

// testKits are packages below coreRoots that only tests use: the generated mocks, and the conformance
// suites, which sleep and generate random ids.
var testKits = []string{"ports/portmock", "ports/porttest"}

// ban prohibits the core from importing a package, or from using certain names of the package.
type ban struct {
	path  string   // the import path of the package
	names []string // the forbidden names, nil for the whole package; a final "*" makes a name a prefix
	why   string
}

var bans = []ban{
	{"time", []string{"Now", "Since", "Until"}, "the time comes as an argument or from ports.Clock"},
	{"time", []string{"Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, "the core starts no timer"},
	{"time", []string{"Local", "LoadLocation"}, "the time zone of the machine must not change a result"},
	{"context", []string{"WithTimeout*", "WithDeadline*"}, "a deadline reads the clock and starts a timer"},
	{"math/rand/...", nil, "random bytes come from ports.Entropy"},
	{
		"crypto/...", nil,
		"most of it draws random bytes, which come from ports.Entropy; encryption belongs in an adapter",
	},
	{"hash/maphash", nil, "its seed is random"},
	{
		"github.com/google/uuid",
		[]string{
			"New*", "GetTime", "ClockSequence", "SetClockSequence", "NodeID", "NodeInterface",
			"SetNodeID", "SetNodeInterface", "SetRand", "EnableRandPool", "DisableRandPool",
		},
		"ids come from ports.IDs",
	},

	{"os/...", nil, "I/O belongs in an adapter"},
	{"net/...", nil, "I/O belongs in an adapter"},
	{"database/sql/...", nil, "I/O belongs in an adapter"},
	{"log/...", nil, "the core emits events; an adapter logs them"},
	{"syscall/...", nil, "I/O belongs in an adapter"},
	{"io/ioutil", nil, "I/O belongs in an adapter"},
	{"path/filepath", nil, "I/O belongs in an adapter"},
	{"plugin", nil, "I/O belongs in an adapter"},
	{"expvar", nil, "it registers an HTTP handler"},
	{"testing/...", nil, "it is for tests"},
	{"unsafe", nil, "with go:linkname it would reach the clock of the runtime"},
	{"C", nil, "C code may do I/O and read the clock"},
}

// exception is an exception to the bans, for one package of the core. It permits an import, or the use of certain
// names.
type exception struct {
	pkg   string
	path  string
	names []string // nil allows every name of the package
	why   string
}

// exceptions lists all exceptions. The test fails if an exception, or one of the names in it, is not used by any code.
var exceptions = []exception{
	{"domain", "net/netip", nil, "parses addresses; no I/O"},
	{"domain", "net/url", nil, "parses URLs; no I/O"},
	{"domain", "crypto/hmac", nil, "computes a hash; nothing random"},
	{"domain", "crypto/sha256", nil, "computes a hash; nothing random"},
	{"domain/books", "crypto/sha256", nil, "computes a hash; nothing random"},
	{"domain/witness", "crypto/sha256", nil, "computes a hash; nothing random"},
	{"domain/lerianmatcher", "crypto/sha256", nil, "computes a hash; nothing random"},
	{"domain", "crypto/subtle", nil, "compares secrets in constant time; nothing random"},
	{
		"domain", "log/slog", []string{"Value", "StringValue"},
		"LogValue of a secret returns this type, which takes no logger",
	},
	{
		"domain/banktext", "hash/maphash", []string{"Comparable", "MakeSeed", "String"},
		"a seed for each process, so that no vendor can choose texts that collide; no result depends on it",
	},
	{
		"domain/matching", "hash/maphash", []string{"Comparable", "MakeSeed"},
		"a seed for each process, so that no vendor can choose texts that collide; no result depends on it",
	},
	{
		"domain/records", "hash/maphash", []string{"Comparable", "MakeSeed", "String"},
		"a random seed, so that no vendor can choose keys or rows that collide; no result depends on it",
	},
	{
		"application", "context", []string{"WithTimeout"},
		"bounds the calls to a vendor that a request waits for",
	},
	{
		"application/auditing", "context", []string{"WithTimeout"},
		"bounds the numbering of entries that a request waits for",
	},
	{
		"application/concurrency", "context", []string{"WithTimeout"},
		"bounds the writes that must still happen after the caller's context has ended",
	},
	{
		"application/events", "context", []string{"WithTimeout"},
		"bounds the test of a sink that a request waits for",
	},
	{
		"application/pulling", "context", []string{"WithTimeout"},
		"bounds the request for a consent, which is the last thing that a pull waits for",
	},
	{
		"application/pulling", "hash/maphash", []string{"MakeSeed", "String"},
		"a seed for each process, so that no vendor can choose ids that collide; no result depends on it",
	},
}

// The core performs no I/O, has no clock, timer or random source, and creates no ids.
func TestTheCoreIsPure(t *testing.T) {
	report(t, checkCore(realTree(t), bans, exceptions))
}

// checkCore returns the violations in the core: banned imports, uses of banned names, dot imports, and
// exceptions that no file uses.
func checkCore(files tree, bans []ban, exceptions []exception) []violation {
	var found []violation
	unused := map[string]bool{} // the exceptions that no file has used so far, such as "domain uses net/url"
	for _, e := range exceptions {
		for _, name := range e.each() {
			unused[e.pkg+" uses "+qualified(e.path, name)] = true
		}
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		pkg := path.Dir(file)
		if !inCore(pkg) {
			continue
		}
		for _, i := range files[file].imports {
			if i.name == "." {
				why := "the rules cannot resolve a name without its package"
				found = append(found, violation{file, i.line, ruleDotImport, i.path, why})
			}
			if b, banned := banOf(bans, i.path, ""); banned && !excepted(exceptions, unused, pkg, i.path, "") {
				found = append(found, violation{file, i.line, ruleCore, i.path, b.why})
			}
		}
		for _, u := range files[file].uses {
			_, wholly := banOf(bans, u.path, "")
			b, banned := banOf(bans, u.path, u.name)
			if wholly && !excepted(exceptions, unused, pkg, u.path, "") {
				continue // the loop above has reported the banned import, so its uses are not reported
			}
			if banned && !excepted(exceptions, unused, pkg, u.path, u.name) {
				found = append(found, violation{file, u.line, ruleCore, qualified(u.path, u.name), b.why})
			}
		}
	}
	for _, entry := range slices.Sorted(maps.Keys(unused)) {
		found = append(found, violation{coreFile, 0, ruleStale, entry, "no file uses this exception"})
	}
	return found
}

// inCore reports whether a package belongs to the core. The bans apply only to such packages.
func inCore(pkg string) bool {
	below := func(root string) bool { return within(pkg, root) }
	return slices.ContainsFunc(coreRoots, below) && !slices.ContainsFunc(testKits, below)
}

// banOf returns the ban on using a name of a package, and whether such a ban exists. If name is "", banOf returns the
// ban on importing the package.
func banOf(bans []ban, pkg, name string) (ban, bool) {
	for _, b := range bans {
		root, tree := strings.CutSuffix(b.path, "/...")
		if pkg != root && !(tree && within(pkg, root)) {
			continue
		}
		matches := func(pattern string) bool {
			prefix, wild := strings.CutSuffix(pattern, "*")
			return name == pattern || wild && name != "" && strings.HasPrefix(name, prefix)
		}
		if b.names == nil || slices.ContainsFunc(b.names, matches) {
			return b, true
		}
	}
	return ban{}, false
}

// excepted reports whether an exception allows the package pkg to use a name from another package, whose path is
// imported. If name is "", excepted reports whether pkg may import the other package. If the exception allows the
// use, excepted deletes it from the set of unused exceptions.
func excepted(exceptions []exception, unused map[string]bool, pkg, imported, name string) bool {
	for _, e := range exceptions {
		if e.pkg != pkg || e.path != imported {
			continue
		}
		if e.names == nil || slices.Contains(e.names, name) {
			if e.names == nil {
				name = ""
			}
			delete(unused, pkg+" uses "+qualified(imported, name))
			return true
		}
		if name == "" {
			return true
		}
	}
	return false
}

// each returns the names that the exception permits. If it permits the whole package, each returns only "".
func (e exception) each() []string {
	if e.names == nil {
		return []string{""}
	}
	return e.names
}

// qualified joins a package path and a name, as in "log/slog.Value".
func qualified(pkg, name string) string {
	if name == "" {
		return pkg
	}
	return pkg + "." + name
}
