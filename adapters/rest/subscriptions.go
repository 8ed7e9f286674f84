package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const subscriptionsPath = prefix + "/subscriptions"

// newSubscription is the request body that creates a subscription.
type newSubscription struct {
	Name         string      `json:"name" minLength:"1" maxLength:"255" example:"ledger" doc:"A name for people; it need not be unique"`
	Types        []string    `json:"types" minItems:"1" maxItems:"32" example:"transaction.*,pull.failed" doc:"The types of events: such as transaction.added, or transaction.* for all types of a resource"`
	ConnectionID string      `json:"connectionId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only events of this connection; absent for all"`
	AccountID    string      `json:"accountId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only events of this account; absent for all. An event without an account is not sent then"`
	Sink         sinkRequest `json:"sink" doc:"Where the events go; the kind cannot be changed"`
	FromStart    bool        `json:"fromStart,omitzero" example:"false" doc:"Begin at the first record. Otherwise the subscription begins at the time of its creation"`
}

// subscriptionChange is the request body that replaces all changeable fields of a subscription.
type subscriptionChange struct {
	Name         string      `json:"name" minLength:"1" maxLength:"255" example:"ledger" doc:"A name for people; it need not be unique"`
	Types        []string    `json:"types" minItems:"1" maxItems:"32" example:"transaction.*,pull.failed" doc:"The types of events: such as transaction.added, or transaction.* for all types of a resource"`
	ConnectionID string      `json:"connectionId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only events of this connection; absent for all"`
	AccountID    string      `json:"accountId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only events of this account; absent for all. An event without an account is not sent then"`
	Sink         sinkRequest `json:"sink" doc:"Where the events go; the kind cannot be changed"`
}

// subscriptionView is the representation of a subscription in responses.
type subscriptionView struct {
	ID              string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the subscription"`
	Name            string    `json:"name" example:"ledger" doc:"A name for people"`
	Types           []string  `json:"types" example:"transaction.*,pull.failed" doc:"The types of events"`
	ConnectionID    string    `json:"connectionId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only events of this connection; absent for all"`
	AccountID       string    `json:"accountId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only events of this account; absent for all. An event without an account is not sent then"`
	Sink            sinkView  `json:"sink" doc:"Where the events go"`
	State           string    `json:"state" enum:"active,paused,disabled" example:"active" doc:"paused: by an operator. disabled: an event could not be sent for three days. Both keep the position"`
	Reason          string    `json:"reason,omitempty" example:"sink_unreachable" doc:"Why it is disabled: the outcome of the last attempt; absent otherwise"`
	Since           time.Time `json:"since" example:"2026-03-01T10:00:00Z" doc:"When the state last changed"`
	Position        string    `json:"position" example:"41" doc:"The sequence before the first event that waits"`
	LastSequence    string    `json:"lastSequence" example:"42" doc:"The sequence of the latest event; 0 if there is none"`
	Waiting         int       `json:"waiting" example:"1" doc:"Number of events that are not delivered, and of records that are still to be sent to Matcher, of which at most 10,000 are counted"`
	Retrying        int       `json:"retrying" example:"0" doc:"How many of them have failed, or follow a failed event of the same subject; while Matcher fails, all of its records"`
	OldestWaitingAt time.Time `json:"oldestWaitingAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When the change of the oldest waiting event was made, or since when Matcher fails; absent if none waits"`
	SecretOverlapTo time.Time `json:"secretOverlapUntil,omitzero" example:"2026-03-02T10:00:00Z" doc:"The time until which events are also signed with the replaced secret; absent if none was replaced"`
	CreatedAt       time.Time `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	UpdatedAt       time.Time `json:"updatedAt" example:"2026-03-02T10:00:00Z" doc:"When an operator last changed it"`
}

// createdSubscription is a subscription with its signing secret, which no other response contains.
type createdSubscription struct {
	subscriptionView
	Secret string `json:"secret,omitempty" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=" doc:"Signs the events of a webhook. Returned only once: it is stored encrypted"`
}

func subscriptionOf(s ports.SubscriptionStatus) subscriptionView {
	v := subscriptionView{
		ID:              s.ID.String(),
		Name:            s.Name,
		Types:           make([]string, len(s.Types)),
		ConnectionID:    idOrEmpty(s.Connection),
		AccountID:       idOrEmpty(s.Account),
		Sink:            sinkView{string(s.Sink.Kind), s.Sink.Settings},
		State:           string(s.State),
		Reason:          string(s.Reason),
		Since:           utcOrZero(s.StateSince),
		Position:        strconv.FormatInt(s.Position, 10),
		LastSequence:    strconv.FormatInt(s.LastSequence, 10),
		Waiting:         s.Waiting,
		Retrying:        s.Retrying,
		OldestWaitingAt: utcOrZero(s.OldestWaiting),
		SecretOverlapTo: utcOrZero(
			s.PreviousUntil,
		),
		CreatedAt: utcOrZero(s.CreatedAt),
		UpdatedAt: utcOrZero(s.UpdatedAt),
	}
	for i, t := range s.Types {
		v.Types[i] = string(t)
	}
	return v
}

func createdSubscriptionOf(c ports.CreatedSubscription) createdSubscription {
	return createdSubscription{subscriptionOf(c.SubscriptionStatus), string(c.Secret.Reveal())}
}

// eventReplayRequest is the request body that makes the service send stored events again.
type eventReplayRequest struct {
	From string `json:"from" pattern:"^[0-9]{1,18}$" patternDescription:"a sequence" example:"42" doc:"The sequence from which events are sent again. If it is after the position, the events before it are skipped"`
}

// eventSkipRequest is the request body that passes over one event.
type eventSkipRequest struct {
	Sequence string `json:"sequence" pattern:"^[0-9]{1,18}$" patternDescription:"a sequence" example:"42" doc:"The sequence of an event that has failed at least once"`
}

// sinkTestOutcome is the result of testing a sink. If the test fails, the request itself still succeeds.
type sinkTestOutcome struct {
	Delivered bool   `json:"delivered" example:"true" doc:"Whether the destination has confirmed the event"`
	Reason    string `json:"reason,omitempty" example:"sink_unreachable" doc:"The failure: sink_unreachable, sink_refused, address_not_allowed; skipped if an operator has passed over the event"`
	LatencyMs int64  `json:"latencyMs" example:"84" doc:"How long the attempt took, in milliseconds"`
	sinkAnswerView
}

// sinkAnswerView is what the receiver has answered.
type sinkAnswerView struct {
	ResponseStatus int    `json:"responseStatus,omitzero" example:"503" doc:"The HTTP status of the receiver, or the code of a broker's refusal; absent if there was none"`
	ResponseBody   string `json:"responseBody,omitzero" example:"maintenance" doc:"The beginning of the receiver's answer, at most 1 KiB, with symbols for control characters and … for secrets. Of a listed attempt only if it has failed. Only with the scope discovery:write"`
}

// answersOf returns a function that returns what the receiver has answered. It shows the text of the answer only if the
// caller may write.
func (s *server) answersOf(ctx context.Context) func(events.SinkAnswer) sinkAnswerView {
	shown := s.mayWrite(ctx)
	return func(a events.SinkAnswer) sinkAnswerView {
		if !shown {
			a.Body = ""
		}
		return sinkAnswerView{a.Status, a.Body}
	}
}

// attemptView is the representation of an attempt to send an event.
type attemptView struct {
	ID        string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the attempt"`
	Sequence  string    `json:"sequence" example:"42" doc:"The sequence of the event"`
	EventID   string    `json:"eventId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the event; the same in each attempt"`
	Type      string    `json:"type" example:"studio.lerian.discovery.transaction.added" doc:"The type of the event"`
	Subject   string    `json:"subject" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the resource"`
	Number    int       `json:"number" minimum:"1" example:"1" doc:"1 for the first attempt of an event"`
	At        time.Time `json:"at" example:"2026-03-02T10:00:00Z" doc:"When the attempt was made"`
	LatencyMs int64     `json:"latencyMs" example:"84" doc:"How long it took, in milliseconds"`
	Delivered bool      `json:"delivered" example:"false" doc:"Whether the destination has confirmed the event"`
	Reason    string    `json:"reason,omitempty" example:"sink_refused" doc:"The failure: sink_unreachable, sink_refused, address_not_allowed"`
	sinkAnswerView
	NextAttemptAt time.Time `json:"nextAttemptAt,omitzero" example:"2026-03-02T10:00:04Z" doc:"When a failed event was to be sent again; absent otherwise"`
}

func attemptOf(a events.EventAttempt, answer sinkAnswerView) attemptView {
	return attemptView{
		ID:        a.ID.String(),
		Sequence:  strconv.FormatInt(a.Sequence, 10),
		EventID:   a.Event.String(),
		Type:      a.Type.CloudEvent(),
		Subject:   events.PublicSubject(a.Type, a.Subject),
		Number:    a.Number,
		At:        utcOrZero(a.At),
		LatencyMs: a.Took.Milliseconds(),
		Delivered: a.Error == "",
		Reason:    string(a.Error),

		sinkAnswerView: answer, NextAttemptAt: utcOrZero(a.NextAttempt),
	}
}

// subscriptionRoutes returns all routes that manage subscriptions and their events.
func (s *server) subscriptionRoutes() []route {
	const tag, one = "Subscriptions", subscriptionsPath + "/{id}"
	routes := []route{
		{
			id: "create-subscription", method: http.MethodPost, path: subscriptionsPath,
			description: "Sends events of the tenant to a sink: changes of transactions and accounts, and what " +
				"happens to connections. The secret of a webhook is returned once. A repeated request with the same " +
				"idempotency key therefore returns 409.",
			status: http.StatusCreated, tag: tag, summary: "Create a subscription",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true, returnsSecret: true,
			bodyFaults: s.newSubscriptionFaults, mount: handle(s.createSubscription),
		},
		{
			id: "list-subscriptions", method: http.MethodGet, path: subscriptionsPath,
			description: "Returns the subscriptions of the tenant with their progress.",
			status:      http.StatusOK, tag: tag, summary: "List subscriptions, newest first",
			scope: scopeRead, mount: handle(s.listSubscriptions),
		},
		{
			id: "get-subscription", method: http.MethodGet, path: one,
			description: "Returns one subscription with its progress. Its secrets are never returned.",
			status:      http.StatusOK, tag: tag, summary: "Get a subscription",
			scope: scopeRead, notFound: subscriptionNotFound, mount: handle(s.getSubscription),
		},
		{
			id: "update-subscription", method: http.MethodPut, path: one,
			description: "Replaces all fields that can be changed. Events that are stored already keep their " +
				"sequence. If-Match prevents lost updates.",
			status: http.StatusOK, tag: tag, summary: "Replace a subscription",
			scope: scopeWrite, notFound: subscriptionNotFound, ifMatch: true, idempotent: true,
			bodyFaults: typeFaults, mount: handle(s.updateSubscription),
		},
		{
			id: "delete-subscription", method: http.MethodDelete, path: one,
			description: "Deletes the subscription with its events and attempts.",
			status:      http.StatusNoContent, tag: tag, summary: "Delete a subscription",
			scope: scopeWrite, notFound: subscriptionNotFound, ifMatch: true, mount: handle(s.deleteSubscription),
		},
	}
	return slices.Concat(routes, s.subscriptionActionRoutes(tag, one), s.matcherRoutes(tag, one))
}

// subscriptionActionRoutes returns the routes for actions on a subscription, such as pausing it or sending a test
// event. one is the path of a single subscription, with which all these paths begin.
func (s *server) subscriptionActionRoutes(tag, one string) []route {
	return []route{
		{
			id: "test-subscription", method: http.MethodPost, path: one + "/test",
			description: "Sends an event of the type studio.lerian.discovery.subscription.test, which has no " +
				"sequence. Every outcome is a 200; delivered and reason tell what it was.",
			status: http.StatusOK, tag: tag, summary: "Send a test event",
			scope: scopeWrite, notFound: subscriptionNotFound, noBody: true, mount: handle(s.testSubscription),
		},
		{
			id: "pause-subscription", method: http.MethodPost, path: one + "/pause",
			description: "Stops the subscription, which keeps its position. Attempts that are under way may finish.",
			status:      http.StatusOK, tag: tag, summary: "Pause a subscription",
			scope: scopeWrite, notFound: subscriptionNotFound, idempotent: true, noBody: true,
			mount: handle(s.pauseSubscription),
		},
		{
			id: "resume-subscription", method: http.MethodPost, path: one + "/resume",
			description: "Makes a paused or disabled subscription active. Failed events are retried at once.",
			status:      http.StatusOK, tag: tag, summary: "Resume a subscription",
			scope: scopeWrite, notFound: subscriptionNotFound, idempotent: true, noBody: true,
			mount: handle(s.resumeSubscription),
		},
		{
			id: "rotate-subscription-secret", method: http.MethodPost, path: one + "/secret",
			description: "Returns a new signing secret, once. For 24 hours, events are also signed with the previous " +
				"secret, so that the receiver can be changed in between. The response is a 409 if the sink does not " +
				"sign events.",
			status: http.StatusOK, tag: tag, summary: "Replace the signing secret",
			scope: scopeWrite, notFound: subscriptionNotFound, conflict: true, idempotent: true, returnsSecret: true,
			noBody: true, mount: handle(s.rotateSubscriptionSecret),
		},
		{
			id: "replay-subscription", method: http.MethodPost, path: one + "/replay",
			description: "Sends stored events again, from a sequence on. They keep their sequence, id and type; " +
				"data is the resource as it is now. Delivered events are stored for EVENT_RETENTION.",
			status: http.StatusOK, tag: tag, summary: "Send events again, or skip events",
			scope: scopeWrite, notFound: subscriptionNotFound, idempotent: true, mount: handle(s.replaySubscription),
		},
		{
			id: "skip-event", method: http.MethodPost, path: one + "/skip",
			description: "Passes over one event that the sink refuses, so that the later events of the resource are " +
				"sent. The attempts then have one with the reason skipped. If the event reports a new record, the " +
				"next " +
				"event of the record does. The response is a 409 unless the event has failed at least once.",
			status: http.StatusOK, tag: tag, summary: "Skip one event",
			scope: scopeWrite, notFound: subscriptionNotFound, conflict: true, idempotent: true,
			mount: handle(s.skipEvent),
		},
		{
			id: "list-event-attempts", method: http.MethodGet, path: one + "/attempts",
			description: "Returns the attempts to send events, including successful ones.",
			status:      http.StatusOK, tag: tag, summary: "List the attempts of a subscription, newest first",
			scope: scopeRead, notFound: subscriptionNotFound, mount: handle(s.listEventAttempts),
		},
	}
}

// optionalID parses an id in a request. It returns the zero id for an empty text, and NotFound if the text is not an
// id.
func optionalID[T any](text string) (domain.ID[T], error) {
	if text == "" {
		return domain.ID[T]{}, nil
	}
	return domain.ParseID[T](text)
}

// eventScope parses the ids of the connection and of the account to which a subscription is restricted; see optionalID.
func eventScope(connection, account string) (domain.ConnectionID, domain.AccountID, error) {
	c, err := optionalID[domain.Connection](connection)
	if err != nil {
		return domain.ConnectionID{}, domain.AccountID{}, err
	}
	a, err := optionalID[domain.Account](account)
	if err != nil {
		err = &domain.Error{Kind: domain.NotFound, Code: domain.EventAccountNotFound}
	}
	return c, a, err
}

// typeFaults returns the members of types in the body of a subscription that are no types of events.
func typeFaults(_ context.Context, body []byte) []ProblemField {
	var request struct {
		Types []events.EventFilter `json:"types"`
	}
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	return bodyFields(events.CheckFilters(request.Types))
}

// newSubscriptionFaults returns the invalid types and the invalid fields of the sink in the body of a new subscription.
func (s *server) newSubscriptionFaults(ctx context.Context, body []byte) []ProblemField {
	return append(typeFaults(ctx, body), s.sinkFaults(ctx, body)...)
}

// createSubscription creates a subscription and returns it with its secret.
func (s *server) createSubscription(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body newSubscription },
) (*createdOutput[createdSubscription], error) {
	connection, account, err := eventScope(in.Body.ConnectionID, in.Body.AccountID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.CreateSubscription(ctx, tenant, ports.NewSubscription{
		Name: in.Body.Name, Types: in.Body.Types, Connection: connection, Account: account,
		Sink: ports.SinkRequest(in.Body.Sink), FromStart: in.Body.FromStart,
	})
	if err != nil {
		return nil, err
	}
	return &createdOutput[createdSubscription]{
		subscriptionsPath + "/" + c.ID.String(), etag(c.Revision), createdSubscriptionOf(c),
	}, nil
}

// listSubscriptions returns a page of the tenant's subscriptions.
func (s *server) listSubscriptions(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int                      `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[subscriptionList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[subscriptionView], error) {
	p, err := s.service.ListSubscriptions(ctx, tenant, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[subscriptionList](p, in.Limit, subscriptionOf), nil
}

// subscriptionCall is a method of the driving port that returns one subscription.
type subscriptionCall func(context.Context, domain.TenantID, events.SubscriptionID) (ports.SubscriptionStatus, error)

// oneSubscription calls fn with the id of a subscription. It returns the result of fn together with an entity tag.
func oneSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, fn subscriptionCall,
) (*taggedOutput[subscriptionView], error) {
	status, err := fn(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &taggedOutput[subscriptionView]{etag(status.Revision), subscriptionOf(status)}, nil
}

// getSubscription returns a subscription with its entity tag.
func (s *server) getSubscription(
	ctx context.Context, tenant domain.TenantID, in *idInput[events.Subscription],
) (*taggedOutput[subscriptionView], error) {
	return oneSubscription(ctx, tenant, in.ID.ID, s.service.GetSubscription)
}

// pauseSubscription pauses a subscription.
func (s *server) pauseSubscription(
	ctx context.Context, tenant domain.TenantID, in *idInput[events.Subscription],
) (*taggedOutput[subscriptionView], error) {
	return oneSubscription(ctx, tenant, in.ID.ID, s.service.PauseSubscription)
}

// resumeSubscription resumes a subscription.
func (s *server) resumeSubscription(
	ctx context.Context, tenant domain.TenantID, in *idInput[events.Subscription],
) (*taggedOutput[subscriptionView], error) {
	return oneSubscription(ctx, tenant, in.ID.ID, s.service.ResumeSubscription)
}

// updateSubscription replaces all changeable fields of a subscription in one atomic change.
func (s *server) updateSubscription(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      pathID[events.Subscription] `path:"id" doc:"Opaque"`
	IfMatch ifMatchHeader               `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    subscriptionChange
},
) (*taggedOutput[subscriptionView], error) {
	return oneSubscription(ctx, tenant, in.ID.ID, func(
		ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	) (ports.SubscriptionStatus, error) {
		connection, account, err := eventScope(in.Body.ConnectionID, in.Body.AccountID)
		if err != nil {
			return ports.SubscriptionStatus{}, err
		}
		return s.service.UpdateSubscription(ctx, tenant, id, in.IfMatch.IfMatch, ports.SubscriptionUpdate{
			Name: in.Body.Name, Types: in.Body.Types, Connection: connection, Account: account,
			Sink: ports.SinkRequest(in.Body.Sink),
		})
	})
}

// deleteSubscription deletes a subscription.
func (s *server) deleteSubscription(
	ctx context.Context, tenant domain.TenantID, in *conditionalInput[events.Subscription],
) (*noContent, error) {
	return nil, s.service.DeleteSubscription(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch)
}

// testSubscription sends a test event to the sink of a subscription.
func (s *server) testSubscription(
	ctx context.Context, tenant domain.TenantID, in *idInput[events.Subscription],
) (*bodyOutput[sinkTestOutcome], error) {
	r, err := s.service.TestSubscription(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[sinkTestOutcome]{sinkTestOutcome{
		r.Delivered, string(r.Reason), r.Latency.Milliseconds(), s.answersOf(ctx)(r.Answer),
	}}, nil
}

// rotateSubscriptionSecret replaces the signing secret of a subscription and returns the new secret.
func (s *server) rotateSubscriptionSecret(
	ctx context.Context, tenant domain.TenantID, in *idInput[events.Subscription],
) (*taggedOutput[createdSubscription], error) {
	c, err := s.service.RotateSubscriptionSecret(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &taggedOutput[createdSubscription]{etag(c.Revision), createdSubscriptionOf(c)}, nil
}

// replaySubscription makes the service send stored events again, starting with the event whose sequence is in the body.
func (s *server) replaySubscription(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[events.Subscription] `path:"id" doc:"Opaque"`
	Body eventReplayRequest
},
) (*taggedOutput[subscriptionView], error) {
	return oneSubscription(ctx, tenant, in.ID.ID, func(
		ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	) (ports.SubscriptionStatus, error) {
		from, err := strconv.ParseInt(in.Body.From, 10, 64)
		if err != nil {
			return ports.SubscriptionStatus{}, domain.FieldError("from", "must be a sequence")
		}
		return s.service.ReplaySubscription(ctx, tenant, id, from)
	})
}

// skipEvent passes over an event that has failed.
func (s *server) skipEvent(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[events.Subscription] `path:"id" doc:"Opaque"`
	Body eventSkipRequest
},
) (*taggedOutput[subscriptionView], error) {
	sequence, err := strconv.ParseInt(in.Body.Sequence, 10, 64)
	if err != nil {
		return nil, domain.FieldError("sequence", "must be a sequence")
	}
	return oneSubscription(ctx, tenant, in.ID.ID, func(
		ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	) (ports.SubscriptionStatus, error) {
		return s.service.SkipEvent(ctx, tenant, id, sequence)
	})
}

// listEventAttempts returns a page of the attempts to send the events of a subscription.
func (s *server) listEventAttempts(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[events.Subscription] `path:"id" doc:"Opaque"`
	Limit  int                         `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[eventAttempts]       `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[attemptView], error) {
	p, err := s.service.ListEventAttempts(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	answer := s.answersOf(ctx)
	return pageOf[eventAttempts](p, in.Limit, func(a events.EventAttempt) attemptView {
		return attemptOf(a, answer(a.Answer))
	}), nil
}
