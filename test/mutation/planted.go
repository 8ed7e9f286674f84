package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// defect is a wrong version of one rule of the records. The text of the field from is replaced by the text of the
// field to. The text of from must occur exactly once in the file.
type defect struct {
	rule, file, from, to string
}

// defects has one defect for each rule of domain/records.
var defects = []defect{
	{
		"a record goes back to a former row", "domain/records/past.go",
		"if (!record.RemovedAt.IsZero() || leaves) && !d.isShown(record.ExternalID) {",
		"if leaves && d.isShown(record.ExternalID) {",
	},
	{
		"a row is followed to the record that had it", "domain/records/past.go",
		"follow, record := d.returnTo, past[externalID].Past", "follow, record := d.detach, past[externalID].Past",
	},
	{
		"a split gives the younger record its row back",
		"domain/records/past.go",
		"next.ID, next.FirstSeenAt, version = before.ID, before.FirstSeenAt, before.Version",
		"version = before.Version",
	},
	{
		"a record that is taken over names its successor", "domain/records/replacements.go",
		"if ended.SupersededBy = old.ID; ended.RemovedAt.IsZero() {", "if ended.RemovedAt.IsZero() {",
	},
	{
		"two listings without a row prove its removal", "domain/absence.go",
		"!a.ProvedBy.IsZero() && a.ProvedBy != r.Pull", "true",
	},
	{
		"k identical rows never continue as m", "domain/matching/match.go",
		"only && (len(e.old.rows) == len(e.new.rows) || asMany)", "only",
	},
	{
		// A longer window would be no defect, because the matching itself also rejects rows outside the window.
		"removed rows are matched within a window of time", "domain/records/replacements.go",
		"d.source.RemovedSince(d.At.Add(-domain.MatchWindow))",
		"d.source.RemovedSince(d.At.Add(-domain.MatchWindow / 2))",
	},
	{
		"a pair that was split is never matched again", "domain/records/past.go",
		"Never:   []domain.MatchPair{{Old: past.ExternalID, New: record.ExternalID}},", "",
	},
	{
		"a carried-over record ends when a row continues it", "domain/records/carried_over.go",
		"c.clear(MarkCarriedOver, all[i].Old)", "",
	},
	{
		"rows of an unreadable account remain staged", "domain/records/publication.go",
		"EndStaging: len(b.held) == 0", "EndStaging: true",
	},
	{
		"a change until the last closed day is an adjustment", "domain/records/adjustments.go",
		"a.Day() <= last", "a.Day() < last",
	},
	{
		"only the first success after a failed pull is reported", "domain/records/events.go",
		"end == domain.PullSucceeded && announced.PullFailed", "end == domain.PullSucceeded",
	},
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// plantDefects runs the tests of the packages with each of the defects, and prints which tests fail. It returns an
// error if all tests pass with one of the defects.
func plantDefects(ctx context.Context, out io.Writer, patterns []string) error {
	dir, err := os.MkdirTemp("", "planted")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	missed := 0
	for _, d := range defects {
		replaced, err := d.overlay(dir)
		if err != nil {
			return err
		}
		begun := time.Now()
		arguments := append([]string{"test", "-short", "-vet=off", "-overlay", replaced}, patterns...)
		output, err := exec.CommandContext(ctx, "go", arguments...).CombinedOutput()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var failed []string
		for _, match := range failedTest.FindAllSubmatch(output, -1) {
			failed = append(failed, string(match[1]))
		}
		switch {
		case err != nil && len(failed) == 0:
			return fmt.Errorf("testing %q: %w\n%s", d.rule, err, output)
		case len(failed) == 0:
			missed++
			failed = []string{"NO TEST FAILS"}
		}
		slices.Sort(failed)
		_, _ = fmt.Fprintf(out, "%s (%s): %s, after %s\n", d.rule, d.file, strings.Join(slices.Compact(failed), ", "),
			time.Since(begun).Round(time.Second))
	}
	if missed > 0 {
		return fmt.Errorf("no test notices %d of %d defects", missed, len(defects))
	}
	return nil
}

// overlay writes the file with the defect to the folder, and returns the name of the overlay file for go test.
func (d defect) overlay(dir string) (string, error) {
	name, err := filepath.Abs(d.file)
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), d.from); n != 1 {
		return "", fmt.Errorf("%s contains the code of the rule %q %d times", d.file, d.rule, n)
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), d.from, d.to, 1)), 0o600); err != nil {
		return "", err
	}
	return writeOverlay(dir, map[string]string{name: changed})
}

// writeOverlay writes an overlay file for the go command, and returns its name.
func writeOverlay(dir string, replaced map[string]string) (string, error) {
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, content, 0o600)
}
