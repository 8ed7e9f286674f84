package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits for a response. At most maxBody bytes of the body are read, and for at most bodyTimeout, so that the
// connection can be used again. maxRetryAfter is the longest delay that an endpoint can ask for.
const (
	maxBody       = 4 << 10
	bodyTimeout   = time.Second
	maxRetryAfter = 24 * time.Hour
)

// contentType is the media type of an event in CloudEvents' structured mode.
const contentType = "application/cloudevents+json"

// sender implements ports.EventSender for one endpoint.
type sender struct {
	options   Options
	target    func() *url.URL
	headers   map[string]domain.Secret // see storedHeaders
	sign      signer
	secrets   func() []domain.Secret // what an answer must not show
	transport *egress.Transport
	leave     func() // ends the use of Options.Shares
	err       error  // if not nil, the target cannot be used, and Send returns this error
}

var _ ports.EventSender = (*sender)(nil)

// Send implements ports.EventSender. It uses the transport without an http.Client, because a transport alone neither
// follows redirects nor stores cookies.
func (s *sender) Send(ctx context.Context, e ports.OutgoingEvent) (events.SinkAnswer, error) {
	if s.err != nil {
		return events.SinkAnswer{}, s.err
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	req, err := s.request(ctx, e)
	if err != nil {
		return events.SinkAnswer{}, err
	}
	response, err := s.transport.RoundTrip(req)
	if err != nil {
		return events.SinkAnswer{}, egress.TransportError(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	defer time.AfterFunc(bodyTimeout, cancel).Stop()
	body, _ := io.ReadAll(response.Body) // the transport bounds it
	shown := settings.WithoutSecrets(body, len(body) >= maxBody, s.secrets())
	answer := events.NewSinkAnswer(response.StatusCode, shown)
	if response.StatusCode/100 == 2 {
		return answer, nil
	}
	return answer, s.refused(response)
}

// Close implements ports.EventSender.
func (s *sender) Close() {
	s.transport.CloseIdleConnections()
	s.leave()
}

// request returns the signed request for an attempt to send the event.
func (s *sender) request(ctx context.Context, e ports.OutgoingEvent) (*http.Request, error) {
	now, body := s.options.Clock.Now(), e.Structured()
	signed, err := s.sign(e.ID, now, body)
	if err != nil {
		return nil, err
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	req := (&http.Request{
		Method: http.MethodPost, URL: s.target(), Host: s.target().Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
		Header: http.Header{
			"Content-Type":        {contentType},
			"User-Agent":          {s.options.UserAgent},
			"Webhook-Id":          {e.ID},
			"Webhook-Timestamp":   {timestamp},
			"Webhook-Signature":   {signed.standard},
			"X-Webhook-Timestamp": {timestamp},
			"X-Webhook-Signature": {signed.lerian},
			// A header with an empty list of values is not sent. The header allows the transport to send the request
			// again if the server has closed a kept-open connection. See http.Transport.
			"Idempotency-Key": {},
		},
	}).WithContext(ctx)
	setHeaders(req.Header, s.headers)
	return req, nil
}

// refused returns the error for a status that does not confirm the event.
func (s *sender) refused(response *http.Response) *domain.Error {
	wait, _ := domain.ParseRetryAfter(response.Header.Get("Retry-After"), s.options.Clock.Now())
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.SinkRefused, RetryAfter: min(wait, maxRetryAfter),
		Message: "status " + strconv.Itoa(response.StatusCode),
	}
}
