package belvosim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// patience is how long the vendor waits for a 2xx, in milliseconds.
const patience = 5000

// Target says where webhooks are posted and how badly they are delivered.
type Target struct {
	// URL is posted to as it stands; no redirect and no proxy is followed.
	URL string `json:"url"`
	// Headers are added; the vendor can be told to send an Authorization (Basic or Bearer).
	Headers map[string]string `json:"headers"`
	// Retries without a 2xx, body unchanged; the vendor makes five.
	Retries int `json:"retries"`
	// Copies posted beside the first, body unchanged.
	Copies int `json:"copies"`
	// Reorder shuffles the posts, copies included, by the seed.
	Reorder bool `json:"reorder"`
	// DelayMs is the wait before each post and each retry, in milliseconds.
	DelayMs int `json:"delayMs"`
	// TimeoutMs bounds each post, in milliseconds; zero: the vendor's 5000.
	TimeoutMs int `json:"timeoutMs"`
}

// Receipt is what one post came to.
type Receipt struct {
	Event  string `json:"event"`
	Body   string `json:"body"`
	Status int    `json:"status"` // of the last try; zero: no answer
	Tries  int    `json:"tries"`
}

// newSender keeps no connection, so that nothing outlives a delivery.
func newSender() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// SendWebhook posts one event and returns the status of its last post. An event that
// cannot be built, a URL that is none and a receiver that did not answer are errors.
func (s *Simulator) SendWebhook(ctx context.Context, to Target, e Event) (int, error) {
	receipts, err := s.SendWebhooks(ctx, to, e)
	if err != nil {
		return 0, err
	}
	return receipts[len(receipts)-1].Status, nil
}

// SendWebhooks posts events one after the other, with the copies, order and delays of
// the target. The first post that got no answer at all ends it; the receipts until
// then, that one included, come with the error.
func (s *Simulator) SendWebhooks(ctx context.Context, to Target, events ...Event) ([]Receipt, error) {
	posts := make([]Receipt, 0, len(events)*(1+to.Copies))
	for _, e := range events {
		body, err := s.Payload(e)
		if err != nil {
			return nil, err
		}
		for range 1 + to.Copies {
			posts = append(posts, Receipt{Event: e.Name, Body: string(body)})
		}
	}
	if to.Reorder {
		s.shuffle(posts)
	}
	for at := range posts {
		if err := s.deliver(ctx, to, &posts[at]); err != nil {
			return posts[:at+1], err
		}
	}
	return posts, nil
}

func (s *Simulator) shuffle(posts []Receipt) {
	var seed [8]byte
	s.mu.Lock()
	_, _ = s.entropy.Read(seed[:])
	s.mu.Unlock()
	dice := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:]), 0))
	dice.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
}

// deliver posts until a 2xx or until the retries are spent.
func (s *Simulator) deliver(ctx context.Context, to Target, p *Receipt) (err error) {
	for p.Tries <= to.Retries {
		if err := pause(ctx, time.Duration(to.DelayMs)*time.Millisecond); err != nil {
			return err
		}
		p.Tries++
		p.Status, err = s.post(ctx, to, p.Body)
		if p.Status/100 == 2 {
			break
		}
	}
	return err
}

// post makes one try.
func (s *Simulator) post(ctx context.Context, to Target, body string) (int, error) {
	patient, cancel := context.WithTimeout(ctx, time.Duration(cmp.Or(to.TimeoutMs, patience))*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(patient, http.MethodPost, to.URL, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, fmt.Errorf("belvosim: webhook URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range to.Headers {
		request.Header.Set(name, value)
	}
	s.tally.posted()
	response, err := s.sender.Do(request)
	if err != nil {
		return 0, fmt.Errorf("belvosim: webhook: %w", err)
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
