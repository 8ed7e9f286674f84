package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// refusals contains the messages for those broker errors that the library does not retry. For any other error of a
// broker, the message contains the name of the error in the protocol, which is also a fixed text.
var refusals = map[*kerr.Error]string{
	kerr.SaslAuthenticationFailed:   "the brokers refused the user or the password",
	kerr.UnsupportedSaslMechanism:   "the brokers do not support the SASL mechanism",
	kerr.IllegalSaslState:           "the brokers demand another login",
	kerr.UnknownTopicOrPartition:    "the topic does not exist, and the brokers do not create it",
	kerr.TopicAuthorizationFailed:   "the user may not write to the topic",
	kerr.ClusterAuthorizationFailed: "the user may not write to the cluster",
	kerr.MessageTooLarge:            "the event is larger than the topic allows",
	kerr.RecordListTooLarge:         "the event is larger than the topic allows",
}

// answerOf returns the error code of the brokers and its name, which is a fixed text; the zero answer if err contains
// no answer of theirs.
func answerOf(err error) events.SinkAnswer {
	var answer *kerr.Error
	if !errors.As(err, &answer) {
		return events.SinkAnswer{}
	}
	return events.NewSinkAnswer(int(answer.Code), []byte(answer.Message))
}

// produceError returns the domain error for an event that was not confirmed. It first checks whether ctx was
// canceled: err then says nothing about the brokers. The message never contains the text of an error of the library,
// because that text can contain an address.
func produceError(ctx context.Context, err error) *domain.Error {
	var answer *kerr.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	case errors.As(err, &answer):
		message := refusals[answer]
		if message == "" {
			message = "the brokers refused the event: " + answer.Message
		}
		return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused, Message: message, Cause: answer}
	case errors.Is(err, egress.ErrForbiddenAddress):
		return egress.NotAllowed("an address that egress forbids")
	}
	cause := egress.CauseOf(ctx, err)
	if errors.Is(err, errIterations) {
		cause = errIterations
	}
	if cause == nil {
		cause = egress.ErrConnectionLost
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkUnreachable, Message: cause.Error(), Cause: cause}
}
