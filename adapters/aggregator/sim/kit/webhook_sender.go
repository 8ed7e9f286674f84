package kit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
)

// defaultTimeoutMs is the time for which a vendor waits for a 2xx response, in milliseconds.
const defaultTimeoutMs = 5000

// Target is the URL to which webhooks are posted, and the delivery problems to simulate.
type Target struct {
	// URL is used unchanged. The sender does not follow redirects and does not use a proxy.
	URL string `json:"url"`
	// Headers are added to each post, for example the configured Authorization.
	Headers map[string]string `json:"headers"`
	// Sign, if not nil, adds the vendor's signature of the body to header.
	Sign func(header http.Header, body []byte) `json:"-"`
	// Retries is the maximum number of retries if there is no 2xx response. Each retry has the same
	// body.
	Retries int `json:"retries"`
	// Copies is the number of additional posts of each webhook, with the same body.
	Copies int `json:"copies"`
	// Reorder shuffles all posts, including copies; the seed determines their order.
	Reorder bool `json:"reorder"`
	// DelayMs is the delay before each post and each retry, in milliseconds.
	DelayMs int `json:"delayMs"`
	// TimeoutMs is the timeout of each post, in milliseconds; zero means 5000.
	TimeoutMs int `json:"timeoutMs"`
}

// Webhook is a webhook to be sent. Event is the name of its event, which is copied to its [DeliveryResult].
type Webhook struct {
	Event string
	Body  []byte
}

// DeliveryResult is the result of one post, including its retries.
type DeliveryResult struct {
	Event    string `json:"event"`
	Body     string `json:"body"`
	Status   int    `json:"status"` // status of the last attempt; zero if there was no response
	Attempts int    `json:"tries"`
}

// Sender posts webhooks. It is safe for concurrent use; create one with [NewSender].
type Sender struct {
	client   *http.Client
	attempts atomic.Int64
	mu       sync.Mutex
	random   *rand.Rand
}

// NewSender returns a sender. The seed determines how it shuffles posts. The sender closes every
// connection after use, so that no connection remains after a delivery.
func NewSender(seed uint64) *Sender {
	return &Sender{
		client: egress.NewClient(egress.TransportConfig{}),
		random: rand.New(rand.NewPCG(seed, seed)),
	}
}

// Attempts returns the number of attempted posts, including copies and retries.
func (s *Sender) Attempts() int { return int(s.attempts.Load()) }

// Send posts the webhooks one after the other. The fields of target determine copies, order and delays. If a post gets
// no response even after its retries, Send stops. It then returns the error, and the results up to and including that
// post.
func (s *Sender) Send(ctx context.Context, target Target, posts ...Webhook) ([]DeliveryResult, error) {
	results := make([]DeliveryResult, 0, len(posts)*(1+target.Copies))
	for _, p := range posts {
		for range 1 + target.Copies {
			results = append(results, DeliveryResult{Event: p.Event, Body: string(p.Body)})
		}
	}
	if target.Reorder {
		s.shuffle(results)
	}
	for at := range results {
		if err := s.deliver(ctx, target, &results[at]); err != nil {
			return results[:at+1], err
		}
	}
	return results, nil
}

func (s *Sender) shuffle(results []DeliveryResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.random.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
}

// deliver posts a webhook until it gets a 2xx response or no retries are left. It stores the status
// and the number of attempts in p. It returns the error of the last attempt.
func (s *Sender) deliver(ctx context.Context, to Target, p *DeliveryResult) (err error) {
	for p.Attempts <= to.Retries {
		if err := pause(ctx, time.Duration(to.DelayMs)*time.Millisecond); err != nil {
			return err
		}
		p.Attempts++
		p.Status, err = s.post(ctx, to, []byte(p.Body))
		if p.Status/100 == 2 {
			break
		}
	}
	return err
}

// post makes one attempt and returns the status of the response.
func (s *Sender) post(ctx context.Context, to Target, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(cmp.Or(to.TimeoutMs, defaultTimeoutMs))*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("webhook URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range to.Headers {
		request.Header.Set(name, value)
	}
	if to.Sign != nil {
		to.Sign(request.Header, body)
	}
	s.attempts.Add(1)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("webhook: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

// pause waits for d. It returns the context's error if the context is cancelled earlier.
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
