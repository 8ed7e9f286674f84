package pluggysim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
)

// Target says where webhooks are posted and how badly they are delivered. The vendor
// waits 5 s and retries three times, with the same eventId; [Signed] makes it sign.
type Target = kit.Target

// Receipt is what one post came to.
type DeliveryResult = kit.DeliveryResult

// Signed is the vendor's signature for [Target.Sign]: hex HMAC-SHA256 of the body in
// X-Webhook-Signature. An empty secret signs nothing.
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

// SendWebhook posts one event and returns the status of its last post; zero with an error when the event cannot be
// built, the URL is none, or no try was answered.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, e Event) (int, error) {
	receipts, err := s.SendWebhooks(ctx, to, e)
	if err != nil {
		return 0, err
	}
	return receipts[len(receipts)-1].Status, nil
}

// SendWebhooks posts events as [kit.Sender.Send] does. Nothing is sent when one of them cannot be built.
func (s *Simulator) SendWebhooks(ctx context.Context, to Target, events ...Event) ([]DeliveryResult, error) {
	posts := make([]kit.Webhook, 0, len(events))
	for _, e := range events {
		body, err := s.Payload(e)
		if err != nil {
			return nil, err
		}
		posts = append(posts, kit.Webhook{Event: e.Name, Body: body})
	}
	return s.sender.Send(ctx, to, posts...)
}
