// Command trace lists the functions of the service that run during one action. It must be built with coverage counters
// of all packages, as make trace does:
//
//	make trace ACTION=pull
//	make trace               # only the numbers of all actions
//
// The command runs the service in this process, on SQLite, together with a simulator of Pluggy. It performs the actions
// one after the other. It clears the counters before each action, and writes them after it.
//
// Three things keep the work of background tasks out of the result:
//
//   - The tasks that run more often than every five seconds do nothing.
//   - A pull waits for the action that measures it, and so do the events of subscriptions.
//   - The command repeats everything with a new database. Only the functions that run in each of the repetitions count.
//     The tasks begin after a random time, so a task does not run during the same action each time.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// repetitions is how often the actions are performed.
const repetitions = 4

// actions are the names of the actions, with their descriptions.
var actions = []struct{ name, title string }{
	{"webhook", "webhook → 202"},
	{"pull", "first pull, 2 accounts, 8 rows"},
	{"unchanged", "the same pull, nothing changed"},
	{"list", "GET transactions"},
	{"event", "two events out"},
	{"close", "close of an account"},
	{"statement", "statement (CSV)"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "trace:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	var action string
	var names []string
	for _, a := range actions {
		names = append(names, a.name)
	}
	flags := flag.NewFlagSet("trace", flag.ContinueOnError)
	flags.StringVar(&action, "action", "", "the action whose functions are listed: "+strings.Join(names, ", "))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if action != "" && !slices.Contains(names, action) {
		return fmt.Errorf("there is no action %q, only %s", action, strings.Join(names, ", "))
	}
	folder, err := os.MkdirTemp("", "discovery-trace-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	traces, err := record(ctx, folder)
	if err != nil {
		return err
	}
	if action != "" {
		traces[action].list(out)
	}
	return summarize(out, traces)
}

// record performs the actions repeatedly, and returns the functions that ran during each of them.
func record(ctx context.Context, folder string) (map[string]trace, error) {
	traces := map[string]trace{}
	for n := range repetitions {
		dir := filepath.Join(folder, fmt.Sprint(n))
		if err := perform(ctx, dir); err != nil {
			return nil, fmt.Errorf("repetition %d: %w", n+1, err)
		}
		for _, a := range actions {
			calls, err := readCounters(ctx, filepath.Join(dir, a.name))
			if err != nil {
				return nil, err
			}
			if n == 0 {
				traces[a.name] = calls
			}
			traces[a.name].intersect(calls)
		}
	}
	return traces, nil
}

// function is a function or method of the service.
type function struct {
	file string // its path below the root of the module
	line int
	name string
}

// trace contains the functions that ran, with the number of their calls.
type trace map[function]int

// intersect removes the functions that are not in other, and lowers the numbers of calls to those of other.
func (t trace) intersect(other trace) {
	maps.DeleteFunc(t, func(f function, _ int) bool {
		_, ran := other[f]
		return !ran
	})
	for f := range t {
		t[f] = min(t[f], other[f])
	}
}

// files returns the files of the functions, and packages their folders.
func (t trace) files() (files, packages map[string]bool) {
	files, packages = map[string]bool{}, map[string]bool{}
	for f := range t {
		files[f.file], packages[path.Dir(f.file)] = true, true
	}
	return files, packages
}

// list writes one line for each function, ordered by file and line.
func (t trace) list(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range slices.SortedFunc(maps.Keys(t), func(x, y function) int {
		return cmp.Or(cmp.Compare(x.file, y.file), cmp.Compare(x.line, y.line))
	}) {
		_, _ = fmt.Fprintf(table, "%s:%d\t%s\t%d\n", f.file, f.line, f.name, t[f])
	}
	_, _ = fmt.Fprintln(table)
	_ = table.Flush()
}

// summarize writes the numbers of functions, files and packages of all actions, as a table in Markdown.
func summarize(out io.Writer, traces map[string]trace) error {
	lines := []string{"| action | functions | files | packages |", "|---|---|---|---|"}
	for _, a := range actions {
		files, packages := traces[a.name].files()
		lines = append(lines,
			fmt.Sprintf("| %s | %d | %d | %d |", a.title, len(traces[a.name]), len(files), len(packages)))
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}
