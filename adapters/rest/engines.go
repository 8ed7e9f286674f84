package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const enginesPath = prefix + "/connections"

// connectorTypes is the live registry.
type connectorTypes struct {
	Types []connectorType `json:"types"`
}

// connectorType is one registered connector.
type connectorType struct {
	Type     string `json:"type"`
	Category string `json:"category" enum:"database,rest"`
}

// engineDescriptor is all that ever leaves the service of an engine connection.
type engineDescriptor struct {
	ID         string    `json:"id" doc:"Opaque"`
	Type       string    `json:"type"`
	ConfigName string    `json:"configName"`
	Config     object    `json:"config"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
}

// engineOf leaves the sealed credential behind.
func engineOf(c domain.Connection) engineDescriptor {
	return engineDescriptor{
		ID: c.ID.String(), Type: string(c.Type), ConfigName: c.Name, Config: object(c.Config),
		CreatedAt: utc(c.CreatedAt), UpdatedAt: utc(c.UpdatedAt),
	}
}

// newEngine is the body that creates an engine connection.
type newEngine struct {
	Type       string  `json:"type" minLength:"1" maxLength:"32" doc:"A registered connector type; never changes"`
	ConfigName string  `json:"configName" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
	Config     object  `json:"config" doc:"By the connector's own schema"`
	Credential secrets `json:"credential,omitempty" writeOnly:"true" doc:"By the connector's own schema; sealed and never emitted"`
}

// engineChange replaces what it holds; what it leaves out stays.
type engineChange struct {
	ConfigName string  `json:"configName,omitempty" minLength:"1" maxLength:"255" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
	Config     object  `json:"config,omitempty"`
	Credential secrets `json:"credential,omitempty" writeOnly:"true"`
}

// engineOutcome is the result of a live probe.
type engineOutcome struct {
	ConnectionID string `json:"connectionId"`
	Healthy      bool   `json:"healthy"`
	LatencyMs    int64  `json:"latencyMs"`
	ErrorMessage string `json:"errorMessage,omitempty"`
}

// engineRoutes are the engine's own connections: their ids are unknown on the
// aggregator surface, and the other way round.
func (s *server) engineRoutes() []route {
	const tag, one = "Engine connections", enginesPath + "/{id}"
	return []route{
		{id: "list-connector-types", method: http.MethodGet, path: prefix + "/connector-types", status: http.StatusOK, tag: tag, summary: "List registered connector types",
			scope: scopeRead, mount: by(s.connectorTypes)},
		{id: "create-engine-connection", method: http.MethodPost, path: enginesPath, status: http.StatusCreated, tag: tag, summary: "Create an engine connection",
			scope: scopeWrite, conflict: true, once: true, address: "config", mount: by(s.createEngine)},
		{id: "list-engine-connections", method: http.MethodGet, path: enginesPath, status: http.StatusOK, tag: tag, summary: "List engine connections by config name",
			scope: scopeRead, mount: by(s.listEngines)},
		{id: "get-engine-connection", method: http.MethodGet, path: one, status: http.StatusOK, tag: tag, summary: "Get an engine connection",
			scope: scopeRead, missing: codeMissingConnection, mount: by(s.getEngine)},
		{id: "patch-engine-connection", method: http.MethodPatch, path: one, status: http.StatusOK, tag: tag, summary: "Change an engine connection",
			scope: scopeWrite, missing: codeMissingConnection, conflict: true, match: true, address: "config", mount: by(s.patchEngine)},
		{id: "delete-engine-connection", method: http.MethodDelete, path: one, status: http.StatusNoContent, tag: tag, summary: "Delete an engine connection softly",
			scope: scopeWrite, missing: codeMissingConnection, match: true, mount: by(s.deleteEngine)},
		{id: "test-engine-connection", method: http.MethodPost, path: one + "/test", status: http.StatusOK, tag: tag, summary: "Probe an engine connection",
			scope: scopeWrite, missing: codeMissingConnection, bodiless: true, mount: by(s.testEngine)},
	}
}

// connectorTypes shows what was registered at start.
func (s *server) connectorTypes(ctx context.Context, _ domain.TenantID, _ *struct{}) (*plainBody[connectorTypes], error) {
	types := views(s.service.ConnectorTypes(ctx), func(t ports.ConnectorType) connectorType {
		return connectorType{Type: string(t.Type), Category: string(t.Category)}
	})
	return &plainBody[connectorTypes]{connectorTypes{types}}, nil
}

// createEngine names faults of the connector's schema below body.config and
// body.credential.
func (s *server) createEngine(ctx context.Context, tenant domain.TenantID, in *struct{ Body newEngine }) (*created[engineDescriptor], error) {
	c, err := s.service.CreateEngine(ctx, tenant, ports.NewEngine{
		Type: in.Body.Type, Name: in.Body.ConfigName,
		Config: json.RawMessage(in.Body.Config), Credential: in.Body.Credential.credential(),
	})
	if err != nil {
		return nil, err
	}
	return &created[engineDescriptor]{enginesPath + "/" + c.ID.String(), etag(c.Revision), engineOf(c)}, nil
}

// listEngines gives the tenant's live engine connections.
func (s *server) listEngines(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	Limit  int                `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[engineList] `query:"cursor" doc:"nextCursor of the page before"`
},
) (*listed[engineDescriptor], error) {
	p, err := s.service.ListEngines(ctx, tenant, domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position})
	if err != nil {
		return nil, err
	}
	return pageOf[engineList](p, in.Limit, engineOf), nil
}

// getEngine answers with the entity tag that If-Match takes.
func (s *server) getEngine(ctx context.Context, tenant domain.TenantID, in *byID) (*tagged[engineDescriptor], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.GetEngine(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &tagged[engineDescriptor]{etag(c.Revision), engineOf(c)}, nil
}

// patchEngine keeps what the body leaves out.
func (s *server) patchEngine(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      string  `path:"id" doc:"Opaque"`
	IfMatch ifMatch `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    engineChange
},
) (*tagged[engineDescriptor], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.UpdateEngine(ctx, tenant, id, in.IfMatch.IfMatch, ports.EngineUpdate{
		Name: in.Body.ConfigName, Config: json.RawMessage(in.Body.Config), Credential: in.Body.Credential.credential(),
	})
	if err != nil {
		return nil, err
	}
	return &tagged[engineDescriptor]{etag(c.Revision), engineOf(c)}, nil
}

// deleteEngine answers 404 to a second deletion.
func (s *server) deleteEngine(ctx context.Context, tenant domain.TenantID, in *changing) (*nothing, error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.service.DeleteEngine(ctx, tenant, id, in.IfMatch.IfMatch)
}

// testEngine connects for real; what it finds is a result, not a failure.
func (s *server) testEngine(ctx context.Context, tenant domain.TenantID, in *byID) (*plainBody[engineOutcome], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	t, err := s.service.TestEngine(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &plainBody[engineOutcome]{engineOutcome{
		ConnectionID: id.String(), Healthy: t.Healthy, LatencyMs: t.Latency.Milliseconds(), ErrorMessage: t.Message,
	}}, nil
}
