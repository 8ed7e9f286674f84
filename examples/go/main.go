// Command go follows the change feed of one tenant and stores a copy of the tenant's
// transactions in one file. It is an example to read and to start from. It uses only the
// standard library, and its copy stays correct even if it is killed at any point.
//
//	TOKEN=… go run ./examples/go -url https://api.example.com -state ledger.jsonl
//
// With -once it reads all changes up to now, prints the copy with one transaction per line,
// and exits.
//
// The file is a journal with one JSON object per line. For each page, it contains the rows in the order of arrival, and
// then the cursor of the page. Every prefix of the file is therefore a consistent earlier state. If a crash cuts off
// the end of the file, the missing part is read again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	feed := feed{token: os.Getenv("TOKEN")}
	flag.StringVar(&feed.origin, "url", "http://127.0.0.1:4018", "origin of the service")
	flag.IntVar(&feed.limit, "limit", 200, "changes a page, 1 to 1000")
	flag.DurationVar(&feed.wait, "wait", 20*time.Second, "how long a request may wait for changes, up to 30s")
	state := flag.String("state", "ledger.jsonl", "file that holds the copy")
	once := flag.Bool("once", false, "catch up, print the copy, and exit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, feed, *state, *once, os.Stdout); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// run follows the feed until ctx ends. With singlePass, run reads all changes up to now, prints the stored transactions
// to out, and returns.
//
// A service that shuts down returns empty pages earlier than requested. After such a page, run pauses before it sends
// the next request.
func run(ctx context.Context, f feed, state string, singlePass bool, out io.Writer) error {
	l, err := open(state)
	if err != nil {
		return err
	}
	defer func() { _ = l.file.Close() }()
	if singlePass {
		f.wait = 0
	}
	for {
		requested := time.Now()
		p, err := f.read(ctx, l.cursor)
		if retryable := (*retryError)(nil); errors.As(err, &retryable) {
			log.Print(err)
			if err = sleep(ctx, retryable.delay); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := l.apply(p); err != nil {
			return err
		}
		if singlePass && !p.HasMore {
			return l.print(out)
		}
		if len(p.Items) == 0 && !p.HasMore && time.Since(requested) < max(f.wait, defaultRetryAfter) {
			if err := sleep(ctx, defaultRetryAfter); err != nil {
				return err
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// print writes one line per transaction to out: the id, the version, and the values that a
// reconciliation needs.
func (l *ledger) print(out io.Writer) error {
	for _, t := range l.sorted() {
		removed := ""
		if t.RemovedAt != nil {
			removed = " removed"
		}
		if _, err := fmt.Fprintf(
			out, "%s v%d %s %s %s%s\n", t.ID, t.Version, t.Date, t.Amount, t.Currency, removed,
		); err != nil {
			return err
		}
	}
	return nil
}
