package ports

import (
	"cmp"
	"context"
)

// UnknownActor is the actor of a change that is made without an operator, or by an operator whose token contains
// neither a subject nor a client.
const UnknownActor = "unknown"

// Caller describes the request of an operator. It appears in the audit log.
type Caller struct {
	Actor     string // the operator
	Peer      string // the address from which the request came; "" if there is none
	RequestID string // the id of the request, as in the response and in the access log; "" if there is none
}

type callerKey struct{}

// WithCaller returns a copy of ctx that describes the request of an operator.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// CallerOf returns the caller that WithCaller stored in ctx. Its Actor is UnknownActor if there is no caller, or
// if the caller has no actor.
func CallerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	caller.Actor = cmp.Or(caller.Actor, UnknownActor)
	return caller
}
