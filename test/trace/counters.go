package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/coverage"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/LerianStudio/aggregator-connections/"

// leftOut matches the files of this command and of the simulators, which run in the same process.
var leftOut = regexp.MustCompile(`^(test/|adapters/aggregator/sim/|adapters/aggregator/\w+/\w+sim/)`)

// writeCounters writes the coverage counters into a new folder.
func writeCounters(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := coverage.WriteMetaDir(folder); err != nil {
		return fmt.Errorf("the command must be run by make trace: %w", err)
	}
	return coverage.WriteCountersDir(folder)
}

// readCounters returns the functions that the counters in a folder contain, with the number of their calls.
func readCounters(ctx context.Context, folder string) (trace, error) {
	profile := filepath.Join(folder, "profile.txt")
	if _, err := covdata(ctx, "textfmt", "-i", folder, "-o", profile); err != nil {
		return nil, err
	}
	counts, err := readBlocks(profile)
	if err != nil {
		return nil, err
	}
	text, err := covdata(ctx, "func", "-i", folder)
	if err != nil {
		return nil, err
	}
	calls := trace{}
	for line := range strings.Lines(text) {
		if f, ok := parseFunction(line); ok && !leftOut.MatchString(f.file) {
			calls[f] = counts[f.file].from(f.line)
		}
	}
	return calls, nil
}

// covdata runs a command of go tool covdata, and returns its output.
func covdata(ctx context.Context, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", append([]string{"tool", "covdata"}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go tool covdata %s: %w: %s", args[0], err, output)
	}
	return string(output), nil
}

// functionLine matches a line of go tool covdata func: a file, the line of a function, its name, and the percentage of
// its statements that ran.
var functionLine = regexp.MustCompile(`^` + regexp.QuoteMeta(module) + `(\S+):(\d+):\s+(\S+)\s+([\d.]+)%`)

// parseFunction parses a line of go tool covdata func. ok is false for a function that did not run, and for the line
// with the total.
func parseFunction(line string) (f function, ok bool) {
	m := functionLine.FindStringSubmatch(line)
	if m == nil || m[4] == "0.0" {
		return f, false
	}
	number, err := strconv.Atoi(m[2])
	return function{m[1], number, m[3]}, err == nil
}

// blocks contains the blocks of the functions of a file, ordered by line.
type blocks []block

// block is a sequence of statements with one counter.
type block struct{ line, column, count int }

// from returns the counter of the first block at or after a line: how often the function at this line was called. It
// returns 0 if only function literals ran that an earlier call has returned.
func (b blocks) from(line int) int {
	i, _ := slices.BinarySearchFunc(b, line, func(x block, line int) int { return x.line - line })
	if i == len(b) {
		return 0
	}
	return b[i].count
}

// blockLine matches a line of a profile: a file, the begin and the end of a block, its statements and its counter.
var blockLine = regexp.MustCompile(`^` + regexp.QuoteMeta(module) + `(\S+):(\d+)\.(\d+),\S+ \d+ (\d+)$`)

// readBlocks reads a profile, and returns the blocks by the path of their file below the root of the module.
func readBlocks(profile string) (map[string]blocks, error) {
	file, err := os.Open(profile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	found := map[string]blocks{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		m := blockLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue // the mode of the counters
		}
		var b block
		for i, field := range []*int{&b.line, &b.column, &b.count} {
			if *field, err = strconv.Atoi(m[2+i]); err != nil {
				return nil, err
			}
		}
		found[m[1]] = append(found[m[1]], b)
	}
	for _, list := range found {
		slices.SortFunc(list, func(x, y block) int {
			return cmp.Or(cmp.Compare(x.line, y.line), cmp.Compare(x.column, y.column))
		})
	}
	return found, lines.Err()
}
