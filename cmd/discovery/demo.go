package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// demoTimeout bounds the duration of the demo. If the demo hangs, it fails with a timeout.
const demoTimeout = 50 * time.Second

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the service at work with simulated aggregators, on SQLite; ends by itself",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), demoTimeout)
			defer cancel()
			return ignoreInterrupt(demo(ctx, cmd.OutOrStdout()))
		},
	}
}

// demo starts the simulators and the service on loopback addresses, with their data in a temporary directory. Then it
// performs the steps of the demo over HTTP, like any other client.
func demo(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "discovery-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	serving, stop := context.WithCancel(ctx)
	group, serving := errgroup.WithContext(serving)
	stage, err := newDemoEnv(serving, group, dir)
	if err == nil {
		err = stage.run(ctx, out)
	}
	stop()
	if ended := group.Wait(); err == nil {
		err = ended
	}
	return err
}

// demoEnv contains the servers and the data that the demo uses.
type demoEnv struct {
	service string // origin of the service's URLs
	token   string // token of an operator
	db      string // path of the database file
	pluggy  *pluggysim.Simulator
	belvo   *belvosim.Simulator
	plaid   *plaidsim.Simulator
	origins map[string]string // origins of the simulators' URLs, by vendor
}

func newDemoEnv(ctx context.Context, group *errgroup.Group, dir string) (*demoEnv, error) {
	now := func() time.Time { return time.Now().UTC() }
	e := &demoEnv{
		db:     filepath.Join(dir, "discovery.db"),
		pluggy: pluggysim.New(pluggysim.Options{Now: now, RateLimit: pluggysim.RealRateLimit}),
		belvo:  belvosim.New(belvosim.Options{Now: now}),
		plaid:  plaidsim.New(plaidsim.Options{Now: now}),
	}
	e.pluggy.SeedAt(now())
	e.pluggy.SeedUnreadAt(now())
	e.belvo.Seed()
	if err := e.plaid.Seed(); err != nil {
		return nil, err
	}
	e.origins = make(map[string]string)
	for name, handler := range map[string]http.Handler{"pluggy": e.pluggy, "belvo": e.belvo, "plaid": e.plaid} {
		listener, err := loopback(ctx)
		if err != nil {
			return nil, err
		}
		e.origins[name] = "http://" + listener.Addr().String()
		group.Go(func() error { return serveUntil(ctx, listener, handler) })
	}
	return e, e.startService(ctx, group, dir)
}

// startService starts the service in the same way as the command serve, but with the settings of
// demoConfig.
func (e *demoEnv) startService(ctx context.Context, group *errgroup.Group, dir string) error {
	listener, err := loopback(ctx)
	if err != nil {
		return err
	}
	e.service = "http://" + listener.Addr().String()
	cfg := demoConfig(e.service, e.db, filepath.Join(dir, "keyset.json"))
	if err := sealing.Create(cfg.Sealing.KeysetFile); err != nil {
		return err
	}
	if e.token, err = operatorToken(cfg, uuid.NewString(), time.Now()); err != nil {
		return err
	}
	app, err := compose.New(ctx, cfg, compose.Overrides{LogTo: io.Discard})
	if err != nil {
		return err
	}
	group.Go(func() error { return app.Serve(ctx, listener, nil) })
	return nil
}

// demoConfig returns settings like those of development.env, with secrets that only this demo
// uses.
func demoConfig(origin, db, keyset string) configs.Config {
	return configs.Config{
		MatchReplacements: true, WebhookSilenceGrace: 2 * time.Hour,
		CloseOffset: demoCloseOffset, CoverAfter: 12 * time.Hour, StaleAfter: 36 * time.Hour,
		EnvName: configs.Development, PublicURL: origin,
		DatabaseURL: "sqlite://" + db, DatabaseMigrate: true,
		Auth:    configs.Auth{JWTSecret: domain.SecretText(uuid.NewString()), TenantClaim: "tenant_id"},
		Sealing: configs.Sealing{KeysetFile: keyset},
		Egress:  configs.Egress{AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Log:     configs.Log{Level: zapcore.InfoLevel, Format: "json"},
		Sources: map[domain.Vendor]domain.SourcePolicy{
			"pluggy": {HMACSecret: domain.SecretText(demoHMACSecret)},
			"belvo":  {Authorization: domain.SecretText(demoAuthorization)},
		},
		PullWorkers: 16,
	}
}

// demoCloseOffset is the offset from UTC of the days that the demo closes.
const demoCloseOffset = -3 * time.Hour

// The values with which the simulated vendors authenticate their webhooks.
const (
	demoHMACSecret    = "demo-hmac-secret"
	demoAuthorization = "Bearer demo-shared-value"
)

func loopback(ctx context.Context) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return listener, nil
}
