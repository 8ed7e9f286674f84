package gormstore

import (
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The types below are the targets into which the values of columns are scanned. uuidColumn is also used for parameters
// that are ids. pgx scans binary values into these types without boxing the values in interfaces. database/sql scans
// text values.
type (
	// uuidColumn is an id. NULL becomes the nil UUID.
	uuidColumn uuid.UUID
	// textColumn is a text. A text that equals the text of the previous row is not copied again.
	textColumn string
	// decimalColumn is an amount, selected as text.
	decimalColumn decimal.Decimal
	// nullDecimalColumn is an amount that may be NULL, selected as text.
	nullDecimalColumn decimal.NullDecimal
	// timeColumn is a time, in the format of PostgreSQL or SQLite.
	timeColumn struct{ into *time.Time }
)

// scanTarget returns a scan target for a pointer that comes from Column.Field. A pointer that can be scanned directly
// is returned unchanged.
func scanTarget(field any) any {
	switch v := field.(type) {
	case *uuid.UUID:
		return (*uuidColumn)(v)
	case *string:
		return (*textColumn)(v)
	case *decimal.Decimal:
		return (*decimalColumn)(v)
	case *decimal.NullDecimal:
		return (*nullDecimalColumn)(v)
	case *time.Time:
		return timeColumn{v}
	case *[sha256.Size]byte:
		return fixedColumn(v[:])
	case *domain.ContentHash:
		return fixedColumn(v[:])
	}
	return field
}

// fixedColumn is a hash. For NULL, all bytes of the hash are set to zero.
type fixedColumn []byte

// ScanBytes scans a hash from pgx; nil means NULL.
func (f fixedColumn) ScanBytes(value []byte) error {
	clear(f)
	copy(f, value)
	return nil
}

// Scan scans a hash from database/sql.
func (f fixedColumn) Scan(value any) error {
	stored, _ := value.([]byte)
	return f.ScanBytes(stored)
}

// ScanUUID scans an id from pgx.
func (u *uuidColumn) ScanUUID(v pgtype.UUID) error {
	*u = uuidColumn(v.Bytes)
	return nil
}

// UUIDValue returns the id for pgx.
func (u uuidColumn) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: u, Valid: true}, nil }

// Scan scans an id from database/sql.
func (u *uuidColumn) Scan(value any) error {
	*u = uuidColumn{}
	return (*uuid.UUID)(u).Scan(value)
}

// Value returns the id for database/sql.
func (u uuidColumn) Value() (driver.Value, error) { return uuid.UUID(u).String(), nil }

// ScanBytes scans a text from pgx. It copies the bytes, because pgx reuses them.
func (t *textColumn) ScanBytes(text []byte) error {
	if string(text) != string(*t) {
		*t = textColumn(text)
	}
	return nil
}

// Scan scans a text from database/sql.
func (t *textColumn) Scan(value any) error {
	switch v := value.(type) {
	case string:
		*t = textColumn(v)
	case []byte:
		return t.ScanBytes(v)
	default:
		*t = ""
	}
	return nil
}

// ScanBytes scans an amount from pgx. It returns the errors of parseAmount.
func (d *decimalColumn) ScanBytes(text []byte) error { return d.parse(string(text)) }

// Scan scans an amount from database/sql. It returns the errors of ScanBytes, and an error if the value is not a text.
func (d *decimalColumn) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("an amount is stored as %T", value)
	}
	return d.parse(text)
}

func (d *decimalColumn) parse(text string) error {
	amount, err := parseAmount(text)
	*d = decimalColumn(amount)
	return err
}

// parseAmount parses a stored amount. It returns errStoredAmount if the text is not an amount, which can happen only if
// another program wrote the row. The error is not Invalid, because the caller of the service did not cause it.
func parseAmount(text string) (decimal.Decimal, error) {
	amount, err := domain.ParseAmount(text)
	if err != nil {
		return decimal.Decimal{}, errStoredAmount
	}
	return amount, nil
}

// errStoredAmount does not contain the stored text, which may be long.
var errStoredAmount = errors.New("a stored amount is not a decimal number of at most 19 digits")

// ScanBytes scans an amount from pgx; nil means NULL. It returns the errors of decimalColumn.ScanBytes.
func (d *nullDecimalColumn) ScanBytes(text []byte) error {
	*d = nullDecimalColumn{Valid: text != nil}
	if text == nil {
		return nil
	}
	return (*decimalColumn)(&d.Decimal).ScanBytes(text)
}

// Scan scans an amount from database/sql; nil means NULL. It returns the errors of decimalColumn.Scan.
func (d *nullDecimalColumn) Scan(value any) error {
	*d = nullDecimalColumn{Valid: value != nil}
	if value == nil {
		return nil
	}
	return (*decimalColumn)(&d.Decimal).Scan(value)
}

// ScanTimestamptz scans a time from pgx.
func (t timeColumn) ScanTimestamptz(v pgtype.Timestamptz) error {
	var at instant
	err := at.ScanTimestamptz(v)
	*t.into = at.Time
	return err
}

// Scan scans a time from database/sql. It accepts the forms of both databases.
func (t timeColumn) Scan(value any) error {
	var at instant
	err := at.Scan(value)
	*t.into = at.Time
	return err
}
