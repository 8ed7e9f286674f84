package belvo

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Name is the vendor's name in the API, the settings and the metrics.
const Name domain.Vendor = "belvo"

// The names of the rate budgets for requests to one origin of the vendor. The vendor's limits depend on the contract
// and are not published. Together, the budgets are below the limit of a small contract. A 429 blocks the budget of
// its call until the response's Retry-After has passed.
const (
	budgetAPI       = "api" // the calls of pulls and of live tests
	budgetTokens    = "tokens"
	budgetDeletions = "deletions"
	budgetSessions  = "sessions" // the links of link sessions
	budgetBills     = "bills"
	budgetRefreshes = "refreshes" // of one link
)

var budgets = map[string]int{
	budgetAPI: 600, budgetTokens: 60, budgetDeletions: 60, budgetSessions: 120, budgetBills: 600,
}

// refreshInterval is how long the vendor refuses another refresh of a link. Source: developers.belvo.com, links.
const refreshInterval = 10 * time.Minute

// windows contains the limit of refreshes of one link. A call counts a little longer than at the vendor, which counts
// when the call arrives.
var windows = map[string]vendorhttp.Window{
	budgetRefreshes: {Limit: 1, Share: 1, Length: refreshInterval + 2*time.Second, AcceptedOnly: true},
}

// These variables describe the vendor to the HTTP client. They differ only in the function that classifies error
// responses. laterPageAPI is for all pages of a list except the first. On such a page, a 400 or 404 means that the page
// no longer exists.
var (
	vendor       = vendorWith(explainError)
	laterPageAPI = vendorWith(explainLaterPageError)
	refreshAPI   = refreshVendor()
)

// Adapter is the client of Belvo. It has no state between calls and is safe for concurrent use.
type Adapter struct{ http *vendorhttp.Client }

var _ ports.Aggregator = (*Adapter)(nil)

// New returns an adapter that uses the shared HTTP client. It ignores the clock, because a Basic
// credential does not expire. It takes the clock only so that every vendor's New has the same
// signature.
func New(client *vendorhttp.Client, _ ports.Clock) *Adapter { return &Adapter{http: client} }

// Vendor returns [Name].
func (*Adapter) Vendor() domain.Vendor { return Name }

// Check reads the link's status. The link needs reauthorization in two cases:
//
//   - The status is not "valid".
//   - The vendor rejects requests until the account holder acts.
//
// SyncComplete is never set, because the vendor does not report whether a synchronisation is running or has failed. A
// row or an account of a valid link counts as removed if two reads do not contain it.
func (a *Adapter) Check(ctx context.Context, access ports.Access) (domain.LinkStatus, error) {
	ref := access.AccountRef
	if ref == "." || ref == ".." { // no link has such an id, and url.Parse would remove the path segment
		return domain.LinkStatus{}, &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	call := newCall(access, "/api/links/"+url.PathEscape(ref)+"/")
	call.PathTemplate = "/api/links/{id}/"
	var link link
	err := a.http.DoJSON(ctx, call, &link)
	switch {
	case errors.Is(err, domain.ErrHolderMustAct):
		return domain.LinkStatus{NeedsReauth: true}, nil
	case err != nil:
		return domain.LinkStatus{}, err
	case !strings.EqualFold(link.ID, ref), link.Status == "":
		return domain.LinkStatus{}, malformed("link")
	}
	if link.Status != "valid" {
		return domain.LinkStatus{NeedsReauth: true, Bank: link.bankReading()}, nil
	}
	status := domain.LinkStatus{
		Accounts: domain.TwoReads, Cards: domain.TwoReads, Transactions: domain.TwoReads, Schedule: link.schedule(),
		Bank: link.bankReading(), SignedIn: true,
	}
	status.SyncedAt, _ = domain.ParseConsentTime(link.LastAccessedAt.Value)
	return status, nil
}

// bankReading returns the last successful access to the link. It is the same for all of the link's accounts.
func (l link) bankReading() *domain.BankReading {
	at, _ := domain.ParseConsentTime(l.LastAccessedAt.Value)
	name := domain.CleanText(l.Institution.Value)
	read := domain.ProductReading{At: at}
	return &domain.BankReading{
		Bank: read, Cards: read, Failing: l.Status != "valid", Every: refreshRates[l.RefreshRate.Value],
		OnDemand: l.AccessMode.Value == "single", Institution: domain.Institution{ID: name, Name: name},
	}
}

// link contains the members of a link that the adapter needs. The members that are needed only for the schedule accept
// every JSON value, because an invalid value must not make a link unreadable.
type link struct {
	ID             string          `json:"id"`
	Status         string          `json:"status"`
	Institution    vendorhttp.Text `json:"institution"`
	AccessMode     vendorhttp.Text `json:"access_mode"`
	RefreshRate    vendorhttp.Text `json:"refresh_rate"`
	LastAccessedAt vendorhttp.Text `json:"last_accessed_at"`
}

// refreshRates maps each value of refresh_rate to its duration. Source: developers.belvo.com, links.
var refreshRates = map[string]time.Duration{
	"6h": 6 * time.Hour, "12h": 12 * time.Hour, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour,
	"30d": 30 * 24 * time.Hour,
}

// schedule returns the time of the vendor's next refresh, which is refresh_rate after the last access to the link. The
// schedule is empty in two cases:
//
//   - The vendor reads the link only once (access mode "single").
//   - The refresh rate or the last access cannot be read.
//
// NewsOnly is set, because the vendor sends a webhook only if a refresh found new data.
func (l link) schedule() domain.SyncSchedule {
	every := refreshRates[l.RefreshRate.Value]
	last, ok := domain.ParseConsentTime(l.LastAccessedAt.Value)
	if every == 0 || !ok || l.AccessMode.Value == "single" {
		return domain.SyncSchedule{}
	}
	return domain.SyncSchedule{NextAt: last.Add(every), Every: every, NewsOnly: true}
}

// newCall returns a GET request for path with the connection's base URL and credential. The
// plain text of the credential is read only when the request is sent.
func newCall(access ports.Access, path string) vendorhttp.Call {
	return vendorhttp.Call{
		Vendor:       &vendor,
		BaseURL:      access.BaseURL,
		Path:         path,
		PathTemplate: path,
		Tenant:       access.Tenant,
		Client:       vendorhttp.ClientOf(access.Credential),
		Resource:     budgetAPI,
		Reserve:      access.Reserve,
		SetAuth:      func(h http.Header) { h.Set("Authorization", basicAuth(access.Credential)) },
	}
}

// basicAuth returns the value of an Authorization header (HTTP Basic, RFC 7617) with the
// credential's client id as the user name and its secret as the password.
func basicAuth(c domain.Credential) string {
	pair := append(c.Part(domain.PartClientID).Reveal(), ':')
	pair = append(pair, c.Part(domain.PartSecret).Reveal()...)
	return "Basic " + base64.StdEncoding.EncodeToString(pair)
}
