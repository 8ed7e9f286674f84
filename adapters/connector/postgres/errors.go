package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The causes of vendor_unreachable errors. They are used instead of the errors of pgx and of the server, because those
// contain the names of users and hosts.
var (
	errSetup   = errors.New("the connection cannot be prepared")
	errTimeout = errors.New("no response in time")
	errServer  = errors.New("the server rejects the connection")
	errConnect = errors.New("no connection")

	errSecondDial = errors.New("the probe has already dialed")
)

// probeError returns the domain error for a failed probe. It maps the SQLSTATE codes and classes
// that https://www.postgresql.org/docs/current/errcodes-appendix.html defines.
func probeError(ctx context.Context, err error) *domain.Error {
	var (
		server *pgconn.PgError
		own    *domain.Error
	)
	switch {
	case errors.As(err, &own): // this package has created the error
		return own
	case errors.Is(ctx.Err(), context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.Interrupted, Cause: context.Canceled}
	case ctx.Err() != nil:
		return unreachable(errTimeout)
	case errors.As(err, &server):
		return sqlStateError(server.Code)
	}
	return unreachable(errConnect)
}

func sqlStateError(state string) *domain.Error {
	switch {
	case strings.HasPrefix(state, "28"): // invalid authorization specification
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	case state == "3D000": // the database does not exist
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	case state == "42501": // the role has no privilege to connect
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	}
	return unreachable(errServer)
}

func unreachable(cause error) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: cause}
}

func notAllowed() *domain.Error {
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.AddressNotAllowed, Message: "an address that egress forbids",
	}
}
