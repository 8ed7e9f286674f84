package rest

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// liveness is the response body of /health.
type liveness struct {
	Status string `json:"status" enum:"healthy" doc:"Always healthy"`
}

// check is the result of the readiness check of one dependency.
type check struct {
	Status string `json:"status" enum:"up,down" doc:"Whether the dependency is available"`
	// Writes is set only in the check "database".
	Writes string `json:"writes,omitempty" enum:"failing" doc:"failing if the database answers queries, but has refused every write for 10 s; absent otherwise"`
	// HeldBackSeconds is set only in the check "feed".
	HeldBackSeconds *float64 `json:"heldBackSeconds,omitempty" example:"0" doc:"How long a write transaction that is still open on the database server has held the change feed back; 0 if none does"`
}

// The paths of the probes.
const (
	healthPath = "/health"
	readyPath  = "/readyz"
)

// readiness is the response body of /readyz for both of its statuses, 200 and 503.
type readiness struct {
	Status  string           `json:"status" enum:"ready,degraded,unavailable,draining" doc:"Whether the process can serve requests; degraded: only those that read"`
	Checks  map[string]check `json:"checks" doc:"The result of each check, by name"`
	Version string           `json:"version" example:"1.0.0" doc:"The version of the build"`
}

// versionView is the response body of /version.
type versionView struct {
	Version string `json:"version" example:"1.0.0" doc:"The version of the build"`
}

// metaRoutes returns the health, readiness and version routes, which are used to operate the
// process. They require no token.
func (s *server) metaRoutes() []route {
	const tag = "Operation"
	return []route{
		{
			id: "health", method: http.MethodGet, path: healthPath,
			description: "Returns 200 as long as the process runs. It checks no dependency.",
			status:      http.StatusOK, tag: tag, summary: "Liveness: reports whether the process is running",
			mount: handle(s.health),
		},
		{
			id: "ready", method: http.MethodGet, path: readyPath,
			description: "Returns 200 if the database is available and the process is not shutting down, otherwise " +
				"503. If the database answers queries, but has refused every write for 10 s, the status is 200 and " +
				"degraded.",
			status: http.StatusOK, tag: tag, summary: "Readiness: reports whether the process can serve requests",
			mount: handle(s.ready),
		},
		{
			id: "version", method: http.MethodGet, path: "/version",
			description: "Returns the version of the build.",
			status:      http.StatusOK, tag: tag, summary: "Get the version of the build",
			mount: handle(s.version),
		},
	}
}

// health is the liveness probe. It checks no dependency, because restarting the process does not
// help when the database is unavailable.
func (s *server) health(context.Context, domain.TenantID, *struct{}) (*bodyOutput[liveness], error) {
	return &bodyOutput[liveness]{liveness{"healthy"}}, nil
}

// readinessOutput is a response whose status the handler sets.
type readinessOutput struct {
	Status int
	Body   readiness
}

// ready is the readiness probe. If a check fails, its error is logged, but it is not part of the
// response.
func (s *server) ready(ctx context.Context, _ domain.TenantID, _ *struct{}) (*readinessOutput, error) {
	out := &readinessOutput{http.StatusOK, readiness{Status: "ready", Checks: map[string]check{}, Version: s.Version}}
	for name, err := range s.Ready(ctx) {
		out.Body.Checks[name] = check{Status: "up"}
		if err != nil {
			out.Body.Checks[name] = check{Status: "down"}
			out.Status, out.Body.Status = http.StatusServiceUnavailable, "unavailable"
			s.Logger.Warn("not ready", zap.String("check", name), zap.String("cause", errorChain(err)))
		}
	}
	if database, ok := out.Body.Checks["database"]; ok && out.Status == http.StatusOK && s.WritesFailing() {
		database.Writes = "failing"
		out.Body.Status, out.Body.Checks["database"] = "degraded", database
	}
	if s.FeedDelay != nil && out.Status == http.StatusOK {
		out.Body.Checks["feed"] = s.checkFeed(ctx)
	}
	if s.Draining() {
		out.Status, out.Body.Status = http.StatusServiceUnavailable, "draining"
	}
	return out, nil
}

// checkFeed reports how long the change feed has been held back by a write transaction that is still open on the
// database server. Its result does not affect the readiness of the process, which can serve requests even while the
// feed is held back.
func (s *server) checkFeed(ctx context.Context) check {
	ctx, cancel := context.WithTimeout(ctx, feedCheckTimeout)
	defer cancel()
	delay, err := s.FeedDelay(ctx)
	if err != nil {
		s.Logger.Warn("not ready", zap.String("check", "feed"), zap.String("cause", errorChain(err)))
		return check{Status: "down"}
	}
	seconds := delay.Round(time.Millisecond).Seconds()
	return check{Status: "up", HeldBackSeconds: &seconds}
}

// feedCheckTimeout is the timeout of the query that determines how long the change feed has been held back.
const feedCheckTimeout = 500 * time.Millisecond

// version returns the version of the build.
func (s *server) version(context.Context, domain.TenantID, *struct{}) (*bodyOutput[versionView], error) {
	return &bodyOutput[versionView]{versionView{s.Version}}, nil
}
