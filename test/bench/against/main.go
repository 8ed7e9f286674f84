// Command against compares the benchmarks of this version with those of an earlier commit, on one machine. It fails if
// a figure is worse by more than 10 %.
//
//	go run ./test/bench/against -commit 27168f6
//	go run ./test/bench/against -commit v0.1.0 -only accepts,pull -rounds 5 -seconds 3
//
// It builds the command test/bench of both versions, and runs their sections alternately: one version begins a round,
// the other one begins the next round. Each ratio compares the two runs of one round, and the table contains the median
// of all rounds. The working tree counts as this version, with its changes. The earlier version is read from git into a
// temporary folder, which is removed at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "against:", err)
		os.Exit(1)
	}
}

// version is one of the two versions that are compared.
type version struct {
	name   string
	folder string // the source tree
	bench  string // path of the built command
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("against", flag.ContinueOnError)
	commit := flags.String("commit", "", "the earlier commit (required)")
	only := flags.String(
		"only", "accepts,sqlite,pull,reads,feed,latency,growth,footprint,replicas",
		"sections of test/bench, separated by commas",
	)
	rounds := flags.Int("rounds", 5, "runs of each section with each version")
	seconds := flags.Int("seconds", 3, "length of one measurement")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *commit == "" || *rounds < 1 || *seconds < 1 {
		return errors.New("-commit is required; -rounds and -seconds must be above zero")
	}
	dir, err := os.MkdirTemp("", "discovery-against-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	this, earlier, err := build(ctx, dir, *commit)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(
		out, "%d rounds of `-seconds %d`; above 1, this version is better than %s.\n", *rounds, *seconds, *commit,
	)
	var worse []string
	for section := range strings.SplitSeq(*only, ",") {
		c := comparison{section: section}
		for round := range *rounds {
			if err := c.measure(ctx, round, *seconds, this, earlier); err != nil {
				return err
			}
		}
		_, _ = io.WriteString(out, c.table())
		worse = append(worse, c.worse()...)
	}
	if len(worse) > 0 {
		return fmt.Errorf("worse by more than %.0f %%: %s", 100*(1-bound), strings.Join(worse, "; "))
	}
	return nil
}

// build builds the benchmarks of the working tree and of the commit in dir.
func build(ctx context.Context, dir, commit string) (this, earlier version, err error) {
	root, err := command(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return this, earlier, err
	}
	this = version{"this version", strings.TrimSpace(root), filepath.Join(dir, "this")}
	earlier = version{commit, filepath.Join(dir, "tree"), filepath.Join(dir, "earlier")}
	archive := filepath.Join(dir, "tree.tar")
	if err := os.Mkdir(earlier.folder, 0o700); err != nil {
		return this, earlier, err
	}
	if _, err := command(ctx, this.folder, "git", "archive", "-o", archive, commit); err != nil {
		return this, earlier, err
	}
	if _, err := command(ctx, earlier.folder, "tar", "-xf", archive); err != nil {
		return this, earlier, err
	}
	for _, v := range []version{this, earlier} {
		if _, err := command(ctx, v.folder, "go", "build", "-o", v.bench, "./test/bench"); err != nil {
			return this, earlier, err
		}
	}
	return this, earlier, nil
}

// maxStderr is the maximum number of bytes of standard error in an error message.
const maxStderr = 2000

// command runs a program in the folder, and returns its standard output. The error contains the end of the standard
// error.
func command(ctx context.Context, folder, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	// The command stops its servers when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		end := exit.Stderr[max(0, len(exit.Stderr)-maxStderr):]
		return string(out), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, end)
	}
	return string(out), err
}
