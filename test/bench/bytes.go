package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// disk is a database whose tables the section bytes measures.
type disk struct {
	name string
	env  *env
	db   *sql.DB
	// sizes is a query for the names and the bytes of all tables and indexes. The name of an index follows the name of
	// its table and a slash.
	sizes string
	// The targets for the bytes of a record, and for those of a replaced version.
	ofRecord, ofVersion string
}

const (
	serverSizes = `SELECT relname, pg_table_size(oid) FROM pg_class
			WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		UNION ALL SELECT indrelid::regclass || '/' || indexrelid::regclass, pg_relation_size(indexrelid)
			FROM pg_index JOIN pg_class t ON t.oid = indrelid AND relnamespace = 'public'::regnamespace`
	fileSizes = `SELECT CASE WHEN m.type = 'index' THEN m.tbl_name || '/'
			WHEN m.name LIKE 'search_texts_%' THEN 'search_index/' ELSE '' END || m.name, s.pgsize
		FROM dbstat s JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = TRUE`
)

// bytes measures how many bytes a record takes on disk, and how many a replaced version of a record. The vendor's rows
// are Pix payments with payer, receiver and reference. The sizes do not depend on the machine or on the other flags.
func (b *bench) bytes(ctx context.Context) (all []row, err error) {
	server := disk{name: "PostgreSQL", sizes: serverSizes, ofRecord: "≤ 1,750", ofVersion: "≤ 600"}
	url, err := b.database(ctx, "bytes")
	if err != nil {
		return nil, err
	}
	if server.env, err = b.newEnv(ctx, url); err != nil {
		return nil, err
	}
	if server.db, err = sql.Open("pgx", url); err != nil {
		return nil, err
	}
	b.onClose(func() { _ = server.db.Close() })
	file := disk{name: "SQLite", sizes: fileSizes, ofRecord: "≤ 2,400"}
	if file.env, err = b.newEnv(ctx, "sqlite://"+filepath.Join(b.dir, "bytes.db")); err != nil {
		return nil, err
	}
	if file.db, err = b.sqliteFile(ctx, "bytes.db"); err != nil {
		return nil, err
	}
	for _, d := range []disk{server, file} {
		rows, err := b.bytesOn(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// bytesOn pulls b.pullRows rows into the database, and measures it. Then it changes every fifth row at the vendor,
// pulls again, and measures the versions that were replaced.
func (b *bench) bytesOn(ctx context.Context, d disk) ([]row, error) {
	s, err := d.env.unlimited(ctx)
	if err != nil {
		return nil, err
	}
	v, err := b.vendor(ctx, 0, false)
	if err != nil {
		return nil, err
	}
	ids, raw, err := v.addPixRows(b.pullRows)
	if err != nil {
		return nil, err
	}
	connection, err := s.connect(ctx, v, "bytes")
	if err != nil {
		return nil, err
	}
	if err := s.pull(ctx, connection); err != nil {
		return nil, err
	}
	if err := d.awaitIndexed(ctx); err != nil {
		return nil, err
	}
	first, err := d.measure(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(first)) {
		b.logf("%-70s %8.1f", name, float64(first[name])/float64(len(ids)))
	}
	for i := 0; i < len(ids); i += 5 {
		_, err := v.sim.UpdateTransaction(ids[i], func(t *pluggysim.Transaction) { t.Description += " CORRIGIDO" })
		if err != nil {
			return nil, err
		}
	}
	if err := s.pull(ctx, connection); err != nil {
		return nil, err
	}
	second, err := d.measure(ctx)
	if err != nil {
		return nil, err
	}
	versions := int64((len(ids) + 4) / 5)
	own, indexes := second.of("transaction_versions")
	return []row{
		{
			what:  fmt.Sprintf("%s: a record of %d bytes at the vendor", d.name, raw),
			reach: d.ofRecord, also: first.perRecord(int64(len(ids))),
		},
		{
			what: d.name + ": a replaced version", reach: d.ofVersion,
			also: fmt.Sprintf("%d bytes: table %d, indexes %d", (own+indexes)/versions, own/versions, indexes/versions),
		},
	}, nil
}

// awaitIndexed waits until all records are in the index of the search.
func (d disk) awaitIndexed(ctx context.Context) error {
	for indexed := false; !indexed; {
		if err := d.db.QueryRowContext(ctx, newestIsIndexed).Scan(&indexed); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// measure returns the sizes of all tables and indexes.
func (d disk) measure(ctx context.Context) (sizes, error) {
	if d.sizes == serverSizes {
		if _, err := d.db.ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
			return nil, err
		}
	}
	rows, err := d.db.QueryContext(ctx, d.sizes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := sizes{}
	for rows.Next() {
		var name string
		var size int64
		if err := rows.Scan(&name, &size); err != nil {
			return nil, err
		}
		found[name] += size
	}
	return found, rows.Err()
}

// sizes contains the bytes of tables and indexes on disk, by the names that disk.sizes describes.
type sizes map[string]int64

// of returns the bytes of a table, and of all of its indexes.
func (s sizes) of(table string) (own, indexes int64) {
	for name, size := range s {
		if strings.HasPrefix(name, table+"/") {
			indexes += size
		}
	}
	return s[table], indexes
}

// perRecord describes the sizes of the tables of records, divided by the number of records.
func (s sizes) perRecord(records int64) string {
	own, indexes := s.of("transactions")
	found, foundIndexes := s.of("search_index")
	return fmt.Sprintf("%d bytes: transactions %d, indexes %d; search %d, indexes %d",
		(own+indexes+found+foundIndexes)/records, own/records, indexes/records, found/records, foundIndexes/records)
}

// quarter is the time over which the payments are spread.
const quarter = 90 * 24 * time.Hour

// addPixRows adds Pix payments to the bank account, and returns their ids and the mean length of a row in JSON.
func (v *vendor) addPixRows(rows int) (ids []string, length int, err error) {
	r := rand.New(rand.NewPCG(1, 1))
	now := time.Now()
	for i := range rows {
		t := pixRow(r, now.Add(-quarter/time.Duration(rows)*time.Duration(i)))
		if t, err = v.sim.AddTransaction(t); err != nil {
			return nil, 0, err
		}
		text, err := json.Marshal(t)
		if err != nil {
			return nil, 0, err
		}
		ids, length = append(ids, t.ID), length+len(text)
	}
	return ids, length / max(rows, 1), nil
}

var (
	firstNames = []string{
		"ANA",
		"JOAO",
		"MARCIA",
		"CARLOS",
		"BEATRIZ",
		"OTAVIO",
		"LUIZA",
		"RAFAEL",
		"CECILIA",
		"GUSTAVO",
		"HELENA",
		"MURILO",
		"SONIA",
		"TOMAS",
		"YARA",
		"PEDRO",
		"LARISSA",
		"EDSON",
		"TATIANA",
		"VICENTE",
	}
	lastNames = []string{"SOUZA", "BATISTA LIMA", "CONCEICAO", "NUNES", "FIGUEIREDO", "GUIMARAES", "FERNANDES",
		"MOREIRA",
		"ANTUNES", "PECANHA", "VASCONCELOS", "DRUMMOND", "ALBUQUERQUE", "REZENDE", "QUINTANILHA", "DOS SANTOS",
		"DA SILVA", "DE OLIVEIRA", "PEREIRA CAMPOS", "MOTA RAMOS"}
)

// pixRow returns a Pix payment with random parties.
func pixRow(r *rand.Rand, at time.Time) pluggysim.Transaction {
	payer, receiver := pixParty(r), pixParty(r)
	cents, kind, text, other := 1+r.IntN(500_000), pluggysim.Text("CREDIT"), "PIX RECEBIDO ", payer
	if r.IntN(2) == 0 {
		cents, kind, text, other = -cents, "DEBIT", "PIX ENVIADO ", receiver
	}
	endToEnd := fmt.Sprintf("E%08d%ss%010x", r.IntN(100_000_000), at.UTC().Format("200601021504"), r.Int64N(1<<40))
	payment, _ := json.Marshal(map[string]any{
		"payer": payer, "receiver": receiver, "paymentMethod": "PIX", "referenceNumber": endToEnd,
		"receiverReferenceId": nil, "reason": nil,
	})
	description := text + other.Name
	return pluggysim.Transaction{
		ID:           uuid.NewString(),
		AccountID:    pluggysim.DemoBankAccountID,
		Description:  description,
		Category:     "Transfer - PIX",
		CategoryID:   "05070000",
		CurrencyCode: "BRL",
		Amount:       pluggysim.Number(strconv.FormatFloat(float64(cents)/100, 'f', 2, 64)),
		Type:         kind,
		Status:       "POSTED",
		Date:         pluggysim.At(at),
		CreatedAt:    pluggysim.At(at),
		UpdatedAt:    pluggysim.At(at),
		PaymentData:  payment,
	}
}

// party is the payer or the receiver of a payment, in the vendor's form.
type party struct {
	Name     string `json:"name"`
	Document struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"documentNumber"`
}

func pixParty(r *rand.Rand) party {
	p := party{Name: firstNames[r.IntN(len(firstNames))] + " " + lastNames[r.IntN(len(lastNames))]}
	p.Document.Type, p.Document.Value = "CPF", fmt.Sprintf("%03d.%03d.%03d-%02d",
		r.IntN(1000), r.IntN(1000), r.IntN(1000), r.IntN(100))
	return p
}
