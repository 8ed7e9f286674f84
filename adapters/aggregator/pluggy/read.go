package pluggy

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxIDs is the maximum number of rows that one request can name by id. The vendor refuses a longer list
// with IDS_PARAMETER_EXCEEDS_MAX_LENGTH.
const maxIDs = 500

// timeLayout is the format in which times are sent: UTC with milliseconds. The vendor uses the same format.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Read returns one page of a step from GET /v2/transactions. A step that reads rows by their ids is divided into lists
// of at most 500 ids. The vendor's cursor is sent back unchanged, but only if it is a query string for the same
// account. Errors: cursor_gone if the vendor answers 400 or 404 to a cursor.
func (a *Adapter) Read(
	ctx context.Context, at ports.Access, step domain.Step, accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	position, err := parsePosition(cursor, step)
	if err != nil {
		return ports.VendorPage{}, err
	}
	query, api := strings.TrimPrefix(position.vendorCursor, "?"), laterPageAPI
	if query == "" {
		query, api = a.firstPageQuery(step, position.firstID).Encode(), transactionAPI
	}
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: api, Path: "/v2/transactions", PathTemplate: "/v2/transactions", Query: query,
		Resource: "transactions",
	})
	if err != nil {
		return ports.VendorPage{}, err
	}
	rows, vendorNext, err := decodePage(body, accountOf(step.Account, accounts))
	if err != nil {
		return ports.VendorPage{}, err
	}
	next, err := position.next(vendorNext, step)
	if err != nil {
		return ports.VendorPage{}, err
	}
	return ports.VendorPage{Transactions: rows, Next: next}, nil
}

// send makes a call with the API key of the connection and returns the body of the response. If the vendor refuses a
// cached key before the key expires, the method authenticates and makes the call once more.
//
// If the vendor also refuses the new key, the error is vendor_unreachable. The credential is not the reason, because
// /auth has just accepted it.
func (a *Adapter) send(ctx context.Context, at ports.Access, call vendorhttp.Call) ([]byte, error) {
	key, id, err := a.apiKey(ctx, at)
	if err != nil {
		return nil, err
	}
	call.BaseURL, call.Tenant, call.Reserve = at.BaseURL, at.Tenant, at.Reserve
	call.Client = vendorhttp.ClientOf(at.Credential)
	// The key is not revealed before the request is sent.
	call.SetAuth = func(h http.Header) { h.Set("X-API-KEY", string(key.Reveal())) }
	body, err := a.http.Do(ctx, call)
	if !isKeyRefused(err) {
		return body, err
	}
	a.keys.removeRefused(id, key)
	if key, _, err = a.apiKey(ctx, at); err != nil {
		return nil, err
	}
	if body, err = a.http.Do(ctx, call); isKeyRefused(err) {
		a.keys.removeRefused(id, key)
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: errKeyRefused}
	}
	return body, err
}

// firstPageQuery returns the query for the first page of a list. For a window, the query covers one more day at both
// ends, because the time zones may differ. Our value dates are in the time zone of São Paulo. The vendor does not
// document the time zone of dates in a query.
//
// The horizon is the earliest date for which the vendor's list is certainly complete. A window that starts at or before
// the horizon has no dateFrom, so that the list contains everything that the vendor has.
func (a *Adapter) firstPageQuery(step domain.Step, firstID int) url.Values {
	q := url.Values{"accountId": {step.Account}}
	switch {
	case len(step.IDs) > 0:
		end := min(firstID+maxIDs, len(step.IDs))
		q.Set("ids", strings.Join(step.IDs[firstID:end], ","))
		return q
	case !step.CreatedFrom.IsZero():
		q.Set("createdAtFrom", step.CreatedFrom.UTC().Format(timeLayout))
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

// accountOf returns the account with this id. If the account is not listed, the result has neither a type nor a
// currency. With such a result, some rows are unreadable:
//
//   - rows that need the type to determine the sign of an amount
//   - rows with an amountInAccountCurrency, which needs the currency.
func accountOf(id string, accounts []domain.AccountData) domain.AccountData {
	for _, account := range accounts {
		if account.ExternalID == id {
			return account
		}
	}
	return domain.AccountData{ExternalID: id}
}

// parseTime parses a time in one of the two forms that the vendor uses: RFC 3339, or a date without a
// time. It reports whether the text has one of these forms.
func parseTime(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC(), true
	}
	at, err := time.Parse(time.DateOnly, text)
	return at, err == nil
}
