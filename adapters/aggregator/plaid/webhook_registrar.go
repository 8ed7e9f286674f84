package plaid

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.ReferenceRegistrar = (*Adapter)(nil)

// RegistersReferences implements ports.ReferenceRegistrar. At the vendor, an Item has at most one webhook, which has
// an address but no id. This adapter uses a hash of the address as the id.
func (*Adapter) RegistersReferences() bool { return true }

// CreateWebhook sets the webhook address of the Item.
func (a *Adapter) CreateWebhook(ctx context.Context, access ports.Access, w ports.NewWebhook) (string, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	if _, err := a.readItem(ctx, access); err != nil {
		return "", err
	}
	url := string(w.URL.Reveal())
	if err := a.setWebhook(ctx, access, url); err != nil {
		return "", err
	}
	return addressID(url), nil
}

// Webhooks returns the webhook address of the Item, if it has one. An Item that does not exist has none.
func (a *Adapter) Webhooks(ctx context.Context, access ports.Access) ([]ports.VendorWebhook, error) {
	url, err := a.webhook(ctx, access)
	if errors.Is(err, domain.AccountNotFound) {
		return nil, nil
	}
	if err != nil || url == "" {
		return nil, err
	}
	return []ports.VendorWebhook{{ID: addressID(url), URL: domain.SecretText(url)}}, nil
}

// DeleteWebhook removes the webhook address from the Item. It changes nothing if the Item has no webhook address or
// another one, or if the Item does not exist.
//
// It does not compare the Item with the account reference. The address is sufficient, because the service gives each
// address to only one Item.
func (a *Adapter) DeleteWebhook(ctx context.Context, access ports.Access, id string) error {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	switch url, err := a.webhook(ctx, access); {
	case errors.Is(err, domain.AccountNotFound):
		return nil
	case err != nil:
		return err
	case url == "" || addressID(url) != id:
		return nil
	}
	if err := a.setWebhook(ctx, access, nil); !errors.Is(err, domain.AccountNotFound) {
		return err
	}
	return nil
}

// webhook returns the webhook address of the access token's Item, or "" if it has none.
func (a *Adapter) webhook(ctx context.Context, access ports.Access) (string, error) {
	var got itemResponse
	if err := a.post(ctx, access, newCall(access, "/item/get", budgetItems), nil, &got); err != nil {
		return "", err
	}
	if got.Item.ID == "" {
		return "", malformed("item")
	}
	if got.Item.Webhook == nil {
		return "", nil
	}
	return *got.Item.Webhook, nil
}

// setWebhook sets the webhook address of the access token's Item. A nil address removes the webhook address.
func (a *Adapter) setWebhook(ctx context.Context, access ports.Access, address any) error {
	var got itemResponse
	call := newCall(access, "/item/webhook/update", budgetWebhooks)
	if err := a.post(ctx, access, call, map[string]any{"webhook": address}, &got); err != nil {
		return err
	}
	if got.Item.ID == "" {
		return malformed("item")
	}
	return nil
}

// addressID returns the id of a webhook: a hash of its address, which is secret.
func addressID(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:16])
}
