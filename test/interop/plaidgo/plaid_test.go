// Package plaidgo_test tests the vendor's SDK for Go against the simulator at PLAID_API_URL, an origin without a
// trailing slash.
package plaidgo_test

import (
	"context"
	"os"
	"testing"

	"github.com/plaid/plaid-go/v20/plaid"
)

const (
	clientID = "57d288f8ad6f5a0011c4a1b2"
	secret   = "plaid-sim-secret-not-real"
	itemID   = "eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6"
	token    = "access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6"
	rows     = 1203
)

// newClient returns a client of the simulator.
func newClient(t *testing.T, secret string) *plaid.PlaidApiService {
	t.Helper()
	origin := os.Getenv("PLAID_API_URL")
	if origin == "" {
		t.Skip("PLAID_API_URL is not set: test/sdk runs this test")
	}
	config := plaid.NewConfiguration()
	config.AddDefaultHeader("PLAID-CLIENT-ID", clientID)
	config.AddDefaultHeader("PLAID-SECRET", secret)
	config.UseEnvironment(plaid.Environment(origin))
	return plaid.NewAPIClient(config).PlaidApi
}

// wantError fails the test unless err is an error of the vendor with this type and code.
func wantError(t *testing.T, err error, kind plaid.PlaidErrorType, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", code)
		return
	}
	got, convertErr := plaid.ToPlaidError(err)
	if convertErr != nil || got.ErrorType != kind || got.ErrorCode != code {
		t.Errorf("got %s %s (%v), want %s %s", got.ErrorType, got.ErrorCode, convertErr, kind, code)
	}
}

func TestTheItemAndItsAccounts(t *testing.T) {
	api, ctx := newClient(t, secret), context.Background()
	found, _, err := api.ItemGet(ctx).ItemGetRequest(*plaid.NewItemGetRequest(token)).Execute()
	if err != nil || found.Item.ItemId != itemID || found.Item.Error.Get() != nil {
		t.Fatalf("%+v, %v", found.Item, err)
	}
	if updated := found.Status.Get().Transactions.Get().LastSuccessfulUpdate.Get(); updated == nil || updated.IsZero() {
		t.Errorf("last update %v", updated)
	}
	list, _, err := api.AccountsGet(ctx).AccountsGetRequest(*plaid.NewAccountsGetRequest(token)).Execute()
	if err != nil || len(list.Accounts) != 2 || list.Item.ItemId != itemID {
		t.Fatalf("%d accounts, %v", len(list.Accounts), err)
	}
	if a := list.Accounts[0]; a.Type != plaid.ACCOUNTTYPE_DEPOSITORY || a.Balances.GetCurrent() != 2541.75 ||
		a.Balances.GetIsoCurrencyCode() != "USD" {
		t.Errorf("%+v", a)
	}
}

func TestTheStreamHoldsEveryRowOnce(t *testing.T) {
	api := newClient(t, secret)
	for _, count := range []int32{100, 500} {
		seen, cursor := map[string]bool{}, ""
		for more := true; more; {
			request := plaid.NewTransactionsSyncRequest(token)
			request.SetCount(count)
			if cursor != "" {
				request.SetCursor(cursor)
			}
			page, _, err := api.TransactionsSync(context.Background()).TransactionsSyncRequest(*request).Execute()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Added {
				if seen[row.TransactionId] || row.Date == "" || row.Name == "" {
					t.Errorf("row %q", row.TransactionId)
				}
				seen[row.TransactionId] = true
			}
			cursor, more = page.NextCursor, page.HasMore
		}
		if len(seen) != rows {
			t.Errorf("%d rows in pages of %d", len(seen), count)
		}
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	_, _, err := newClient(t, "wrong").ItemGet(ctx).ItemGetRequest(*plaid.NewItemGetRequest(token)).Execute()
	wantError(t, err, plaid.PLAIDERRORTYPE_INVALID_INPUT, "INVALID_API_KEYS")
	api := newClient(t, secret)
	gone := "access-sandbox-00000000-0000-4000-8000-000000000000"
	_, _, err = api.ItemGet(ctx).ItemGetRequest(*plaid.NewItemGetRequest(gone)).Execute()
	wantError(t, err, plaid.PLAIDERRORTYPE_ITEM_ERROR, "ITEM_NOT_FOUND")
	request := plaid.NewTransactionsSyncRequest(token)
	request.SetCursor("bm90aGluZw==")
	_, _, err = api.TransactionsSync(ctx).TransactionsSyncRequest(*request).Execute()
	wantError(t, err, plaid.PLAIDERRORTYPE_INVALID_INPUT, "INVALID_FIELD")
	key := plaid.NewWebhookVerificationKeyGetRequest("00000000-0000-4000-8000-000000000000")
	_, _, err = api.WebhookVerificationKeyGet(ctx).WebhookVerificationKeyGetRequest(*key).Execute()
	wantError(t, err, plaid.PLAIDERRORTYPE_INVALID_INPUT, "INVALID_WEBHOOK_VERIFICATION_KEY_ID")
}

func TestAnItemIsLinkedAndRemoved(t *testing.T) {
	api, ctx := newClient(t, secret), context.Background()
	create := plaid.NewSandboxPublicTokenCreateRequest("ins_109508", []plaid.Products{plaid.PRODUCTS_TRANSACTIONS})
	created, _, err := api.SandboxPublicTokenCreate(ctx).SandboxPublicTokenCreateRequest(*create).Execute()
	if err != nil {
		t.Fatal(err)
	}
	exchange := plaid.NewItemPublicTokenExchangeRequest(created.PublicToken)
	linked, _, err := api.ItemPublicTokenExchange(ctx).ItemPublicTokenExchangeRequest(*exchange).Execute()
	if err != nil {
		t.Fatal(err)
	}
	webhook := plaid.NewItemWebhookUpdateRequest(linked.AccessToken)
	webhook.SetWebhook("https://example.com/hook")
	updated, _, err := api.ItemWebhookUpdate(ctx).ItemWebhookUpdateRequest(*webhook).Execute()
	if err != nil || updated.Item.GetWebhook() != "https://example.com/hook" {
		t.Errorf("%+v, %v", updated.Item, err)
	}
	remove := plaid.NewItemRemoveRequest(linked.AccessToken)
	if _, _, err = api.ItemRemove(ctx).ItemRemoveRequest(*remove).Execute(); err != nil {
		t.Error(err)
	}
	_, _, err = api.ItemGet(ctx).ItemGetRequest(*plaid.NewItemGetRequest(linked.AccessToken)).Execute()
	wantError(t, err, plaid.PLAIDERRORTYPE_ITEM_ERROR, "ITEM_NOT_FOUND")
}
