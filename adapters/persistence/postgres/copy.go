package postgres

import (
	"context"
	"database/sql"
	"encoding/binary"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// copySQL names the columns in the order of copier.row.
const copySQL = `COPY transactions (id, tenant_id, connection_id, vendor, account_id, account, external_id, amount, currency,
	account_amount, account_currency, status, date, occurred_at, description, category, counterparty,
	metadata, digest, version, first_seen_at, updated_at, change_tx, source) FROM STDIN BINARY`

const copiedColumns = 24

// copyNew inserts rows that are not there yet. PostgreSQL writes what comes by COPY page by
// page, and an INSERT row by row, which takes a seventh longer.
func copyNew(ctx context.Context, conn *sql.Conn, rows []gormstore.TransactionRow) error {
	return raw(conn, func(c *pgx.Conn) error {
		_, err := c.PgConn().CopyFrom(ctx, &copier{rows: rows, text: append(make([]byte, 0, chunk), copyHead...)}, copySQL)
		return err
	})
}

// copyHead begins a stream of COPY: its signature, no flags, no extension.
// Source: PostgreSQL's documentation of COPY, binary format.
const copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// chunk is how much is made at once, in bytes: a little more than is sent at once.
const chunk = 80 << 10

// copier is rows as COPY reads them in its binary format. pgx.CopyFrom boxes each value and
// looks up how it is written, which costs several times as much.
type copier struct {
	rows  []gormstore.TransactionRow // that are still to be written
	text  []byte                     // that was not read yet
	ended bool
}

// Read implements io.Reader.
func (c *copier) Read(into []byte) (int, error) {
	if err := c.fill(len(into)); err != nil {
		return 0, err
	}
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(into, c.text)
	c.text = c.text[:copy(c.text, c.text[n:])]
	return n, nil
}

// fill writes rows until there is enough.
func (c *copier) fill(enough int) error {
	for ; len(c.text) < enough && len(c.rows) > 0; c.rows = c.rows[1:] {
		if err := c.row(&c.rows[0]); err != nil {
			return err
		}
	}
	if len(c.rows) == 0 && !c.ended {
		c.text, c.ended = binary.BigEndian.AppendUint16(c.text, 0xffff), true
	}
	return nil
}

func (c *copier) row(r *gormstore.TransactionRow) error {
	occurred, firstSeen, updated := r.Times()
	c.text = binary.BigEndian.AppendUint16(c.text, copiedColumns)
	c.id(r.ID)
	c.id(r.Tenant)
	c.id(r.Connection)
	c.words(r.Vendor)
	c.id(r.AccountID.UUID)
	c.words(r.Account, r.ExternalID)
	if err := c.numeric(&r.Amount); err != nil {
		return err
	}
	c.words(r.Currency)
	if err := c.numeric(r.AccountAmount); err != nil {
		return err
	}
	c.words(r.AccountCurrency, r.Status, r.Date)
	c.time(occurred)
	c.words(r.Description, r.Category, r.Counterparty)
	c.bytes(r.Metadata)
	c.bytes(r.Digest)
	c.text = binary.BigEndian.AppendUint32(append(c.text, 0, 0, 0, 4), uint32(r.Version))
	c.time(firstSeen)
	c.time(updated)
	c.long(r.ChangeSeq)
	c.bytes(r.ContentHash)
	return nil
}

// null is the length of a value that is not there.
var null = [4]byte{0xff, 0xff, 0xff, 0xff}

// id writes NULL for the nil UUID, which nothing has.
func (c *copier) id(id uuid.UUID) {
	if id == uuid.Nil {
		c.text = append(c.text, null[:]...)
		return
	}
	c.text = append(append(c.text, 0, 0, 0, 16), id[:]...)
}

func (c *copier) words(all ...string) {
	for _, text := range all {
		c.text = append(binary.BigEndian.AppendUint32(c.text, uint32(len(text))), text...)
	}
}

// bytes writes NULL for nil.
func (c *copier) bytes(value []byte) {
	if value == nil {
		c.text = append(c.text, null[:]...)
		return
	}
	c.text = append(binary.BigEndian.AppendUint32(c.text, uint32(len(value))), value...)
}

func (c *copier) long(value int64) {
	c.text = binary.BigEndian.AppendUint64(append(c.text, 0, 0, 0, 8), uint64(value))
}

// epoch is where PostgreSQL counts microseconds from.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// time writes NULL for the zero time.
func (c *copier) time(at time.Time) {
	if at.IsZero() {
		c.text = append(c.text, null[:]...)
		return
	}
	c.long(at.UnixMicro() - epoch)
}

// numeric keeps every digit; nil is NULL. Errors: a text that is no number.
func (c *copier) numeric(amount *string) error {
	if amount == nil {
		c.text = append(c.text, null[:]...)
		return nil
	}
	begin := len(c.text)
	text, err := appendNumeric(append(c.text, null[:]...), *amount)
	if err == nil {
		c.text = text
		binary.BigEndian.PutUint32(c.text[begin:], uint32(len(text)-begin-len(null)))
	}
	return err
}
