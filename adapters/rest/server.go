package rest

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/console"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Timeouts and limits of one HTTP connection. writeTimeout is longer than maxWait, the longest time that a long poll
// waits.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 90 * time.Second

	// maxHeaders is the maximum size of the headers of a request. A bearer token may take half of it.
	maxHeaders = 64 << 10
	// maxHeaderBytes is the size at which net/http stops reading, with a response that ListenProblems replaces. It is a
	// little larger than maxHeaders, because net/http counts more. net/http allows 4 KiB in addition.
	maxHeaderBytes = maxHeaders + 12<<10
)

// server contains the state that all handlers of the HTTP API share.
type server struct {
	Options
	service        ports.API
	api            *operation.API    // nil once the server has started, to free the 1.5 MiB of its schemas
	allowedMethods map[string]string // values of the Allow header, by path in the router's notation
	tenantLimiter  *rateLimiter
	webhookLimiter *rateLimiter
	longPolls      *longPolls
	document       func() ([]byte, error) // the OpenAPI document in gzip form; it is built by the first call
	console        *console.Console
	servedByHTTPS  bool // the scheme of PublicURL is https: callers reach the service only with TLS
}

// New returns the handler of the whole HTTP API:
//
//   - the operator API and the webhook receiver below /v1/discovery,
//   - /health, /readyz, /version, /openapi.json, /docs and /console.
//
// The handler is safe for concurrent use and starts no goroutine. If a required option is missing, New returns an error
// that names the option.
func New(service ports.API, options Options) (http.Handler, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	s := &server{
		Options: options, service: service, allowedMethods: map[string]string{},
		tenantLimiter:  newRateLimiter(options.RatePerMinute),
		webhookLimiter: newRateLimiter(options.WebhookRatePerMinute),
		longPolls:      newLongPolls(options.MaxLongPolls),
		servedByHTTPS:  strings.HasPrefix(strings.ToLower(options.PublicURL), "https://"),
	}
	e := echo.New()
	e.HTTPErrorHandler = s.writeError
	e.Pre(s.observe)
	if err := s.mountAPI(e); err != nil {
		return nil, err
	}
	if err := s.api.Compile(); err != nil {
		return nil, err
	}
	s.api = nil
	s.document = sync.OnceValues(func() ([]byte, error) {
		document, err := Document(options)
		return compress(document), err
	})
	return e, nil
}

// mountAPI mounts all routes, and sets the field api to their operations. It returns an error if the schema of a sink
// is not valid.
func (s *server) mountAPI(e *echo.Echo) error {
	s.SignIn.RequestScopes = s.RequireScopes && s.SignIn.Scopes == ""
	var kinds []string
	for _, sink := range s.SinkSchemas {
		kinds = append(kinds, sink.Kind)
	}
	s.console = console.New(s.SignIn, kinds...)
	s.api = operation.NewAPI(newDocument(s.Version))
	s.mountRoutes(e)
	s.completeSchemas()
	return s.addSinkSchemas(s.api.Schemas())
}

// NewServer returns an http.Server with timeouts and limits that prevent slow or excessive clients
// from exhausting it. Reading a body has its own, shorter timeout (body.go).
func NewServer(address string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr: address, Handler: handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
	}
}
