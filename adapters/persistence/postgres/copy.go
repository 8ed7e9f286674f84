package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// copyRows inserts rows that are not stored yet into a table with the columns of transactions. It uses COPY, because an
// INSERT takes about 14 % longer. PostgreSQL writes the rows of a COPY one database page at a time. It writes the rows
// of an INSERT one by one.
func copyRows(ctx context.Context, conn *sql.Conn, table string, rows []gormstore.TransactionRow) error {
	columns := copiedColumns(rows)
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	encoder := &copyEncoder{rows: rows, columns: columns, buffer: append(make([]byte, 0, chunk), copyHeader...)}
	return raw(conn, func(c *pgx.Conn) error {
		_, err := c.PgConn().CopyFrom(ctx, encoder,
			"COPY "+table+" ("+strings.Join(names, ", ")+") FROM STDIN BINARY")
		return err
	})
}

// copiedColumns returns the columns whose default is not the value of every row. A COPY of the other columns would take
// longer than their defaults.
func copiedColumns(rows []gormstore.TransactionRow) []gormstore.Column {
	return slices.DeleteFunc(slices.Clone(gormstore.TransactionColumns), func(c gormstore.Column) bool {
		if !c.Is(gormstore.Defaulted) {
			return false
		}
		for i := range rows {
			if !isZero(c.Field(&rows[i])) {
				return false
			}
		}
		return true
	})
}

// isZero reports whether field points to the zero value. field must be a result of Column.Field.
func isZero(field any) bool {
	switch v := field.(type) {
	case *string:
		return *v == ""
	case *uuid.UUID:
		return *v == uuid.Nil
	case *decimal.NullDecimal:
		return !v.Valid
	case *time.Time:
		return v.IsZero()
	case *[]byte:
		return *v == nil
	case *json.RawMessage:
		return *v == nil
	case *domain.ContentHash:
		return v.IsZero()
	}
	return false
}

// copyHeader is the start of a COPY stream: the signature, no flags, and no header extension.
// Source: PostgreSQL's documentation of COPY, binary format.
const copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// copyEnd is the number of columns that ends a COPY stream.
const copyEnd = 0xffff

// chunk is the number of bytes that are encoded at a time. It is a little more than pgx sends at a
// time.
const chunk = 80 << 10

// copyEncoder is an io.Reader of rows in the binary format of COPY. pgx.CopyFrom is not used, because it
// boxes each value in an interface and looks up an encoder for it, which takes several times as long.
type copyEncoder struct {
	rows    []gormstore.TransactionRow // the rows that have not been encoded yet
	columns []gormstore.Column
	buffer  []byte // the encoded bytes that have not been read yet
	ended   bool
}

// Read implements io.Reader.
func (c *copyEncoder) Read(into []byte) (int, error) {
	if err := c.fill(len(into)); err != nil {
		return 0, err
	}
	if len(c.buffer) == 0 {
		return 0, io.EOF
	}
	n := copy(into, c.buffer)
	c.buffer = c.buffer[:copy(c.buffer, c.buffer[n:])]
	return n, nil
}

// fill encodes rows until the buffer holds at least size bytes or no row is left.
func (c *copyEncoder) fill(size int) error {
	for ; len(c.buffer) < size && len(c.rows) > 0; c.rows = c.rows[1:] {
		if err := c.row(&c.rows[0]); err != nil {
			return err
		}
	}
	if len(c.rows) == 0 && !c.ended {
		c.buffer, c.ended = binary.BigEndian.AppendUint16(c.buffer, copyEnd), true
	}
	return nil
}

// row encodes a row: the number of its columns, and then each column with its length. It returns an error if an amount
// is not a decimal number.
func (c *copyEncoder) row(r *gormstore.TransactionRow) error {
	c.buffer = binary.BigEndian.AppendUint16(c.buffer, uint16(len(c.columns)))
	for i := range c.columns {
		field := c.columns[i].Field(r)
		if _, isObject := field.(*json.RawMessage); isObject && r.Packed() != nil {
			c.bytes(r.Packed())
		} else if err := c.value(field); err != nil {
			return err
		}
	}
	return nil
}

// value encodes the value that field points to. field must be a result of Column.Field.
func (c *copyEncoder) value(field any) error {
	switch v := field.(type) {
	case *string:
		c.text(*v)
	case *uuid.UUID:
		c.id(*v)
	case *decimal.Decimal:
		return c.numeric(v.String())
	case *decimal.NullDecimal:
		if v.Valid {
			return c.numeric(v.Decimal.String())
		}
		c.null()
	case *time.Time:
		c.time(*v)
	case *[]byte:
		c.bytes(*v)
	case *json.RawMessage:
		c.packed(*v)
	case *[sha256.Size]byte:
		c.bytes(v[:])
	case *domain.ContentHash:
		c.bytes(hashOrNull(v))
	case *int:
		c.buffer = binary.BigEndian.AppendUint32(append(c.buffer, 0, 0, 0, 4), uint32(*v))
	case *int64:
		c.long(*v)
	default:
		return fmt.Errorf("a column of type %T cannot be copied", field)
	}
	return nil
}

// copyIndexed is the COPY for the result of encodeIndexed.
const copyIndexed = "COPY search_index (transaction_id, connection_id, date, amount, currency, status, " +
	"account_amount, folded, tenant_id) FROM STDIN BINARY"

// encodeIndexed returns the rows of the search index in the binary format of COPY.
func encodeIndexed(rows []gormstore.IndexedRow) []byte {
	const columns, usualSize = 9, 256
	c := &copyEncoder{buffer: append(make([]byte, 0, len(rows)*usualSize), copyHeader...)}
	for i := range rows {
		r := &rows[i]
		c.buffer = binary.BigEndian.AppendUint16(c.buffer, columns)
		c.id(r.Transaction)
		c.id(r.Connection)
		for _, text := range []string{r.Date, r.Amount, r.Currency, r.Status, r.AccountAmount, r.Folded} {
			c.text(text)
		}
		c.id(r.Tenant)
	}
	return binary.BigEndian.AppendUint16(c.buffer, copyEnd)
}

// nullLength is the length field of a NULL value in the binary format.
var nullLength = [4]byte{0xff, 0xff, 0xff, 0xff}

func (c *copyEncoder) null() { c.buffer = append(c.buffer, nullLength[:]...) }

// id encodes an id; the nil UUID becomes NULL.
func (c *copyEncoder) id(id uuid.UUID) {
	if id == uuid.Nil {
		c.null()
		return
	}
	c.buffer = append(append(c.buffer, 0, 0, 0, 16), id[:]...)
}

func (c *copyEncoder) text(text string) {
	c.buffer = append(binary.BigEndian.AppendUint32(c.buffer, uint32(len(text))), text...)
}

// bytes encodes a byte slice; nil becomes NULL.
func (c *copyEncoder) bytes(value []byte) {
	if value == nil {
		c.null()
		return
	}
	c.buffer = append(binary.BigEndian.AppendUint32(c.buffer, uint32(len(value))), value...)
}

// packed encodes a vendor's object in its stored form; nil becomes NULL.
func (c *copyEncoder) packed(object []byte) {
	if object == nil {
		c.null()
		return
	}
	start := len(c.buffer)
	c.buffer = gormstore.AppendPacked(append(c.buffer, nullLength[:]...), object)
	binary.BigEndian.PutUint32(c.buffer[start:], uint32(len(c.buffer)-start-len(nullLength)))
}

func (c *copyEncoder) long(value int64) {
	c.buffer = binary.BigEndian.AppendUint64(append(c.buffer, 0, 0, 0, 8), uint64(value))
}

// epoch is the time from which PostgreSQL counts timestamps (the start of 2000), in microseconds
// since 1970.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// time encodes a time; the zero time becomes NULL.
func (c *copyEncoder) time(at time.Time) {
	if at.IsZero() {
		c.null()
		return
	}
	c.long(at.UnixMicro() - epoch)
}

// numeric encodes a decimal number that is given as text, with all of its digits. It returns an error if the text is
// not a number.
func (c *copyEncoder) numeric(amount string) error {
	start := len(c.buffer)
	encoded, err := appendNumeric(append(c.buffer, nullLength[:]...), amount)
	if err == nil {
		c.buffer = encoded
		binary.BigEndian.PutUint32(c.buffer[start:], uint32(len(encoded)-start-len(nullLength)))
	}
	return err
}
