package pluggy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxItemPages is the maximum number of pages that are read of the list of the items of one link session.
const maxItemPages = 5

// StartLink requests a connect token with which an item can be created: POST /connect_token without an item. The item
// gets the id of the session as its clientUserId. Source: docs.pluggy.ai, connect token.
func (a *Adapter) StartLink(
	ctx context.Context, at ports.Access, session domain.LinkSessionID, webhook domain.Secret,
) (ports.LinkToken, error) {
	return a.connectToken(ctx, at, func() []byte {
		options := map[string]string{"clientUserId": session.String()}
		if !webhook.IsZero() {
			options["webhookUrl"] = string(webhook.Reveal())
		}
		body, _ := json.Marshal(map[string]any{"options": options}) // only strings, so there is no error
		return body
	})
}

// LinkedObjects returns the items whose clientUserId is the id of the link session. It requests the list of these
// items: GET /items. A webhook may have announced an item that is missing from the list. LinkedObjects requests each
// such item separately: GET /items/{id}. The list is not documented. If the vendor does not offer it, only announced
// items are found.
func (a *Adapter) LinkedObjects(
	ctx context.Context, at ports.Access, session domain.LinkSessionID, announced []string,
) ([]domain.LinkedObject, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	items, err := a.listItems(ctx, at, session)
	if err != nil {
		return nil, err
	}
	for _, ref := range announced {
		if slices.ContainsFunc(items, func(i item) bool { return i.ID == ref }) {
			continue
		}
		found, err := a.readItem(ctx, at, ref)
		switch {
		case errors.Is(err, domain.AccountNotFound), errors.Is(err, domain.AccessDenied):
		case err != nil:
			return nil, err
		default:
			items = append(items, found)
		}
	}
	items = slices.DeleteFunc(items, func(i item) bool {
		return i.ClientUserID.Value != session.String() || !validID(i.ID)
	})
	domain.SortLarge(items, func(x, y item) int {
		return cmp.Or(cmp.Compare(x.CreatedAt.Value, y.CreatedAt.Value), cmp.Compare(x.ID, y.ID))
	})
	objects := make([]domain.LinkedObject, len(items))
	for i, found := range items {
		objects[i] = domain.LinkedObject{AccountRef: found.ID, State: found.linkedState(a.clock.Now())}
	}
	return objects, nil
}

// listItems returns the items whose clientUserId is the id of the link session: GET /items?clientUserId=. If the
// vendor does not offer the list, listItems returns no items.
func (a *Adapter) listItems(ctx context.Context, at ports.Access, session domain.LinkSessionID) ([]item, error) {
	var all []item
	for page := 1; page <= maxItemPages; page++ {
		query := url.Values{"clientUserId": {session.String()}}
		if page > 1 {
			query.Set("page", strconv.Itoa(page))
		}
		body, err := a.send(ctx, at, vendorhttp.Call{
			Vendor: itemListAPI, Path: "/items", PathTemplate: "/items", Query: query.Encode(), Resource: itemLists,
		})
		if errors.Is(err, errNoItemList) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var got struct {
			TotalPages int    `json:"totalPages"`
			Results    []item `json:"results"`
		}
		if err := vendorhttp.Decode(body, &got); err != nil {
			return nil, err
		}
		all = append(all, got.Results...)
		if page >= got.TotalPages {
			break
		}
	}
	return all, nil
}

// readItem returns one item: GET /items/{id}.
func (a *Adapter) readItem(ctx context.Context, at ports.Access, id string) (item, error) {
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Path: "/items/" + url.PathEscape(id), PathTemplate: "/items/{id}", Resource: itemLists,
	})
	if err != nil {
		return item{}, err
	}
	var found item
	if err := vendorhttp.Decode(body, &found); err != nil {
		return item{}, err
	}
	if found.ID != id {
		return item{}, malformed("an item other than the requested one")
	}
	return found, nil
}

// linkedState returns the state of a new item. The item waits if the bank must authorise a device or the access. It is
// pending during its first synchronisation, while the vendor reports UPDATING, and as long as the holder can do what
// the vendor waits for. After that, it has failed if the account holder must sign in again, and is ready otherwise. An
// item whose accounts wait for another holder is ready.
func (i item) linkedState(now time.Time) domain.LinkedState {
	switch {
	case i.linkStatus().Device == domain.IsWaiting:
		return domain.LinkedAwaiting
	case i.Status == "UPDATING" || i.Status == "MERGING" || i.waitsForUser(now):
		return domain.LinkedPending
	case i.Status == "" || i.linkStatus().NeedsReauth:
		return domain.LinkedFailed
	}
	return domain.LinkedReady
}

// errNoItemList is the cause of the error if the vendor does not offer a list of items.
var errNoItemList = errors.New("the vendor lists no items")

// classifyItemListError classifies an error of GET /items. The list is not documented, so a refusal that is not about
// the API key means that there is no list.
func classifyItemListError(status int, body []byte) *domain.Error {
	if known := classifyError(status, body); known != nil && !errors.Is(known, domain.AccessDenied) {
		return known
	}
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusNotImplemented:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied, Cause: errNoItemList}
	}
	return nil
}
