package pluggy

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxIDs is how many rows one request may name. The vendor refuses more with
// IDS_PARAMETER_EXCEEDS_MAX_LENGTH.
const maxIDs = 500

// stamp is how instants are sent: UTC, milliseconds, as the vendor writes them itself.
const stamp = "2006-01-02T15:04:05.000Z"

// rowPage is the answer of GET /v2/transactions but for its rows, the member results.
// Next is a whole query string beginning with "?", or null on the last page.
// Source: the vendor's OpenAPI document, v2 transactions.
type rowPage struct {
	Next *string `json:"next"`
}

// Read gets one page of a step from /v2/transactions. A step by ids is read in lists of
// 500. The vendor's cursor is sent back as it came, but only if it is a query string of
// the same account.
func (a *Adapter) Read(ctx context.Context, at ports.Access, step domain.Step, accounts []domain.AccountData, cursor string) (ports.VendorPage, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	here, err := parsePlace(cursor, step)
	if err != nil {
		return ports.VendorPage{}, err
	}
	query := strings.TrimPrefix(here.next, "?")
	if query == "" {
		query = a.question(step, here.first).Encode()
	}
	body, err := a.ask(ctx, at, vendorhttp.Call{
		Vendor: aboutRows, Path: "/v2/transactions", PathTemplate: "/v2/transactions", Query: query, Resource: "transactions",
	})
	if err != nil {
		return ports.VendorPage{}, err
	}
	var page rowPage
	raw, err := vendorhttp.DecodeList(body, "results", &page)
	if err != nil {
		return ports.VendorPage{}, err
	}
	rows, err := sightings(raw, holderOf(step.Account, accounts))
	if err != nil {
		return ports.VendorPage{}, err
	}
	onward, err := here.after(page.Next, step)
	if err != nil {
		return ports.VendorPage{}, err
	}
	return ports.VendorPage{Transactions: rows, Next: onward}, nil
}

// question is the query of a list's first page. Dates are sent a day wider than asked:
// a value date is a date in São Paulo, and the vendor does not say in which zone a bare
// date begins and ends. From the horizon on nothing is left out that the vendor has.
func (a *Adapter) question(step domain.Step, first int) url.Values {
	q := url.Values{"accountId": {step.Account}}
	switch {
	case len(step.IDs) > 0:
		last := min(first+maxIDs, len(step.IDs))
		q.Set("ids", strings.Join(step.IDs[first:last], ","))
		return q
	case !step.CreatedFrom.IsZero():
		q.Set("createdAtFrom", step.CreatedFrom.UTC().Format(stamp))
		return q
	}
	if step.Window.From > horizon(domain.DateOf(a.clock.Now().UTC())) {
		q.Set("dateFrom", string(step.Window.From.AddDays(-1)))
	}
	if step.Window.To != "" {
		q.Set("dateTo", string(step.Window.To.AddDays(2)))
	}
	return q
}

// holderOf finds the account that decides sign and second currency. One that is not
// listed has neither, so that a row which needs them is refused rather than guessed.
func holderOf(id string, accounts []domain.AccountData) domain.AccountData {
	for _, account := range accounts {
		if account.ExternalID == id {
			return account
		}
	}
	return domain.AccountData{ExternalID: id, Type: domain.OtherAccount}
}

// parseTime reads an instant as the vendor writes it (RFC 3339, or a bare date).
func parseTime(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC(), true
	}
	at, err := time.Parse(time.DateOnly, text)
	return at, err == nil
}
