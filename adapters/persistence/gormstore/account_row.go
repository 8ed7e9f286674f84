package gormstore

import (
	"bytes"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/govalues/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// accountRow is an account as the vendor showed it last; an account has no versions.
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
}

// TableName returns the name of the table in the schema.
func (accountRow) TableName() string { return "accounts" }

// set stores the vendor's data in the row.
func (r *accountRow) set(v domain.AccountData) {
	r.ExternalID, r.Type, r.Subtype, r.Name = v.ExternalID, string(v.Type), v.Subtype, v.Name
	r.Number, r.Currency, r.Metadata = v.Number, v.Currency, v.Metadata
	r.Balance, r.BalanceCurrency = moneyColumns(v.Balance)
}

// equal reports whether two rows have the same account data.
func (r accountRow) equal(other accountRow) bool {
	return r.ExternalID == other.ExternalID && r.Type == other.Type && r.Subtype == other.Subtype &&
		r.Name == other.Name && r.Number == other.Number && r.Currency == other.Currency &&
		sameAmount(r.Balance, other.Balance) && r.BalanceCurrency == other.BalanceCurrency &&
		bytes.Equal(r.Metadata, other.Metadata)
}

// domain converts the row. Errors: an amount that is not a number, which only another program can have
// written.
func (r accountRow) domain() (domain.Account, error) {
	balance, err := moneyOf(r.Balance, r.BalanceCurrency)
	return domain.Account{
		ID: domain.AccountID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		AccountData: domain.AccountData{
			ExternalID: r.ExternalID, Type: domain.AccountType(r.Type), Subtype: r.Subtype, Name: r.Name,
			Number: r.Number, Currency: r.Currency, Balance: balance, Metadata: json.RawMessage(r.Metadata),
		},
		FirstSeenAt: r.FirstSeen.Time, UpdatedAt: r.Updated.Time,
	}, err
}

// moneyColumns returns the two columns of an amount that may be unknown.
func moneyColumns(m *domain.Money) (*string, string) {
	if m == nil {
		return nil, ""
	}
	amount := m.Amount.String()
	return &amount, m.Currency
}

// moneyOf parses an amount; it returns nil if none is known.
func moneyOf(amount *string, currency string) (*domain.Money, error) {
	if amount == nil {
		return nil, nil
	}
	value, err := decimal.Parse(*amount)
	return &domain.Money{Amount: value, Currency: currency}, err
}

// sameAmount compares texts, because both databases store amounts digit by digit.
func sameAmount(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
