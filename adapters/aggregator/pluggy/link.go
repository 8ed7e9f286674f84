package pluggy

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The vendor's hosted page, and how long a connect token is valid. Source: docs.pluggy.ai, connect token.
const (
	connectPage          = "https://connect.pluggy.ai/"
	connectTokenLifetime = 30 * time.Minute
)

var (
	_ ports.LinkTokens = (*Adapter)(nil)
	_ ports.Refresher  = (*Adapter)(nil)
	_ ports.Eraser     = (*Adapter)(nil)
	_ ports.Linker     = (*Adapter)(nil)
)

// CreateLinkToken requests a connect token with which the item can be updated: POST /connect_token.
func (a *Adapter) CreateLinkToken(ctx context.Context, at ports.Access) (ports.LinkToken, error) {
	return a.connectToken(ctx, at, func() []byte {
		body, _ := json.Marshal(map[string]string{"itemId": at.AccountRef}) // only strings, so there is no error
		return body
	})
}

// connectToken requests a connect token: POST /connect_token. The body is built again for each attempt and is not
// retained.
func (a *Adapter) connectToken(ctx context.Context, at ports.Access, request func() []byte) (ports.LinkToken, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Method: http.MethodPost, Path: "/connect_token", PathTemplate: "/connect_token",
		Resource: "connect_token", Retryable: true, Body: request,
	})
	if err != nil {
		return ports.LinkToken{}, err
	}
	var got struct {
		Token domain.Secret `json:"accessToken"`
	}
	if err := vendorhttp.Decode(body, &got); err != nil {
		return ports.LinkToken{}, err
	}
	if !isHeaderValue(got.Token) {
		return ports.LinkToken{}, malformed("no connect token in the response")
	}
	query := url.Values{"connect_token": {string(got.Token.Reveal())}}.Encode()
	return ports.LinkToken{
		Token: got.Token, URL: domain.SecretText(connectPage + "?" + query),
		Lifetime: vendorhttp.TokenLifetime(got.Token.Reveal(), connectTokenLifetime),
	}, nil
}

// Refresh asks the vendor to synchronise the item: PATCH /items/{id} without parameters. It also succeeds if the vendor
// is already synchronising the item.
func (a *Adapter) Refresh(ctx context.Context, at ports.Access) error {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: a.refreshAPI, Method: http.MethodPatch, Path: "/items/" + url.PathEscape(at.AccountRef),
		PathTemplate: "/items/{id}", Resource: refreshes, Retryable: true, Body: func() []byte { return []byte("{}") },
	})
	if errors.Is(err, errAlreadyUpdating) {
		return nil
	}
	if err != nil {
		return err
	}
	var updated item
	if err := vendorhttp.Decode(body, &updated); err != nil {
		return err
	}
	if updated.ID != at.AccountRef {
		return malformed("an item other than the requested one")
	}
	return nil
}

// Erase deletes the item: DELETE /items/{id}. It also succeeds if there is no such item, in which case the vendor
// answers 404.
func (a *Adapter) Erase(ctx context.Context, at ports.Access) error {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Method: http.MethodDelete, Path: "/items/" + url.PathEscape(at.AccountRef),
		PathTemplate: "/items/{id}", Resource: deletions, Retryable: true,
	})
	if errors.Is(err, domain.AccountNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var deleted struct {
		Count int `json:"count"`
	}
	return vendorhttp.Decode(body, &deleted)
}
