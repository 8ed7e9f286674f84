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
	Vendor     string    `json:"vendor" minLength:"1"`
	Connection plainText `json:"connection_config_name" minLength:"1" maxLength:"255" doc:"configName of the connection"`
}

// mintedToken is the response body with a new token. No other response contains a raw webhook token.
type mintedToken struct {
	ID         string `json:"id"`
	Token      string `json:"token" doc:"Returned only once: the service stores only its hash"`
	WebhookURL string `json:"webhookUrl" format:"uri" doc:"The URL to configure at the aggregator"`
	Vendor     string `json:"vendor"`
}

// tokenView is the representation of a token in lists. It contains neither the token nor its hash.
type tokenView struct {
	ID           string    `json:"id"`
	ConnectionID string    `json:"connectionId"`
	Vendor       string    `json:"vendor"`
	CreatedAt    time.Time `json:"createdAt"`
	LastUsedAt   time.Time `json:"lastUsedAt,omitzero"`
	RevokedAt    time.Time `json:"revokedAt,omitzero"`
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
			status: http.StatusCreated, tag: tag, summary: "Mint a webhook token",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true, returnsSecret: true,
			fieldNames: map[string]string{
				"configName": "connection_config_name", "name": "connection_config_name",
			},
			mount: handle(s.mintToken),
		},
		{
			id: "list-webhook-tokens", method: http.MethodGet, path: tokensPath,
			status: http.StatusOK, tag: tag, summary: "List webhook tokens, newest first",
			scope: scopeRead,
			mount: handle(s.listTokens),
		},
		{
			id: "revoke-webhook-token", method: http.MethodDelete, path: tokensPath + "/{id}",
			status: http.StatusNoContent, tag: tag, summary: "Revoke a webhook token",
			scope: scopeWrite, notFound: tokenNotFound,
			mount: handle(s.revokeToken),
		},
	}
}

// mintToken mints a webhook token and returns it with the webhook URL. No other function of this
// package reveals a secret.
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
	Connection idParam[domain.Connection] `query:"connectionId"`
	Limit      int                        `query:"limit" minimum:"1" maximum:"200" default:"20"`
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
