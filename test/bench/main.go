// Command bench compares the service with a reference for each kind of work. The reference does only the physical work
// that is necessary, such as a bare insert for accepting a webhook.
//
//	go run ./test/bench                        # everything, 3 rounds of 5 s
//	go run ./test/bench -only accepts,reads -seconds 2 -rounds 1 -v
//
// The command measures the service and the reference alternately. It prints the median of their ratio over all rounds,
// with the spread. Absolute numbers would depend mainly on the machine.
//
// The command builds the binary and starts its own PostgreSQL server, which flushes every commit to disk. It also runs
// a simulator of the vendor, which keeps its data in memory. All servers listen on loopback, and stop when the command
// ends. All files are in one folder, which is removed at the end.
//
// The sections are: generator, accepts, sqlite, pull, reads, feed, events, closes, matcher, latency, routing, growth,
// footprint, bytes, replicas, citus. The sections neighbours and publications run only if they are named. They fail if
// one tenant slows down another tenant by more than the bounds allow.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

func main() {
	uuid.EnableRandPool()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == unlimitedCommand {
		err = serveUnlimited(ctx)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of the command.
type bench struct {
	options

	out    io.Writer
	dir    string // temporary folder, which is removed at the end
	binary string
	server *pgtest.Server // the PostgreSQL server; nil until a section needs it
	open   []func()       // functions that release the resources of the current section, called last first
}

// section is one part of the benchmark. The function measure returns the rows of the section's result table.
type section struct {
	name, title string
	measure     func(b *bench, ctx context.Context) ([]row, error)
	byName      bool // runs only if the flag -only names the section
}

var sections = []section{
	{"generator", "The load generator against a handler that does nothing", (*bench).generator, false},
	{"accepts", "Durable webhook accepts on PostgreSQL", (*bench).accepts, false},
	{"sqlite", "Durable webhook accepts on SQLite", (*bench).sqlite, false},
	{"pull", "Pulls", (*bench).pull, false},
	{"reads", "Reads by an operator", (*bench).measureReads, false},
	{"feed", "The change feed, first row to last", (*bench).feed, false},
	{"events", "Events of a subscription", (*bench).events, false},
	{"closes", "Closes, and lists as of a moment", (*bench).closes, false},
	{"matcher", "From a webhook to Matcher", (*bench).matcher, false},
	{"latency", "From a webhook to a readable row, on an idle system", (*bench).latency, false},
	{"routing", "From a webhook to a readable row, with forty items of one application", (*bench).routing, false},
	{"growth", "The same methods on a large database", (*bench).growth, false},
	{"footprint", "Start, memory, size", (*bench).footprint, false},
	{"bytes", "Bytes of a record on disk", (*bench).bytes, false},
	{"replicas", "Three replicas on one PostgreSQL", (*bench).replicas, false},
	{"citus", "A Citus cluster on this machine", (*bench).citus, false},
	{"neighbours", "The effect of one tenant on another", (*bench).neighbours, true},
	{"publications", "The effect of a pull whose ids have all changed on another tenant", (*bench).publications, true},
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	b := &bench{out: out}
	if err := b.parse(args); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "discovery-bench-"); err != nil {
		return err
	}
	defer func() {
		b.close()
		_ = os.RemoveAll(b.dir)
	}()
	if err := b.build(ctx); err != nil {
		return err
	}
	b.printf(
		"%s\n\n%d rounds of %v; a ratio is ours / reference unless the row says otherwise.\n",
		machine(),
		b.rounds,
		b.turn(),
	)
	for _, s := range sections {
		if !b.wants(s) {
			continue
		}
		begun := time.Now()
		rows, failed := s.measure(b, ctx)
		b.close() // no process of this section may run during the next section
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", s.name, failed))
		}
		if len(rows) > 0 {
			b.table(s, rows, time.Since(begun))
		}
	}
	return err
}

func (b *bench) wants(s section) bool {
	return len(b.only) == 0 && !s.byName || slices.Contains(b.only, s.name)
}

func (b *bench) printf(format string, args ...any) { _, _ = fmt.Fprintf(b.out, format, args...) }

// logf prints an indented line if the flag -v is set.
func (b *bench) logf(format string, args ...any) {
	if b.verbose {
		b.printf("    "+format+"\n", args...)
	}
}

// onClose registers a function to be called at the end of the section.
func (b *bench) onClose(fn func()) { b.open = append(b.open, fn) }

// close releases the resources of the current section, last first, and removes the section's files.
func (b *bench) close() {
	for _, fn := range slices.Backward(b.open) {
		fn()
	}
	b.open, b.server = nil, nil
	left, _ := filepath.Glob(filepath.Join(b.dir, "env-*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}

// options contains the values of the command-line flags.
type options struct {
	rounds, seconds int
	only            []string
	verbose         bool
	profile         string

	pullRows, feedRows, memoryRows int
	closeRows                      int
	tenants, connections, rows     int
	vendorDelay                    time.Duration
	evilRows                       int
	soak                           time.Duration
	text                           string
}

func (o *options) parse(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 3, "turns of each side")
	flags.IntVar(&o.seconds, "seconds", 5, "length of a turn")
	flags.BoolVar(&o.verbose, "v", false, "print every turn, and the services' log")
	flags.StringVar(&o.profile, "profile", "", "folder for CPU and allocation profiles of accepts, pull and reads")
	flags.IntVar(&o.pullRows, "pull-rows", 100_000, "rows of one pull")
	flags.IntVar(&o.feedRows, "feed-rows", 200_000, "rows of the change feed")
	flags.IntVar(&o.memoryRows, "memory-rows", 200_000, "rows pulled while memory is watched")
	flags.IntVar(&o.closeRows, "close-rows", 100_000, "records of the closed account")
	flags.IntVar(&o.tenants, "tenants", 1_000, "growth: tenants of the large database")
	flags.IntVar(&o.connections, "connections", 100_000, "growth: connections of the large database")
	flags.IntVar(&o.rows, "rows", 500_000, "growth: transactions of the large database")
	flags.DurationVar(
		&o.vendorDelay,
		"vendor-delay",
		50*time.Millisecond,
		"replicas: how long the vendor takes for a response",
	)
	flags.IntVar(&o.evilRows, "evil-rows", 60_000, "neighbours: records of the hostile tenant")
	flags.DurationVar(&o.soak, "soak", 0, "neighbours: run all attacks at once for this duration")
	flags.StringVar(&o.text, "text", "", "publications: only this kind of text")
	only := flags.String("only", "", "sections, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.name == name }) {
			return fmt.Errorf("no section %q", name)
		}
	}
	if o.rounds < 1 || o.seconds < 1 {
		return errors.New("-rounds and -seconds must be above zero")
	}
	return nil
}

func (o *options) turn() time.Duration { return time.Duration(o.seconds) * time.Second }
