package rest

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// liveness is the response body of /health.
type liveness struct {
	Status string `json:"status" enum:"healthy"`
}

// check is the result of the readiness check of one dependency.
type check struct {
	Status string `json:"status" enum:"up,down"`
}

// readiness is the response body of /readyz for both of its statuses, 200 and 503.
type readiness struct {
	Status  string           `json:"status" enum:"ready,unavailable,draining"`
	Checks  map[string]check `json:"checks"`
	Version string           `json:"version"`
}

// versionView is the response body of /version.
type versionView struct {
	Version string `json:"version"`
}

// metaRoutes returns the health, readiness and version routes, which are used to operate the
// process. They require no token.
func (s *server) metaRoutes() []route {
	const tag = "Operation"
	return []route{
		{
			id: "health", method: http.MethodGet, path: "/health",
			status: http.StatusOK, tag: tag, summary: "Liveness: reports whether the process is running",
			mount: handle(s.health),
		},
		{
			id: "ready", method: http.MethodGet, path: "/readyz",
			status: http.StatusOK, tag: tag, summary: "Readiness: reports whether the process can serve requests",
			mount: handle(s.ready),
		},
		{
			id: "version", method: http.MethodGet, path: "/version",
			status: http.StatusOK, tag: tag, summary: "Get the version of the build",
			mount: handle(s.version),
		},
	}
}

// health is the liveness probe. It checks no dependency, because restarting the process does not
// help when the database is unavailable.
func (s *server) health(context.Context, domain.TenantID, *struct{}) (*bodyOutput[liveness], error) {
	return &bodyOutput[liveness]{liveness{"healthy"}}, nil
}

// readinessOutput is a response that determines its own status.
type readinessOutput struct {
	Status int
	Body   readiness
}

// ready is the readiness probe. If a check fails, its error is logged, but it is not part of the
// response.
func (s *server) ready(ctx context.Context, _ domain.TenantID, _ *struct{}) (*readinessOutput, error) {
	out := &readinessOutput{http.StatusOK, readiness{Status: "ready", Checks: map[string]check{}, Version: s.Version}}
	for name, err := range s.Ready(ctx) {
		out.Body.Checks[name] = check{"up"}
		if err != nil {
			out.Body.Checks[name] = check{"down"}
			out.Status, out.Body.Status = http.StatusServiceUnavailable, "unavailable"
			s.Logger.Warn("not ready", zap.String("check", name), zap.String("cause", errorChain(err)))
		}
	}
	if s.Draining() {
		out.Status, out.Body.Status = http.StatusServiceUnavailable, "draining"
	}
	return out, nil
}

// version returns the version of the build.
func (s *server) version(context.Context, domain.TenantID, *struct{}) (*bodyOutput[versionView], error) {
	return &bodyOutput[versionView]{versionView{s.Version}}, nil
}
