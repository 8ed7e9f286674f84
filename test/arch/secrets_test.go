package arch_test

import (
	"maps"
	"path"
	"slices"
	"testing"
)

const secretsFile = "test/arch/secrets_test.go"

// revealers maps each package that may call Reveal to the files that may call it; nil allows every file of
// the package. These packages need the bytes of a secret in order to pass them on. The test fails if an
// entry is unused.
var revealers = map[string][]string{
	"adapters/sealing":      nil,
	"adapters/transparency": nil,
	"adapters/rest": {
		"tokens.go",
		"connection_lifecycle.go",
		"link_sessions.go",
		"subscriptions.go",
	}, // the responses that contain a token
	"adapters/rest/auth":             nil,
	"adapters/egress":                {"proxy.go"}, // the password of the proxy
	"adapters/aggregator/pluggy":     nil,
	"adapters/aggregator/belvo":      nil,
	"adapters/aggregator/plaid":      nil,
	"adapters/aggregator/vendorhttp": {"call.go"}, // a hash of the client id and the secret
	"adapters/connector/postgres":    nil,
	"adapters/connector/rest":        nil,
	"adapters/sink/kafka":            nil,
	"adapters/sink/lerianmatcher":    nil,
	"adapters/sink/settings":         nil,
	"adapters/sink/webhook":          nil,
	"cmd/discovery":                  {"token.go"},
	"ports/porttest":                 nil, // the tests look for the bytes of a secret in error messages
}

func TestOnlyAFewRevealSecrets(t *testing.T) {
	report(t, checkSecrets(realTree(t), revealers))
}

// checkSecrets returns a violation for each call of Reveal by a package or file that is not listed, and for each unused
// entry of the list. Every selector named Reveal is treated as a call, because it may be a method value or a method
// expression.
func checkSecrets(files tree, revealers map[string][]string) []violation {
	var found []violation
	used := map[string]bool{} // the packages and files that call Reveal
	for _, file := range slices.Sorted(maps.Keys(files)) {
		pkg := path.Dir(file)
		names, listed := revealers[pkg]
		for _, line := range files[file].reveals {
			if !listed || names != nil && !slices.Contains(names, path.Base(file)) {
				found = append(found, violation{file, line, ruleReveal, pkg, "not on the list in " + secretsFile})
			}
			used[pkg], used[file] = true, true
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(revealers)) {
		entries := []string{pkg}
		for _, name := range revealers[pkg] {
			entries = append(entries, path.Join(pkg, name))
		}
		for _, entry := range entries {
			if !used[entry] {
				found = append(found, violation{secretsFile, 0, ruleStale, entry, "no call of Reveal"})
			}
		}
	}
	return found
}
