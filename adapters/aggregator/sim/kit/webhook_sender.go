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
)

// patience is how long a vendor waits for a 2xx, in milliseconds.
const patience = 5000

// Target says where webhooks are posted and how badly they are delivered.
type Target struct {
	// URL is posted to as it stands; no redirect and no proxy is followed.
	URL string `json:"url"`
	// Headers are added, as an Authorization that the vendor was told to send.
	Headers map[string]string `json:"headers"`
	// Sign, when set, adds what a vendor computes over the body.
	Sign func(header http.Header, body []byte) `json:"-"`
	// Retries without a 2xx, body unchanged.
	Retries int `json:"retries"`
	// Copies posted beside the first, body unchanged.
	Copies int `json:"copies"`
	// Reorder shuffles the posts, copies included, by the seed.
	Reorder bool `json:"reorder"`
	// DelayMs is the wait before each post and each retry, in milliseconds.
	DelayMs int `json:"delayMs"`
	// TimeoutMs bounds each post, in milliseconds; zero: 5000.
	TimeoutMs int `json:"timeoutMs"`
}

// Post is a webhook to be sent: the name of its event, for the receipt, and its body.
type Webhook struct {
	Event string
	Body  []byte
}

// Receipt is what one post came to.
type DeliveryResult struct {
	Event  string `json:"event"`
	Body   string `json:"body"`
	Status int    `json:"status"` // of the last try; zero: no answer
	Attempts  int    `json:"tries"`
}

// Sender posts webhooks. It is safe for concurrent use; make one with [NewSender].
type Sender struct {
	client *http.Client
	posted atomic.Int64
	mu     sync.Mutex
	dice   *rand.Rand
}

// NewSender returns a sender whose shuffles the seed fixes. It keeps no connection, so
// that nothing outlives a delivery.
func NewSender(seed uint64) *Sender {
	return &Sender{
		client: &http.Client{
			Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		dice: rand.New(rand.NewPCG(seed, seed)),
	}
}

// Posted is how many posts were tried, copies and retries included.
func (s *Sender) Attempts() int { return int(s.posted.Load()) }

// Send posts one after the other, with the copies, order and delays of the target. The
// first post that got no answer at all ends it; the receipts until then, that one
// included, come with the error.
func (s *Sender) Send(ctx context.Context, to Target, posts ...Webhook) ([]DeliveryResult, error) {
	receipts := make([]DeliveryResult, 0, len(posts)*(1+to.Copies))
	for _, p := range posts {
		for range 1 + to.Copies {
			receipts = append(receipts, DeliveryResult{Event: p.Event, Body: string(p.Body)})
		}
	}
	if to.Reorder {
		s.shuffle(receipts)
	}
	for at := range receipts {
		if err := s.deliver(ctx, to, &receipts[at]); err != nil {
			return receipts[:at+1], err
		}
	}
	return receipts, nil
}

func (s *Sender) shuffle(receipts []DeliveryResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dice.Shuffle(len(receipts), func(i, j int) { receipts[i], receipts[j] = receipts[j], receipts[i] })
}

// deliver posts until a 2xx or until the retries are spent.
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

// post makes one try.
func (s *Sender) post(ctx context.Context, to Target, body []byte) (int, error) {
	patient, cancel := context.WithTimeout(ctx, time.Duration(cmp.Or(to.TimeoutMs, patience))*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(patient, http.MethodPost, to.URL, bytes.NewReader(body))
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
	s.posted.Add(1)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("webhook: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, nil
}

// pause waits, or returns the context's error at once when it is over.
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
