package pluggysim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

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
