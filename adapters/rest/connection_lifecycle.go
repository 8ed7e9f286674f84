package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// linkSession is the response body with the URL of the vendor's hosted page, which contains a token. No other response
// contains this token.
type linkSession struct {
	Vendor    string    `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Mode      string    `json:"mode" enum:"update" example:"update" doc:"What the token permits: to sign in again for the account reference of this connection"`
	Token     string    `json:"token" doc:"Returned only once, for the vendor's widget in your own page; it is not stored" example:"eyJhbGciOiJIUzI1NiJ9.eyJpdGVtSWQiOiI3ZDJmOWMxZSJ9.c2ln"`
	URL       string    `json:"url" format:"uri" doc:"The vendor's hosted page with the token. Anyone with the URL can sign in until it expires" example:"https://connect.pluggy.ai/?connect_token=eyJhbGciOiJIUzI1NiJ9.eyJpdGVtSWQiOiI3ZDJmOWMxZSJ9.c2ln"`
	ExpiresAt time.Time `json:"expiresAt" example:"2026-03-01T10:30:00Z" doc:"When the token expires at the vendor"`
}

// lifecycleRoutes returns the routes that refresh, pause and resume a connection. One more route lets the account
// holder sign in at the institution again.
func (s *server) lifecycleRoutes() []route {
	const tag, one = "Aggregator connections", connectionsPath + "/{id}"
	return []route{
		{
			id: "create-link-session", method: http.MethodPost, path: one + "/link-sessions",
			description: "Requests a token with which the account holder can sign in at the institution again, on a " +
				"page that the vendor hosts. It is returned once and not stored: a repeated request with the same " +
				"idempotency key returns 409. The response is also a 409 if the connection is paused.",
			status: http.StatusCreated, tag: tag, summary: "Let the account holder sign in again",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true, returnsSecret: true,
			callsVendor: true, noBody: true,
			mount: handle(s.createLinkSession),
		},
		{
			id: "refresh-connection", method: http.MethodPost, path: one + "/refresh",
			description: "Asks the vendor to read the institution now. New data arrives with a webhook, as after any " +
				"other synchronisation. The response is a 409 if the vendor does not offer this, if nobody but its " +
				"support can allow it, or if the connection is paused. It is a 429 with Retry-After if no refresh is " +
				"allowed at the moment: Pluggy allows 20 in a minute, of which a tenant can use 15 while another " +
				"tenant refreshes, too; Belvo allows one of each link in ten minutes. It is a 502 with the reason " +
				"reauth_required if the account holder must sign in again; the health then says so, too.",
			status: http.StatusAccepted, tag: tag, summary: "Ask the vendor to read the institution now",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true, callsVendor: true,
			noBody: true,
			mount:  handle(s.refreshConnection),
		},
		{
			id: "pause-connection", method: http.MethodPost, path: one + "/pause",
			description: "Stops all requests to the vendor. Webhooks are stored; their pulls, and announced " +
				"deletions, wait for the resume. A running pull stops before its next request and continues after " +
				"the resume. Pausing a paused connection changes nothing.",
			status: http.StatusOK, tag: tag, summary: "Pause a connection",
			scope: scopeWrite, notFound: connectionNotFound, idempotent: true, noBody: true,
			mount: handle(s.pauseConnection),
		},
		{
			id: "resume-connection", method: http.MethodPost, path: one + "/resume",
			description: "Allows requests to the vendor again, and runs the pulls that wait. Resuming a connection " +
				"that is not paused changes nothing.",
			status: http.StatusOK, tag: tag, summary: "Resume a paused connection",
			scope: scopeWrite, notFound: connectionNotFound, idempotent: true, noBody: true,
			mount: handle(s.resumeConnection),
		},
	}
}

// createLinkSession requests a link session and returns its token.
func (s *server) createLinkSession(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*bodyOutput[linkSession], error) {
	session, err := s.service.CreateLinkSession(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[linkSession]{linkSession{
		Vendor: string(session.Vendor), Mode: "update", Token: string(session.Token.Reveal()),
		URL: string(session.URL.Reveal()), ExpiresAt: utcOrZero(session.ExpiresAt),
	}}, nil
}

// refreshConnection asks the vendor to synchronise with the institution now. The response has no body.
func (s *server) refreshConnection(
	ctx context.Context,
	tenant domain.TenantID,
	in *idInput[domain.Connection],
) (*noContent, error) {
	return nil, s.service.RefreshConnection(ctx, tenant, in.ID.ID)
}

// pauseConnection pauses a connection and returns its health.
func (s *server) pauseConnection(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*bodyOutput[healthView], error) {
	return changePause(ctx, tenant, in, s.service.PauseConnection)
}

// resumeConnection resumes a connection and returns its health.
func (s *server) resumeConnection(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*bodyOutput[healthView], error) {
	return changePause(ctx, tenant, in, s.service.ResumeConnection)
}

func changePause(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
	change func(context.Context, domain.TenantID, domain.ConnectionID) (ports.ConnectionHealth, error),
) (*bodyOutput[healthView], error) {
	h, err := change(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[healthView]{healthOf(h)}, nil
}
