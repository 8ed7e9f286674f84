package pluggysim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Target is the address to which webhooks are sent, with the delivery failures to simulate. The vendor
// waits 5 s for a response and retries three times, with the same eventId. [Signed] returns a function that
// adds the vendor's signature.
type Target = kit.Target

// DeliveryResult is the result of one delivery.
type DeliveryResult = kit.DeliveryResult

// Signed returns a function for [Target.Sign] that adds the vendor's signature: the HMAC-SHA256 of the body
// in hexadecimal, in the header X-Webhook-Signature. For an empty secret it returns nil, so that webhooks
// are not signed.
func Signed(secret string) func(http.Header, []byte) {
	if secret == "" {
		return nil
	}
	return func(header http.Header, body []byte) {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		header.Set("X-Webhook-Signature", hex.EncodeToString(mac.Sum(nil)))
	}
}

// SendWebhook sends one event and returns the status of the last attempt's response. If the event cannot be
// built, if the URL is invalid, or if no attempt got a response, it returns zero and an error.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, event Event) (int, error) {
	results, err := s.SendWebhooks(ctx, to, event)
	if err != nil {
		return 0, err
	}
	return results[len(results)-1].Status, nil
}

// SendRegistered sends one event to the webhooks that are registered for this event or for all events. The results are
// in the order of registration.
//
// Only webhooks of the client that owns the event's item receive the event. If the item belongs to every client, the
// webhooks of every client receive it. The vendor selects webhooks in the same way.
//
// If origin is not empty, it replaces the scheme and the host of each URL. A test can thus receive the event on
// loopback.
func (s *Simulator) SendRegistered(ctx context.Context, origin string, event Event) ([]DeliveryResult, error) {
	body, err := s.Payload(event)
	if err != nil {
		return nil, err
	}
	var results []DeliveryResult
	for _, h := range s.webhooksFor(event) {
		u, err := url.Parse(h.URL)
		if err != nil {
			return results, err
		}
		to := Target{URL: h.URL, Headers: h.Headers}
		if origin != "" {
			to.URL = origin + u.EscapedPath()
		}
		sent, err := s.sender.Send(ctx, to, kit.Webhook{Event: event.Name, Body: body})
		results = append(results, sent...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// webhooksFor returns the webhooks to which the event is sent.
func (s *Simulator) webhooksFor(event Event) (found []Webhook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := event.ItemID
	if item == "" {
		item = s.accountItem(event.AccountID)
	}
	client := s.store.items[item].ClientID
	for _, h := range s.webhooks {
		if (h.Event == allEvents || h.Event == event.Name) && (client == "" || client == h.client) {
			found = append(found, h.Webhook)
		}
	}
	return found
}

// accountItem returns the id of the item to which the account belongs, or "" if there is no such account. The caller
// must hold the lock.
func (s *Simulator) accountItem(id string) string {
	if l, ok := s.store.accounts[id]; ok {
		return l.ItemID
	}
	return ""
}

// SendWebhooks sends events in the same way as [kit.Sender.Send]. If one of the events cannot be built, it
// sends none of them.
func (s *Simulator) SendWebhooks(ctx context.Context, to Target, events ...Event) ([]DeliveryResult, error) {
	webhooks := make([]kit.Webhook, 0, len(events))
	for _, event := range events {
		body, err := s.Payload(event)
		if err != nil {
			return nil, err
		}
		webhooks = append(webhooks, kit.Webhook{Event: event.Name, Body: body})
	}
	return s.sender.Send(ctx, to, webhooks...)
}
