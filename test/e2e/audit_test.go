package e2e_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const auditPath = prefix + "/audit"

// audited returns an operator of a new tenant. The operator's token names the given subject.
func (w *env) audited(t *testing.T, subject string) operator {
	o := w.operator(t)
	o.token = signed(t, jwtSecret, object{"tenant_id": o.tenant, "sub": subject})
	return o
}

// entries lists the audit entries that match the query, and returns them with the oldest one first.
func (o operator) entries(query string) []object {
	o.t.Helper()
	all := o.pages(auditPath+"/events"+query, 3)
	slices.Reverse(all)
	return all
}

func (o operator) actions() []string {
	o.t.Helper()
	var all []string
	for i, e := range o.entries("") {
		if e["sequence"] != float64(i) {
			o.t.Errorf("entry %d has the number %v", i, e["sequence"])
		}
		all = append(all, text(e, "action"))
	}
	return all
}

// The following functions verify an audit log according to the definitions of RFC 6962. They use only the API's
// responses and the standard library, and share no code with the service.

// leafHash returns the hash of an entry. The entry must be hashed in the canonical form of RFC 8785. encoding/json
// produces the same form, because it sorts the members, and because entries contain neither fractions nor characters
// that are escaped in HTML.
func leafHash(t *testing.T, entry object) [32]byte {
	t.Helper()
	var canonical bytes.Buffer
	encoder := json.NewEncoder(&canonical)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(entry); err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(slices.Concat([]byte{0}, bytes.TrimSpace(canonical.Bytes())))
}

func nodeHash(left, right [32]byte) [32]byte {
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

// split returns the largest power of two that is less than n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func rootOf(leaves [][32]byte) [32]byte {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		return nodeHash(rootOf(leaves[:split(n)]), rootOf(leaves[split(n):]))
	}
}

// rootByProof computes the root of a Merkle tree from the hash of leaf n and the inclusion proof of that leaf. The
// argument size is the number of leaves of the tree. The last hash of the proof is the one nearest to the root. ok is
// false if the length of the proof is wrong.
func rootByProof(leaf [32]byte, n, size int, proof [][32]byte) (root [32]byte, ok bool) {
	if size == 1 {
		return leaf, len(proof) == 0
	}
	if len(proof) == 0 {
		return root, false
	}
	last, rest := proof[len(proof)-1], proof[:len(proof)-1]
	if k := split(size); n < k {
		left, ok := rootByProof(leaf, n, k, rest)
		return nodeHash(left, last), ok
	}
	k := split(size)
	right, ok := rootByProof(leaf, n-k, size-k, rest)
	return nodeHash(last, right), ok
}

// verifiedCheckpoint verifies the signature of a checkpoint with the published key, and returns its size and its root.
func verifiedCheckpoint(t *testing.T, key, signed string) (size int, root [32]byte) {
	t.Helper()
	body, signatures, _ := strings.Cut(signed, "\n\n")
	body += "\n"
	parts := strings.Split(strings.TrimSpace(key), "+")
	public, keyErr := base64.StdEncoding.DecodeString(strings.Join(parts[2:], "+"))
	fields := strings.Fields(signatures)
	signature, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	lines := strings.Split(body, "\n")
	if err != nil || keyErr != nil || fields[1] != parts[0] || lines[0] != parts[0] ||
		fmt.Sprintf("%x", signature[:4]) != parts[1] || !ed25519.Verify(public[1:], []byte(body), signature[4:]) {
		t.Fatalf("the checkpoint %q is not signed by %q", signed, key)
	}
	size, err = strconv.Atoi(lines[1])
	raw, rootErr := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || rootErr != nil {
		t.Fatalf("the checkpoint is %q", signed)
	}
	return size, [32]byte(raw)
}

// proof requests the proof at path, and returns its hashes and the size of the tree for which it is valid.
func (o operator) proof(path string) (size int, hashes [][32]byte) {
	o.t.Helper()
	got := o.get(auditPath + "/proofs/" + path).want(http.StatusOK).json()
	for _, h := range got["hashes"].([]any) {
		raw, err := base64.StdEncoding.DecodeString(h.(string))
		if err != nil {
			o.t.Fatal(err)
		}
		hashes = append(hashes, [32]byte(raw))
	}
	return int(got["size"].(float64)), hashes
}

// verifyLog verifies the whole log of the tenant, and returns the newest checkpoint. If pastCheckpoint is not "",
// verifyLog also verifies that the log is consistent with that checkpoint.
func (o operator) verifyLog(pastCheckpoint string) string {
	o.t.Helper()
	key := string(o.get(auditPath + "/key").want(http.StatusOK).raw)
	newest := string(o.get(auditPath + "/checkpoint").want(http.StatusOK).raw)
	size, root := verifiedCheckpoint(o.t, key, newest)
	var leaves [][32]byte
	for _, e := range o.entries("")[:size] {
		leaves = append(leaves, leafHash(o.t, e))
	}
	if rootOf(leaves) != root {
		o.t.Errorf("the entries are not those of the checkpoint of %d", size)
	}
	for n, leaf := range leaves {
		_, hashes := o.proof(fmt.Sprintf("inclusion/%d?size=%d", n, size))
		if got, ok := rootByProof(leaf, n, size, hashes); !ok || got != root {
			o.t.Errorf("the proof of entry %d of %d leads to another root", n, size)
		}
		if err := tlog.CheckRecord(tlogHashes(hashes), int64(size), root, int64(n), leaf); err != nil {
			o.t.Error(err)
		}
	}
	if pastCheckpoint != "" {
		from, before := verifiedCheckpoint(o.t, key, pastCheckpoint)
		if rootOf(leaves[:from]) != before {
			o.t.Errorf("the first %d entries are not those of the earlier checkpoint", from)
		}
		if size > 0 {
			o.verifyConsistency(from, size, before, root)
		}
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err == nil {
		_, err = note.Open([]byte(newest), note.VerifierList(verifier))
	}
	if err != nil {
		o.t.Error(err)
	}
	return newest
}

// verifyConsistency verifies that an old tree is a prefix of a new tree. Each tree is identified by its size and its
// root. RFC 6962 defines no proof for an old tree without entries, so the service must return a proof without hashes.
func (o operator) verifyConsistency(oldSize, newSize int, oldRoot, newRoot [32]byte) {
	o.t.Helper()
	size, hashes := o.proof(fmt.Sprintf("consistency?from=%d&to=%d", oldSize, newSize))
	if size != newSize {
		o.t.Errorf("the proof is of a tree of %d entries, want %d", size, newSize)
	}
	if oldSize == 0 {
		if len(hashes) > 0 {
			o.t.Errorf("the proof of the empty tree has %d hashes", len(hashes))
		}
		return
	}
	if err := tlog.CheckTree(
		tlog.TreeProof(tlogHashes(hashes)),
		int64(newSize),
		newRoot,
		int64(oldSize),
		oldRoot,
	); err != nil {
		o.t.Error(err)
	}
}

func tlogHashes(hashes [][32]byte) tlog.RecordProof {
	var all tlog.RecordProof
	for _, h := range hashes {
		all = append(all, h)
	}
	return all
}

// TestTheAuditLogRecordsWhatOperatorsDo checks that each kind of change has an audit entry, and that requests that
// change nothing have none.
func TestTheAuditLogRecordsWhatOperatorsDo(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		o.token = signed(t, jwtSecret, object{"tenant_id": o.tenant, "sub": "maria"})
		before := o.actions() // changes of connectAndPull, made with a token without a subject
		if got := text(o.entries("")[0], "actor"); got != "unknown" {
			t.Errorf("the actor of a token without a subject is %s", got)
		}
		early := o.verifyLog("")
		one := connections + "/" + id
		descriptor := o.get(one).want(http.StatusOK).json()
		rename := object{
			"configName": "canary-config-name",
			"baseUrl":    descriptor["baseUrl"],
			"accountRef": descriptor["accountRef"],
		}
		o.send(http.MethodPut, one, rename, "X-Request-Id: the-rename").want(http.StatusOK)
		if again := o.send(http.MethodPut, one, rename).want(http.StatusOK); again.header.Get("ETag") != `"2"` {
			t.Errorf("an update without effect has the entity tag %s", again.header.Get("ETag"))
		}
		o.send(http.MethodPut, one, rename, "If-Match: \"0\"").want(http.StatusPreconditionFailed)
		o.send(http.MethodPost, one+"/pause", nil).want(http.StatusOK)
		o.send(http.MethodPost, one+"/pause", nil).want(http.StatusOK)
		o.send(http.MethodPost, one+"/pulls", nil).want(http.StatusConflict)
		o.send(http.MethodPost, one+"/resume", nil).want(http.StatusOK)
		o.send(http.MethodPost, connections+"/test", object{"vendor": b.vendor(), "configName": "canary-config-name"}).
			want(http.StatusOK)
		o.send(http.MethodPost, one+"/link-sessions", nil).want(http.StatusCreated)
		o.pull(id, nil)
		o.waitForSuccess(id)
		minted := o.send(http.MethodPost, tokens, object{
			"vendor": b.vendor(), "connection_config_name": "canary-config-name",
		}).want(http.StatusCreated).text("id")
		o.send(http.MethodDelete, tokens+"/"+minted, nil).want(http.StatusNoContent)
		o.send(http.MethodDelete, tokens+"/"+minted, nil).want(http.StatusNotFound)
		account := allAccounts + "/" + text(o.pages(allAccounts+"?connectionId="+id, 20)[0], "id")
		o.send(http.MethodPut, account+"/closes/2026-01-31", nil).want(http.StatusOK)
		o.send(http.MethodPut, account+"/closes/2026-01-31", nil).want(http.StatusOK)
		o.send(http.MethodDelete, account+"/closes/2026-01-31", nil).want(http.StatusNoContent)
		engine := o.send(http.MethodPost, engines, postgresEngine(t, "canary-engine")).
			want(http.StatusCreated).
			text("id")
		o.send(http.MethodPost, engines, postgresEngine(t, "canary-engine")).want(http.StatusConflict)
		for range 2 { // the second one has no effect
			o.send(http.MethodPatch, engines+"/"+engine, object{"configName": "canary-books"}).want(http.StatusOK)
		}
		o.send(http.MethodDelete, engines+"/"+engine, nil).want(http.StatusNoContent)
		o.send(http.MethodDelete, one, nil).want(http.StatusNoContent)

		want := append(before, "connection.update", "connection.pause", "connection.resume", "connection.test",
			"connection.link", "pull.request", "token.mint", "token.revoke", "account.close", "account.reopen",
			"engine.create", "engine.update", "connection.delete", "connection.delete")
		if diff := cmp.Diff(want, o.actions()); diff != "" {
			t.Errorf("actions (-want +got):\n%s", diff)
		}
		o.verifyLog(early)
		update := o.entries("?actor=maria&action=connection.update&object=" + id)
		if len(update) != 1 || update[0]["requestId"] != "the-rename" || update[0]["actor"] != "maria" ||
			cmp.Diff(object{"changed": []any{"configName"}}, update[0]["detail"]) != "" {
			t.Errorf("the entry of the update is %v", update)
		}
		mints := o.entries("?object=" + minted + "&from=" + time.Now().UTC().Format(time.DateOnly))
		if len(mints) != 2 || cmp.Diff(object{"connectionId": id}, mints[0]["detail"]) != "" {
			t.Errorf("the entries of the token are %v", mints)
		}
		all := fmt.Sprint(o.entries(""))
		vendor, ref := b.vendor(), text(descriptor, "accountRef")
		for _, secret := range []string{"canary", ref, text(descriptor, "baseUrl"), vendor + "-"} {
			if secret != "" && strings.Contains(all, secret) {
				t.Errorf("the entries contain %q: %s", secret, all)
			}
		}
	})
}

func TestAMissingScopeIsAnAuditEntry(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.audited(t, "auditor")
		o.token = signed(t, jwtSecret, object{
			"tenant_id": o.tenant, "client_id": "batch", "scope": "discovery:read",
		})
		o.send(http.MethodDelete, connections+"/canary-id", nil).want(http.StatusForbidden)
		o.send(http.MethodPost, connections, object{"configName": "canary"}).want(http.StatusForbidden)
		got := o.entries("?action=access.refused")
		if len(got) != 2 || got[0]["object"] != "delete-connection" || got[1]["actor"] != "batch" ||
			strings.Contains(fmt.Sprint(got), "canary") {
			t.Errorf("the entries are %v", got)
		}
		o.verifyLog("")
	}, func(s *setup) { s.cfg.Auth.RequireScopes = true })
}

// TestAuditNumbersHaveNoGaps checks that the numbers of the audit entries have no gaps, although many writers of one
// tenant make changes at the same time.
func TestAuditNumbersHaveNoGaps(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.audited(t, "writers")
		const writers, each = 8, 5
		engine := postgresEngine(t, "")
		var early string
		var done sync.WaitGroup
		for range writers {
			done.Go(func() {
				for range each {
					mine := maps.Clone(engine)
					mine["configName"] = uuid.NewString()
					o.send(http.MethodPost, engines, mine).want(http.StatusCreated)
				}
			})
		}
		early = o.verifyLog("") // while the writers run
		done.Wait()
		if n := len(o.actions()); n != writers*each {
			t.Errorf("%d entries, want %d", n, writers*each)
		}
		o.verifyLog(early)
	})
}

// TestTheCheckpointOfAnEmptyLogIsVerified checks that a log without entries can be verified, and that its checkpoint is
// still valid after entries were added.
func TestTheCheckpointOfAnEmptyLogIsVerified(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.audited(t, "maria")
		empty := o.verifyLog("")
		if size, _ := verifiedCheckpoint(t, string(o.get(auditPath+"/key").want(http.StatusOK).raw), empty); size != 0 {
			t.Fatalf("the log of a new tenant has %d entries", size)
		}
		o.verifyLog(empty)
		for _, name := range []string{"one", "two", "three"} {
			o.send(http.MethodPost, engines, postgresEngine(t, name)).want(http.StatusCreated)
			o.verifyLog(empty)
		}
	})
}

// An entry must get its number within a second, even if nobody reads the log.
func TestAuditEntriesAreNumberedSoon(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o := w.audited(t, "maria")
		o.send(http.MethodPost, engines, postgresEngine(t, "engine")).want(http.StatusCreated)
		start := time.Now()
		tenant := domain.TenantID{UUID: uuid.MustParse(o.tenant)}
		eventually(t, "a number", func() bool {
			head, err := w.app.Stores.AuditLog.Head(t.Context(), tenant)
			return err == nil && head.Size == 1
		})
		t.Logf("numbered after %v", time.Since(start))
		eventually(t, "a checkpoint in the log", func() bool {
			if _, err := w.app.Service.AnnounceCheckpoints(t.Context(), 1000); err != nil {
				t.Fatal(err)
			}
			return len(w.log.linesWith(`"message":"audit checkpoint"`, o.tenant)) > 0
		})
		if _, err := w.app.Service.AnnounceCheckpoints(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		if n := len(w.log.linesWith(`"message":"audit checkpoint"`, o.tenant)); n != 1 {
			t.Errorf("the checkpoint is logged %d times in a day", n)
		}
	})
}
