package belvo

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The vendor's largest page, and a bound on what is kept of an address.
const (
	pageSize  = "1000"
	maxCursor = 2048
)

// Read gets one page of a link's transactions. The cursor is the next page's query: what
// is stored of an address can name another page, but neither another host nor another link.
//
// Pages are cut by position in a list without a documented order. A row added meanwhile
// may show twice, which the ledger takes; one removed meanwhile may hide another, which
// the next whole read finds.
func (a *Adapter) Read(ctx context.Context, at ports.Access, step domain.Step,
	accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	found, err := a.page(ctx, at, listOf(at, "transactions", filters(step.Window)), cursor)
	if err != nil {
		return ports.VendorPage{}, err
	}
	rows, carried, err := newScope(at.AccountRef, accounts).sightings(found.rows)
	if err != nil {
		return ports.VendorPage{}, err
	}
	return ports.VendorPage{Accounts: carried, Transactions: rows, Next: found.next}, nil
}

// filters bounds the value date where the window has a bound.
func filters(w domain.Window) url.Values {
	query := url.Values{}
	if w.From != "" {
		query.Set("value_date__gte", string(w.From))
	}
	if w.To != "" {
		query.Set("value_date__lte", string(w.To))
	}
	return query
}

// list is a list of a link's things, and how its first page is asked for.
type list struct {
	call  vendorhttp.Call
	link  string
	first url.Values
}

func listOf(at ports.Access, name string, query url.Values) list {
	if query == nil {
		query = url.Values{}
	}
	query.Set("link", at.AccountRef)
	query.Set("page_size", pageSize)
	return list{call: request(at, "/api/"+name+"/"), link: at.AccountRef, first: query}
}

// page is one page as it came, with next already made a cursor.
type page struct {
	rows []jsontext.Value
	next string
}

// page gets the page at the cursor, the first at "".
func (a *Adapter) page(ctx context.Context, at ports.Access, l list, cursor string) (page, error) {
	query := l.first
	if cursor != "" {
		kept, err := l.query(cursor)
		if err != nil {
			return page{}, err
		}
		query = kept
	}
	l.call.Query = query.Encode()
	body, err := a.http.Do(ctx, l.call)
	if err != nil {
		return page{}, later(err, cursor)
	}
	var answer struct {
		Next *string `json:"next"`
	}
	rows, err := vendorhttp.DecodeList(body, "results", &answer)
	if err != nil {
		return page{}, err
	}
	if rows == nil {
		return page{}, malformed("list")
	}
	next, err := l.pin(at.BaseURL, answer.Next)
	return page{rows: rows, next: next}, err
}

// later keeps a list that shrank while it was read (its last page is a 404 then) apart
// from a link that is gone: the first page would have said so.
func later(err error, cursor string) error {
	if cursor != "" && errors.Is(err, domain.AccountNotFound) {
		return malformed("end of a list")
	}
	return err
}

// pin turns a next address into a cursor. It must be this list's, at the connection's own
// base URL: the vendor's own address, path included, with nothing but the query new.
func (l list) pin(baseURL string, next *string) (string, error) {
	if next == nil {
		return "", nil
	}
	own, ownErr := vendorhttp.Origin(baseURL)
	origin, originErr := vendorhttp.Origin(*next) // an error where there is userinfo or a fragment
	base, baseErr := url.Parse(baseURL)
	to, err := url.Parse(*next)
	if errors.Join(ownErr, originErr, baseErr, err) != nil || origin != own ||
		to.EscapedPath() != strings.TrimRight(base.EscapedPath(), "/")+l.call.Path {
		return "", malformed("next page: not of the list that was asked")
	}
	query, err := l.query(to.RawQuery)
	return query.Encode(), err
}

// query reads a next page's query, and holds it to the link.
func (l list) query(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	switch {
	case err != nil, max(len(raw), len(query.Encode())) > maxCursor,
		len(query["link"]) != 1, query.Get("link") != l.link:
		return nil, malformed("query of a next page")
	}
	return query, nil
}
