package pluggysim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Target is where webhooks are sent, and with which delivery failures. The vendor waits 5 s and
// retries three times, with the same eventId; [Signed] adds its signature.
type Target = kit.Target

// DeliveryResult is the result of one delivery.
type DeliveryResult = kit.DeliveryResult

// Signed returns the vendor's signature for [Target.Sign]: hex HMAC-SHA256 of the body in
// X-Webhook-Signature. For an empty secret it returns nil, which signs nothing.
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

// SendWebhook sends one event and returns the status of its last attempt. It returns zero and an
// error if the event cannot be built, the URL is invalid, or no attempt got a response.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, event Event) (int, error) {
	results, err := s.SendWebhooks(ctx, to, event)
	if err != nil {
		return 0, err
	}
	return results[len(results)-1].Status, nil
}

// SendWebhooks sends events like [kit.Sender.Send]. If one of them cannot be built it sends none.
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
