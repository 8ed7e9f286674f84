package plaid

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Name is the vendor's name in the API, the settings and the metrics.
const Name domain.Vendor = "plaid"

// apiVersion is sent with each request. Without it, the vendor uses the version that is set in its dashboard.
const apiVersion = "2020-09-14"

// The names of the rate budgets. Each budget is four fifths of the vendor's limit for one client id. For most
// requests, the vendor also has a limit per Item; ofItem returns the names of these budgets. Source: plaid.com/docs,
// errors, rate limit exceeded.
const (
	budgetItems     = "items"
	budgetAccounts  = "accounts"
	budgetSync      = "sync"
	budgetListings  = "listings"
	budgetTokens    = "tokens"
	budgetRefreshes = "refreshes"
	budgetRemovals  = "removals"
	budgetWebhooks  = "webhooks"
	budgetKeys      = "keys"
	// Liabilities are a product of its own.
	budgetLiabilities = "liabilities"
)

var budgets = map[string]int{
	budgetItems: 4000, budgetAccounts: 12_000, budgetSync: 2000, budgetListings: 16_000, budgetTokens: 16_000,
	budgetRefreshes: 80, budgetRemovals: 1600, budgetWebhooks: 1600, budgetKeys: 600,
	budgetLiabilities: 800,

	ofItem(budgetItems): 15, ofItem(budgetAccounts): 15, ofItem(budgetSync): 50, ofItem(budgetListings): 30,
	ofItem(budgetLiabilities): 12, ofItem(budgetRefreshes): 2, ofItem(budgetRemovals): 20,
}

// ofItem returns the name of the rate budget for those requests to the resource that are about one Item.
func ofItem(resource string) string { return resource + " of an item" }

// budgetsOf returns the rate budgets of a request. The budget of an Item is separate for each client id and secret, so
// that no other credential can use it up.
func budgetsOf(access ports.Access, resource string) []vendorhttp.Budget {
	client := vendorhttp.ClientOf(access.Credential)
	return []vendorhttp.Budget{
		{Resource: ofItem(resource), Subject: client + "/" + access.AccountRef},
		{Resource: resource, Subject: client},
	}
}

// These variables describe the vendor to the HTTP client. They differ only in the function that classifies error
// responses.
var (
	vendor      = vendorWith(explainError)
	laterPages  = vendorWith(explainLaterPage)
	firstPages  = vendorWith(explainFirstPage)
	refreshes   = vendorWith(explainRefresh)
	keyRequests = vendorWith(explainKey)
)

// vendorWith describes the vendor to the HTTP client. classifyError classifies error responses. The vendor's limits
// are per minute, and a 429 does not state when the next request is accepted.
func vendorWith(classifyError func(status int, body []byte) *domain.Error) vendorhttp.Vendor {
	return vendorhttp.Vendor{
		Name: Name, Budgets: budgets, RateLimitWait: time.Minute, ClassifyError: classifyError,
		ErrorCode: errorCode, UpstreamCodes: upstreamCodes(),
	}
}

// Link contains what the vendor's hosted page shows to an account holder.
type Link struct {
	ClientName string   // the name of the application, at most 30 characters; "" means "Account connection"
	Language   string   // of the page; "" means "en"
	Countries  []string // ISO 3166-1 alpha-2 codes of the institutions' countries; nil means US
}

// BaseURLs returns the base URLs of the vendor's API: production and sandbox.
func BaseURLs() []string {
	return []string{"https://production.plaid.com", "https://sandbox.plaid.com"}
}

// Adapter is the client of Plaid. It is safe for concurrent use.
type Adapter struct {
	http  *vendorhttp.Client
	clock ports.Clock
	link  Link
	keys  keyCache
}

var (
	_ ports.Aggregator      = (*Adapter)(nil)
	_ ports.AccessTokenUser = (*Adapter)(nil)
	_ ports.ChangeStream    = (*Adapter)(nil)
)

// New returns an adapter that uses the shared HTTP client.
func New(client *vendorhttp.Client, clock ports.Clock, link Link) *Adapter {
	if link.ClientName == "" {
		link.ClientName = "Account connection"
	}
	if link.Language == "" {
		link.Language = "en"
	}
	if len(link.Countries) == 0 {
		link.Countries = []string{"US"}
	}
	return &Adapter{http: client, clock: clock, link: link}
}

// Vendor returns [Name].
func (*Adapter) Vendor() domain.Vendor { return Name }

// UsesAccessToken implements ports.AccessTokenUser.
func (*Adapter) UsesAccessToken() bool { return true }

// Check reads the status of the Item. The Item needs reauthorization if its login has failed at the institution.
//
// SyncComplete is never set, because the vendor does not report whether a synchronisation is running. A row or an
// account of a healthy Item counts as removed if two reads do not contain it; the stream reports removals immediately.
func (a *Adapter) Check(ctx context.Context, access ports.Access) (domain.LinkStatus, error) {
	found, err := a.readItem(ctx, access)
	switch {
	case errors.Is(err, domain.ErrHolderMustAct):
		return domain.LinkStatus{NeedsReauth: true, ConsentRevoked: errors.Is(err, domain.ErrConsentRevoked)}, nil
	case err != nil:
		return domain.LinkStatus{}, err
	}
	return found.linkStatus(), nil
}

// itemResponse is the response to a request for an Item.
type itemResponse struct {
	Item   item `json:"item"`
	Status *struct {
		Transactions *struct {
			LastUpdate vendorhttp.Text `json:"last_successful_update"`
		} `json:"transactions"`
	} `json:"status"`
}

// item contains the members of an Item that the adapter needs.
type item struct {
	ID               string          `json:"item_id"`
	Webhook          *string         `json:"webhook"`
	Error            *errorJSON      `json:"error"`
	InstitutionID    vendorhttp.Text `json:"institution_id"`
	InstitutionName  vendorhttp.Text `json:"institution_name"`
	Products         json.RawMessage `json:"products"`
	BilledProducts   json.RawMessage `json:"billed_products"`
	UnusedProducts   json.RawMessage `json:"available_products"`
	ConsentExpiresAt vendorhttp.Text `json:"consent_expiration_time"`
}

// billsProduct is the product of /liabilities/get.
const billsProduct = "liabilities"

// withoutBills reports whether a call of /liabilities/get would add the product to the Item. Source: plaid.com/docs,
// link, initializing-products: a call of a product's endpoint adds an available product to the Item, and the vendor
// charges for it.
func (i item) withoutBills() bool {
	return hasBills(i.UnusedProducts) && !hasBills(i.Products) && !hasBills(i.BilledProducts)
}

// hasBills reports whether a list of products contains that of /liabilities/get. A list of another form contains none.
func hasBills(products json.RawMessage) bool {
	var names []string
	return json.Unmarshal(products, &names) == nil && slices.Contains(names, billsProduct)
}

// syncInterval is the longest usual time between two updates of an Item by the vendor.
const syncInterval = 24 * time.Hour

// linkStatus returns the status of the Item. The schedule has NewsOnly, because the vendor sends a webhook only if an
// update has found something new.
func (r itemResponse) linkStatus() domain.LinkStatus {
	status := domain.LinkStatus{
		Accounts: domain.TwoReads, Cards: domain.TwoReads, Transactions: domain.TwoReads, SignedIn: true,
	}
	if e := r.Item.Error; e != nil {
		revoked := e.Code == permissionRevoked
		status = domain.LinkStatus{NeedsReauth: loginErrors[e.Code] || revoked, ConsentRevoked: revoked}
	}
	status.Bank, status.WithoutBills = r.bankReading(), r.Item.withoutBills()
	status.ConsentExpiresAt, _ = domain.ParseConsentTime(r.Item.ConsentExpiresAt.Value)
	if r.Status == nil || r.Status.Transactions == nil {
		return status
	}
	if last, ok := domain.ParseConsentTime(r.Status.Transactions.LastUpdate.Value); ok {
		status.SyncMarker, status.SyncedAt = last.Format(time.RFC3339), last
		if r.Item.Error == nil { // without a consent, the Item has an error
			status.ConsentInForceAt = last
		}
		status.Schedule = domain.SyncSchedule{NextAt: last.Add(syncInterval), Every: syncInterval, NewsOnly: true}
	}
	return status
}

// bankReading returns the last successful update of the Item's transactions. It is the same for all accounts.
func (r itemResponse) bankReading() *domain.BankReading {
	b := &domain.BankReading{Failing: r.Item.Error != nil}
	if id := domain.CleanText(r.Item.InstitutionID.Value); id != "" {
		b.Institution = domain.Institution{ID: id, Name: cmp.Or(domain.CleanText(r.Item.InstitutionName.Value), id)}
	}
	if r.Status != nil && r.Status.Transactions != nil {
		b.Bank.At, _ = domain.ParseConsentTime(r.Status.Transactions.LastUpdate.Value)
	}
	b.Cards = b.Bank
	return b
}

// readItem reads the access token's Item. Errors: Rejected (account_not_found) if the account reference is the id of
// another Item.
func (a *Adapter) readItem(ctx context.Context, access ports.Access) (itemResponse, error) {
	var got itemResponse
	if err := a.post(ctx, access, newCall(access, "/item/get", budgetItems), nil, &got); err != nil {
		return itemResponse{}, err
	}
	switch got.Item.ID {
	case "":
		return itemResponse{}, malformed("item")
	case access.AccountRef:
		return got, nil
	}
	return itemResponse{}, &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
}

// newCall returns a request to a path. All requests of the vendor's API are POST requests.
func newCall(access ports.Access, path, resource string) vendorhttp.Call {
	return vendorhttp.Call{
		Vendor: &vendor, Method: http.MethodPost, BaseURL: access.BaseURL, Path: path, PathTemplate: path,
		Tenant: access.Tenant, Budgets: budgetsOf(access, resource), Reserve: access.Reserve, Retryable: true,
	}
}

// post sends a request about the access token's Item, and decodes the response into the value that dst points to.
func (a *Adapter) post(
	ctx context.Context, access ports.Access, call vendorhttp.Call, members map[string]any, dst any,
) error {
	body, err := a.send(ctx, access, call, members)
	if err != nil {
		return err
	}
	return vendorhttp.Decode(body, dst)
}

// send sends a request about the access token's Item, and returns the body of the response.
//
// The client id and the secret are headers, and the access token is in the body, so that no URL contains a secret.
// They are read only when the request is sent. Errors:
//
//   - Rejected (account_not_found) if the credential has no access token, for example because it is the credential of
//     an application
//   - Rejected (credential_rejected) if the client id or the secret cannot be the value of a header
//   - the errors of the HTTP client.
func (a *Adapter) send(
	ctx context.Context, access ports.Access, call vendorhttp.Call, members map[string]any,
) ([]byte, error) {
	token := access.Credential.Part(domain.PartAccessToken)
	if token.IsZero() {
		return nil, &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	call.Body = func() []byte {
		all := maps.Clone(members)
		if all == nil {
			all = map[string]any{}
		}
		all["access_token"] = strings.ToValidUTF8(string(token.Reveal()), "")
		return encode(all)
	}
	return a.do(ctx, access, call)
}

// do sends a request with the client id and the secret, and returns the body of the response.
func (a *Adapter) do(ctx context.Context, access ports.Access, call vendorhttp.Call) ([]byte, error) {
	clientID, secret := access.Credential.Part(domain.PartClientID), access.Credential.Part(domain.PartSecret)
	if !isHeaderText(clientID) || !isHeaderText(secret) {
		return nil, &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	}
	call.SetAuth = func(h http.Header) {
		h.Set("PLAID-CLIENT-ID", string(clientID.Reveal()))
		h.Set("PLAID-SECRET", string(secret.Reveal()))
		h.Set("Plaid-Version", apiVersion)
	}
	return a.http.Do(ctx, call)
}

// isHeaderText reports whether the secret can be the value of a header: printable ASCII without spaces.
func isHeaderText(s domain.Secret) bool {
	for _, c := range s.Reveal() {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return !s.IsZero()
}

// encode returns the members as a JSON object.
func encode(members map[string]any) []byte {
	body, _ := json.Marshal(members) // only strings, numbers, and lists and maps of them, so there is no error
	return body
}
