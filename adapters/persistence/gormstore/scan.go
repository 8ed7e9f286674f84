package gormstore

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Targets into which the values of columns are scanned. UUID is also the type of parameters that are ids. pgx scans
// binary values into these types without boxing the values in interfaces. database/sql scans text values.
type (
	// UUID is an id. NULL becomes the nil UUID.
	UUID uuid.UUID
	// Text is a text. If it equals the text of the previous row, it is not copied again.
	Text string
	// Decimal is an amount, selected as text.
	Decimal decimal.Decimal
	// NullDecimal is an amount that may be NULL, selected as text.
	NullDecimal decimal.NullDecimal
	// timeColumn is a time, in the format of PostgreSQL or SQLite.
	timeColumn struct{ into *time.Time }
)

// ScanTarget returns a scan target for a pointer that comes from Column.Field. A pointer that can be scanned directly
// is returned unchanged.
func ScanTarget(field any) any {
	switch v := field.(type) {
	case *uuid.UUID:
		return (*UUID)(v)
	case *string:
		return (*Text)(v)
	case *decimal.Decimal:
		return (*Decimal)(v)
	case *decimal.NullDecimal:
		return (*NullDecimal)(v)
	case *time.Time:
		return timeColumn{v}
	case *json.RawMessage:
		return (*Packed)(v)
	case *[sha256.Size]byte:
		return Hash(v[:])
	case *domain.ContentHash:
		return Hash(v[:])
	}
	return field
}

// ScanTargets returns the scan target for each pointer; see ScanTarget.
func ScanTargets(pointers ...any) []any {
	targets := make([]any, len(pointers))
	for i, pointer := range pointers {
		targets[i] = ScanTarget(pointer)
	}
	return targets
}

// Hash is a hash. For NULL, all bytes of the hash are set to zero.
type Hash []byte

// ScanBytes scans a hash from pgx; nil means NULL.
func (f Hash) ScanBytes(value []byte) error {
	clear(f)
	copy(f, value)
	return nil
}

// Scan scans a hash from database/sql.
func (f Hash) Scan(value any) error {
	stored, _ := value.([]byte)
	return f.ScanBytes(stored)
}

// ScanUUID scans an id from pgx.
func (u *UUID) ScanUUID(v pgtype.UUID) error {
	*u = UUID(v.Bytes)
	return nil
}

// UUIDValue returns the id for pgx.
func (u UUID) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: u, Valid: true}, nil }

// Scan scans an id from database/sql.
func (u *UUID) Scan(value any) error {
	*u = UUID{}
	return (*uuid.UUID)(u).Scan(value)
}

// Value returns the id for database/sql.
func (u UUID) Value() (driver.Value, error) { return uuid.UUID(u).String(), nil }

// ScanBytes scans a text from pgx. It copies the bytes, because pgx reuses them.
func (t *Text) ScanBytes(text []byte) error {
	if string(text) != string(*t) {
		*t = Text(text)
	}
	return nil
}

// Scan scans a text from database/sql.
func (t *Text) Scan(value any) error {
	switch v := value.(type) {
	case string:
		*t = Text(v)
	case []byte:
		return t.ScanBytes(v)
	default:
		*t = ""
	}
	return nil
}

// ScanBytes scans an amount from pgx. It returns the errors of ParseAmount.
func (d *Decimal) ScanBytes(text []byte) error { return d.parse(string(text)) }

// Scan scans an amount from database/sql. It returns the errors of ScanBytes, and an error if the value is not a text.
func (d *Decimal) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("an amount is stored as %T", value)
	}
	return d.parse(text)
}

func (d *Decimal) parse(text string) error {
	amount, err := ParseAmount(text)
	*d = Decimal(amount)
	return err
}

// ParseAmount parses a stored amount. It returns ErrStoredAmount if the text is not an amount, which can happen only if
// another program wrote the row. The error is not Invalid, because the caller of the service did not cause it.
func ParseAmount(text string) (decimal.Decimal, error) {
	amount, err := domain.ParseAmount(text)
	if err != nil {
		return decimal.Decimal{}, ErrStoredAmount
	}
	return amount, nil
}

// ErrStoredAmount reports that a stored amount cannot be parsed. Its text does not contain the stored amount, which
// may be long.
var ErrStoredAmount = errors.New("a stored amount is not a decimal number of at most 19 digits")

// ScanBytes scans an amount from pgx; nil means NULL. It returns the errors of Decimal.ScanBytes.
func (d *NullDecimal) ScanBytes(text []byte) error {
	*d = NullDecimal{Valid: text != nil}
	if text == nil {
		return nil
	}
	return (*Decimal)(&d.Decimal).ScanBytes(text)
}

// Scan scans an amount from database/sql; nil means NULL. It returns the errors of Decimal.Scan.
func (d *NullDecimal) Scan(value any) error {
	*d = NullDecimal{Valid: value != nil}
	if value == nil {
		return nil
	}
	return (*Decimal)(&d.Decimal).Scan(value)
}

// ScanTimestamptz scans a time from pgx.
func (t timeColumn) ScanTimestamptz(v pgtype.Timestamptz) error {
	var at Instant
	err := at.ScanTimestamptz(v)
	*t.into = at.Time
	return err
}

// Scan scans a time from database/sql. It accepts the forms of both databases.
func (t timeColumn) Scan(value any) error {
	var at Instant
	err := at.Scan(value)
	*t.into = at.Time
	return err
}
