package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const applicationsPath = prefix + "/applications"

// applicationView is the representation of an application (a client id at a vendor) in responses. It contains no part
// of the credential.
type applicationView struct {
	ID          string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Opaque"`
	Vendor      string    `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Name        string    `json:"name" example:"pluggy-production" doc:"The name of the application; unique among the applications of the tenant"`
	BaseURL     string    `json:"baseUrl" format:"uri" example:"https://api.pluggy.ai" doc:"The base URL of the vendor's API, for all connections of the application"`
	Connections int       `json:"connections" example:"40" doc:"Number of live connections that use the credential"`
	CreatedAt   time.Time `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	UpdatedAt   time.Time `json:"updatedAt" example:"2026-03-02T10:00:00Z" doc:"When it was last changed"`
}

func applicationOf(a domain.Application) applicationView {
	return applicationView{
		ID: a.ID.String(), Vendor: string(a.Vendor), Name: a.Name, BaseURL: a.BaseURL, Connections: a.Connections,
		CreatedAt: utcOrZero(a.CreatedAt), UpdatedAt: utcOrZero(a.UpdatedAt),
	}
}

// newApplication is the request body that creates an application.
type newApplication struct {
	Vendor   string        `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator; cannot be changed"`
	Name     plainText     `json:"name" minLength:"1" maxLength:"255" example:"pluggy-production" doc:"Unique among the applications of the tenant"`
	BaseURL  string        `json:"baseUrl" minLength:"1" maxLength:"2048" example:"https://api.pluggy.ai" doc:"Vendor API base URL; cannot be changed"`
	ClientID domain.Secret `json:"clientId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned" example:"1f6c2a84-client"`
	Secret   domain.Secret `json:"secret" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned" example:"s3cr3t-of-the-vendor"`
}

// applicationChange is the request body that renames an application and rotates its credential.
type applicationChange struct {
	Name     plainText     `json:"name" minLength:"1" maxLength:"255" example:"pluggy-production" doc:"Unique among the applications of the tenant"`
	ClientID domain.Secret `json:"clientId,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"secret" doc:"Together with secret, rotates the credential of all connections; without both it is kept" example:"1f6c2a84-client"`
	Secret   domain.Secret `json:"secret,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"clientId" doc:"Together with clientId, rotates the credential of all connections; without both it is kept" example:"s3cr3t-of-the-vendor"`
}

// applicationRoutes returns the routes of applications.
func (s *server) applicationRoutes() []route {
	const tag, one = "Applications", applicationsPath + "/{id}"
	return []route{
		{
			id:     "create-application",
			method: http.MethodPost,
			path:   applicationsPath,
			description: "Stores a credential that several connections can share, encrypted. Connections name it " +
				"with applicationId. The vendor is not called.",
			status:       http.StatusCreated,
			tag:          tag,
			summary:      "Create an application",
			scope:        scopeWrite,
			conflict:     true,
			idempotent:   true,
			addressField: "baseUrl",
			mount:        handle(s.createApplication),
		},
		{
			id: "list-applications", method: http.MethodGet, path: applicationsPath,
			description: "Returns the applications of the tenant, each with the number of its connections.",
			status:      http.StatusOK, tag: tag, summary: "List applications, ordered by name",
			scope: scopeRead,
			mount: handle(s.listApplications),
		},
		{
			id: "get-application", method: http.MethodGet, path: one,
			description: "Returns one application. Its credential is never returned.",
			status:      http.StatusOK, tag: tag, summary: "Get an application",
			scope: scopeRead, notFound: applicationNotFound,
			mount: handle(s.getApplication),
		},
		{
			id: "update-application", method: http.MethodPut, path: one,
			description: "Renames the application. clientId and secret are either both sent, which rotates the " +
				"credential of all its connections in one change, or both omitted. Unless force is set, the new " +
				"credential is first tried with one call to the vendor; if that fails, the response is a 502, and " +
				"nothing changes. After a change of clientId, the webhook that the service has created for the " +
				"application is removed at the vendor, and a new one is created. If-Match prevents lost updates.",
			status: http.StatusOK, tag: tag, summary: "Rename an application or rotate its credential",
			scope: scopeWrite, notFound: applicationNotFound, conflict: true, ifMatch: true, idempotent: true,
			callsVendor: true,
			mount:       handle(s.updateApplication),
		},
		{
			id: "delete-application", method: http.MethodDelete, path: one,
			description: "Deletes the application. The response is a 409 while a connection, a link session or an " +
				"erasure at the vendor uses it.",
			status: http.StatusNoContent, tag: tag, summary: "Delete an application",
			scope: scopeWrite, notFound: applicationNotFound, conflict: true, ifMatch: true,
			mount: handle(s.deleteApplication),
		},
	}
}

// createApplication creates an application. The response contains no part of the credential.
func (s *server) createApplication(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body newApplication },
) (*createdOutput[applicationView], error) {
	a, err := s.service.CreateApplication(ctx, tenant, ports.NewApplication{
		Vendor: in.Body.Vendor, Name: string(in.Body.Name), BaseURL: in.Body.BaseURL,
		ClientID: in.Body.ClientID, Secret: in.Body.Secret,
	})
	if err != nil {
		return nil, err
	}
	return &createdOutput[applicationView]{
		applicationsPath + "/" + a.ID.String(), etag(a.Revision), applicationOf(a),
	}, nil
}

// listApplications returns a page of the tenant's applications.
func (s *server) listApplications(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int                     `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[applicationList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[applicationView], error) {
	p, err := s.service.ListApplications(ctx, tenant, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[applicationList](p, in.Limit, applicationOf), nil
}

// getApplication returns one application.
func (s *server) getApplication(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Application],
) (*taggedOutput[applicationView], error) {
	a, err := s.service.GetApplication(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &taggedOutput[applicationView]{etag(a.Revision), applicationOf(a)}, nil
}

// updateApplication renames an application, and rotates its credential if the body has one.
func (s *server) updateApplication(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      pathID[domain.Application] `path:"id" doc:"Opaque"`
	Force   string                     `query:"force" enum:"true,false" default:"false" doc:"true: store the new credential without trying it at the vendor" example:"true"`
	IfMatch ifMatchHeader              `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    applicationChange
},
) (*taggedOutput[applicationView], error) {
	a, err := s.service.UpdateApplication(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch, ports.ApplicationUpdate{
		Name: string(in.Body.Name), ClientID: in.Body.ClientID, Secret: in.Body.Secret, Force: in.Force == "true",
		Receiver: exchangeOf(ctx).webhookOrigin + prefix + "/webhooks",
	})
	if err != nil {
		return nil, err
	}
	return &taggedOutput[applicationView]{etag(a.Revision), applicationOf(a)}, nil
}

// deleteApplication deletes an application. A second deletion responds with 404.
func (s *server) deleteApplication(
	ctx context.Context,
	tenant domain.TenantID,
	in *conditionalInput[domain.Application],
) (*noContent, error) {
	return nil, s.service.DeleteApplication(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch)
}

// applicationIn parses the member applicationId of a body; "" is the zero id. Errors: NotFound (application_not_found).
func applicationIn(text string) (domain.ApplicationID, error) {
	if text == "" {
		return domain.ApplicationID{}, nil
	}
	id, err := domain.ParseID[domain.Application](text)
	if err != nil {
		err = domain.ApplicationNotFoundError()
	}
	return id, err
}
