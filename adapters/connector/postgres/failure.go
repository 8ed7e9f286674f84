package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Causes in words of our own: what pgx and the server say names users and hosts.
var (
	errSetup  = errors.New("the connection cannot be prepared")
	errTime   = errors.New("no answer in time")
	errAnswer = errors.New("the server refuses service")
	errDial   = errors.New("no connection")
)

// translate turns a failed probe into a domain error. SQLSTATE classes are those of
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func translate(ctx context.Context, err error) *domain.Error {
	var (
		server *pgconn.PgError
		own    *domain.Error
	)
	switch {
	case errors.As(err, &own):
		return notAllowed()
	case errors.Is(ctx.Err(), context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	case ctx.Err() != nil:
		return unreachable(errTime)
	case errors.As(err, &server):
		return refusal(server.Code)
	}
	return unreachable(errDial)
}

func refusal(state string) *domain.Error {
	switch {
	case strings.HasPrefix(state, "28"): // invalid authorization specification
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	case state == "3D000": // no such database
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	case state == "42501": // no privilege to connect
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	}
	return unreachable(errAnswer)
}

func unreachable(cause error) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: cause}
}

func notAllowed() *domain.Error {
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: "an address that egress forbids"}
}
