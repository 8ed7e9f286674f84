package matching_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// grounds contains the grounds of the verdicts on two accounts: in one connection without rows and with twelve equal
// rows, and in a new connection.
type grounds struct{ noRows, rows, newConnection matching.Ground }

// The grounds that follow from what the records of two accounts state.
var (
	identity  = grounds{matching.ByIdentity, matching.ByIdentity, matching.ByIdentity}
	digits    = grounds{matching.Undecided, matching.ByRows, matching.MaybeContinues} // they agree, at one bank
	nothing   = grounds{matching.NewAccount, matching.ByRows, matching.NewAccount}
	against   = grounds{matching.NewAccount, matching.NewAccount, matching.NewAccount}
	joint     = grounds{matching.Undecided, matching.Undecided, matching.MaybeContinues} // one number, two holders
	shortID   = grounds{matching.ByIdentity, matching.ByIdentity, matching.NewAccount}
	shortMore = grounds{matching.ByIdentity, matching.ByIdentity, matching.MaybeContinues} // and equal digits
)

// The records of the vendors' accounts.
const (
	pluggyFull = `{"number":"0001/12345-6","bankData":{"transferNumber":"341/0001/12345-6"},` +
		`"taxNumber":"111.444.777-35"}`
	belvoFull = `{"agency":"0444","number":"45722","check_digit":"0","institution":{"name":"a"},` +
		`"public_identification_name":"AGENCY/ACCOUNT","public_identification_value":"0444/45722-0"}`
)

// vendorAccounts are two records of accounts of a vendor, and the grounds that the documentation states for them
// (docs/reconcile.md, "Linked again").
var vendorAccounts = map[string]struct {
	vendor        ports.AccountIdentifier
	kind          domain.AccountType
	before, after string
	want          grounds
}{
	"Pluggy: a number in another format": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"number":"12345-6","bankData":{"transferNumber":"341/1/0012345-6"}}`, identity,
	},
	"Pluggy: a number without its bank": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull, `{"number":"0001/12345-6"}`, digits,
	},
	"Pluggy: only a number behind its agency": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull, `{"number":"000112345-6"}`, digits,
	},
	"Pluggy: a number behind its agency beside the full number": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"number":"000112345-6","bankData":{"transferNumber":"341/0001/12345-6"}}`, identity,
	},
	"Pluggy: a full number beside another one": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"number":"99999-9","bankData":{"transferNumber":"341/0001/12345-6"}}`, digits,
	},
	"Pluggy: a full number beside another agency": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"number":"0002/12345-6","bankData":{"transferNumber":"341/0001/12345-6"}}`, digits,
	},
	"Pluggy: another number": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"number":"54321-0","bankData":{"transferNumber":"341/0001/54321-0"}}`, against,
	},
	"Pluggy: a full number, and the masked document agrees": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"bankData":{"transferNumber":"341/0001/12345-6"},"taxNumber":"***.444.777-**"}`, identity,
	},
	"Pluggy: a full number, and the masked document contradicts": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull,
		`{"bankData":{"transferNumber":"341/0001/12345-6"},"taxNumber":"XXX.982.247-XX"}`, joint,
	},
	"Pluggy: a number, and the masked document contradicts": {
		(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull, `{"number":"12345-6","taxNumber":"***.982.***-**"}`,
		against,
	},
	"Pluggy: a card, and the masked document agrees": {
		(*pluggy.Adapter)(nil), domain.CreditAccount, `{"number":"8671","taxNumber":"***.444.777-**"}`,
		`{"number":"8671","taxNumber":"111.***.***-35"}`, digits,
	},
	"Pluggy: a card, and the masked document contradicts": {
		(*pluggy.Adapter)(nil), domain.CreditAccount, `{"number":"8671","taxNumber":"***.444.777-**"}`,
		`{"number":"8671","taxNumber":"52998224725"}`, against,
	},
	"Pluggy: nothing": {(*pluggy.Adapter)(nil), domain.BankAccount, pluggyFull, `{}`, nothing},

	"Belvo: an id": {
		(*belvo.Adapter)(nil), domain.BankAccount,
		`{"internal_identification":"c7e9-41d0-55ab","institution":{"name":"a"}}`,
		`{"internal_identification":"c7e9-41d0-55ab","institution":{"name":"A"}}`, identity,
	},
	"Belvo: an id at another bank": {
		(*belvo.Adapter)(nil), domain.BankAccount,
		`{"internal_identification":"c7e9-41d0-55ab","institution":{"name":"a"}}`,
		`{"internal_identification":"c7e9-41d0-55ab","institution":{"name":"b"}}`, against,
	},
	"Belvo: a short id": {
		(*belvo.Adapter)(nil), domain.BankAccount, `{"internal_identification":"0001","institution":{"name":"a"}}`,
		`{"internal_identification":"0001","institution":{"name":"a"}}`, shortID,
	},
	"Belvo: a short id and a number": {
		(*belvo.Adapter)(nil), domain.BankAccount,
		`{"internal_identification":"1","number":"45722","institution":{"name":"a"}}`,
		`{"internal_identification":"1","number":"45722","institution":{"name":"a"}}`, shortMore,
	},
	"Belvo: a full number": {
		(*belvo.Adapter)(nil), domain.BankAccount, belvoFull,
		`{"number":"45722","institution":{"name":"a"},"public_identification_name":"AGENCY/ACCOUNT",` +
			`"public_identification_value":"0444/45722-0"}`, identity,
	},
	"Belvo: only a number behind its agency": {
		(*belvo.Adapter)(nil), domain.BankAccount, belvoFull,
		`{"number":"044445722","check_digit":"0","institution":{"name":"a"}}`, digits,
	},
	"Belvo: a full number beside another one": {
		(*belvo.Adapter)(nil), domain.BankAccount, belvoFull,
		`{"agency":"0444","number":"45722","check_digit":"0","institution":{"name":"a"},` +
			`"public_identification_name":"AGENCY/ACCOUNT","public_identification_value":"0444/99999-9"}`, digits,
	},
	"Belvo: a full number beside another agency": {
		(*belvo.Adapter)(nil), domain.BankAccount, belvoFull,
		`{"agency":"0444","number":"45722","check_digit":"0","institution":{"name":"a"},` +
			`"public_identification_name":"AGENCY/ACCOUNT","public_identification_value":"0445/45722-0"}`, digits,
	},
	"Belvo: another CLABE": {
		(*belvo.Adapter)(nil), domain.BankAccount,
		`{"public_identification_name":"CLABE","public_identification_value":"150194683119900273"}`,
		`{"public_identification_name":"CLABE","public_identification_value":"150194683119900286"}`, against,
	},

	"Plaid: an id": {
		(*plaid.Adapter)(nil), domain.BankAccount, `{"persistent_account_id":"8cfb8beb89b774ee43b0","mask":"0000"}`,
		`{"persistent_account_id":"8cfb8beb89b774ee43b0","mask":"1111"}`, identity,
	},
	"Plaid: a short id": {
		(*plaid.Adapter)(nil), domain.BankAccount, `{"persistent_account_id":"1"}`,
		`{"persistent_account_id":"1"}`, shortID,
	},
	"Plaid: a mask": {
		(*plaid.Adapter)(nil), domain.BankAccount, `{"persistent_account_id":"8cfb8beb89b774ee43b0","mask":"0000"}`,
		`{"mask":"0000"}`, digits,
	},
	"Plaid: another mask": {
		(*plaid.Adapter)(nil), domain.BankAccount, `{"mask":"0000"}`, `{"mask":"1111"}`, nothing,
	},
}

// The records are those that a vendor lists for the only account of a bank.
func TestRecordsOfTwoAccountsDecideWhetherTheyAreOne(t *testing.T) {
	for name, c := range vendorAccounts {
		t.Run(name, func(t *testing.T) {
			account := func(id, record string, rows int) []matching.LinkedAccount {
				data := domain.AccountData{
					ExternalID: id, Type: c.kind, Currency: "BRL", Metadata: json.RawMessage(record),
					Institution: domain.Institution{ID: "201"},
				}
				return []matching.LinkedAccount{{
					ExternalID: id, Type: data.Type, Currency: data.Currency, Identity: c.vendor.AccountIdentity(data),
					Rows: dailyRows(t, id, rows),
				}}
			}
			ground := func(occasion matching.Occasion, rows int) matching.Ground {
				return matching.Recognize(occasion, account("o", c.before, rows), account("n", c.after, rows))[0].Ground
			}
			got := grounds{
				ground(matching.SameConnection, 0), ground(matching.SameConnection, 12),
				ground(matching.NewConnection, 12),
			}
			if got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// dailyRows returns rows of successive days with different amounts.
func dailyRows(t *testing.T, prefix string, n int) (rows []banktext.Row) {
	t.Helper()
	for day := 1; day <= n; day++ {
		amount, err := domain.ParseMoney(fmt.Sprintf("-%d.5", day), "BRL")
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, banktext.NewRow(domain.TransactionData{
			ExternalID: fmt.Sprint(prefix, day), Amount: amount, Status: domain.Posted, Description: "LOJA",
			Date: domain.Date(fmt.Sprintf("2026-11-%02d", day)),
		}, domain.AccountID{}, domain.InstitutionKeys{}))
	}
	return rows
}
