package evidence

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/transparency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	tenant  = domain.TenantID{UUID: uuid.MustParse("11111111-1111-4111-8111-111111111111")}
	account = domain.AccountID{UUID: uuid.MustParse("019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01")}
	seed    = domain.NewSecret(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	other   = domain.NewSecret(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	at      = time.Date(2026, 3, 2, 10, 0, 0, 123456000, time.UTC)
)

const day domain.Date = "2026-02-28"

// auditLog is an audit log in memory, without the database.
type auditLog struct{ hashes []domain.AuditHash }

func (l *auditLog) read(indexes []int64) ([]domain.AuditHash, error) {
	var all []domain.AuditHash
	for _, i := range indexes {
		all = append(all, l.hashes[i])
	}
	return all, nil
}

// prove returns the audit entry with a proof of its place in an audit log. The entry has the given sequence number,
// and the log contains the given number of entries (size).
func prove(t testing.TB, key domain.Secret, e domain.AuditEntry, sequence, size int) ports.ProvenEntry {
	t.Helper()
	log, tree := &auditLog{}, transparency.Tree{}
	batch := ports.AuditBatch{Hashes: log.read}
	for i := range size {
		pending := domain.AuditEntry{At: at, Actor: "x", Action: "connection.create", Object: fmt.Sprint(i)}
		if i == sequence {
			pending = e
		}
		pending.Sequence = int64(i)
		batch.Pending = append(batch.Pending, pending)
	}
	added, err := tree.Extend([]domain.Secret{key}, tenant, batch)
	must(t, err)
	log.hashes = added.Hashes
	hashes, err := tree.ProveInclusion(int64(sequence), int64(size), log.read)
	must(t, err)
	text, err := tree.VerifierKey(key, tenant)
	must(t, err)
	return ports.ProvenEntry{
		Entry: batch.Pending[sequence], Proof: domain.AuditProof{Size: int64(size), Hashes: hashes},
		Checkpoint: added.Checkpoint, Key: text,
		Sign: func(text []byte) ([]byte, error) { return tree.SignNote(key, tenant, text) },
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// closedPeriod describes a closed period for which a test creates an evidence pack.
type closedPeriod struct {
	records   int
	noBalance bool
	digits    string // if not "", replaces the amount of the first record
	sequence  int    // the number of the audit entry
	size      int    // of the audit log
	witness   *witness.Overview
	foreign   bool // the second record has no amount in the currency of the account
	earlier   bool // an earlier version of the service has closed the period
}

// evidenceOf returns the content of the evidence pack for a closed period.
func evidenceOf(t testing.TB, p closedPeriod) ports.Evidence {
	t.Helper()
	a := domain.Account{ID: account, Vendor: "pluggy", AccountData: domain.AccountData{
		Type: domain.BankAccount, Name: "Conta & Cia <Ltda>", Number: "1234-5", Currency: "BRL",
	}}
	completeness := books.Completeness{
		Baseline: &books.Baseline{Anchor: decimal.NewFromInt(1000)}, Last: &books.AccountReading{Currency: "BRL"},
	}
	if p.noBalance {
		completeness = books.Completeness{}
	}
	var covered []books.ClosedRecord
	var posted []domain.Transaction
	sum := books.NewCloseSum(a, completeness, day, "2026-02-01")
	for i := range p.records {
		id := uuid.NewSHA1(tenant.UUID, fmt.Appendf(nil, "%d", i))
		r := books.ClosedRecord{
			ID: domain.TransactionID{UUID: id}, Status: domain.Posted, Version: 1 + i%3,
			SumRow: books.SumRow{
				Date: domain.Date(fmt.Sprintf("2026-%02d-%02d", 1+i%2, 1+i%28)), Posted: true,
				Amount: domain.Money{Amount: decimal.New(int64(i*7919%100000-50000), -2), Currency: "BRL"},
			},
		}
		if i == 0 && p.digits != "" {
			r.Amount.Amount, r.Date = decimal.RequireFromString(p.digits), "2026-02-01"
		}
		if i == 1 && p.foreign {
			r.Amount.Currency = "USD"
		}
		if i%4 > 0 {
			hash := sha256.Sum256(id[:])
			r.RowSHA256, r.Pull = hash[:], domain.PullID{UUID: uuid.NewSHA1(id, nil)}
			r.Deliveries = slices.Repeat([]domain.DeliveryID{{UUID: id}}, i%3)
		}
		switch i % 5 {
		case 3:
			r.Status, r.Posted = domain.Pending, false
		case 4:
			foreign := r.Amount
			r.AccountMoney = &foreign
			r.Amount = domain.Money{Amount: decimal.New(int64(i), 0), Currency: "USD"}
		}
		covered = append(covered, r)
	}
	slices.SortFunc(covered, func(x, y books.ClosedRecord) int { return bytes.Compare(x.ID.UUID[:], y.ID.UUID[:]) })
	for _, r := range covered {
		sum.Add(r.ID, r.Status, r.SumRow)
		if r.Posted {
			posted = append(posted, domain.Transaction{ID: r.ID, TransactionData: domain.TransactionData{
				Date: r.Date, Status: r.Status, Amount: r.Amount, AccountMoney: r.AccountMoney, Counterparty: "A&B",
				Description: "<Ntry><Amt Ccy=\"BRL\">1</Amt> line\nbreak",
			}})
		}
	}
	slices.SortStableFunc(posted, func(x, y domain.Transaction) int { return cmp.Compare(x.Date, y.Date) })
	c := sum.Close(books.CloseRequest{Date: day, At: at, By: "maria <&>\u2028"}, completeness)
	c.Witness = p.witness
	if p.earlier {
		c.Statement.Format = 1
	}
	if p.earlier && p.foreign {
		c.Statement, c.Sum, c.WithoutAmount = nil, decimal.NullDecimal{}, 0
	}
	view := ports.ClosedView{Close: c, Records: func(context.Context) iter.Seq2[books.ClosedRecord, error] {
		return withoutErrors(covered)
	}}
	document := func(w io.Writer) error {
		st, err := c.Document()
		if err != nil {
			return err
		}
		return camt053.Format{}.Write(w, st, func(yield func(books.StatementRecord, error) bool) {
			for _, r := range posted {
				if !st.Period.Contains(r.Date) {
					continue
				}
				if !yield(st.Record(r), nil) {
					return
				}
			}
		})
	}
	hash := sha256.New()
	var detail domain.AuditDetail
	if document(hash) == nil {
		detail = c.Detail((*domain.AuditHash)(hash.Sum(nil)))
	} else {
		detail = c.Detail(nil)
	}
	return ports.Evidence{ClosedView: view, Document: document, ProvenEntry: prove(t, seed, domain.AuditEntry{
		At: at, Actor: "maria <&>\u2028", Action: "account.close", Object: account.String() + "/" + string(day),
		RequestID: "r", Detail: detail,
	}, p.sequence, p.size)}
}

func withoutErrors[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// packOf returns the pack that Format.Write writes for the evidence.
func packOf(t testing.TB, e ports.Evidence) []byte {
	t.Helper()
	var b bytes.Buffer
	size := int64(-1)
	must(t, Format{}.Write(t.Context(), e, func(n int64) io.Writer { size = n; return &b }))
	if size != int64(b.Len()) {
		t.Fatalf("the pack has %d bytes, announced were %d", b.Len(), size)
	}
	return b.Bytes()
}

// contents returns the contents of the files of a pack, by file name.
func contents(t testing.TB, e ports.Evidence) map[string][]byte {
	t.Helper()
	files, err := filesOf(t.Context(), e)
	must(t, err)
	all := map[string][]byte{}
	for _, f := range files {
		var b bytes.Buffer
		must(t, f.write(&b))
		all[f.name] = b.Bytes()
	}
	return all
}

// archiveOf returns an archive of the files, in their order, with a manifest that is signed with the key.
func archiveOf(t testing.TB, key domain.Secret, all map[string][]byte) []byte {
	t.Helper()
	var files []*file
	for _, name := range []string{
		closeName, recordsName, versionsName, statementName, auditName, checkpointName, keyName,
	} {
		if content, ok := all[name]; ok {
			f := stored(name, content)
			must(t, f.measure())
			files = append(files, f)
		}
	}
	files, err := signed(files, prove(t, key, domain.AuditEntry{Action: "x"}, 0, 1))
	must(t, err)
	return join(t, files)
}

// join returns an archive of the files.
func join(t testing.TB, files []*file) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, f := range files {
		b.Write(localHeader(f))
		must(t, f.write(&b))
	}
	b.Write(directory(files))
	return b.Bytes()
}
