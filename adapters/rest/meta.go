package rest

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// liveness is the answer of /health.
type liveness struct {
	Status string `json:"status" enum:"healthy"`
}

// check is one part of readiness.
type check struct {
	Status string `json:"status" enum:"up,down"`
}

// readiness is the answer of /readyz, with either status.
type readiness struct {
	Status  string           `json:"status" enum:"ready,unavailable,draining"`
	Checks  map[string]check `json:"checks"`
	Version string           `json:"version"`
}

// versionView is the answer of /version.
type versionView struct {
	Version string `json:"version"`
}

// metaRoutes are for those who run the process; they take no token.
func (s *server) metaRoutes() []route {
	const tag = "Operation"
	return []route{
		{id: "health", method: http.MethodGet, path: "/health", status: http.StatusOK, tag: tag, summary: "Whether the process lives", mount: by(s.health)},
		{id: "ready", method: http.MethodGet, path: "/readyz", status: http.StatusOK, tag: tag, summary: "Whether it can work", mount: by(s.ready)},
		{id: "version", method: http.MethodGet, path: "/version", status: http.StatusOK, tag: tag, summary: "Which version it is", mount: by(s.version)},
	}
}

// health asks nothing of anybody: a database that is away is no reason to be restarted.
func (s *server) health(context.Context, domain.TenantID, *struct{}) (*plainBody[liveness], error) {
	return &plainBody[liveness]{liveness{"healthy"}}, nil
}

// readyAnswer has a status of its own.
type readyAnswer struct {
	Status int
	Body   readiness
}

// ready runs the checks. A failed one is logged, not told.
func (s *server) ready(ctx context.Context, _ domain.TenantID, _ *struct{}) (*readyAnswer, error) {
	answer := &readyAnswer{http.StatusOK, readiness{Status: "ready", Checks: map[string]check{}, Version: s.Version}}
	for name, err := range s.Ready(ctx) {
		answer.Body.Checks[name] = check{"up"}
		if err != nil {
			answer.Body.Checks[name] = check{"down"}
			answer.Status, answer.Body.Status = http.StatusServiceUnavailable, "unavailable"
			s.Logger.Warn("not ready", zap.String("check", name), zap.String("cause", causes(err)))
		}
	}
	if s.Draining() {
		answer.Status, answer.Body.Status = http.StatusServiceUnavailable, "draining"
	}
	return answer, nil
}

// version tells the build.
func (s *server) version(context.Context, domain.TenantID, *struct{}) (*plainBody[versionView], error) {
	return &plainBody[versionView]{versionView{s.Version}}, nil
}
