package pluggy

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.WebhookRegistrar = (*Adapter)(nil)

// allEvents is the event name with which a webhook is registered for all events.
const allEvents = "all"

// maxWebhookPages bounds how many pages of the list of webhooks are read. The vendor allows five webhooks per event.
const maxWebhookPages = 20

// webhook contains the members of a webhook that the adapter needs. Source: the vendor's OpenAPI document, Webhook.
type webhook struct {
	ID  string        `json:"id"`
	URL domain.Secret `json:"url"`
}

// CreateWebhook creates a webhook for the events of all items of the application: POST /webhooks. Source:
// docs.pluggy.ai, webhooks.
func (a *Adapter) CreateWebhook(ctx context.Context, at ports.Access, w ports.NewWebhook) (string, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: webhookAPI, Method: http.MethodPost, Path: "/webhooks", PathTemplate: "/webhooks", Resource: "webhooks",
		Body: func() []byte { return webhookBody(w) },
	})
	if err != nil {
		return "", err
	}
	var created webhook
	if err := vendorhttp.Decode(body, &created); err != nil {
		return "", err
	}
	if created.ID == "" {
		return "", malformed("a webhook without an id")
	}
	return created.ID, nil
}

// webhookBody returns the body of POST /webhooks. It is built again for each attempt and is not retained.
func webhookBody(w ports.NewWebhook) []byte {
	body, _ := json.Marshal(struct { // only strings, so there is no error
		Event   string            `json:"event"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}{allEvents, string(w.URL.Reveal()), map[string]string{"Authorization": string(w.Authorization.Reveal())}})
	return body
}

// Webhooks returns the webhooks of the application: GET /webhooks. It reads all pages of the list.
func (a *Adapter) Webhooks(ctx context.Context, at ports.Access) ([]ports.VendorWebhook, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var all []ports.VendorWebhook
	for page := 1; page <= maxWebhookPages; page++ {
		var got struct {
			TotalPages int       `json:"totalPages"`
			Results    []webhook `json:"results"`
		}
		query := ""
		if page > 1 {
			query = url.Values{"page": {strconv.Itoa(page)}}.Encode()
		}
		body, err := a.send(ctx, at, vendorhttp.Call{
			Vendor: webhookAPI, Path: "/webhooks", PathTemplate: "/webhooks", Query: query, Resource: "webhooks",
		})
		if err != nil {
			return nil, err
		}
		if err := vendorhttp.Decode(body, &got); err != nil {
			return nil, err
		}
		if got.Results == nil {
			return nil, malformed("no list of webhooks")
		}
		for _, w := range got.Results {
			all = append(all, ports.VendorWebhook(w))
		}
		if page >= got.TotalPages {
			return all, nil
		}
	}
	return nil, malformed("more webhooks than an application can have")
}

// DeleteWebhook deletes a webhook: DELETE /webhooks/{id}. It also succeeds if there is no such webhook, in which case
// the vendor answers 404.
func (a *Adapter) DeleteWebhook(ctx context.Context, at ports.Access, id string) error {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	_, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: webhookAPI, Method: http.MethodDelete, Path: "/webhooks/" + url.PathEscape(id),
		PathTemplate: "/webhooks/{id}", Resource: "webhooks", Retryable: true,
	})
	if errors.Is(err, errNoWebhook) {
		return nil
	}
	return err
}
