package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Access is all an aggregator needs to reach one connection's data.
type Access struct {
	Connection domain.ConnectionID // tells cached keys and budgets apart; never sent
	BaseURL    string
	AccountRef string
	Credential domain.Credential
}

// Batch is one page of a step as the vendor gave it.
type VendorPage struct {
	// Accounts are those the page carried with its rows; often none.
	Accounts []domain.AccountData
	// Transactions are all rows of the page, each to be normalised when it is asked for.
	Transactions []domain.RawTransaction
	// Next continues the step; "" ends it. It means something to the adapter alone.
	Next string
}

// Aggregator speaks to one vendor.
//
// Each call answers within 15 seconds, retries of its own included, so that a worker's
// lease outlives it. Errors: Rejected (credential_rejected, account_not_found,
// access_denied, address_not_allowed); Unavailable (vendor_unreachable,
// vendor_rate_limited, budget_exhausted, malformed_response), with RetryAfter where the
// vendor or the budget wishes one. An error never holds a credential, a key, a URL or a
// vendor's text.
type Aggregator interface {
	Vendor() domain.Vendor

	// Check authenticates and reads the account reference.
	Check(ctx context.Context, a Access) (domain.LinkStatus, error)

	// Accounts reads every account of the reference, in a stable order.
	Accounts(ctx context.Context, a Access) ([]domain.AccountData, error)

	// Plan turns an ask into steps over the given accounts. Pure: the same ask and
	// accounts give the same steps. today bounds what the vendor keeps. An ask that wants
	// no transaction gives no step.
	Plan(ask domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step

	// Read gets one page of a step, from cursor ("" at the begin). Accounts are those of
	// this try. A row that cannot be normalised exactly makes the page malformed_response,
	// here or when it is observed: a row is never guessed and never dropped. Rows are pure:
	// they may be observed at any time, in any order, and give the same each time.
	Read(ctx context.Context, a Access, step domain.Step, accounts []domain.AccountData, cursor string) (VendorPage, error)

	// Parse reads a webhook's body. Pure. Errors: Invalid for what is not the vendor's
	// JSON; an event of a kind it does not know is no error, and wants nothing.
	Parse(body []byte) (domain.WebhookEvent, error)
}

// Verifier is an ability of aggregators that keep a session with the vendor: a session
// that was granted once outlives the credential that was its reason.
type Verifier interface {
	// Verify is Aggregator.Check with the credential presented anew.
	Verify(ctx context.Context, a Access) (domain.LinkStatus, error)
}
