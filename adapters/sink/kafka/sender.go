package kafka

import (
	"context"
	"errors"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sender implements ports.EventSender. It starts a client when an event is sent and no client is running.
type sender struct {
	options  Options
	settings members
	password domain.Secret
	dial     egress.DialFunc
	leave    func()          // ends the use of Options.Shares
	err      error           // if not nil, the target cannot be used, and Send returns this error
	lifetime context.Context // ends with Close
	end      context.CancelFunc
	closing  sync.WaitGroup // the clients that are being closed

	mu      sync.Mutex
	session *session // nil if there is no client
	sending int      // the number of calls of Send that use the session
}

var _ ports.EventSender = (*sender)(nil)

// session is a client, together with a signal that ends the calls of Send that use the client.
type session struct {
	client *kgo.Client
	ended  chan struct{} // closed when the client is not to be used any more
}

// errClosed is the error that Send returns after Close.
var errClosed = errors.New("kafka: the sender is closed")

// Send implements ports.EventSender.
func (s *sender) Send(ctx context.Context, e ports.OutgoingEvent) (events.SinkAnswer, error) {
	err := s.send(ctx, e)
	return answerOf(err), err
}

func (s *sender) send(ctx context.Context, e ports.OutgoingEvent) error {
	if s.err != nil {
		return s.err
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	used, err := s.enter()
	if err != nil {
		return err
	}
	defer s.exit()
	// Produce does not get ctx, because the library fails all records of a partition when the context of one of them
	// ends.
	confirmed := make(chan error, 1)
	used.client.Produce(s.lifetime, s.record(e), func(_ *kgo.Record, err error) { confirmed <- err })
	select {
	case err := <-confirmed:
		if err == nil {
			return nil
		}
		return produceError(ctx, err)
	case <-used.ended:
		return produceError(ctx, egress.ErrConnectionLost)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.abandon(used) // so that the client does not send the event later, after a newer one
		}
		return produceError(ctx, ctx.Err())
	}
}

// record returns the message of an event.
func (s *sender) record(e ports.OutgoingEvent) *kgo.Record {
	r := &kgo.Record{Topic: s.settings.Topic, Key: []byte(e.Subject), Timestamp: e.Time}
	if r.Topic == "" {
		r.Topic = DefaultTopic
	}
	header := func(name, value string) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	if s.settings.Format == settings.Structured {
		header("content-type", settings.StructuredType)
		r.Value = e.Structured()
		return r
	}
	header("content-type", settings.DataType)
	attributes, body := e.Binary()
	for name, value := range attributes {
		header(settings.AttributePrefix+name, value)
	}
	r.Value = body
	return r
}

// enter returns the session, and starts one if there is none. The caller must call exit when it no longer uses the
// session.
func (s *sender) enter() (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifetime.Err() != nil {
		return nil, errClosed
	}
	if s.session == nil {
		client, err := s.newClient()
		if err != nil {
			return nil, err
		}
		s.session = &session{client, make(chan struct{})}
	}
	s.sending++
	return s.session, nil
}

func (s *sender) exit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending--
}

// abandon ends a session. Other calls of Send that use it fail, and the next call starts another one.
func (s *sender) abandon(used *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != used {
		return
	}
	s.session = nil
	close(used.ended)
	s.closing.Go(used.client.Close)
}

// closeIdle closes the connections if no event is being sent.
func (s *sender) closeIdle() {
	s.mu.Lock()
	idle, used := s.sending == 0, s.session
	s.mu.Unlock()
	if idle && used != nil {
		s.abandon(used)
	}
}

// Close implements ports.EventSender.
func (s *sender) Close() {
	s.mu.Lock()
	s.end()
	used := s.session
	s.mu.Unlock()
	if used != nil {
		s.abandon(used)
	}
	s.closing.Wait()
	s.leave()
}
