package arch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fencedBlock  = regexp.MustCompile("(?ms)^[ ]*```.*?^[ ]*```")
	inlineCode   = regexp.MustCompile("`[^`]*`")
	relativeLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notInAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	alertName    = regexp.MustCompile(`(?m)- alert: (\w+)`)
)

// Every relative link in every document must lead to an existing file. If the link also names a heading, the heading
// must exist.
func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	links := 0
	for _, file := range markdownFiles(t) {
		for _, match := range relativeLink.FindAllStringSubmatch(prose(t, file), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			links++
			if problem := followLink(t, file, match[1]); problem != "" {
				t.Errorf("%s links to %s: %s", file, match[1], problem)
			}
		}
	}
	if links < 100 {
		t.Errorf("only %d links were found", links)
	}
}

// docs/operate.md must have a row for each alert, because the person on call must know what to do.
func TestTheOperatingGuideExplainsEveryAlert(t *testing.T) {
	guide := readText(t, filepath.Join(root, "docs", "operate.md"))
	alerts := alertName.FindAllStringSubmatch(readText(t, filepath.Join(root, "configs", "alerts.yaml")), -1)
	if len(alerts) < 10 {
		t.Errorf("only %d alerts were found", len(alerts))
	}
	for _, alert := range alerts {
		anchor := `<a id="` + strings.ToLower(alert[1]) + `"></a>`
		if !strings.Contains(guide, "| `"+alert[1]+"` | "+anchor) {
			t.Errorf("docs/operate.md has no row with an anchor for the alert %s", alert[1])
		}
	}
}

// root is the root folder of the repository.
var root = filepath.Join("..", "..")

// markdownFiles returns the paths of all documents of the repository.
func markdownFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "node_modules" || name == ".git" || name == ".tools"):
			return filepath.SkipDir
		case filepath.Ext(name) == ".md":
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// followLink checks the target of a relative link in the given file. It returns a description of the problem, or "" if
// there is none.
func followLink(t *testing.T, file, target string) string {
	t.Helper()
	path, anchor, _ := strings.Cut(target, "#")
	if path == "" {
		path = file
	} else {
		path = filepath.Join(filepath.Dir(file), path)
	}
	if _, err := os.Stat(path); err != nil {
		return "the file does not exist"
	}
	if anchor == "" || anchors(readText(t, path))[anchor] {
		return ""
	}
	return "the heading does not exist"
}

// anchors returns the anchors of the headings of a document, as GitHub builds them: in lower case, without
// punctuation, with a hyphen for each space.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(fencedBlock.ReplaceAllString(text, ""), -1) {
		anchor := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(match[1])), "")
		found[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	return found
}

// prose returns the text of a document without its code, because brackets in code are not links.
func prose(t *testing.T, file string) string {
	t.Helper()
	return inlineCode.ReplaceAllString(fencedBlock.ReplaceAllString(readText(t, file), ""), "")
}

func readText(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
