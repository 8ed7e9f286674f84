package compose_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The example shows a program that embeds the whole service, with SQLite. The program has its own HTTP server and its
// own shutdown. It calls the service both directly, in the same process, and over HTTP.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "embedded")
	must(err)
	defer func() { must(os.RemoveAll(folder)) }()
	keyset := filepath.Join(folder, "keyset.json")
	must(sealing.Create(keyset))

	settings := map[string]string{
		"ENV_NAME":            "development",
		"DATABASE_URL":        "sqlite://" + filepath.Join(folder, "discovery.db"),
		"AUTH_JWT_SECRET":     "a shared secret of at least 32 bytes",
		"SEALING_KEYSET_FILE": keyset,
	}
	lookup := func(name string) (string, bool) { value, ok := settings[name]; return value, ok }
	cfg, err := configs.Load(lookup, compose.Vendors())
	must(err)
	app, err := compose.New(ctx, cfg, compose.Overrides{LogTo: io.Discard})
	must(err)
	defer app.Close()

	// The queue runs the pulls and the maintenance tasks. It must be started here, because App.Serve is not
	// called. This program has no subscriptions; Service.DispatchEvents would send their events.
	must(app.Stores.Queue.Start(ctx, app.Service, app.Service))
	mux := http.NewServeMux()
	mux.Handle("/v1/discovery/", app.Handler())
	server := httptest.NewServer(mux)

	tenant := domain.TenantID{UUID: uuid.New()}
	connection := ports.NewConnection{
		Vendor: "pluggy", Name: "books", BaseURL: "https://127.0.0.1", AccountRef: uuid.NewString(),
		ClientID: domain.SecretText("id"), Secret: domain.SecretText("s3cret"),
	}
	_, err = app.Service.CreateConnection(ctx, tenant, connection)
	fmt.Println("refused:", err)
	connection.BaseURL = "https://8.8.8.8"
	created, err := app.Service.CreateConnection(ctx, tenant, connection)
	must(err)
	fmt.Println("created:", created.Name)
	response, err := server.Client().Post(
		server.URL+"/v1/discovery/webhooks/pluggy/unknown", "application/json", strings.NewReader("{}"))
	must(err)
	must(response.Body.Close())
	fmt.Println("webhook with an unknown token:", response.StatusCode)

	// This is the shutdown. First the waiting readers of the feed get their responses, then the other requests
	// finish, and then the pulls.
	app.Service.StopWaiting()
	server.Close()
	stop, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	must(app.Stores.Queue.Stop(stop))
	must(app.Service.FlushTokenUsage(stop))
	// Output:
	// refused: invalid (address_not_allowed): baseUrl: must not resolve to an address that the egress rules forbid
	// created: books
	// webhook with an unknown token: 401
}

// must panics if err is not nil.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
