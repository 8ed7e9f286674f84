package clients_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// An example that is killed while it follows the feed must continue from its stored state in the next run, although
// rows have changed in the meantime.
func TestTheExamplesContinueAfterAKill(t *testing.T) {
	for name, c := range map[string]struct {
		tool    string // the program that the example needs
		command func(t *testing.T, e *env, state string) []string
	}{
		"go": {"go", func(t *testing.T, e *env, state string) []string {
			return []string{build(t, "examples/go"), "-url", e.origin, "-state", state}
		}},
		"node": {"node", func(_ *testing.T, _ *env, state string) []string {
			return []string{"node", filepath.Join(root, "examples", "node", "follow.mjs"), state}
		}},
		"python": {"python3", func(_ *testing.T, _ *env, state string) []string {
			return []string{"python3", filepath.Join(root, "examples", "python", "follow.py"), state}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			requireTools(t, c.tool)
			e := open(t)
			e.create(t, "pluggy-main")
			e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
			state := filepath.Join(t.TempDir(), "state")
			command := c.command(t, e, state)
			e.followAndKill(t, command, state)
			if diff := cmp.Diff(e.table(t), e.readCopy(t, command)); diff != "" {
				t.Errorf("after the kill the copy differs (-table +copy):\n%s", diff)
			}
			e.changeRows(t)
			if diff := cmp.Diff(e.table(t), e.readCopy(t, command)); diff != "" {
				t.Errorf("after changes the copy differs (-table +copy):\n%s", diff)
			}
		})
	}
}

// process returns the given command with the additional arguments args, and with the environment variables that the
// example needs.
func (e *env) process(ctx context.Context, command []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], args...)...)
	cmd.Env, cmd.WaitDelay = append(e.variables(), "TOKEN="+e.token), 5*time.Second
	return cmd
}

// followAndKill runs an example until it has written its state, and then kills it.
func (e *env) followAndKill(t *testing.T, command []string, state string) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	cmd := e.process(ctx, command)
	var fault strings.Builder
	cmd.Stderr = &fault
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the state of the example", func() bool {
		info, err := os.Stat(state)
		return err == nil && info.Size() > 0
	})
	kill()
	if err := cmd.Wait(); err == nil {
		t.Errorf("the example ended by itself: %s", fault.String())
	}
}

// readCopy runs an example until it has read the whole feed, and returns the lines that it prints.
func (e *env) readCopy(t *testing.T, command []string) []string {
	t.Helper()
	cmd := e.process(t.Context(), command, "--once")
	var fault strings.Builder
	cmd.Stderr = &fault
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the example does not read the feed: %v\n%s", err, fault.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// table returns the stored transactions in the form in which the examples print them, ordered by id.
func (e *env) table(t *testing.T) []string {
	t.Helper()
	rows := map[string]string{}
	for _, row := range objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--all", "-o", "json")) {
		rows[row["id"].(string)] = describe(row)
	}
	if len(rows) == 0 {
		t.Fatal("no transactions are stored")
	}
	return sortedValues(rows)
}

// changeRows edits one row at the vendor and removes another one, and waits until both are stored.
func (e *env) changeRows(t *testing.T) {
	t.Helper()
	var ids []string
	for _, row := range objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--all", "-o", "json")) {
		ids = append(ids, row["externalId"].(string))
	}
	if _, err := e.sim.UpdateTransaction(ids[0], func(row *pluggysim.Transaction) {
		row.Description = "ANOTHER DESCRIPTION"
	}); err != nil {
		t.Fatal(err)
	}
	if err := e.sim.RemoveTransaction(ids[1]); err != nil {
		t.Fatal(err)
	}
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
}

// describe returns the line that the examples print for a transaction.
func describe(row map[string]any) string {
	removed := ""
	if row["removedAt"] != nil {
		removed = " removed"
	}
	return fmt.Sprintf(
		"%s v%v %s %s %s%s", row["id"], row["version"], row["date"], row["amount"], row["currency"], removed,
	)
}

// sortedValues returns the values of a map in the order of its keys.
func sortedValues(rows map[string]string) []string {
	var values []string
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		values = append(values, rows[id])
	}
	return values
}
