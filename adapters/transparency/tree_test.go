package transparency

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	tenant = domain.TenantID{UUID: uuid.MustParse("11111111-1111-4111-8111-111111111111")}
	seed   = domain.NewSecret(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	other  = domain.NewSecret(bytes.Repeat([]byte{8}, ed25519.SeedSize))
)

// log is an audit log in memory: the entries, the hashes of their Merkle tree, and the checkpoints.
type log struct {
	entries     []domain.AuditEntry
	hashes      []domain.AuditHash
	checkpoints []ports.AuditCheckpoint
}

func (l *log) read(indexes []int64) ([]domain.AuditHash, error) {
	var read []domain.AuditHash
	for _, i := range indexes {
		if i >= int64(len(l.hashes)) {
			return nil, domain.NotFoundError()
		}
		read = append(read, l.hashes[i])
	}
	return read, nil
}

func (l *log) head() ports.AuditHead {
	if len(l.checkpoints) == 0 {
		return ports.AuditHead{}
	}
	newest := l.checkpoints[len(l.checkpoints)-1]
	return ports.AuditHead{Size: newest.Size, Checkpoint: newest.Note}
}

func entry(n int64) domain.AuditEntry {
	return domain.AuditEntry{
		Sequence: n, At: time.Date(2026, 3, 1, 10, 0, int(n), 120000, time.UTC), Actor: "maria <&>\u2028é",
		Action: "connection.update", Object: "o", Detail: domain.AuditDetail{Numbers: map[string]int64{"count": n}},
	}
}

// add appends n entries in one batch.
func (l *log) add(t testing.TB, n int) {
	t.Helper()
	batch := ports.AuditBatch{Head: l.head(), Hashes: l.read}
	for range n {
		batch.Pending = append(batch.Pending, entry(batch.Head.Size+int64(len(batch.Pending))))
	}
	added, err := Tree{}.Extend([]domain.Secret{seed}, tenant, batch)
	if err != nil || added.FirstHash != int64(len(l.hashes)) {
		t.Fatal(err, added.FirstHash)
	}
	l.entries, l.hashes = append(l.entries, batch.Pending...), append(l.hashes, added.Hashes...)
	l.checkpoints = append(l.checkpoints, ports.AuditCheckpoint{Size: int64(len(l.entries)), Note: added.Checkpoint})
}

func all[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (l *log) snapshot() ports.AuditSnapshot {
	var hashes []ports.AuditStoredHash
	for i, h := range l.hashes {
		hashes = append(hashes, ports.AuditStoredHash{Index: int64(i), Hash: h})
	}
	return ports.AuditSnapshot{
		Size: l.head().Size, Checkpoints: l.checkpoints, Entries: all(l.entries), Hashes: all(hashes),
	}
}

// root computes the root of a Merkle tree as defined in RFC 6962, section 2.1. It shares no code with package tlog.
func root(leaves [][]byte) [32]byte {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	default:
		k := 1 << (bits.Len(uint(n-1)) - 1)
		left, right := root(leaves[:k]), root(leaves[k:])
		return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
	}
}

func TestTreesAreThoseOfRFC6962(t *testing.T) {
	l := &log{}
	var leaves [][]byte
	for size := int64(1); size <= 70; size++ {
		l.add(t, 1)
		text, err := Canonical(l.entries[size-1])
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, text)
		c, err := Tree{}.open([]domain.Secret{other, seed}, tenant, l.head().Checkpoint)
		if err != nil || c.size != size || c.root != tlog.Hash(root(leaves)) {
			t.Fatalf("%d entries: %v %v", size, c, err)
		}
		for n := range size {
			proof, err := Tree{}.ProveInclusion(n, size, l.read)
			if err == nil {
				err = tlog.CheckRecord(hashes(proof), size, c.root, n, tlog.RecordHash(leaves[n]))
			}
			if err != nil {
				t.Fatalf("entry %d of %d: %v", n, size, err)
			}
			if proof, err = (Tree{}).ProveConsistency(n+1, size, l.read); err == nil {
				err = tlog.CheckTree(tlog.TreeProof(hashes(proof)), size, c.root, n+1, root(leaves[:n+1]))
			}
			if err != nil {
				t.Fatalf("%d of %d: %v", n+1, size, err)
			}
		}
	}
	if proof, err := (Tree{}).ProveConsistency(0, 70, l.read); len(proof) != 0 || err != nil {
		t.Errorf("the proof of the empty tree is %v %v", proof, err)
	}
}

func hashes(proof []domain.AuditHash) tlog.RecordProof {
	var all tlog.RecordProof
	for _, h := range proof {
		all = append(all, tlog.Hash(h))
	}
	return all
}

func TestALeafIsCanonicalJSON(t *testing.T) {
	e := entry(3)
	e.RequestID = "r"
	e.Detail = domain.AuditDetail{Changed: []string{"b", "a"}}.WithID("connectionId", tenant.UUID)
	got, err := Canonical(e)
	const want = `{"action":"connection.update","actor":"maria <&>` + "\u2028" +
		`é","at":"2026-03-01T10:00:03.00012Z","detail":{"changed":["a","b"],` +
		`"connectionId":"11111111-1111-4111-8111-111111111111"},"object":"o",` +
		`"requestId":"r","sequence":3}`
	if string(got) != want || err != nil {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
	if _, err := Canonical(domain.AuditEntry{}); err == nil {
		t.Error("an entry without an action has a leaf")
	}
}

// The note must be verifiable with the published key, by any implementation of C2SP signed notes.
func TestACheckpointIsASignedNote(t *testing.T) {
	key, err := Tree{}.VerifierKey(seed, tenant)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Tree{}.EmptyCheckpoint(seed, tenant)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	const text = "studio.lerian.discovery/audit/11111111-1111-4111-8111-111111111111\n0\n" +
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	if err != nil || opened.Text != text {
		t.Fatalf("%v %v", opened, err)
	}
	// This is the same check, but without package note. A signature line contains the base64 text of the key hash and
	// the signature.
	_, signature, _ := strings.Cut(string(signed), "\n\n— ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(signature[strings.IndexByte(signature, ' '):]))
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)).Public().(ed25519.PublicKey)
	if err != nil || !ed25519.Verify(public, []byte(text), raw[4:]) {
		t.Error("the signature is not one of the text")
	}
	if got, err := (Tree{}).TenantOf(signed); got != tenant || err != nil {
		t.Errorf("the tenant is %v (%v)", got, err)
	}
}

func TestATamperedTreeIsNotExtended(t *testing.T) {
	type (
		batch = ports.AuditBatch
		keys  = []domain.Secret
	)
	for name, tamper := range map[string]func(*log, *batch, *keys){
		"a hash":            func(l *log, _ *batch, _ *keys) { l.hashes[len(l.hashes)-1][0]++ },
		"a missing hash":    func(l *log, _ *batch, _ *keys) { l.hashes = l.hashes[:len(l.hashes)-1] },
		"the size":          func(_ *log, b *batch, _ *keys) { b.Head.Size = 4 },
		"no checkpoint":     func(_ *log, b *batch, _ *keys) { b.Head.Checkpoint = nil },
		"an old checkpoint": func(l *log, b *batch, _ *keys) { b.Head.Checkpoint = l.checkpoints[0].Note },
		"another key":       func(_ *log, _ *batch, k *keys) { *k = keys{other} },
		"no key":            func(_ *log, _ *batch, k *keys) { *k = nil },
	} {
		l := &log{}
		l.add(t, 3)
		l.add(t, 2)
		batch := ports.AuditBatch{Head: l.head(), Hashes: l.read, Pending: []domain.AuditEntry{entry(5)}}
		keys := []domain.Secret{seed}
		tamper(l, &batch, &keys)
		if _, err := (Tree{}).Extend(keys, tenant, batch); err == nil {
			t.Errorf("%s: the tree was extended", name)
		}
	}
	l := &log{}
	l.add(t, 3)
	away := errors.New("away")
	_, err := Tree{}.Extend([]domain.Secret{seed}, tenant, ports.AuditBatch{
		Head: l.head(), Pending: []domain.AuditEntry{entry(3)},
		Hashes: func([]int64) ([]domain.AuditHash, error) { return nil, away },
	})
	if !errors.Is(err, away) {
		t.Errorf("the error of the store is %v", err)
	}
}

// A new key must sign the next checkpoint, and checkpoints that the previous key signed must remain valid.
func TestAKeyIsReplaced(t *testing.T) {
	l := &log{}
	l.add(t, 3)
	keys := []domain.Secret{other, seed}
	added, err := Tree{}.Extend(keys, tenant, ports.AuditBatch{
		Head: l.head(), Hashes: l.read, Pending: []domain.AuditEntry{entry(3)},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.entries, l.hashes = append(l.entries, entry(3)), append(l.hashes, added.Hashes...)
	l.checkpoints = append(l.checkpoints, ports.AuditCheckpoint{Size: 4, Note: added.Checkpoint})
	n, finding, err := Tree{}.Verify(keys, tenant, l.snapshot(), [][]byte{l.checkpoints[0].Note})
	if n != 4 || finding != nil || err != nil {
		t.Errorf("%d %v %v", n, finding, err)
	}
	_, finding, _ = Tree{}.Verify(keys[:1], tenant, l.snapshot(), nil)
	if finding == nil {
		t.Error("without the previous key, its checkpoint is accepted")
	}
}

func TestKeysAreParsed(t *testing.T) {
	block := func(private any) string {
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	one := block(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	two := block(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)))
	keys, err := ParseKeys(domain.SecretText(one + "\n" + two))
	if err != nil || len(keys) != 2 || !keys[0].Equal(seed) || !keys[1].Equal(other) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for _, text := range []string{
		"", "x", one + "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := ParseKeys(domain.SecretText(text)); err == nil {
			t.Errorf("%q is accepted", text)
		} else if strings.Contains(fmt.Sprintf("%v %+v", err, err), "AAAA") {
			t.Errorf("the error contains the text: %v", err)
		}
	}
}

func FuzzTenantOf(f *testing.F) {
	signed, err := Tree{}.EmptyCheckpoint(seed, tenant)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte("studio.lerian.discovery/audit/\n0\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Tree{}.TenantOf(text)
		c, openErr := Tree{}.open([]domain.Secret{seed}, tenant, text)
		if openErr == nil && (err != nil || got != tenant) {
			t.Errorf("a signed checkpoint of the tenant is one of %v (%v)", got, err)
		}
		if openErr == nil && c.size != 0 {
			t.Errorf("a checkpoint of %d entries was forged", c.size)
		}
	})
}
