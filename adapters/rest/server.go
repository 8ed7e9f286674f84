package rest

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Timeouts and limits of one HTTP connection. A long poll of maxWait fits into writeTimeout.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 90 * time.Second
	maxHeaderBytes    = 32 << 10
)

// server serves the HTTP API of one service.
type server struct {
	Options
	service         ports.API
	api             huma.API
	allowedMethods  map[string]string // by route template; the value of the Allow header
	tenantLimiter   *rateLimiter
	webhookLimiter  *rateLimiter
	openAPIDocument []byte // encoded once, at startup
}

// New returns the handler of the whole HTTP API: the operator API and the webhook receiver
// below /v1/discovery, and /health, /readyz, /version, /openapi.json and /docs. It is safe
// for concurrent use and starts no goroutine. Errors: a required option that is missing.
func New(service ports.API, options Options) (http.Handler, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	configureHuma()
	s := &server{
		Options: options, service: service, allowedMethods: map[string]string{},
		tenantLimiter:  newRateLimiter(options.RatePerMinute),
		webhookLimiter: newRateLimiter(options.WebhookRatePerMinute),
	}
	e := echo.New()
	e.HTTPErrorHandler = s.writeError
	e.Pre(s.observe)
	s.api = humaecho.New(e, humaConfig(options.Version))
	s.mountRoutes(e)
	if s.openAPIDocument, err = s.buildDocument(); err != nil {
		return nil, err
	}
	return e, nil
}

// NewServer returns an http.Server with all timeouts and limits set, so that slow or greedy
// clients cannot exhaust it. Reading a body has its own, shorter timeout (body.go).
func NewServer(address string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr: address, Handler: handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
	}
}
