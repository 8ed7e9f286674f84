package gormstore

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// accountRow is a row of accounts. It contains the account data that the vendor returned most recently. Unlike
// transactions, accounts have no versions.
type accountRow struct {
	ID              uuid.UUID `gorm:"column:id;primaryKey"`
	Tenant          uuid.UUID `gorm:"column:tenant_id"`
	Connection      uuid.UUID `gorm:"column:connection_id"`
	Vendor          string    `gorm:"column:vendor"`
	ExternalID      string    `gorm:"column:external_id"`
	Type            string    `gorm:"column:type"`
	Subtype         string    `gorm:"column:subtype"`
	Name            string    `gorm:"column:name"`
	Number          string    `gorm:"column:number"`
	Currency        string    `gorm:"column:currency"`
	Balance         *string   `gorm:"column:balance"`
	BalanceCurrency string    `gorm:"column:balance_currency"`
	Metadata        []byte    `gorm:"column:metadata"`
	FirstSeen       instant   `gorm:"column:first_seen_at"`
	Updated         instant   `gorm:"column:updated_at"`
	Removed         instant   `gorm:"column:removed_at"`
	// Listed is set if the vendor has listed the account. If Listed is not set, the account is known only because the
	// vendor's transactions contained it.
	Listed bool `gorm:"column:listed"`
	// AbsentSince is the first pull whose account list did not contain the account; NULL while the vendor
	// lists the account.
	AbsentSince uuid.NullUUID `gorm:"column:absent_pull_id"`
	// AccountRef is the account reference under which the account was first stored. Later references are in References.
	AccountRef string `gorm:"column:account_ref"`
	// AccountKey is the key that ports.PageWrite.AccountKey has returned for the account.
	AccountKey string `gorm:"column:account_key"`
	// References contains all account references of the account as JSON. It is "" if the account has had only one
	// reference.
	References string `gorm:"column:account_refs"`
}

// TableName returns the name of the table in the schema.
func (accountRow) TableName() string { return "accounts" }

// selectAccounts is a SELECT of the columns that accountRow.domain needs. The user of the constant must append a
// condition.
const selectAccounts = `SELECT id, tenant_id, connection_id, vendor, external_id, type, subtype, name, number, currency,
	CAST(balance AS text), balance_currency, metadata, first_seen_at, updated_at, removed_at, account_ref,
	account_refs FROM accounts WHERE `

// targets returns the scan targets for the columns of selectAccounts.
func (r *accountRow) targets() []any {
	return []any{
		scanTarget(&r.ID), scanTarget(&r.Tenant), scanTarget(&r.Connection), scanTarget(&r.Vendor),
		scanTarget(&r.ExternalID), scanTarget(&r.Type), scanTarget(&r.Subtype), scanTarget(&r.Name),
		scanTarget(&r.Number), scanTarget(&r.Currency), &r.Balance, scanTarget(&r.BalanceCurrency), &r.Metadata,
		&r.FirstSeen, &r.Updated, &r.Removed, scanTarget(&r.AccountRef), scanTarget(&r.References),
	}
}

// newAccountRow returns the account as a row.
func newAccountRow(a records.Account) (accountRow, error) {
	r := accountRow{
		ID: a.ID.UUID, Tenant: a.Tenant.UUID, Connection: a.Connection.UUID, Vendor: string(a.Vendor),
		ExternalID: a.ExternalID, Type: string(a.Type), Subtype: a.Subtype, Name: a.Name, Number: a.Number,
		Currency: a.Currency, Metadata: a.Metadata, FirstSeen: instant{a.FirstSeenAt}, Updated: instant{a.UpdatedAt},
		Removed: instant{a.RemovedAt}, Listed: a.Listed, AbsentSince: optional(a.AbsentSince.UUID), AccountKey: a.Key,
	}
	r.Balance, r.BalanceCurrency = moneyColumns(a.Balance)
	if len(a.References) == 0 {
		return r, nil
	}
	first := a.References[0]
	r.AccountRef = first.AccountRef
	if len(a.References) == 1 && first.ExternalID == a.ExternalID && first.Until.IsZero() {
		return r, nil
	}
	var err error
	r.References, err = encode(a.References)
	return r, err
}

// account returns the row as a records.Account. Errors: those of domain.
func (r accountRow) account() (records.Account, error) {
	account, err := r.domain()
	return records.Account{
		Account: account, Key: r.AccountKey, Listed: r.Listed, AbsentSince: domain.PullID{UUID: r.AbsentSince.UUID},
	}, err
}

// domain returns the row as a domain.Account. It returns an error if an amount is not a number, which can happen only
// if another program wrote the row.
func (r accountRow) domain() (domain.Account, error) {
	balance, err := moneyOf(r.Balance, r.BalanceCurrency)
	if err != nil {
		return domain.Account{}, err
	}
	references := []domain.AccountReference{{
		AccountRef: r.AccountRef, ExternalID: r.ExternalID, From: r.FirstSeen.Time,
	}}
	if r.References != "" {
		references = nil
		err = decode(r.References, &references)
	}
	return domain.Account{
		ID: domain.AccountID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		AccountData: domain.AccountData{
			ExternalID: r.ExternalID, Type: domain.AccountType(r.Type), Subtype: r.Subtype, Name: r.Name,
			Number: r.Number, Currency: r.Currency, Balance: balance, Metadata: json.RawMessage(r.Metadata),
		},
		FirstSeenAt: r.FirstSeen.Time, UpdatedAt: r.Updated.Time,
		RemovedAt: r.Removed.Time, References: references,
	}, err
}

// moneyColumns returns the values of the amount column and of the currency column. If m is nil, which means that the
// amount is unknown, the values are nil and "".
func moneyColumns(m *domain.Money) (*string, string) {
	if m == nil {
		return nil, ""
	}
	amount := m.Amount.String()
	return &amount, m.Currency
}

// moneyOf is the inverse of moneyColumns. It returns nil if the amount is NULL, and an error if the amount is not a
// number.
func moneyOf(amount *string, currency string) (*domain.Money, error) {
	if amount == nil {
		return nil, nil
	}
	value, err := parseAmount(*amount)
	return &domain.Money{Amount: value, Currency: currency}, err
}
