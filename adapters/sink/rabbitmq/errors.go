package rabbitmq

import (
	"context"
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// These are causes of transport errors, in addition to the causes in package egress. The texts are fixed, because a
// reply from the broker must not be part of an error: it contains names and may contain any other text.
var (
	errClosedByBroker = errors.New("the broker closed the connection")
	errRefused        = errors.New("the broker refused a request")
	errNoLogin        = errors.New("connection lost before the login, or not an AMQP 0-9-1 broker")
)

// The error messages for refusals by the broker, by reply code. A reply with any other code is treated as a transport
// error. https://www.rabbitmq.com/amqp-0-9-1-reference#constants
var (
	loginTexts = map[int]string{
		amqp.AccessRefused: "the broker refused the user or the password",
		amqp.NotAllowed:    "the broker refused the virtual host",
	}
	declarationTexts = map[int]string{
		amqp.AccessRefused:      "the user may not declare the exchange",
		amqp.PreconditionFailed: "an exchange of this name exists with another type or other properties",
		amqp.NotAllowed:         "the broker refused the name of the exchange",
		amqp.CommandInvalid:     "the broker refused the name of the exchange",
	}
	publishingTexts = map[int]string{
		amqp.AccessRefused:      "the user may not write to the exchange",
		amqp.NotFound:           "the exchange was deleted",
		amqp.PreconditionFailed: "the broker refused the message",
		amqp.ContentTooLarge:    "the broker refused the message",
	}
)

// brokerReply is the cause of an error for which the broker has given a reason. Its text is that of cause, without
// code and reason.
type brokerReply struct {
	code   int // 0 for a negative confirmation
	reason string
	cause  error
}

// Error implements error.
func (r *brokerReply) Error() string { return r.cause.Error() }

// Unwrap returns the cause.
func (r *brokerReply) Unwrap() error { return r.cause }

// answerOf returns what the broker has replied, without the secrets; the zero answer if err contains no reply.
func answerOf(err error, secrets []domain.Secret) events.SinkAnswer {
	var reply *brokerReply
	if !errors.As(err, &reply) {
		return events.SinkAnswer{}
	}
	return events.NewSinkAnswer(reply.code, settings.WithoutSecrets([]byte(reply.reason), false, secrets))
}

// atLogin returns the error for a failed login. A broker refuses a user or password by closing the connection, because
// the library does not announce the capability authentication_failure_close. In this case, the library returns
// ErrCredentials.
func atLogin(err error) error {
	if errors.Is(err, amqp.ErrCredentials) {
		return refused(loginTexts[amqp.AccessRefused], amqp.AccessRefused, amqp.ErrCredentials.Reason)
	}
	return errors.Join(errNoLogin, replyError(err, loginTexts))
}

func atDeclaration(err error) error { return replyError(err, declarationTexts) }

func atPublishing(err error) error { return replyError(err, publishingTexts) }

// replyError returns a *domain.Error if err is a reply from the broker and texts contains the reply code. It returns
// all other errors unchanged. They include errors with a reply code that the library itself creates, for example after
// a lost connection.
func replyError(err error, texts map[int]string) error {
	var reply *amqp.Error
	if errors.As(err, &reply) && reply.Server {
		if text, found := texts[reply.Code]; found {
			return refused(text, reply.Code, reply.Reason)
		}
	}
	return err
}

// transportError returns the domain error for an event without a confirmation. It first checks whether ctx has ended.
// In that case this process has closed the connection, and err says nothing about the broker.
func transportError(ctx context.Context, err error) *domain.Error {
	var own *domain.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	case ctx.Err() == nil && errors.As(err, &own):
		return own
	case errors.Is(err, egress.ErrForbiddenAddress):
		return egress.NotAllowed("an address that egress forbids")
	}
	cause := causeOf(ctx, err)
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.SinkUnreachable, Message: cause.Error(), Cause: cause,
	}
}

// causeOf returns the cause that describes err, which is an error of the package net or of the AMQP library.
func causeOf(ctx context.Context, err error) error {
	if cause := egress.CauseOf(ctx, err); cause != nil {
		return cause
	}
	var reply *amqp.Error
	switch {
	case errors.As(err, &reply) && reply.Server:
		return &brokerReply{reply.Code, reply.Reason, errClosedByBroker}
	case errors.Is(err, errNotRequested):
		return errNotRequested
	case errors.Is(err, errNoLogin):
		return errNoLogin
	}
	return egress.ErrConnectionLost
}
