package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const enginesPath = prefix + "/connections"

// connectorTypes is the response body that lists the registered connector types.
type connectorTypes struct {
	Types []connectorType `json:"types" doc:"The registered types, ordered by type"`
}

// connectorType describes one registered connector.
type connectorType struct {
	Type     string `json:"type" example:"postgres" doc:"The value of type of a connection"`
	Category string `json:"category" enum:"database,rest" doc:"The category of the type"`
}

// engineDescriptor is the representation of an engine connection in all responses.
type engineDescriptor struct {
	ID         string     `json:"id" doc:"Opaque" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"`
	Type       string     `json:"type" example:"postgres" doc:"The connector type"`
	ConfigName string     `json:"configName" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	Config     jsonObject `json:"config,omitempty" doc:"The configuration of the connector type; absent if the connection was created with databaseType"`

	DatabaseType string `json:"databaseType,omitempty" example:"POSTGRESQL" doc:"This member and the following ones are present if the connection was created with databaseType"`
	databaseMembers
	Status     string    `json:"status,omitempty" enum:"AVAILABLE,UNREACHABLE,UNKNOWN" doc:"The result of the last test; UNKNOWN before the first one"`
	LastSeenAt time.Time `json:"lastSeenAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When the last test succeeded; absent unless status is AVAILABLE"`

	CreatedAt time.Time `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	UpdatedAt time.Time `json:"updatedAt" example:"2026-03-02T10:00:00Z" doc:"When it was last changed"`
}

// engineOf returns the representation of c. The representation has no field for the sealed credential.
func engineOf(c domain.Connection) engineDescriptor {
	d := engineDescriptor{
		ID: c.ID.String(), Type: string(c.Type), ConfigName: c.Name, Config: jsonObject(c.Config),
		CreatedAt: utcOrZero(c.CreatedAt), UpdatedAt: utcOrZero(c.UpdatedAt),
	}
	if database, ok := databaseConfigOf(c); ok {
		d.Config, d.DatabaseType, d.databaseMembers = nil, database.DatabaseType, database.databaseMembers
		d.Status, d.LastSeenAt = databaseStatus(c.Health)
	}
	return d
}

// newEngine is the request body that creates an engine connection.
type newEngine struct {
	Type       string     `json:"type,omitempty" requiredWithout:"databaseType" minLength:"1" maxLength:"32" doc:"A registered connector type; cannot be changed" example:"postgres"`
	ConfigName plainText  `json:"configName" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	Config     jsonObject `json:"config,omitempty" requiredWithout:"databaseType" doc:"Validated by the connector's own schema"`
	Credential secretMap  `json:"credential,omitempty" writeOnly:"true" doc:"Validated by the connector's own schema; stored encrypted and never returned"`

	DatabaseType string `json:"databaseType,omitempty" minLength:"1" maxLength:"32" dependentRequired:"host,databaseName,userName" example:"POSTGRESQL" doc:"POSTGRESQL, in any case. Together with the following members, it replaces type, config and credential"`
	databaseMembers
	Password domain.Secret `json:"password,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"The password of userName; stored encrypted and never returned" example:"correct horse battery staple"`
}

// engine returns what the body creates. Errors: Invalid if the body has members of both forms.
func (n *newEngine) engine() (ports.NewEngine, error) {
	if n.DatabaseType == "" {
		if n.databaseMembers != (databaseMembers{}) || !n.Password.IsZero() {
			return ports.NewEngine{}, domain.FieldError(
				configMember,
				"is required with members such as host and userName",
			)
		}
		return ports.NewEngine{
			Type: n.Type, Name: string(n.ConfigName), Config: json.RawMessage(n.Config),
			Credential: n.Credential.credential(),
		}, nil
	}
	if n.Type != "" || n.Config != nil || n.Credential != nil {
		return ports.NewEngine{}, domain.FieldError(configMember, "cannot be combined with type, config and credential")
	}
	config, credential := n.config(n.DatabaseType, n.Password)
	return ports.NewEngine{Type: "postgres", Name: string(n.ConfigName), Config: config, Credential: credential}, nil
}

// engineChange is the request body of a partial change. The fields that it contains are replaced, and omitted fields
// remain unchanged.
type engineChange struct {
	ConfigName plainText  `json:"configName,omitempty" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	Config     jsonObject `json:"config,omitempty" doc:"The configuration; replaces the stored one"`
	Credential secretMap  `json:"credential,omitempty" writeOnly:"true" doc:"The credential; replaces the stored one"`

	DatabaseType string `json:"databaseType,omitempty" minLength:"1" maxLength:"32" example:"POSTGRESQL" doc:"This member and the following ones change a connection that was created with databaseType, each on its own"`
	databaseMembers
	Password domain.Secret `json:"password,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"The password of userName; replaces the stored one" example:"correct horse battery staple"`
}

// isOfDatabase reports whether the body has members that only a connection has that was created with databaseType.
func (e *engineChange) isOfDatabase() bool {
	return e.DatabaseType != "" || e.databaseMembers != (databaseMembers{}) || !e.Password.IsZero()
}

// reconfigures reports whether the body has more than a name.
func (e *engineChange) reconfigures() bool {
	return e.Config != nil || e.Credential != nil || e.isOfDatabase()
}

// update returns what the body changes in the connection. Errors: Invalid if the body has members of the form in which
// the connection was not created.
func (e *engineChange) update(c domain.Connection) (ports.EngineUpdate, error) {
	u := ports.EngineUpdate{
		Name: string(e.ConfigName), Config: json.RawMessage(e.Config), Credential: e.Credential.credential(),
	}
	config, ofDatabase := databaseConfigOf(c)
	switch {
	case ofDatabase && (e.Config != nil || e.Credential != nil):
		return u, domain.FieldError("config", "cannot be set, because the connection was created with databaseType")
	case !e.isOfDatabase():
		return u, nil
	case !ofDatabase:
		return u, domain.FieldError(configMember, "cannot be set, because the connection was created with config")
	}
	config.merge(e.databaseMembers)
	u.Config, u.Credential = config.config(cmp.Or(e.DatabaseType, config.DatabaseType), e.Password)
	return u, nil
}

// engineOutcome is the result of a live probe of an engine connection.
type engineOutcome struct {
	ConnectionID string `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Healthy      bool   `json:"healthy" example:"true" doc:"Whether the test succeeded"`
	LatencyMs    int64  `json:"latencyMs" example:"184" doc:"How long the test took, in milliseconds"`
	ErrorMessage string `json:"errorMessage,omitempty" example:"the credential was rejected" doc:"Why the test failed; absent if it succeeded"`
}

// engineRoutes returns the routes for engine connections. An engine connection leads to a database or a REST API
// instead of an aggregator. The routes for one kind of connection respond with 404 to an id of the other kind.
func (s *server) engineRoutes() []route {
	const tag, one = "Engine connections", enginesPath + "/{id}"
	return []route{
		{
			id: "list-connector-types", method: http.MethodGet, path: prefix + "/connector-types",
			description: "Returns the types of engine connections that this process has registered.",
			status:      http.StatusOK, tag: tag, summary: "List registered connector types",
			scope: scopeRead, reservesMemory: true,
			mount: handle(s.connectorTypes),
		},
		{
			id: "create-engine-connection", method: http.MethodPost, path: enginesPath,
			description: "Stores an engine connection with its credential, encrypted. The connector of the type " +
				"validates config and credential.",
			status: http.StatusCreated, tag: tag, summary: "Create an engine connection",
			scope: scopeWrite, conflict: true, idempotent: true, addressField: "config",
			mount: handle(s.createEngine),
		},
		{
			id: "list-engine-connections", method: http.MethodGet, path: enginesPath,
			description: "Returns the live engine connections of the tenant.",
			status:      http.StatusOK, tag: tag, summary: "List engine connections, ordered by config name",
			scope: scopeRead,
			mount: handle(s.listEngines),
		},
		{
			id: "get-engine-connection", method: http.MethodGet, path: one,
			description: "Returns one engine connection. Its credential is never returned.",
			status:      http.StatusOK, tag: tag, summary: "Get an engine connection",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.getEngine),
		},
		{
			id: "patch-engine-connection", method: http.MethodPatch, path: one,
			description: "Replaces the fields that the body contains. The result is validated as a whole. If-Match " +
				"prevents lost updates.",
			status: http.StatusOK, tag: tag, summary: "Change an engine connection",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, ifMatch: true, addressField: "config",
			mount: handle(s.patchEngine),
		},
		{
			id: "delete-engine-connection", method: http.MethodDelete, path: one,
			description: "Deletes the engine connection and frees its name.",
			status:      http.StatusNoContent, tag: tag, summary: "Soft-delete an engine connection",
			scope: scopeWrite, notFound: connectionNotFound, ifMatch: true,
			mount: handle(s.deleteEngine),
		},
		{
			id: "test-engine-connection", method: http.MethodPost, path: one + "/test",
			description: "Opens a connection to the configured system. The response is a 200 whatever the outcome; " +
				"healthy and errorMessage describe it.",
			status: http.StatusOK, tag: tag, summary: "Probe an engine connection",
			scope: scopeWrite, notFound: connectionNotFound, noBody: true,
			mount: handle(s.testEngine),
		},
	}
}

// connectorTypes returns the connector types that were registered at startup.
func (s *server) connectorTypes(
	ctx context.Context, _ domain.TenantID, _ *struct{},
) (*bodyOutput[connectorTypes], error) {
	types := mapItems(s.service.ConnectorTypes(ctx), func(t ports.ConnectorType) connectorType {
		return connectorType{Type: string(t.Type), Category: string(t.Category)}
	})
	return &bodyOutput[connectorTypes]{connectorTypes{types}}, nil
}

// createEngine creates an engine connection. The connector validates the members config and credential with its own
// schema. The locations of its errors start with "body.config" or "body.credential", or are those of databaseMembers.
func (s *server) createEngine(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body newEngine },
) (*createdOutput[engineDescriptor], error) {
	engine, err := in.Body.engine()
	if err != nil {
		return nil, err
	}
	c, err := s.service.CreateEngine(ctx, tenant, engine)
	if err != nil && in.Body.DatabaseType != "" {
		err = databaseFields(err)
	}
	if err != nil {
		return nil, err
	}
	return &createdOutput[engineDescriptor]{enginesPath + "/" + c.ID.String(), etag(c.Revision), engineOf(c)}, nil
}

// listEngines returns a page of the tenant's live engine connections.
func (s *server) listEngines(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int                `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[engineList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[engineDescriptor], error) {
	p, err := s.service.ListEngines(ctx, tenant, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[engineList](p, in.Limit, engineOf), nil
}

// getEngine returns an engine connection with its entity tag. The caller can send this tag in If-Match.
func (s *server) getEngine(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*taggedOutput[engineDescriptor], error) {
	c, err := s.service.GetEngine(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &taggedOutput[engineDescriptor]{etag(c.Revision), engineOf(c)}, nil
}

// patchEngine changes the fields that the body contains and leaves all others unchanged.
func (s *server) patchEngine(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      pathID[domain.Connection] `path:"id" doc:"Opaque"`
	IfMatch ifMatchHeader             `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    engineChange
},
) (*taggedOutput[engineDescriptor], error) {
	update, match := ports.EngineUpdate{Name: string(in.Body.ConfigName)}, in.IfMatch.IfMatch
	if in.Body.reconfigures() {
		before, err := s.service.GetEngine(ctx, tenant, in.ID.ID)
		if err != nil {
			return nil, err
		}
		if update, err = in.Body.update(before); err != nil {
			return nil, err
		}
		if len(match) == 0 && in.Body.isOfDatabase() {
			match = ports.IfMatch{before.Revision} // the update contains the other members of this revision
		}
	}
	c, err := s.service.UpdateEngine(ctx, tenant, in.ID.ID, match, update)
	if err != nil && in.Body.isOfDatabase() {
		err = databaseFields(err)
	}
	if err != nil {
		return nil, err
	}
	return &taggedOutput[engineDescriptor]{etag(c.Revision), engineOf(c)}, nil
}

// deleteEngine soft-deletes an engine connection. A second deletion responds with 404.
func (s *server) deleteEngine(
	ctx context.Context, tenant domain.TenantID, in *conditionalInput[domain.Connection],
) (*noContent, error) {
	return nil, s.service.DeleteEngine(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch)
}

// testEngine tests an engine connection by opening a real connection to the configured system. If that fails, the
// request still succeeds, and its result describes the failure.
func (s *server) testEngine(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*bodyOutput[engineOutcome], error) {
	t, err := s.service.TestEngine(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[engineOutcome]{engineOutcome{
		ConnectionID: in.ID.ID.String(), Healthy: t.Healthy, LatencyMs: t.Latency.Milliseconds(),
		ErrorMessage: t.Message,
	}}, nil
}
