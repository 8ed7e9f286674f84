package rabbitmq

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// heartbeat is the interval after which the broker and the client each expect data from the other side, even on an idle
// connection. If no data arrives for a multiple of this interval, the connection is closed.
const heartbeat = 10 * time.Second

// frameSize is the largest frame in bytes that either side may send. Larger messages are split.
const frameSize = 128 << 10

// closeTimeout bounds the wait for the broker when a connection is closed.
const closeTimeout = 2 * time.Second

// session is a connection with one channel. The channel has declared the exchange and uses publisher confirms.
type session struct {
	socket  *brokerConn
	conn    *amqp.Connection
	channel *amqp.Channel
	ended   chan struct{} // closed when the AMQP channel is closed
	reason  *amqp.Error   // why the channel was closed; nil if this process closed it; set before ended is closed
}

// connect dials the broker, logs in, and declares the exchange. It returns the errors that ports.EventSender specifies.
func connect(
	ctx context.Context, o Options, connectTo egress.DialFunc, b broker, exchange string,
) (*session, error) {
	socket, err := dial(ctx, o, connectTo, b)
	if err != nil {
		return nil, transportError(ctx, err)
	}
	s := &session{socket: newBrokerConn(socket), ended: make(chan struct{})}
	// The library does not take a context, so the end of ctx closes the socket.
	stop := context.AfterFunc(ctx, s.abort)
	err = s.handshake(o, b, exchange)
	if stop() && err == nil {
		return s, nil
	}
	s.discard()
	return nil, s.transportError(ctx, err)
}

// dial connects to the broker, with TLS unless the scheme is amqp. The caller must close the connection.
func dial(ctx context.Context, o Options, connectTo egress.DialFunc, b broker) (net.Conn, error) {
	socket, err := connectTo(ctx, "tcp", net.JoinHostPort(b.Host, strconv.Itoa(b.Port)))
	if err != nil || b.Scheme == "amqp" {
		return socket, err
	}
	cfg := o.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg.ServerName = b.Host
	secured := tls.Client(socket, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = socket.Close()
		return nil, err
	}
	return secured, nil
}

// handshake logs in, opens the channel, declares the exchange and turns publisher confirms on.
func (s *session) handshake(o Options, b broker, exchange string) (err error) {
	properties := amqp.NewConnectionProperties()
	properties["product"] = o.Product
	properties.SetClientConnectionName(o.Product)
	s.conn, err = amqp.Open(s.socket, amqp.Config{
		SASL: []amqp.Authentication{b.PlainAuth()}, Vhost: b.Vhost, Heartbeat: heartbeat, FrameSize: frameSize,
		ChannelMax: 1, Locale: "en_US", Properties: properties,
	})
	if err != nil {
		return atLogin(err)
	}
	if s.channel, err = s.conn.Channel(); err != nil {
		return err
	}
	closed := s.channel.NotifyClose(make(chan *amqp.Error, 1))
	go func() {
		s.reason = <-closed
		close(s.ended)
	}()
	const durable = true
	if err := s.channel.ExchangeDeclare(exchange, amqp.ExchangeTopic, durable, false, false, false, nil); err != nil {
		return atDeclaration(err)
	}
	return s.channel.Confirm(false)
}

// publish sends a message and waits for its confirmation. It returns the errors that ports.EventSender specifies.
func (s *session) publish(ctx context.Context, exchange, key string, message amqp.Publishing) error {
	stop := context.AfterFunc(ctx, s.abort) // ends the call when ctx ends, even if the broker does not read
	s.socket.publishing()
	confirmation, err := s.channel.PublishWithDeferredConfirm(exchange, key, false, false, message)
	stop()
	if err != nil {
		return s.unconfirmedError(ctx)
	}
	select {
	case <-confirmation.Done():
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.abort() // if the broker does not confirm in time, this connection is not used again
		}
		return transportError(ctx, ctx.Err())
	}
	switch {
	case confirmation.Acked():
		return nil
	case s.channel.IsClosed(): // the library then reports every message as not confirmed
		return s.unconfirmedError(ctx)
	}
	return refused("the broker did not accept the message", 0, "basic.nack")
}

// unconfirmedError returns the error for a message that was not confirmed because the channel is closed or is being
// closed.
func (s *session) unconfirmedError(ctx context.Context) error {
	select {
	case <-s.ended:
	case <-ctx.Done():
		return transportError(ctx, ctx.Err())
	}
	if s.reason == nil {
		return s.transportError(ctx, amqp.ErrClosed)
	}
	return s.transportError(ctx, atPublishing(s.reason))
}

// transportError works like the function transportError, but returns errNotRequested as the cause if Read has rejected
// a frame of the broker.
func (s *session) transportError(ctx context.Context, err error) *domain.Error {
	if s.socket.rejected.Load() {
		err = errNotRequested
	}
	return transportError(ctx, err)
}

// isOpen reports whether the session can publish, as far as this process knows.
func (s *session) isOpen() bool { return !s.channel.IsClosed() }

// abort closes the connection without notifying the broker. Calls in progress fail.
func (s *session) abort() { _ = s.socket.Close() }

// discard closes the connection like abort, and ends what the library does in the background.
func (s *session) discard() {
	s.abort()
	if s.conn != nil {
		_ = s.conn.CloseDeadline(time.Now())
	}
}

// close closes the connection. The timer is necessary, because each heartbeat of the broker extends the deadline that
// the library has set.
func (s *session) close() {
	defer time.AfterFunc(closeTimeout, s.abort).Stop()
	s.socket.closing.Store(true)
	_ = s.conn.CloseDeadline(time.Now().Add(closeTimeout))
	s.abort()
}
