package rest

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// Bounds of one connection. A long poll of MaxWait fits into writeTimeout.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 90 * time.Second
	maxHeaderBytes    = 32 << 10
)

// server is the surface of one service.
type server struct {
	Options
	service  ports.Service
	api      huma.API
	allowed  map[string]string // methods by route template, as Allow lists them
	tenants  *limiter
	webhooks *limiter
	document []byte // the OpenAPI document
}

// New gives the handler of all that is served: the operator API and the webhook receiver
// below /v1/discovery, and /health, /readyz, /version, /openapi.json and /docs beside it.
// It is safe for concurrent use and holds no goroutine. Errors: an option that is missing.
func New(service ports.Service, options Options) (http.Handler, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	adoptHuma()
	s := &server{
		Options: options, service: service, allowed: map[string]string{},
		tenants:  newLimiter(options.RatePerMinute),
		webhooks: newLimiter(options.WebhookRatePerMinute),
	}
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.Pre(s.observe)
	s.api = humaecho.New(e, humaConfig(options.Version))
	s.routes(e)
	if s.document, err = s.describe(); err != nil {
		return nil, err
	}
	return e, nil
}

// NewServer gives a server with every bound set that keeps slow and greedy callers from
// holding it. Reading a body has a deadline of
// its own.
func NewServer(address string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr: address, Handler: handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
	}
}
