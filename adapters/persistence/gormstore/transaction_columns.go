package gormstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// TransactionRow is a row of the table transactions. It contains a record, and the columns that only the store uses.
type TransactionRow struct {
	*records.Record // not nil

	// accountAmount and accountCurrency contain the two parts of AccountMoney.
	accountAmount   decimal.NullDecimal
	accountCurrency string
	// The codes of the transaction's warnings, separated by commas.
	warnings string
	// The former rows of the transaction as JSON; "" if there are none.
	supersedes string
	// possibly contains PossiblySupersedes; see EncodeIDs.
	possibly string
	// The type of CounterpartyDocument, a space, and its value; "" if the document is not known.
	document string
	// The card facts of the row, and the bill of the record except for the id in billID; see EncodeCard.
	card, bill string
	billID     uuid.UUID
	// packed is the stored form of Metadata, if it is known already.
	packed []byte
	// ChangeSeq is the position of the row's last change in the feed.
	ChangeSeq int64
}

// UsePacked keeps the stored form of an object, if it is the row's.
func (r *TransactionRow) UsePacked(p PackedObject) {
	if r.Metadata != nil && bytes.Equal(r.Metadata, p.object) {
		r.packed = p.stored
	}
}

// Packed returns the stored form of Metadata, if UsePacked has kept it; otherwise nil.
func (r *TransactionRow) Packed() []byte { return r.packed }

// PackedMetadata returns the stored form of Metadata; nil for nil.
func (r *TransactionRow) PackedMetadata() []byte {
	if r.packed != nil {
		return r.packed
	}
	return Pack(r.Metadata)
}

// NewTransactionRow returns a row into which columns can be scanned.
func NewTransactionRow() TransactionRow { return TransactionRow{Record: &records.Record{}} }

// TransactionTable is the name of the table transactions, and PreparedTable that of prepared_transactions, which has
// the same columns.
const (
	TransactionTable = "transactions"
	PreparedTable    = "prepared_transactions"
)

// Column is one column of the table transactions.
type Column struct {
	Name string
	// Type is the column's type in PostgreSQL. In SQLite, a numeric is stored as TEXT, a uuid as TEXT in the canonical
	// form, and a timestamptz as INTEGER, in microseconds since 1970.
	Type string
	Use  Use
	// Field returns a pointer to the column's value in the row. A pointer can be stored in an interface without an
	// allocation. The type of the pointer determines how the value is encoded. It is one of
	//
	//	*string, *uuid.UUID, *decimal.Decimal, *decimal.NullDecimal, *time.Time, *[]byte,
	//	*json.RawMessage, *[32]byte, *domain.ContentHash, *int, *int64
	//
	// A json.RawMessage is the vendor's object, which is stored as AppendPacked describes.
	// The nil UUID, the invalid NullDecimal, the zero time, the nil slice and the zero content hash are stored as NULL.
	Field func(r *TransactionRow) any
}

// Use is a set of flags for how a column is written and read.
type Use uint8

// The flags of a column. A column without flags has a separate value in each row, is overwritten by an
// upsert, and is read by SELECTs for callers.
const (
	// PerPage columns have the same value in all rows that are written together.
	PerPage Use = 1 << iota
	// Kept columns retain their stored values when an upsert overwrites the row.
	Kept
	// Unread columns are not selected in the SELECTs that return rows to callers.
	Unread
	// PresentOnly columns exist only in the table transactions, for the current version of a row. All other columns are
	// also in transaction_versions, which contains the earlier versions of rows.
	PresentOnly
	// Stated columns are read for statements.
	Stated
	// Defaulted columns need not be written if their value is the zero value. The default of the column is then
	// stored, which is the same value.
	Defaulted
)

// Is reports whether the column has the flag.
func (c Column) Is(use Use) bool { return c.Use&use != 0 }

// TransactionColumns are all columns of the table transactions. COPY, INSERT, upserts and SELECT list the columns in
// this order. These statements are generated, so a new column needs one line here and a migration for each database.
//
// Some columns are special:
//
//   - An upsert of a page sets removed_at to NULL, because a page contains no removed rows.
//   - The columns supersedes and superseded_by are written only when a replacement is made or undone. The column
//     possibly_supersedes is written with a new record, and when a suggestion is opened or ends.
//   - The columns excluded_at and excluded_by are written only by a decision of an operator, so that pulls keep
//     them.
//   - The external_id of a superseded transaction is the key of its record; see records.Record.Key.
var TransactionColumns = []Column{
	{"id", "uuid", Kept | Stated, func(r *TransactionRow) any { return &r.ID.UUID }},
	{"tenant_id", "uuid", Kept | PerPage, func(r *TransactionRow) any { return &r.Tenant.UUID }},
	{"connection_id", "uuid", Kept | PerPage, func(r *TransactionRow) any { return &r.Connection.UUID }},
	{"vendor", "text", Kept | PerPage | PresentOnly, func(r *TransactionRow) any { return (*string)(&r.Vendor) }},
	{"account_id", "uuid", Defaulted, func(r *TransactionRow) any { return &r.AccountID.UUID }},
	{"account", "text", 0, func(r *TransactionRow) any { return &r.Account }},
	{"external_id", "text", Kept | Stated, func(r *TransactionRow) any { return &r.ExternalID }},
	{"amount", "numeric", Stated, func(r *TransactionRow) any { return &r.Amount.Amount }},
	{"currency", "text", Stated, func(r *TransactionRow) any { return &r.Amount.Currency }},
	{"account_amount", "numeric", Defaulted | Stated, func(r *TransactionRow) any { return &r.accountAmount }},
	{"account_currency", "text", Stated, func(r *TransactionRow) any { return &r.accountCurrency }},
	{"status", "text", Stated, func(r *TransactionRow) any { return (*string)(&r.Status) }},
	{"date", "text", Stated, func(r *TransactionRow) any { return (*string)(&r.Date) }},
	{"occurred_at", "timestamptz", Defaulted, func(r *TransactionRow) any { return &r.OccurredAt }},
	{"description", "text", Stated, func(r *TransactionRow) any { return &r.Description }},
	{"category", "text", 0, func(r *TransactionRow) any { return &r.Category }},
	{"counterparty", "text", Stated, func(r *TransactionRow) any { return &r.Counterparty }},
	{"metadata", "bytea", Defaulted, func(r *TransactionRow) any { return &r.Metadata }},
	{"digest", "bytea", Unread | PresentOnly, func(r *TransactionRow) any { return &r.Digest }},
	{"version", "integer", Stated, func(r *TransactionRow) any { return &r.Version }},
	{
		"first_seen_at",
		"timestamptz",
		Kept | PresentOnly | Stated,
		func(r *TransactionRow) any { return &r.FirstSeenAt },
	},
	{"updated_at", "timestamptz", PerPage, func(r *TransactionRow) any { return &r.UpdatedAt }},
	{"removed_at", "timestamptz", PerPage | Defaulted, func(r *TransactionRow) any { return &r.RemovedAt }},
	{"change_tx", "bigint", PerPage, func(r *TransactionRow) any { return &r.ChangeSeq }},
	{"content_hash", "bytea", Unread | PresentOnly | Defaulted, func(r *TransactionRow) any { return &r.ContentHash }},
	{"pull_id", "uuid", PerPage | Defaulted, func(r *TransactionRow) any { return &r.Pull.UUID }},
	{"warnings", "text", Defaulted, func(r *TransactionRow) any { return &r.warnings }},
	{"row_sha256", "bytea", Unread | Defaulted, func(r *TransactionRow) any { return &r.RowSHA256 }},
	{"normalizer", "text", Unread | Defaulted, func(r *TransactionRow) any { return &r.Normalizer }},
	{"supersedes", "text", Kept | Defaulted, func(r *TransactionRow) any { return &r.supersedes }},
	{"superseded_by", "uuid", Kept | Defaulted, func(r *TransactionRow) any { return &r.SupersededBy.UUID }},
	{"erased_at", "timestamptz", Kept | PerPage | PresentOnly | Defaulted, func(r *TransactionRow) any {
		return &r.ErasedAt
	}},
	{"possibly_supersedes", "text", Kept | Defaulted, func(r *TransactionRow) any { return &r.possibly }},
	{"reason", "text", Unread | Defaulted, func(r *TransactionRow) any { return &r.Reason }},
	{"end_to_end_id", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.References.EndToEndID }},
	{"institution_id", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.References.TransactionID }},
	{"authentication_code", "text", Defaulted | Stated, func(r *TransactionRow) any {
		return &r.References.AuthenticationCode
	}},
	{
		"reference_number",
		"text",
		Defaulted | Stated,
		func(r *TransactionRow) any { return &r.References.ReferenceNumber },
	},
	{"receiver_reference_id", "text", Defaulted | Stated, func(r *TransactionRow) any {
		return &r.References.ReceiverReferenceID
	}},
	{"tracking_key", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.References.TrackingKey }},
	{"cheque_number", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.References.ChequeNumber }},
	{"counterparty_document", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.document }},
	{"barcode", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.References.Barcode }},
	{"tx_id", "text", Defaulted | Stated, func(r *TransactionRow) any { return &r.References.TxID }},
	{"excluded_at", "timestamptz", Kept | Defaulted, func(r *TransactionRow) any { return &r.ExcludedAt }},
	{"excluded_by", "text", Kept | Defaulted, func(r *TransactionRow) any { return &r.ExcludedBy }},
	{"actor", "text", Unread | Defaulted, func(r *TransactionRow) any { return &r.Actor }},
	{"card_facts", "text", PresentOnly | Defaulted, func(r *TransactionRow) any { return &r.card }},
	// bill_id is set for the rows of a bill only, and not for a payment.
	{"bill_id", "uuid", Kept | PresentOnly | Defaulted, func(r *TransactionRow) any { return &r.billID }},
	{"card_bill", "text", Kept | PresentOnly | Defaulted | Stated, func(r *TransactionRow) any { return &r.bill }},
}

// Counts is the SQL condition for domain.Transaction.Counts on a row of transactions or transaction_versions that is
// not erased.
const Counts = "removed_at IS NULL AND excluded_at IS NULL"

// JoinColumns calls format for each of TransactionColumns and joins the results with commas. It skips columns for which
// format returns "".
func JoinColumns(format func(c Column) string) string {
	var list []string
	for _, c := range TransactionColumns {
		if text := format(c); text != "" {
			list = append(list, text)
		}
	}
	return strings.Join(list, ", ")
}

// ConflictClause returns the text that turns an INSERT INTO transactions into an upsert. A stored row with the same
// external id is overwritten, except for the columns that are Kept.
func ConflictClause(dialect string) string {
	return " ON CONFLICT (connection_id, external_id, tenant_id) DO UPDATE SET " + JoinColumns(func(c Column) string {
		switch {
		case c.Is(Kept):
			return ""
		case c.Name == "updated_at":
			return "updated_at = " + NextTime(dialect, "excluded.updated_at", "transactions.updated_at")
		}
		return c.Name + " = excluded." + c.Name
	})
}

// IsRead reports whether callers see the column.
func IsRead(c Column) bool { return !c.Is(Unread) }

// IsStated reports whether the column is read for statements.
func IsStated(c Column) bool { return c.Is(Stated) }

// IsVersioned reports whether the column is part of transaction_versions.
func IsVersioned(c Column) bool { return !c.Is(PresentOnly) }

// SelectedColumns returns the column list of a SELECT: the columns for which fn returns true.
func SelectedColumns(fn func(Column) bool) string { return SelectedColumnsOf("", fn) }

// SelectedColumnsOf is like SelectedColumns, for the columns of a table with an alias. The prefix is the alias with a
// dot.
func SelectedColumnsOf(prefix string, fn func(Column) bool) string {
	return JoinColumns(func(c Column) string {
		switch {
		case !fn(c):
			return ""
		case c.Type == "numeric":
			return "CAST(" + prefix + c.Name + " AS text)"
		}
		return prefix + c.Name
	})
}

// Targets returns the scan targets for the columns of SelectedColumns(IsRead), in the same order: pointers to the
// members of r.
func (r *TransactionRow) Targets() []any { return r.TargetsOf(IsRead) }

// TargetsOf returns the scan targets for the columns of SelectedColumns(fn), in the same order.
func (r *TransactionRow) TargetsOf(fn func(Column) bool) []any {
	targets := make([]any, 0, len(TransactionColumns))
	for _, c := range TransactionColumns {
		if fn(c) {
			targets = append(targets, ScanTarget(c.Field(r)))
		}
	}
	return targets
}

// Domain returns the scanned row as a domain.Transaction.
func (r *TransactionRow) Domain() (domain.Transaction, error) {
	t := r.Transaction
	if t.Erased() {
		t.ExternalID, t.Amount, t.Supersedes, t.Warnings, t.AccountMoney = "", domain.Money{}, nil, nil, nil
		t.PossiblySupersedes, t.Card, t.Bill = nil, domain.CardFacts{}, domain.CardBill{}
		return t, nil
	}
	if r.accountAmount.Valid {
		t.AccountMoney = &domain.Money{Amount: r.accountAmount.Decimal, Currency: r.accountCurrency}
	}
	t.Warnings, t.CounterpartyDocument = splitWarnings(r.warnings), SplitDocument(r.document)
	ids, err := DecodeIDs(r.possibly)
	if err != nil {
		return t, err
	}
	if err := r.decodeCard(&t); err != nil {
		return t, err
	}
	t.Supersedes, t.PossiblySupersedes = nil, ids
	if !t.SupersededBy.IsZero() {
		t.ExternalID = t.ExternalID[:max(strings.LastIndex(t.ExternalID, supersededMark), 0)]
	}
	if r.supersedes == "" {
		return t, nil
	}
	return t, DecodeJSON(r.supersedes, &t.Supersedes)
}

// supersededMark separates the external id of a superseded record and its id in the column external_id. No external id
// contains it.
const supersededMark = "\x1f"

// KeyColumn returns the value of the column external_id of the record with the key.
func KeyColumn(key records.RecordKey) string {
	if key.Superseded.IsZero() {
		return key.ExternalID
	}
	return key.ExternalID + supersededMark + key.Superseded.String()
}

// RowOfRecord returns the row of a record. It does not set the column supersedes, which an upsert does not change.
func RowOfRecord(record *records.Record, changeSeq int64) TransactionRow {
	record.ExternalID = KeyColumn(record.Key())
	row := TransactionRow{
		Record: record, ChangeSeq: changeSeq, warnings: joinWarnings(record.Warnings),
		possibly: EncodeIDs(record.PossiblySupersedes),
		document: JoinDocument(record.CounterpartyDocument), card: EncodeCard(record.Card),
	}
	if m := record.AccountMoney; m != nil {
		row.accountAmount, row.accountCurrency = decimal.NullDecimal{Decimal: m.Amount, Valid: true}, m.Currency
	}
	return row
}

// EncodeCard returns the value of the column card_facts or card_bill; "" for the zero value.
func EncodeCard[T comparable](value T) string {
	var zero T
	if value == zero {
		return ""
	}
	text, _ := json.Marshal(value) // numbers, texts and booleans can always be encoded
	return string(text)
}

// decodeCard sets Card and Bill of a transaction to the values of the row.
func (r *TransactionRow) decodeCard(t *domain.Transaction) error {
	t.Card, t.Bill = domain.CardFacts{}, domain.CardBill{}
	if r.card == "" && r.bill == "" {
		return nil
	}
	return errors.Join(DecodeJSON(r.card, &t.Card), DecodeJSON(r.bill, &t.Bill))
}

// PreparedRow is like RowOfRecord, but sets the column supersedes.
func PreparedRow(record *records.Record) (row TransactionRow, err error) {
	row = RowOfRecord(record, 0)
	row.supersedes, err = EncodeJSON(record.Supersedes)
	return row, err
}

// joinWarnings returns the value of the column warnings: the codes, separated by commas. No code
// contains a comma. The result is "" if there are no warnings.
func joinWarnings(warnings []domain.Warning) string {
	codes := make([]string, len(warnings))
	for i, warning := range warnings {
		codes[i] = string(warning)
	}
	return strings.Join(codes, ",")
}

// splitWarnings returns the warnings from a value of the column warnings. It returns nil for "".
func splitWarnings(column string) []domain.Warning {
	if column == "" {
		return nil
	}
	var warnings []domain.Warning
	for code := range strings.SplitSeq(column, ",") {
		warnings = append(warnings, domain.Warning(code))
	}
	return warnings
}

// JoinDocument returns the value of the column counterparty_document: the type, a space, and the number. The result is
// "" if the document is not known.
func JoinDocument(d domain.PartyDocument) string {
	if d.IsZero() {
		return ""
	}
	return string(d.Type) + " " + d.Value
}

// SplitDocument returns the document from a value of the column counterparty_document.
func SplitDocument(column string) domain.PartyDocument {
	kind, value, _ := strings.Cut(column, " ")
	return domain.PartyDocument{Type: domain.DocumentType(kind), Value: value}
}

// HashColumn returns NULL for the zero content hash, and otherwise a copy of its bytes.
func HashColumn(hash domain.ContentHash) []byte {
	if hash.IsZero() {
		return nil
	}
	return hash[:]
}

// EncodeIDs returns the value of the column possibly_supersedes: the ids, separated by commas; "" if there are none.
func EncodeIDs(ids []domain.TransactionID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return strings.Join(texts, ",")
}

// DecodeIDs returns the ids of a value of the column possibly_supersedes. It returns nil for "".
func DecodeIDs(column string) (ids []domain.TransactionID, err error) {
	if column == "" {
		return nil, nil
	}
	for text := range strings.SplitSeq(column, ",") {
		id, err := domain.ParseID[domain.Transaction](text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// OfClose is an SQL condition that joins close_adjustments to account_closes. It is true if the adjustment belongs to
// the closed period.
const OfClose = `account_closes.account_id = close_adjustments.account_id
	AND account_closes.tenant_id = close_adjustments.tenant_id
	AND account_closes.position < close_adjustments.seq AND account_closes.date >= close_adjustments.day`

// SelectFeed is a SELECT of the columns for which IsRead returns true, with one more column: the end date of the
// earliest closed period that a change of the transaction affects. The first two parameters are both the tenant's id.
// The database checks only once whether the tenant has closed periods, not for each row.
var SelectFeed = "SELECT " + SelectedColumns(IsRead) + `, CASE
	WHEN EXISTS (SELECT 1 FROM account_closes WHERE account_closes.tenant_id = ?)
	THEN (SELECT min(account_closes.date) FROM close_adjustments JOIN account_closes ON ` + OfClose + `
		WHERE close_adjustments.transaction_id = transactions.id AND close_adjustments.tenant_id = ?)
	END FROM transactions WHERE `
