package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const tokensPath = prefix + "/webhooks/tokens"

// mintRequest is the request body that names the connection for which to mint a token. Responses call this name
// configName. In the request it remains connection_config_name, because this member is part of the published API.
type mintRequest struct {
	Vendor       string    `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator of the connection"`
	Connection   plainText `json:"connection_config_name" minLength:"1" maxLength:"255" doc:"configName of the connection" example:"pluggy-main"`
	SourceSecret bool      `json:"sourceSecret,omitzero" example:"true" doc:"Also create a value that the aggregator must send in Authorization. The other checks of the source then do not apply to this token"`
	Register     bool      `json:"register,omitzero" example:"false" doc:"Create the webhook at the aggregator (Pluggy and Plaid), unless the application of the connection has one at Pluggy. Cannot be combined with sourceSecret"`
}

// mintedToken is the response body with a new token. No other response contains a raw webhook token.
type mintedToken struct {
	ID            string            `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the token, for lists and for its revocation"`
	Token         string            `json:"token" doc:"Returned only once: the service stores only its hash" example:"x2Vd0m3H8sQkq1Yb7cJtP5nRwZ4uLe6AfGhTiKoMvNc"`
	WebhookURL    string            `json:"webhookUrl" format:"uri" doc:"The URL to configure at the aggregator" example:"https://discovery.example.com/v1/discovery/webhooks/pluggy/x2Vd0m3H8sQkq1Yb7cJtP5nRwZ4uLe6AfGhTiKoMvNc"`
	SameURL       string            `json:"webhook_url" format:"uri" doc:"The same as webhookUrl" example:"https://discovery.example.com/v1/discovery/webhooks/pluggy/x2Vd0m3H8sQkq1Yb7cJtP5nRwZ4uLe6AfGhTiKoMvNc"`
	Vendor        string            `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Authorization string            `json:"authorization,omitempty" doc:"With sourceSecret: the value that the aggregator must send in Authorization. Returned only once: the service stores only its hash" example:"Bearer k3Jw9QzT0sVb7Xn2LmYc5RdA8fGhEuPiKoStWvZxB1M"`
	Registration  *registrationView `json:"registration,omitempty" doc:"With register: the webhook at the aggregator"`
}

// registrationView is the representation of a webhook that the service has created at the aggregator.
type registrationView struct {
	ID    string `json:"id" example:"8f2c7e10-4b5d-4a6e-9c3f-1d2e3f4a5b6c" doc:"The aggregator's id of the webhook"`
	State string `json:"state" enum:"active" example:"active" doc:"active: the aggregator has the webhook"`
}

// sharedToken is the response body if the service has already registered a webhook for the connection's application.
type sharedToken struct {
	ID           string             `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the token of this webhook"`
	Vendor       string             `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Registration sharedRegistration `json:"registration" doc:"The webhook at the aggregator"`
}

// sharedRegistration is the representation of a webhook that an earlier request has created.
type sharedRegistration struct {
	ID     string `json:"id" example:"8f2c7e10-4b5d-4a6e-9c3f-1d2e3f4a5b6c" doc:"The aggregator's id of the webhook"`
	State  string `json:"state" enum:"active" example:"active" doc:"active: the aggregator has the webhook"`
	Shared bool   `json:"shared" example:"true" doc:"Always true: the webhook serves all connections of the application"`
}

// mintOutput is the response to a request for a token. If Shared is not nil, it is sent instead of Body.
type mintOutput struct {
	Body   mintedToken
	Shared *sharedToken `status:"200"`
}

// tokenView is the representation of a token in lists. It contains neither the token nor its hash.
type tokenView struct {
	ID           string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the token; it is not the token itself"`
	ConnectionID string    `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Vendor       string    `json:"vendor" example:"pluggy" doc:"The aggregator"`
	CreatedAt    time.Time `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	LastUsedAt   time.Time `json:"lastUsedAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When a webhook last used the token; absent if none did"`
	RevokedAt    time.Time `json:"revokedAt,omitzero" example:"2026-03-09T10:00:00Z" doc:"When the token was revoked; absent while it is live"`
	Serves       int       `json:"serves" example:"40" doc:"The number of connections whose last webhook came through the token; 0 after the token was revoked"`
}

// tokenOf returns the representation of t, which omits the hash.
func tokenOf(t domain.WebhookToken) tokenView {
	return tokenView{
		ID: t.ID.String(), ConnectionID: t.Connection.String(), Vendor: string(t.Vendor),
		CreatedAt: utcOrZero(t.CreatedAt), LastUsedAt: utcOrZero(t.LastUsedAt), RevokedAt: utcOrZero(t.RevokedAt),
		Serves: t.Serves,
	}
}

// tokenRoutes returns the routes that mint, list and revoke webhook tokens.
func (s *server) tokenRoutes() []route {
	const tag = "Webhook tokens"
	return []route{
		{
			id: "mint-webhook-token", method: http.MethodPost, path: tokensPath,
			description: "Creates a token for the webhooks of a connection, and returns it once: only its hash is " +
				"stored. A repeated request with the same idempotency key therefore returns 409. With register, the " +
				"service also creates the webhook at the aggregator. One webhook serves all connections of an " +
				"application (the same origin of baseUrl and the same clientId): if there is one already, the " +
				"response is a 200 without a token. The service removes the webhook after the token was revoked " +
				"or the last connection of the application was deleted. If the aggregator refuses the webhook, the " +
				"response is a 502, and no token is kept.",
			status: http.StatusCreated, otherStatus: http.StatusOK, tag: tag, summary: "Mint a webhook token",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true, returnsSecret: true,
			callsVendor: true,
			fieldNames: map[string]string{
				"configName": "connection_config_name", "name": "connection_config_name",
			},
			mount: handle(s.mintToken),
		},
		{
			id: "list-webhook-tokens", method: http.MethodGet, path: tokensPath,
			description: "Returns the tokens of the tenant, including revoked ones, without their values.",
			status:      http.StatusOK, tag: tag, summary: "List webhook tokens, newest first",
			scope: scopeRead,
			mount: handle(s.listTokens),
		},
		{
			id:     "revoke-webhook-token",
			method: http.MethodDelete,
			path:   tokensPath + "/{id}",
			description: "Revokes the token. The next webhook that uses it is refused, on every replica. If " +
				"the token " +
				"serves more than one connection, the response is a 409 unless force is set.",
			status:   http.StatusNoContent,
			tag:      tag,
			summary:  "Revoke a webhook token",
			scope:    scopeWrite,
			notFound: tokenNotFound,
			conflict: true,
			mount:    handle(s.revokeToken),
		},
	}
}

// mintToken mints a webhook token and returns it with the webhook URL. If the application already has a webhook,
// mintToken returns the id of that webhook's token instead.
func (s *server) mintToken(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body mintRequest },
) (*mintOutput, error) {
	receiver := exchangeOf(ctx).webhookOrigin + prefix + "/webhooks"
	minted, err := s.service.MintToken(ctx, tenant, ports.MintRequest{
		Vendor: in.Body.Vendor, Name: string(in.Body.Connection), SourceSecret: in.Body.SourceSecret,
		Register: in.Body.Register, Receiver: receiver,
	})
	if err != nil {
		return nil, err
	}
	if minted.Shared {
		return &mintOutput{Shared: &sharedToken{
			ID: minted.ID.String(), Vendor: string(minted.Vendor),
			Registration: sharedRegistration{
				ID: minted.Registration.ID, State: string(minted.Registration.State), Shared: true,
			},
		}}, nil
	}
	url := string(domain.WebhookURL(receiver, minted.Vendor, minted.Raw).Reveal())
	response := mintedToken{
		ID: minted.ID.String(), Token: string(minted.Raw.Reveal()), Vendor: string(minted.Vendor),
		WebhookURL: url, SameURL: url,
		Authorization: string(minted.Authorization.Reveal()),
	}
	if minted.Registration.Exists() {
		response.Registration = &registrationView{minted.Registration.ID, string(minted.Registration.State)}
	}
	return &mintOutput{Body: response}, nil
}

// listTokens returns a page of the tenant's tokens. It includes revoked tokens, so that operators
// can follow a rotation.
func (s *server) listTokens(ctx context.Context, tenant domain.TenantID, in *struct {
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Limit      int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor     cursor[tokenList]          `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[tokenView], error) {
	p, err := s.service.ListTokens(ctx, tenant, ports.TokenFilter{Connection: in.Connection.ID},
		in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[tokenList](p, in.Limit, tokenOf), nil
}

// revokeToken revokes a token. A second revocation responds with 404.
func (s *server) revokeToken(ctx context.Context, tenant domain.TenantID, in *struct {
	ID    pathID[domain.WebhookToken] `path:"id" doc:"Opaque"`
	Force string                      `query:"force" enum:"true,false" default:"false" doc:"true: revoke the token although it serves more than one connection" example:"true"`
},
) (*noContent, error) {
	return nil, s.service.RevokeToken(ctx, tenant, in.ID.ID, in.Force == "true")
}
