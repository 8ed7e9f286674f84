package ports

import "context"

// UnknownActor is the actor of a change that is made without an operator, or by an operator whose
// token names neither a subject nor a client.
const UnknownActor = "unknown"

type actorKey struct{}

// WithActor returns a copy of ctx that names actor as the operator of the request. The actor appears in the
// audit log.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorOf returns the actor that WithActor stored in ctx; UnknownActor if there is none or it is "".
func ActorOf(ctx context.Context) string {
	if actor, _ := ctx.Value(actorKey{}).(string); actor != "" {
		return actor
	}
	return UnknownActor
}
