package rabbitmq

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sender implements ports.EventSender. It connects when an event is sent and there is no open connection.
type sender struct {
	options              Options
	broker               func() broker
	secrets              func() []domain.Secret // what an answer must not show
	dial                 egress.DialFunc
	leave                func() // ends the use of Options.Shares
	exchange, routingKey string
	format               string
	err                  error           // if not nil, the target cannot be used, and Send returns this error
	lifetime             context.Context // ends with Close
	end                  context.CancelFunc
	connecting           sync.WaitGroup

	mu      sync.Mutex
	session *session // the last connection; nil before the first
	attempt *attempt // the connection attempt in progress; nil if there is none
}

var _ ports.EventSender = (*sender)(nil)

// attempt is an attempt to connect. Concurrent calls of Send wait for the same attempt.
type attempt struct {
	done    chan struct{} // closed when session and err are set
	session *session
	err     error
}

// errClosed is the error that Send returns after Close.
var errClosed = errors.New("rabbitmq: the sender is closed")

// Send implements ports.EventSender.
func (s *sender) Send(ctx context.Context, e ports.OutgoingEvent) (events.SinkAnswer, error) {
	err := s.send(ctx, e)
	return answerOf(err, s.secrets()), err
}

func (s *sender) send(ctx context.Context, e ports.OutgoingEvent) error {
	if s.err != nil {
		return s.err
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	open, err := s.open(ctx)
	if err != nil {
		return err
	}
	key := s.routingKey
	if key == "" {
		key = e.Type
	}
	return open.publish(ctx, s.exchange, key, s.message(e))
}

// message returns the message of an event.
func (s *sender) message(e ports.OutgoingEvent) amqp.Publishing {
	m := amqp.Publishing{DeliveryMode: amqp.Persistent, MessageId: e.ID, Type: e.Type, Timestamp: e.Time}
	if s.format != settings.Binary {
		m.ContentType, m.Body = settings.StructuredType, e.Structured()
		return m
	}
	attributes, body := e.Binary()
	m.ContentType, m.Body, m.Headers = settings.DataType, body, amqp.Table{}
	for name, value := range attributes {
		m.Headers[settings.AttributePrefix+name] = value
	}
	return m
}

// open returns an open session. If there is none, it connects. Concurrent calls wait for the same connection attempt.
// Each call stops waiting when its own ctx ends.
func (s *sender) open(ctx context.Context) (*session, error) {
	s.mu.Lock()
	if s.lifetime.Err() != nil {
		s.mu.Unlock()
		return nil, errClosed
	}
	if s.session != nil && s.session.isOpen() {
		defer s.mu.Unlock()
		return s.session, nil
	}
	if s.attempt == nil {
		s.attempt = &attempt{done: make(chan struct{})}
		s.connecting.Add(1)
		go s.connect(s.attempt)
	}
	current := s.attempt
	s.mu.Unlock()
	select {
	case <-current.done:
		return current.session, current.err
	case <-ctx.Done():
		return nil, transportError(ctx, ctx.Err())
	}
}

// connect closes the last session, connects, and ends the attempt.
func (s *sender) connect(a *attempt) {
	defer s.connecting.Done()
	if s.session != nil { // only connect sets s.session, and only one attempt runs at a time
		s.session.abort() // the AMQP channel is closed, but the socket may be open
	}
	ctx, cancel := context.WithTimeout(s.lifetime, s.options.Timeout)
	defer cancel()
	a.session, a.err = connect(ctx, s.options, s.dial, s.broker(), s.exchange)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session, s.attempt = a.session, nil
	close(a.done)
}

// Close implements ports.EventSender.
func (s *sender) Close() {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	s.connecting.Wait()
	if s.session != nil {
		s.session.close()
	}
	s.leave()
}

// refused returns the error for a refusal by the broker, with its reply.
func refused(message string, code int, reason string) *domain.Error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.SinkRefused, Message: message,
		Cause: &brokerReply{code, reason, errRefused},
	}
}
