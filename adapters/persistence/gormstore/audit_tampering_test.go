package gormstore_test

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// tamperings is the number of random tamperings on each database. Each tampering uses its own tenant.
const tamperings = 1000

var auditKeys = []domain.Secret{domain.NewSecret(bytes.Repeat([]byte{7}, 32))}

// auditEnv contains the audit tree of one tenant (the Merkle tree over its audit log), which a test tampers with.
type auditEnv struct {
	t *testing.T
	storetest.Backend
	random    *rand.Rand
	tenant    domain.TenantID
	size      int64
	early     []byte // a checkpoint of the first earlySize entries
	earlySize int64
	sizes     []int64 // the sizes of the tree at its checkpoints
}

// newAuditEnv stores an audit tree with 3 to 14 entries, which it numbers in batches of random sizes.
func newAuditEnv(t *testing.T, b storetest.Backend, random *rand.Rand) *auditEnv {
	t.Helper()
	e := &auditEnv{t: t, Backend: b, random: random, tenant: domain.TenantID{UUID: uuid.New()}}
	for total := 3 + random.Int64N(12); e.size < total; {
		batch := min(1+random.Int64N(4), total-e.size)
		for range batch {
			e.noError(b.AuditLog().Append(t.Context(), e.tenant, e.entry()))
		}
		e.number()
		head, err := b.AuditLog().Head(t.Context(), e.tenant)
		e.noError(err)
		e.size = head.Size
		e.sizes = append(e.sizes, head.Size)
		if e.early == nil || random.IntN(2) == 0 && e.size < total {
			e.early, e.earlySize = head.Checkpoint, head.Size
		}
	}
	return e
}

func (e *auditEnv) entry() domain.AuditEntry {
	entry := domain.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), At: time.Date(2026, 3, 1, 0, 0, 0, 1000*e.random.IntN(1e6), time.UTC),
		Actor: "actor " + strconv.Itoa(e.random.IntN(3)), Action: "connection.update", Object: uuid.NewString(),
		RequestID: uuid.NewString(),
	}
	entry.Detail.Numbers = map[string]int64{"count": e.random.Int64N(1000)}
	return entry
}

func (e *auditEnv) noError(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *auditEnv) number() {
	e.t.Helper()
	_, err := e.AuditLog().Number(e.t.Context(), e.tenant, 100,
		func(b ports.AuditBatch) (ports.AuditExtension, error) {
			return transparency.Tree{}.Extend(auditKeys, e.tenant, b)
		})
	e.noError(err)
}

// verify verifies the stored tree and returns the first finding; nil if there is none.
func (e *auditEnv) verify(earlier ...[]byte) (finding *domain.AuditFinding) {
	e.t.Helper()
	e.noError(e.AuditLog().Snapshot(e.t.Context(), e.tenant, func(s ports.AuditSnapshot) (err error) {
		_, finding, err = transparency.Tree{}.Verify(auditKeys, e.tenant, s, earlier)
		return err
	}))
	return finding
}

// exec runs a statement whose last parameter is the tenant. The statement must change a row.
func (e *auditEnv) exec(sql string, args ...any) {
	e.t.Helper()
	done := e.GORM.Exec(sql, append(args, e.tenant.UUID)...)
	e.noError(done.Error)
	if done.RowsAffected == 0 {
		e.t.Fatalf("%s %v changed no row", sql, args)
	}
}

func (e *auditEnv) anyEntry() int64 { return e.random.Int64N(e.size) }

// change modifies one column of a random entry.
func (e *auditEnv) change() (first int64) {
	n := e.anyEntry()
	column := []string{"actor", "action", "object", "request_id", "detail", "made_at", "tenant_id"}[e.random.IntN(7)]
	var value any
	switch column {
	case "made_at":
		if value = any(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)); e.GORM.Name() == "sqlite" {
			value = int64(1)
		}
	case "detail":
		value = []string{"{}", "", `{"count": 1}`, `{"count":1001}`, "null", "\u2028"}[e.random.IntN(6)]
	case "tenant_id":
		value = uuid.New()
	default:
		value = []string{"", "x", "Actor 1", uuid.NewString()}[e.random.IntN(4)]
	}
	e.exec("UPDATE audit_entries SET "+column+" = ? WHERE sequence = ? AND tenant_id = ?", value, n)
	return n
}

// drop deletes an entry, and sometimes closes the gap by renumbering the later entries.
func (e *auditEnv) drop() (first int64) {
	n := e.anyEntry()
	e.exec("DELETE FROM audit_entries WHERE sequence = ? AND tenant_id = ?", n)
	if e.random.IntN(2) == 0 {
		for i := n + 1; i < e.size; i++ {
			e.exec("UPDATE audit_entries SET sequence = ? WHERE sequence = ? AND tenant_id = ?", i-1, i)
		}
	}
	return n
}

// dropTail deletes the last entries. Sometimes it also deletes their hashes and reduces the stored size of the tree.
func (e *auditEnv) dropTail() (first int64) {
	n := e.anyEntry()
	e.exec("DELETE FROM audit_entries WHERE sequence >= ? AND tenant_id = ?", n)
	if e.random.IntN(2) == 0 {
		e.exec("DELETE FROM audit_hashes WHERE position >= ? AND tenant_id = ?", hashCount(n))
	}
	if e.random.IntN(2) == 0 {
		e.exec("UPDATE audit_heads SET size = ? WHERE tenant_id = ?", n)
	}
	return n
}

// hashCount returns the number of hashes that are stored for a tree of n entries.
func hashCount(n int64) int64 {
	count := int64(0)
	for ; n > 0; n >>= 1 {
		count += n
	}
	return count
}

// add inserts an entry at a random position and renumbers the later entries. If the new entry is the last entry, it
// sometimes gets the number -1 or a number after a gap.
func (e *auditEnv) add() (first int64) {
	n := e.random.Int64N(e.size + 1)
	for i := e.size - 1; i >= n; i-- {
		e.exec("UPDATE audit_entries SET sequence = ? WHERE sequence = ? AND tenant_id = ?", i+1, i)
	}
	at := n
	if e.random.IntN(4) == 0 && n == e.size {
		at = []int64{-1, e.size + 5}[e.random.IntN(2)]
	}
	e.exec(`INSERT INTO audit_entries (sequence, made_at, actor, action, object, request_id, detail, tenant_id)
		SELECT ?, made_at, 'mallory', action, object, request_id, detail, tenant_id FROM audit_entries
		WHERE sequence = (SELECT min(sequence) FROM audit_entries WHERE tenant_id = ?) AND tenant_id = ?`, at, e.tenant.UUID)
	return max(min(at, n), 0)
}

// reorder exchanges two entries.
func (e *auditEnv) reorder() (first int64) {
	x, y := e.anyEntry(), e.anyEntry()
	for x == y {
		y = e.anyEntry()
	}
	for _, move := range [][2]int64{{x, -9}, {y, x}, {-9, y}} {
		e.exec("UPDATE audit_entries SET sequence = ? WHERE sequence = ? AND tenant_id = ?", move[1], move[0])
	}
	return min(x, y)
}

// changeTree changes a hash, a checkpoint or the size of the tree.
func (e *auditEnv) changeTree() (first int64) {
	switch e.random.IntN(4) {
	case 0:
		n := e.anyEntry()
		e.exec("UPDATE audit_hashes SET hash = ? WHERE position = ? AND tenant_id = ?",
			bytes.Repeat([]byte{1}, 32), hashCount(n))
		return n
	case 1:
		e.exec("DELETE FROM audit_hashes WHERE position = ? AND tenant_id = ?", hashCount(e.size)-1)
		return e.size - 1
	case 2:
		size := e.sizes[e.random.IntN(len(e.sizes))]
		e.exec("UPDATE audit_checkpoints SET note = ? WHERE size = ? AND tenant_id = ?", []byte("forged"), size)
		return size - 1
	default:
		e.exec("UPDATE audit_heads SET size = size + 1 WHERE tenant_id = ?")
		return e.size
	}
}

// rewrite changes, drops or adds an entry before the checkpoint e.early, and recomputes the whole tree with the
// service's key.
func (e *auditEnv) rewrite() {
	e.noError(e.GORM.Transaction(func(tx *gorm.DB) error {
		for _, table := range []string{"audit_hashes", "audit_checkpoints", "audit_heads"} {
			if err := tx.Exec("DELETE FROM "+table+" WHERE tenant_id = ?", e.tenant.UUID).Error; err != nil {
				return err
			}
		}
		return nil
	}))
	n := e.random.Int64N(e.earlySize)
	switch e.random.IntN(4) {
	case 0:
		e.exec("UPDATE audit_entries SET actor = 'mallory' WHERE sequence = ? AND tenant_id = ?", n)
	case 1:
		e.exec("DELETE FROM audit_entries WHERE sequence = ? AND tenant_id = ?", n)
	case 2:
		e.exec("DELETE FROM audit_entries WHERE sequence >= ? AND tenant_id = ?", n)
	default:
		e.noError(e.AuditLog().Append(e.t.Context(), e.tenant, domain.AuditEntry{
			ID: uuid.New(), At: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Actor: "mallory", Action: "a", Object: "o",
		}))
	}
	var rows []struct {
		Sequence                                 int64
		Actor, Action, Object, RequestID, Detail string
	}
	e.noError(e.GORM.Raw("SELECT * FROM audit_entries WHERE tenant_id = ? ORDER BY sequence", e.tenant.UUID).
		Scan(&rows).Error)
	e.noError(e.GORM.Exec("DELETE FROM audit_entries WHERE tenant_id = ?", e.tenant.UUID).Error)
	for i, row := range rows {
		detail, err := domain.ParseAuditDetail([]byte(row.Detail))
		e.noError(err)
		e.noError(e.AuditLog().Append(e.t.Context(), e.tenant, domain.AuditEntry{
			ID: uuid.New(), At: time.Date(2026, 3, 1, 0, 0, 0, i*1000, time.UTC), Actor: row.Actor, Action: row.Action,
			Object: row.Object, RequestID: row.RequestID, Detail: detail,
		}))
	}
	e.number()
	if finding := e.verify(); finding != nil {
		e.t.Fatalf("the tree is not a valid one: %v", finding)
	}
}

// TestEveryTamperingIsFound tampers with the audit tables of 1,000 trees on each database. Before the tampering, the
// verification must accept the tree. After the tampering, it must report the first changed entry. If the hashes of the
// tree were changed, it may report an earlier entry.
func TestEveryTamperingIsFound(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		random := rand.New(rand.NewPCG(42, 1))
		kinds := []struct {
			name   string
			tamper func(*auditEnv) int64
		}{
			{"change", (*auditEnv).change}, {"drop", (*auditEnv).drop}, {"drop the tail", (*auditEnv).dropTail},
			{"add", (*auditEnv).add}, {"reorder", (*auditEnv).reorder}, {"change the tree", (*auditEnv).changeTree},
			{"rewrite", nil},
		}
		found, named, alarms := map[string]int{}, 0, 0
		for i := range tamperings {
			kind := kinds[i%len(kinds)]
			e := newAuditEnv(t, b, random)
			if finding := e.verify(e.early); finding != nil {
				alarms++
				t.Errorf("a false alarm: %v", finding)
			}
			if kind.tamper == nil {
				e.rewrite()
				// Every entry of the new tree differs. The earlier checkpoint does not tell which entry is wrong,
				// unless the new tree has fewer.
				f := e.verify(e.early)
				if f != nil && f.Last < e.earlySize && (strings.HasPrefix(f.Reason, "it was dropped: ") ||
					f.Sequence == 0 && f.Last == e.earlySize-1) {
					found[kind.name]++
				}
				continue
			}
			first := kind.tamper(e)
			finding := e.verify()
			if finding == nil {
				t.Errorf("%s of entry %d of %d was not found (seed: tampering %d)", kind.name, first, e.size, i)
				continue
			}
			found[kind.name]++
			switch {
			case finding.Sequence == first:
				named++
			case kind.name == "change the tree" && finding.Sequence < first:
				// The entries of a batch can be verified only with the batch's checkpoint. If the checkpoint is not
				// valid, the finding may name any entry of the batch.
			default:
				t.Errorf("%s of entry %d of %d: the finding is %+v", kind.name, first, e.size, finding)
			}
		}
		total := 0
		for _, n := range found {
			total += n
		}
		if total != tamperings {
			t.Errorf("%d of %d tamperings were found", total, tamperings)
		}
		t.Logf("%d of %d tamperings found (%v), %d of them named exactly, %d false alarms",
			total, tamperings, found, named, alarms)
	})
}
