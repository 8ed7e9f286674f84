package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const linkSessionsPath = prefix + "/link-sessions"

// newLinkSession is the request body that creates a link session for a new account.
type newLinkSession struct {
	Vendor     string        `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator"`
	ConfigName plainText     `json:"configName" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"The name of the connection that the session creates. It is reserved while the session is open"`
	BaseURL    string        `json:"baseUrl,omitempty" requiredWithout:"applicationId" minLength:"1" maxLength:"2048" example:"https://api.pluggy.ai" doc:"Vendor API base URL. Required without applicationId"`
	ClientID   domain.Secret `json:"clientId,omitzero" requiredWithout:"applicationId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned. Required without applicationId" example:"1f6c2a84-client"`
	Secret     domain.Secret `json:"secret,omitzero" requiredWithout:"applicationId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned. Required without applicationId" example:"s3cr3t-of-the-vendor"`

	ApplicationID string `json:"applicationId,omitempty" minLength:"1" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"An application in place of baseUrl, clientId and secret. The connection uses its credential"`
}

// openLinkSession is the response body with the URL of the vendor's hosted page, which contains a token. No other
// response contains this token.
type openLinkSession struct {
	ID        string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the session"`
	Token     string    `json:"token" doc:"Returned only once, for the vendor's widget in your own page; it is not stored" example:"eyJhbGciOiJIUzI1NiJ9.eyJjbGllbnRJZCI6IjdkMmYifQ.c2ln"`
	URL       string    `json:"url" format:"uri" doc:"The vendor's hosted page with the token. Anyone with the URL can link an account until it expires" example:"https://connect.pluggy.ai/?connect_token=eyJhbGciOiJIUzI1NiJ9.eyJjbGllbnRJZCI6IjdkMmYifQ.c2ln"`
	ExpiresAt time.Time `json:"expiresAt" example:"2026-03-01T10:30:00Z" doc:"When the token expires at the vendor"`
	Status    string    `json:"status" enum:"open" example:"open" doc:"The account holder can sign in"`
}

// linkSessionView represents a link session in responses. In such a session, an account holder links a new account on
// the vendor's page.
type linkSessionView struct {
	ID           string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the session"`
	Status       string    `json:"status" enum:"open,awaiting_approval,done,abandoned" example:"done" doc:"open: the account holder has not finished yet; awaiting_approval: the holder has signed in, and the bank has not authorised the device or the access yet, which the session awaits for at most 30 days; done: the connection exists, is tested and has its first pull; abandoned: the account holder did not sign in in time"`
	ConnectionID string    `json:"connectionId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the connection; absent unless the session is done"`
	ExpiresAt    time.Time `json:"expiresAt" example:"2026-03-01T10:30:00Z" doc:"When the token expires at the vendor"`
}

// linkSessionRoutes returns the routes with which account holders link new accounts.
func (s *server) linkSessionRoutes() []route {
	const tag = "Link sessions"
	return []route{
		{
			id: "start-link-session", method: http.MethodPost, path: linkSessionsPath,
			description: "Requests a token with which an account holder can link a new account, on a page that the " +
				"vendor hosts. When the holder has signed in, the service creates the connection. The token is " +
				"returned once and not stored: a repeated request with the same idempotency key returns 409. The " +
				"response is also a 409 if a connection or another open session has the name, or if the vendor " +
				"does not have this feature.",
			status: http.StatusCreated, tag: tag, summary: "Let an account holder link a new account",
			scope: scopeWrite, notFound: applicationNotFound, conflict: true, idempotent: true, returnsSecret: true,
			callsVendor: true, addressField: "baseUrl",
			mount: handle(s.startLinkSession),
		},
		{
			id: "get-link-session", method: http.MethodGet, path: linkSessionsPath + "/{id}",
			description: "Returns the state of a link session, without token and url, for at least 7 days after its " +
				"end.",
			status: http.StatusOK, tag: tag, summary: "Get a link session",
			scope: scopeRead, notFound: linkSessionNotFound,
			mount: handle(s.getLinkSession),
		},
	}
}

// startLinkSession creates a link session and returns its token.
func (s *server) startLinkSession(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body newLinkSession },
) (*bodyOutput[openLinkSession], error) {
	application, err := applicationIn(in.Body.ApplicationID)
	if err != nil {
		return nil, err
	}
	session, err := s.service.StartLinkSession(ctx, tenant, ports.NewLinkSession{
		Vendor: in.Body.Vendor, Name: string(in.Body.ConfigName), BaseURL: in.Body.BaseURL,
		ClientID: in.Body.ClientID, Secret: in.Body.Secret, Application: application,
		Receiver: exchangeOf(ctx).webhookOrigin + prefix + "/webhooks",
	})
	if err != nil {
		return nil, err
	}
	return &bodyOutput[openLinkSession]{openLinkSession{
		ID: session.ID.String(), Token: string(session.Token.Reveal()), URL: string(session.URL.Reveal()),
		ExpiresAt: utcOrZero(session.ExpiresAt), Status: string(session.Status()),
	}}, nil
}

// getLinkSession returns a link session.
func (s *server) getLinkSession(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.LinkSession],
) (*bodyOutput[linkSessionView], error) {
	session, err := s.service.GetLinkSession(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	view := linkSessionView{
		ID: session.ID.String(), Status: string(session.Status()), ExpiresAt: utcOrZero(session.ExpiresAt),
	}
	if session.Status() == domain.LinkStatusDone {
		view.ConnectionID = session.Connection.String()
	}
	return &bodyOutput[linkSessionView]{view}, nil
}
