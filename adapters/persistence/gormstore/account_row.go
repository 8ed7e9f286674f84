package gormstore

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// AccountRow is a row of accounts. It contains the account data that the vendor returned most recently. Unlike
// transactions, accounts have no versions.
type AccountRow struct {
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
	FirstSeen       Instant   `gorm:"column:first_seen_at"`
	Updated         Instant   `gorm:"column:updated_at"`
	Removed         Instant   `gorm:"column:removed_at"`
	BankRead        Instant   `gorm:"column:bank_read_at;<-:false"` // only the end of a pull writes it
	// Listed is set if the vendor has listed the account. If Listed is not set, the account is known only because the
	// vendor's transactions contained it.
	Listed bool `gorm:"column:listed"`
	// AbsentSince is the first pull whose account list did not contain the account; NULL while the vendor
	// lists the account.
	AbsentSince uuid.NullUUID `gorm:"column:absent_pull_id"`
	// HeldAt and HeldSync state since when the removal of the account is held back (domain.Hold).
	HeldAt   Instant `gorm:"column:held_at"`
	HeldSync Instant `gorm:"column:held_sync"`
	// AccountRef is the account reference under which the account was first stored. Later references are in References.
	AccountRef string `gorm:"column:account_ref"`
	// AccountKey is the key that ports.PageWrite.AccountKey has returned for the account.
	AccountKey string `gorm:"column:account_key"`
	// References contains all account references of the account as JSON. It is "" if the account has had only one
	// reference.
	References string `gorm:"column:account_refs"`
	// Institution is the domain.Institution as JSON; "" if it is not known.
	Institution string `gorm:"column:institution"`
	// MaybeContinues contains the ids of accounts, separated by commas.
	MaybeContinues string `gorm:"column:maybe_continues"`
}

// TableName returns the name of the table in the schema.
func (AccountRow) TableName() string { return "accounts" }

// Domain returns the row as a domain.Account. It returns an error if an amount is not a number, which can happen only
// if another program wrote the row.
func (r AccountRow) Domain() (domain.Account, error) {
	balance, err := moneyOf(r.Balance, r.BalanceCurrency)
	if err != nil {
		return domain.Account{}, err
	}
	references := []domain.AccountReference{{
		AccountRef: r.AccountRef, ExternalID: r.ExternalID, From: r.FirstSeen.Time,
	}}
	if r.References != "" {
		references = nil
		err = DecodeJSON(r.References, &references)
	}
	institution, maybe := domain.Institution{}, []domain.AccountID(nil)
	if err == nil && r.Institution != "" {
		err = DecodeJSON(r.Institution, &institution)
	}
	if err == nil {
		maybe, err = AccountIDs(r.MaybeContinues)
	}
	return domain.Account{
		ID: domain.AccountID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		AccountData: domain.AccountData{
			ExternalID: r.ExternalID, Type: domain.AccountType(r.Type), Subtype: r.Subtype, Name: r.Name,
			Number: r.Number, Currency: r.Currency, Balance: balance, Metadata: json.RawMessage(r.Metadata),
			Institution: institution,
		},
		FirstSeenAt: r.FirstSeen.Time, UpdatedAt: r.Updated.Time,
		BankReadAt: r.BankRead.Time, RemovedAt: r.Removed.Time, RemovalHeldSince: r.HeldAt.Time,
		References: references, MaybeContinues: maybe,
	}, err
}

// AccountIDs returns the ids in a text that separates them by commas; nil for "".
func AccountIDs(text string) (ids []domain.AccountID, err error) {
	if text == "" {
		return nil, nil
	}
	for id := range strings.SplitSeq(text, ",") {
		parsed, err := domain.ParseID[domain.Account](id)
		if err != nil {
			return nil, err
		}
		ids = append(ids, parsed)
	}
	return ids, nil
}

// moneyOf is the inverse of moneyColumns. It returns nil if the amount is NULL, and an error if the amount is not a
// number.
func moneyOf(amount *string, currency string) (*domain.Money, error) {
	if amount == nil {
		return nil, nil
	}
	value, err := ParseAmount(*amount)
	return &domain.Money{Amount: value, Currency: currency}, err
}
