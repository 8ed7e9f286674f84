package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Access is everything an aggregator needs to reach the data of one connection.
type Access struct {
	Connection domain.ConnectionID // separates cached session keys and rate budgets; never sent to the vendor
	BaseURL    string
	AccountRef string
	Credential domain.Credential
}

// VendorPage is one page of a step as the vendor returned it.
type VendorPage struct {
	// Accounts are the accounts that the page carried along with its rows; often none.
	Accounts []domain.AccountData
	// Transactions are all rows of the page. Each is normalized only when that is requested.
	Transactions []domain.RawTransaction
	// Next is the cursor that continues the step; "" ends the step. Only the adapter that
	// returned it can interpret it.
	Next string
}

// Aggregator is the client of one vendor.
//
// Each call returns within 15 seconds, including the adapter's own retries, so that a
// worker's lease outlives the call. Errors: Rejected (credential_rejected,
// account_not_found, access_denied, address_not_allowed); Unavailable (vendor_unreachable,
// vendor_rate_limited, budget_exhausted, malformed_response), with RetryAfter where the
// vendor or the rate budget requests a delay. An error never contains a credential, a key,
// a URL or a vendor's text.
type Aggregator interface {
	// Vendor returns the vendor that this aggregator is for.
	Vendor() domain.Vendor

	// Check authenticates and reads the status of the account reference.
	Check(ctx context.Context, a Access) (domain.LinkStatus, error)

	// Accounts returns every account of the account reference, in a stable order.
	Accounts(ctx context.Context, a Access) ([]domain.AccountData, error)

	// Plan splits a scope into steps over the given accounts. It is pure: the same scope and
	// accounts return the same steps. today bounds how far back the vendor's history
	// reaches. A scope without any transactions returns no steps.
	Plan(scope domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step

	// Read returns one page of a step, starting at cursor ("" for the first page). accounts
	// are the accounts of this attempt. A row that cannot be normalized exactly fails with
	// malformed_response, either here or when the row is normalized: a row is never guessed
	// and never dropped. Rows are pure: they may be normalized at any time and in any order,
	// and return the same result each time.
	Read(ctx context.Context, a Access, step domain.Step, accounts []domain.AccountData,
		cursor string) (VendorPage, error)

	// Parse parses the body of a webhook. It is pure. Errors: Invalid for a body that is not
	// the vendor's JSON. An event of an unknown kind is not an error; it wants no pull.
	Parse(body []byte) (domain.WebhookEvent, error)
}

// Verifier is an optional ability of an Aggregator that caches a session with the vendor.
// A cached session outlives the credential that it was granted for, so Aggregator.Check
// by itself does not prove that the credential is still accepted.
type Verifier interface {
	// Verify does what Aggregator.Check does, but always sends the credential again.
	Verify(ctx context.Context, a Access) (domain.LinkStatus, error)
}
