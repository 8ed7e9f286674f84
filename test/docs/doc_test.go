// Package docs_test executes the examples of the documents.
//
// It runs every fenced block of the pages that is marked sh, in the order of the pages, and those of testdata/walk.md,
// which call every operation, on each database. All blocks run in order in one bash process. The http block after an sh
// block contains the expected response. The test fails if a command does not work or a response has changed.
package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// step is one block of shell commands, with the expected response that follows it in the document.
type step struct {
	page     string // path of the document
	line     int    // number of the block's first line in the document
	shell    string
	response string // "" if the document shows no response to this step
}

// document returns the steps of a Markdown file.
func document(t *testing.T, name string) (steps []step) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var fence string
	number := 0
	for line := range strings.Lines(string(raw)) {
		number++
		mark, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fenced && fence == "":
			if fence = mark; mark == "sh" {
				steps = append(steps, step{page: name, line: number})
			}
		case fenced:
			fence = ""
		case fence == "sh":
			steps[len(steps)-1].shell += line
		case fence == "http" && len(steps) == 0:
			t.Fatalf("%s:%d shows a response without a request", name, number)
		case fence == "http":
			steps[len(steps)-1].response += line
		}
	}
	if len(steps) == 0 {
		t.Fatalf("%s has no blocks of shell: the test does not see them", name)
	}
	return steps
}
