package scale_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "internals", "scale.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testName matches the name of a test of this package in the document.
var testName = regexp.MustCompile("`(Test[A-Za-z]+)`")

func TestTheDocumentNamesTestsThatExist(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	names := testName.FindAllStringSubmatch(document(t), -1)
	if len(names) < 2 {
		t.Errorf("the document cites only %d tests", len(names))
	}
	for _, name := range names {
		if !strings.Contains(all.String(), "func "+name[1]+"(") {
			t.Errorf("the document cites %s, which does not exist", name[1])
		}
	}
}
