package pluggysim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Target says where and how webhooks are posted.
type Target struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"` // e.g. a shared Authorization value, as the vendor sends it
	// SigningSecret, when set, signs the body: hex HMAC-SHA256 in X-Webhook-Signature.
	SigningSecret string `json:"signingSecret"`
	Retries       int    `json:"retries"`   // immediate ones, same eventId, until a 2xx; the vendor makes 3
	Copies        int    `json:"copies"`    // duplicates posted beside the first, same eventId
	Reorder       bool   `json:"reorder"`   // shuffle the posts by the seed
	DelayMs       int    `json:"delayMs"`   // pause before each post, milliseconds
	TimeoutMs     int    `json:"timeoutMs"` // for each post, milliseconds; zero: the vendor's 5 s
}

// Receipt is what one post came to.
type Receipt struct {
	Event  string `json:"event"`
	Body   string `json:"body"`
	Status int    `json:"status"` // of the last try; zero: no answer
	Tries  int    `json:"tries"`
}

// newSender posts to the URL it is given and nowhere else: no proxy, no redirects.
func newSender() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// SendWebhook posts one event and returns the status of its last post; zero with an error when the event cannot be
// built, the URL is none, or no try was answered.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, e Event) (int, error) {
	receipts, err := s.SendWebhooks(ctx, to, e)
	if err != nil || len(receipts) == 0 {
		return 0, err
	}
	return receipts[len(receipts)-1].Status, nil
}

// SendWebhooks posts events one after the other, with the copies, order and pauses of the target. It stops at the
// first post that got no answer at all; the receipts until then, that one included, come with the error.
func (s *Simulator) SendWebhooks(ctx context.Context, to Target, events ...Event) ([]Receipt, error) {
	posts, err := s.posts(to, events)
	if err != nil {
		return nil, err
	}
	receipts := make([]Receipt, 0, len(posts))
	for _, p := range posts {
		if err := pause(ctx, time.Duration(to.DelayMs)*time.Millisecond); err != nil {
			return receipts, err
		}
		err := s.try(ctx, to, &p)
		receipts = append(receipts, p)
		if err != nil {
			return receipts, err
		}
	}
	return receipts, nil
}

func (s *Simulator) posts(to Target, events []Event) ([]Receipt, error) {
	var posts []Receipt
	for _, e := range events {
		body, err := s.Payload(e)
		if err != nil {
			return nil, err
		}
		for range to.Copies + 1 {
			posts = append(posts, Receipt{Event: e.Name, Body: string(body)})
		}
	}
	if to.Reorder {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.rand.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
	}
	return posts, nil
}

// try posts until a 2xx or out of retries. The error is of the last try.
func (s *Simulator) try(ctx context.Context, to Target, p *Receipt) error {
	var err error
	for range to.Retries + 1 {
		p.Tries++
		p.Status, err = s.post(ctx, to, []byte(p.Body))
		if p.Status/100 == 2 || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (s *Simulator) post(ctx context.Context, to Target, body []byte) (int, error) {
	orElse(&to.TimeoutMs, 5000)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(to.TimeoutMs)*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("pluggysim: webhook target: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	if to.SigningSecret != "" {
		mac := hmac.New(sha256.New, []byte(to.SigningSecret))
		mac.Write(body)
		req.Header.Set("X-Webhook-Signature", hex.EncodeToString(mac.Sum(nil)))
	}
	s.mu.Lock()
	s.stats.Webhooks++
	s.mu.Unlock()
	resp, err := s.sender.Do(req)
	if err != nil {
		return 0, fmt.Errorf("pluggysim: webhook: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return resp.StatusCode, nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
