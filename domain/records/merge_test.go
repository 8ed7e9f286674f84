package records_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

func TestWhichAccountsCanBeOne(t *testing.T) {
	at := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	here, there := domain.ConnectionID{UUID: uuid.UUID{1}}, domain.ConnectionID{UUID: uuid.UUID{2}}
	for name, tc := range map[string]struct {
		change func(account, successor *records.Account)
		left   bool // the connection of the account was deleted
		want   domain.Code
	}{
		"gone from the connection": {func(_, _ *records.Account) {}, false, ""},
		"still listed": {
			func(a, _ *records.Account) { a.RemovedAt = time.Time{} }, false, domain.AccountNotAmbiguous,
		},
		"gone from another connection": {
			func(a, _ *records.Account) { a.Connection = there }, false, domain.AccountNotAmbiguous,
		},
		"gone with its connection": {
			func(a, _ *records.Account) { a.Connection, a.RemovedAt = there, time.Time{} }, true, "",
		},
		"the same account": {func(a, b *records.Account) { b.ID = a.ID }, false, domain.AccountNotAmbiguous},
		"the successor is gone, too": {
			func(_, b *records.Account) { b.RemovedAt = at }, false, domain.AccountNotAmbiguous,
		},
		"another vendor":   {func(_, b *records.Account) { b.Vendor = "belvo" }, false, domain.AccountNotAmbiguous},
		"another currency": {func(_, b *records.Account) { b.Currency = "USD" }, false, domain.CurrencyDiffers},
	} {
		var account, successor records.Account
		account.ID, successor.ID = domain.AccountID{UUID: uuid.UUID{1}}, domain.AccountID{UUID: uuid.UUID{2}}
		account.Connection, successor.Connection = here, here
		account.Vendor, successor.Vendor = "pluggy", "pluggy"
		account.Currency, successor.Currency = "BRL", "BRL"
		account.RemovedAt = at
		tc.change(&account, &successor)
		if err := records.CheckMerge(account, successor, tc.left); (err == nil) != (tc.want == "") ||
			err != nil && domain.CodeOf(err) != tc.want {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
