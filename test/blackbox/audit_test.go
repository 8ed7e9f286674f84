package blackbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// execSQL runs a statement directly on the service's database, like a person who has write access to the database.
func (h *env) execSQL(t *testing.T, statement string) {
	t.Helper()
	url := h.settings["DATABASE_URL"]
	if file, ok := strings.CutPrefix(url, "sqlite://"); ok {
		db := must(sql.Open("sqlite", "file:"+file))
		defer func() { _ = db.Close() }()
		must(db.ExecContext(t.Context(), statement))
		return
	}
	conn := must(pgx.Connect(t.Context(), url))
	defer func() { _ = conn.Close(context.Background()) }()
	must(conn.Exec(t.Context(), statement))
}

// saveCheckpoint writes the newest checkpoint to a file, and returns the file's name. It checks that the checkpoint
// covers exactly size entries.
func (h *env) saveCheckpoint(t *testing.T, p *process, size int) (file string) {
	t.Helper()
	cli := map[string]string{"DISCOVERY_URL": p.origin, "DISCOVERY_TOKEN": h.token}
	out, said, code := repeated(t, cli, "audit", "checkpoint")
	if code != 0 || !strings.Contains(out, fmt.Sprintf("\n%d\n", size)) {
		t.Fatalf("audit checkpoint ended with %d: %s%s", code, out, said)
	}
	file = filepath.Join(t.TempDir(), fmt.Sprint("checkpoint-", size))
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestTheAuditLogSurvivesAKillAndIsVerified kills the service right after it has answered requests, when the audit
// entries of these requests usually have no number yet. Every change that was answered must have an entry. Then the
// test tampers with the database, which the verification must detect.
func TestTheAuditLogSurvivesAKillAndIsVerified(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newEnv(t, database(t))
			const rounds, each = 5, 3
			var empty string // the file with the checkpoint of the empty log
			for round := range rounds {
				p := h.serve()
				p.ready()
				if round == 0 {
					empty = h.saveCheckpoint(t, p, 0)
				}
				for i := range each {
					h.call(p, "POST", "/connections", object{
						"type": "rest-generic", "configName": fmt.Sprint(round, ".", i),
						"config": object{"url": "http://127.0.0.1:1", "auth": "none"},
					}, http.StatusCreated)
				}
				p.kill()
			}
			out, said, code := command(t, h.settings, "audit", "verify")
			want := fmt.Sprintf("unchanged entries: %d, of tenants: 1\n", rounds*each)
			if code != 0 || out != want {
				t.Fatalf("audit verify ended with %d: %s%s", code, out, said)
			}
			p := h.serve()
			p.ready()
			checkpoint := h.saveCheckpoint(t, p, rounds*each)
			cli := map[string]string{"DISCOVERY_URL": p.origin, "DISCOVERY_TOKEN": h.token}
			if out, said, code = repeated(t, cli, "audit", "list", "-o", "csv", "--all"); code != 0 ||
				strings.Count(out, "engine.create") != rounds*each {
				t.Errorf("audit list ended with %d: %s%s", code, out, said)
			}
			if out, said, code = repeated(t, cli, "audit", "key"); code != 0 || !strings.Contains(out, "+") {
				t.Errorf("audit key ended with %d: %s%s", code, out, said)
			}
			p.stop()

			verify := func(when string, wantCode int, wantEntry string, args ...string) {
				t.Helper()
				out, said, code := command(t, h.settings, append([]string{"audit", "verify"}, args...)...)
				if code != wantCode || !strings.Contains(said, wantEntry) {
					t.Errorf("%s, audit verify ended with %d: %s%s", when, code, out, said)
				}
			}
			verify("with a checkpoint", 0, "", "--checkpoint", checkpoint)
			verify("with the checkpoint of the empty log", 0, "", "--checkpoint", empty)
			verify("with both checkpoints", 0, "", "--checkpoint", checkpoint, "--checkpoint", empty)
			h.execSQL(t, "UPDATE audit_entries SET actor = 'mallory' WHERE sequence = 4")
			verify("with a changed entry", 1, "the first wrong entry is 4 ")
			verify("with a changed entry and the checkpoint of the empty log", 1, "the first wrong entry is 4 ",
				"--checkpoint", empty)
			h.execSQL(t, "UPDATE audit_entries SET actor = 'unknown' WHERE sequence = 4")
			verify("with the entry as it was", 0, "")
			h.execSQL(t, "DELETE FROM audit_entries WHERE sequence >= 12")
			verify("without the last entries", 1, "the first wrong entry is 12 ")
			h.execSQL(t, "DELETE FROM audit_entries")
			h.execSQL(t, "DELETE FROM audit_hashes")
			h.execSQL(t, "DELETE FROM audit_checkpoints")
			h.execSQL(t, "DELETE FROM audit_heads")
			verify("without any entry", 0, "")
			verify("with the checkpoint of the empty log, and without any entry", 0, "", "--checkpoint", empty)
			verify("with a checkpoint of lost entries", 1, "the first wrong entry is 0 ", "--checkpoint", checkpoint)
			verify(
				"with a file that is no checkpoint",
				2,
				"--checkpoint",
				"--checkpoint",
				h.settings["SEALING_KEYSET_FILE"],
			)
		})
	}
}
