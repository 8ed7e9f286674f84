package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Access is what an aggregator needs to read the data of one connection.
type Access struct {
	Connection domain.ConnectionID // the key of cached vendor sessions and of rate budgets; never sent to the vendor
	BaseURL    string
	AccountRef string // in the vendor's own form (domain.CanonicalAccountRef)
	Credential domain.Credential
}

// VendorPage is one page of a step, as read from the vendor.
type VendorPage struct {
	// Accounts are the accounts that the vendor returned together with the page's rows; often
	// there are none.
	Accounts []domain.AccountData
	// Transactions are all rows of the page. A row is normalised only when its Normalize
	// function is called.
	Transactions []domain.RawTransaction
	// Total is the number of rows of the step's whole list, as the vendor reported it with this
	// page; nil if the vendor does not report it. The caller reads the list again if the numbers of
	// its pages differ from each other, or from the number of rows that it has read.
	Total *int
	// Next is the cursor of the step's next page; "" means that this page is the last one. Only
	// the adapter that returned the cursor can interpret it.
	Next string
}

// Aggregator is the client of one vendor.
//
// Each call returns within 15 seconds, including the adapter's own retries, so that the
// lease of the calling worker does not expire during the call. Errors: Rejected
// (credential_rejected, account_not_found, access_denied, address_not_allowed); Unavailable
// (vendor_unreachable, vendor_rate_limited, budget_exhausted, malformed_response), with
// RetryAfter if the vendor or the rate budget requires a delay. An error never contains a
// credential, a key, a URL or text from the vendor.
type Aggregator interface {
	// Vendor returns the vendor whose API this aggregator calls.
	Vendor() domain.Vendor

	// Check authenticates and returns the status of the account reference.
	Check(ctx context.Context, a Access) (domain.LinkStatus, error)

	// Accounts returns all accounts of the account reference, in a stable order.
	Accounts(ctx context.Context, a Access) ([]domain.AccountData, error)

	// Plan splits a scope into steps over the given accounts. It is a pure function: the same
	// arguments always return the same steps. It computes from today how far back the vendor's
	// history reaches. For a scope that requests no transactions it returns no steps.
	Plan(scope domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step

	// Read returns one page of a step, starting at cursor ("" for the first page). accounts are
	// the accounts that this attempt has read. A row that cannot be normalised exactly fails
	// with malformed_response, either in Read or when the row is normalised; the adapter never
	// guesses a value and never drops a row. Normalising a row is pure: it can be done at any
	// time and in any order, and returns the same result each time.
	//
	// If the vendor no longer has the page at cursor, or no longer accepts the cursor, Read fails
	// with Unavailable (cursor_gone); it does not fail with account_not_found then. This error is
	// never returned for the first page. The caller reads the step again from its first page.
	Read(ctx context.Context, a Access, step domain.Step, accounts []domain.AccountData,
		cursor string) (VendorPage, error)

	// Parse parses the body of a webhook. It is a pure function. Errors: Invalid for a body
	// that is not the vendor's JSON. An event of an unknown kind is not an error; such an event
	// does not want a pull.
	Parse(body []byte) (domain.WebhookEvent, error)
}

// Verifier is an optional interface of an Aggregator that caches a session with the vendor.
// A cached session can outlive the credential that it was opened with. A successful
// Aggregator.Check therefore does not prove that the vendor still accepts the credential.
type Verifier interface {
	// Verify authenticates and returns the status like Aggregator.Check, but it always sends the
	// credential to the vendor again instead of using a cached session.
	Verify(ctx context.Context, a Access) (domain.LinkStatus, error)
}
