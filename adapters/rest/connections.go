package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const connectionsPath = prefix + "/aggregator-connections"

// descriptor is all that ever leaves the service of a connection.
type descriptor struct {
	ID         string    `json:"id" doc:"Opaque"`
	Vendor     string    `json:"vendor"`
	ConfigName string    `json:"configName"`
	BaseURL    string    `json:"baseUrl" format:"uri"`
	AccountRef string    `json:"accountRef"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
}

// descriptorOf leaves the sealed credential, the tenant and the revision behind.
func descriptorOf(c domain.Connection) descriptor {
	return descriptor{
		ID: c.ID.String(), Vendor: string(c.Vendor), ConfigName: c.Name, BaseURL: c.BaseURL,
		AccountRef: c.AccountRef, CreatedAt: utc(c.CreatedAt), UpdatedAt: utc(c.UpdatedAt),
	}
}

// newConnection is the body that creates a connection.
type newConnection struct {
	Vendor     string        `json:"vendor" minLength:"1" example:"pluggy" doc:"Aggregator vendor; never changes"`
	ConfigName string        `json:"configName" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters" example:"pluggy-main" doc:"Unique among the tenant's live connections"`
	BaseURL    string        `json:"baseUrl" minLength:"1" maxLength:"2048" example:"https://api.pluggy.ai" doc:"Vendor API base URL"`
	AccountRef string        `json:"accountRef" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters" doc:"Opaque vendor account reference: Pluggy item id, Belvo link id"`
	ClientID   domain.Secret `json:"clientId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Sealed and never emitted"`
	Secret     domain.Secret `json:"secret" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Sealed and never emitted"`
}

// connectionChange is the body that replaces what can be replaced.
type connectionChange struct {
	ConfigName string        `json:"configName" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
	BaseURL    string        `json:"baseUrl" minLength:"1" maxLength:"2048"`
	AccountRef string        `json:"accountRef" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
	ClientID   domain.Secret `json:"clientId,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"secret" doc:"With secret, rotates the credential; without both it stays"`
	Secret     domain.Secret `json:"secret,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"clientId" doc:"With clientId, rotates the credential; without both it stays"`
}

// testRequest names the connection to test.
type testRequest struct {
	Vendor     string `json:"vendor" minLength:"1"`
	ConfigName string `json:"configName" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
}

// testOutcome is the result of a live test: an unhealthy connection is no failure.
type testOutcome struct {
	Vendor     string `json:"vendor"`
	ConfigName string `json:"configName"`
	Healthy    bool   `json:"healthy"`
	Reason     string `json:"reason,omitempty" doc:"Why not: credential_rejected, account_not_found, vendor_unreachable, vendor_rate_limited, address_not_allowed"`
	LatencyMs  int64  `json:"latencyMs"`
}

// healthView is what is known of a connection without asking its vendor.
type healthView struct {
	Health        string    `json:"health" enum:"unknown,healthy,unhealthy"`
	Reason        string    `json:"reason,omitempty"`
	Since         time.Time `json:"since,omitzero"`
	NeedsReauth   bool      `json:"needsReauth"`
	LastPullAt    time.Time `json:"lastPullAt,omitzero"`
	LastWebhookAt time.Time `json:"lastWebhookAt,omitzero"`
}

// connectionRoutes are the rows of the seeds, and what is known of health.
func (s *server) connectionRoutes() []route {
	const tag, one = "Aggregator connections", connectionsPath + "/{id}"
	return []route{
		{id: "create-connection", method: http.MethodPost, path: connectionsPath, status: http.StatusCreated, tag: tag, summary: "Create a connection",
			scope: scopeWrite, conflict: true, once: true, address: "baseUrl", mount: by(s.createConnection)},
		{id: "list-connections", method: http.MethodGet, path: connectionsPath, status: http.StatusOK, tag: tag, summary: "List connections by config name",
			scope: scopeRead, mount: by(s.listConnections)},
		{id: "get-connection", method: http.MethodGet, path: one, status: http.StatusOK, tag: tag, summary: "Get a connection",
			scope: scopeRead, missing: codeMissingConnection, mount: by(s.getConnection)},
		{id: "update-connection", method: http.MethodPut, path: one, status: http.StatusOK, tag: tag, summary: "Rename, redirect or rotate a connection",
			scope: scopeWrite, missing: codeMissingConnection, conflict: true, match: true, once: true, address: "baseUrl", mount: by(s.updateConnection)},
		{id: "delete-connection", method: http.MethodDelete, path: one, status: http.StatusNoContent, tag: tag, summary: "Delete a connection softly",
			scope: scopeWrite, missing: codeMissingConnection, match: true, mount: by(s.deleteConnection)},
		{id: "test-connection", method: http.MethodPost, path: connectionsPath + "/test", status: http.StatusOK, tag: tag, summary: "Test a connection at its vendor",
			scope: scopeWrite, missing: codeMissingConnection, mount: by(s.testConnection)},
		{id: "get-connection-health", method: http.MethodGet, path: one + "/health", status: http.StatusOK, tag: tag, summary: "What is known of a connection's health",
			scope: scopeRead, missing: codeMissingConnection, mount: by(s.connectionHealth)},
	}
}

// createConnection seals what it is given; the answer holds none of it.
func (s *server) createConnection(ctx context.Context, tenant domain.TenantID, in *struct{ Body newConnection }) (*created[descriptor], error) {
	c, err := s.service.CreateConnection(ctx, tenant, ports.NewConnection{
		Vendor: in.Body.Vendor, Name: in.Body.ConfigName, BaseURL: in.Body.BaseURL,
		AccountRef: in.Body.AccountRef, ClientID: in.Body.ClientID, Secret: in.Body.Secret,
	})
	if err != nil {
		return nil, err
	}
	return &created[descriptor]{connectionsPath + "/" + c.ID.String(), etag(c.Revision), descriptorOf(c)}, nil
}

// listConnections gives the tenant's live connections.
func (s *server) listConnections(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	Health string                 `query:"health" enum:"unknown,healthy,unhealthy"`
	Limit  int                    `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[connectionList] `query:"cursor" doc:"nextCursor of the page before"`
},
) (*listed[descriptor], error) {
	p, err := s.service.ListConnections(ctx, tenant, domain.HealthStatus(in.Health), domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position})
	if err != nil {
		return nil, err
	}
	return pageOf[connectionList](p, in.Limit, descriptorOf), nil
}

// getConnection answers with the entity tag that If-Match takes.
func (s *server) getConnection(ctx context.Context, tenant domain.TenantID, in *byID) (*tagged[descriptor], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.GetConnection(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &tagged[descriptor]{etag(c.Revision), descriptorOf(c)}, nil
}

// updateConnection replaces as one change; a credential that is left out stays.
func (s *server) updateConnection(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      string  `path:"id" doc:"Opaque"`
	IfMatch ifMatch `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    connectionChange
},
) (*tagged[descriptor], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.UpdateConnection(ctx, tenant, id, in.IfMatch.IfMatch, ports.ConnectionUpdate{
		Name: in.Body.ConfigName, BaseURL: in.Body.BaseURL, AccountRef: in.Body.AccountRef,
		ClientID: in.Body.ClientID, Secret: in.Body.Secret,
	})
	if err != nil {
		return nil, err
	}
	return &tagged[descriptor]{etag(c.Revision), descriptorOf(c)}, nil
}

// deleteConnection answers 404 to a second deletion.
func (s *server) deleteConnection(ctx context.Context, tenant domain.TenantID, in *changing) (*nothing, error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.service.DeleteConnection(ctx, tenant, id, in.IfMatch.IfMatch)
}

// testConnection answers 200 whatever the vendor says.
func (s *server) testConnection(ctx context.Context, tenant domain.TenantID, in *struct{ Body testRequest }) (*plainBody[testOutcome], error) {
	result, err := s.service.TestConnection(ctx, tenant, in.Body.Vendor, in.Body.ConfigName)
	if err != nil {
		return nil, err
	}
	return &plainBody[testOutcome]{testOutcome{
		Vendor: string(result.Vendor), ConfigName: result.Name, Healthy: result.Healthy,
		Reason: string(result.Reason), LatencyMs: result.Latency.Milliseconds(),
	}}, nil
}

// connectionHealth asks no vendor.
func (s *server) connectionHealth(ctx context.Context, tenant domain.TenantID, in *byID) (*plainBody[healthView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	h, err := s.service.ConnectionHealth(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &plainBody[healthView]{healthView{
		Health: string(h.StatusOrUnknown()), Reason: string(h.Reason), Since: utc(h.Since), NeedsReauth: h.NeedsReauth,
		LastPullAt: utc(h.LastPullAt), LastWebhookAt: utc(h.LastWebhookAt),
	}}, nil
}
