package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const tokensPath = prefix + "/webhooks/tokens"

// mintRequest is the request body that identifies the connection for which to mint a token. The
// JSON name of its second member is part of the published API, although responses call the same
// value configName.
type mintRequest struct {
	Vendor     string    `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator of the connection"`
	Connection plainText `json:"connection_config_name" minLength:"1" maxLength:"255" doc:"configName of the connection" example:"pluggy-main"`
}

// mintedToken is the response body with a new token. No other response contains a raw webhook token.
type mintedToken struct {
	ID         string `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the token, for lists and for its revocation"`
	Token      string `json:"token" doc:"Returned only once: the service stores only its hash" example:"x2Vd0m3H8sQkq1Yb7cJtP5nRwZ4uLe6AfGhTiKoMvNc"`
	WebhookURL string `json:"webhookUrl" format:"uri" doc:"The URL to configure at the aggregator" example:"https://discovery.example.com/v1/discovery/webhooks/pluggy/x2Vd0m3H8sQkq1Yb7cJtP5nRwZ4uLe6AfGhTiKoMvNc"`
	Vendor     string `json:"vendor" example:"pluggy" doc:"The aggregator"`
}

// tokenView is the representation of a token in lists. It contains neither the token nor its hash.
type tokenView struct {
	ID           string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the token; it is not the token itself"`
	ConnectionID string    `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Vendor       string    `json:"vendor" example:"pluggy" doc:"The aggregator"`
	CreatedAt    time.Time `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	LastUsedAt   time.Time `json:"lastUsedAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When a webhook last used the token; absent if none did"`
	RevokedAt    time.Time `json:"revokedAt,omitzero" example:"2026-03-09T10:00:00Z" doc:"When the token was revoked; absent while it is live"`
}

// tokenOf returns the representation of t, which omits the hash.
func tokenOf(t domain.WebhookToken) tokenView {
	return tokenView{
		ID: t.ID.String(), ConnectionID: t.Connection.String(), Vendor: string(t.Vendor),
		CreatedAt: utcOrZero(t.CreatedAt), LastUsedAt: utcOrZero(t.LastUsedAt), RevokedAt: utcOrZero(t.RevokedAt),
	}
}

// tokenRoutes returns the routes that mint, list and revoke webhook tokens.
func (s *server) tokenRoutes() []route {
	const tag = "Webhook tokens"
	return []route{
		{
			id: "mint-webhook-token", method: http.MethodPost, path: tokensPath,
			description: "Creates a token for the webhooks of a connection, and returns it once: only its hash is " +
				"stored. A repetition with the same idempotency key is therefore a 409.",
			status: http.StatusCreated, tag: tag, summary: "Mint a webhook token",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true, returnsSecret: true,
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
			id: "revoke-webhook-token", method: http.MethodDelete, path: tokensPath + "/{id}",
			description: "Revokes the token. The next webhook that uses it is refused, on every replica.",
			status:      http.StatusNoContent, tag: tag, summary: "Revoke a webhook token",
			scope: scopeWrite, notFound: tokenNotFound,
			mount: handle(s.revokeToken),
		},
	}
}

// mintToken mints a webhook token and returns it with the webhook URL.
func (s *server) mintToken(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body mintRequest },
) (*bodyOutput[mintedToken], error) {
	minted, err := s.service.MintToken(ctx, tenant, in.Body.Vendor, string(in.Body.Connection))
	if err != nil {
		return nil, err
	}
	raw := string(minted.Raw.Reveal())
	return &bodyOutput[mintedToken]{mintedToken{
		ID: minted.ID.String(), Token: raw, Vendor: string(minted.Vendor),
		WebhookURL: exchangeOf(ctx).webhookOrigin + prefix + "/webhooks/" + string(minted.Vendor) + "/" + raw,
	}}, nil
}

// listTokens returns a page of the tenant's tokens. It includes revoked tokens, so that operators
// can follow a rotation.
func (s *server) listTokens(ctx context.Context, tenant domain.TenantID, in *struct {
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only those of this connection"`
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

// revokeToken revokes a token. Revoking it a second time is a 404.
func (s *server) revokeToken(ctx context.Context, tenant domain.TenantID, in *idInput) (*noContent, error) {
	id, err := domain.ParseID[domain.WebhookToken](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.service.RevokeToken(ctx, tenant, id)
}
