package recordstore

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// newAccountRow returns the account as a row.
func newAccountRow(a records.Account) (gormstore.AccountRow, error) {
	r := gormstore.AccountRow{
		ID:          a.ID.UUID,
		Tenant:      a.Tenant.UUID,
		Connection:  a.Connection.UUID,
		Vendor:      string(a.Vendor),
		ExternalID:  a.ExternalID,
		Type:        string(a.Type),
		Subtype:     a.Subtype,
		Name:        a.Name,
		Number:      a.Number,
		Currency:    a.Currency,
		Metadata:    a.Metadata,
		FirstSeen:   gormstore.At(a.FirstSeenAt),
		Updated:     gormstore.At(a.UpdatedAt),
		Removed:     gormstore.At(a.RemovedAt),
		Listed:      a.Listed,
		AbsentSince: gormstore.Optional(a.AbsentSince.UUID),
		AccountKey:  a.Key,
		HeldAt:      gormstore.At(a.Held.At),
		HeldSync:    gormstore.At(a.Held.Sync),
	}
	r.Balance, r.BalanceCurrency = moneyColumns(a.Balance)
	maybe := make([]string, len(a.MaybeContinues))
	for i, id := range a.MaybeContinues {
		maybe[i] = id.String()
	}
	r.MaybeContinues = strings.Join(maybe, ",")
	if a.Institution != (domain.Institution{}) {
		var err error
		if r.Institution, err = gormstore.EncodeJSON(a.Institution); err != nil {
			return r, err
		}
	}
	if len(a.References) == 0 {
		return r, nil
	}
	first := a.References[0]
	r.AccountRef = first.AccountRef
	if len(a.References) == 1 && first.ExternalID == a.ExternalID && first.Until.IsZero() {
		return r, nil
	}
	var err error
	r.References, err = gormstore.EncodeJSON(a.References)
	return r, err
}

// accountOf returns the row as a records.Account. It returns the errors of gormstore.AccountRow.Domain.
func accountOf(r gormstore.AccountRow) (records.Account, error) {
	account, err := r.Domain()
	return records.Account{
		Account: account, Key: r.AccountKey, Listed: r.Listed, AbsentSince: domain.PullID{UUID: r.AbsentSince.UUID},
		Held: domain.Hold{At: r.HeldAt.Time, Sync: r.HeldSync.Time},
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

// selectAccounts is a SELECT of the columns that gormstore.AccountRow.Domain needs. The caller must append a
// condition.
const selectAccounts = `SELECT id, tenant_id, connection_id, vendor, external_id, type, subtype, name, number, currency,
	CAST(balance AS text), balance_currency, metadata, first_seen_at, updated_at, removed_at, bank_read_at, account_ref,
	account_refs, institution, maybe_continues, held_at FROM accounts WHERE `

// accountTargets returns the scan targets for the columns of selectAccounts.
func accountTargets(r *gormstore.AccountRow) []any {
	return gormstore.ScanTargets(
		&r.ID, &r.Tenant, &r.Connection, &r.Vendor, &r.ExternalID, &r.Type, &r.Subtype, &r.Name, &r.Number,
		&r.Currency, &r.Balance, &r.BalanceCurrency, &r.Metadata, &r.FirstSeen, &r.Updated, &r.Removed,
		&r.BankRead, &r.AccountRef, &r.References, &r.Institution, &r.MaybeContinues, &r.HeldAt,
	)
}
