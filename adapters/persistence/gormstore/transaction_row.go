package gormstore

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/govalues/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TransactionRow is a row of transactions. Its members are the columns, in their order.
// Amounts are decimal texts, exact in both databases; Digest is that of the observation,
// and decides whether a row that is seen again has changed; Source decides before that whether it
// must be read at all.
type TransactionRow struct {
	ID              uuid.UUID     `gorm:"column:id;primaryKey"`
	Tenant          uuid.UUID     `gorm:"column:tenant_id"`
	Connection      uuid.UUID     `gorm:"column:connection_id"`
	Vendor          string        `gorm:"column:vendor"`
	AccountID       uuid.NullUUID `gorm:"column:account_id"`
	Account         string        `gorm:"column:account"`
	ExternalID      string        `gorm:"column:external_id"`
	Amount          string        `gorm:"column:amount"`
	Currency        string        `gorm:"column:currency"`
	AccountAmount   *string       `gorm:"column:account_amount"`
	AccountCurrency string        `gorm:"column:account_currency"`
	Status          string        `gorm:"column:status"`
	Date            string        `gorm:"column:date"`
	Occurred        instant       `gorm:"column:occurred_at"`
	Description     string        `gorm:"column:description"`
	Category        string        `gorm:"column:category"`
	Counterparty    string        `gorm:"column:counterparty"`
	Metadata        []byte        `gorm:"column:metadata"`
	Digest          []byte        `gorm:"column:digest"`
	Version         int           `gorm:"column:version"`
	FirstSeen       instant       `gorm:"column:first_seen_at"`
	Updated         instant       `gorm:"column:updated_at"`
	Removed         instant       `gorm:"column:removed_at"`
	ChangeSeq       int64         `gorm:"column:change_tx"`
	ContentHash     []byte        `gorm:"column:source"`
}

// TableName is that of the schema.
func (TransactionRow) TableName() string { return "transactions" }

// shownTransaction are the columns that callers see, and the place in the feed. Amounts are
// texts in either database.
const shownTransaction = `SELECT id, tenant_id, connection_id, vendor, account_id, account, external_id,
	CAST(amount AS text), currency, CAST(account_amount AS text), account_currency, status, date, occurred_at,
	description, category, counterparty, metadata, version, first_seen_at, updated_at, removed_at, change_tx
	FROM transactions WHERE `

// shown are the row's places for shownTransaction.
func (r *TransactionRow) shown() []any {
	return []any{
		(*key)(&r.ID), (*key)(&r.Tenant), (*key)(&r.Connection), (*label)(&r.Vendor), (*key)(&r.AccountID.UUID),
		(*label)(&r.Account), (*label)(&r.ExternalID),
		(*label)(&r.Amount), (*label)(&r.Currency), optionalLabel{&r.AccountAmount}, (*label)(&r.AccountCurrency),
		(*label)(&r.Status), (*label)(&r.Date), &r.Occurred,
		(*label)(&r.Description), (*label)(&r.Category), (*label)(&r.Counterparty), &r.Metadata,
		&r.Version, &r.FirstSeen, &r.Updated, &r.Removed, &r.ChangeSeq,
	}
}

// Times gives the row's times: occurred, first seen, updated. A row that is saved is
// never a removed one.
func (r TransactionRow) Times() (occurred, firstSeen, updated time.Time) {
	return r.Occurred.Time, r.FirstSeen.Time, r.Updated.Time
}

// show gives the row what the vendor says.
func (r *TransactionRow) show(o domain.TransactionData) {
	r.Account, r.ExternalID = o.Account, o.ExternalID
	r.Amount, r.Currency = o.Amount.Amount.String(), o.Amount.Currency
	r.AccountAmount, r.AccountCurrency = moneyColumns(o.AccountMoney)
	r.Status, r.Date, r.Occurred = string(o.Status), string(o.Date), instant{o.OccurredAt}
	r.Description, r.Category, r.Counterparty = o.Description, o.Category, o.Counterparty
	r.Metadata = o.Metadata
	digest := o.Digest()
	r.Digest, r.ContentHash = digest[:], sourceColumn(o.ContentHash)
}

// sourceColumn is NULL for a source that tells nothing.
func sourceColumn(s domain.ContentHash) []byte {
	if s.IsZero() {
		return nil
	}
	return s[:]
}

// domain converts; Detail is not kept, its digest is. Errors: an amount that is none.
func (r *TransactionRow) domain() (domain.Transaction, error) {
	amount, err := decimal.Parse(r.Amount)
	if err != nil {
		return domain.Transaction{}, err
	}
	inAccount, err := moneyOf(r.AccountAmount, r.AccountCurrency)
	return domain.Transaction{
		ID: domain.TransactionID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		AccountID: domain.AccountID{UUID: r.AccountID.UUID},
		TransactionData: domain.TransactionData{
			ExternalID: r.ExternalID, Account: r.Account, Amount: domain.Money{Amount: amount, Currency: r.Currency}, AccountMoney: inAccount,
			Status: domain.TransactionStatus(r.Status), Date: domain.Date(r.Date), OccurredAt: r.Occurred.Time,
			Description: r.Description, Category: r.Category, Counterparty: r.Counterparty,
			Metadata: json.RawMessage(r.Metadata),
		},
		Version: r.Version, FirstSeenAt: r.FirstSeen.Time, UpdatedAt: r.Updated.Time, RemovedAt: r.Removed.Time,
	}, err
}
