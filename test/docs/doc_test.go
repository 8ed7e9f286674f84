// Package docs_test runs what the documents show.
//
// Every fenced block of docs/api.md that is marked sh is executed, in order and in one
// bash, against the composed service on each database; the block marked http behind it is
// what must come back. So a line of the document that does not work, and an answer that
// has changed, fail here.
package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// step is one block of shell, with the answer that the document shows for it.
type step struct {
	line   int // of the block in the document
	shell  string
	answer string // "" where none is shown
}

// document reads the steps of a Markdown file.
func document(t *testing.T, name string) (steps []step) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
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
				steps = append(steps, step{line: number})
			}
		case fenced:
			fence = ""
		case fence == "sh":
			steps[len(steps)-1].shell += line
		case fence == "http" && len(steps) == 0:
			t.Fatalf("%s:%d shows an answer to nothing", name, number)
		case fence == "http":
			steps[len(steps)-1].answer += line
		}
	}
	if len(steps) < 2 {
		t.Fatalf("%s has %d blocks of shell: the test does not see them", name, len(steps))
	}
	return steps
}
