package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// createConnections creates n connections. Their credentials are sealed with the keyset of env, which need not open the
// stored ones: a service that is served would refuse to start.
func createConnections(t *testing.T, env lookup, n int) {
	t.Helper()
	cfg, err := settings(env)
	if err != nil {
		t.Fatal(err)
	}
	app, err := compose.NewOffline(t.Context(), cfg, compose.Overrides{LogTo: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for i := range n {
		_, err := app.Service.CreateConnection(t.Context(), domain.TenantID{UUID: uuid.New()}, ports.NewConnection{
			Vendor: "pluggy", Name: fmt.Sprint(i), BaseURL: "https://127.0.0.1:1", AccountRef: "item",
			ClientID: domain.SecretText(canary), Secret: domain.SecretText(canary),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Operators destroy the old keys after a successful reseal. The command must therefore fail as long as there are
// credentials that it could not decrypt.
func TestResealFailsWhileCredentialsDoNotOpen(t *testing.T) {
	database := "sqlite://" + filepath.Join(datadir.New(t), "discovery.db")
	own := withKeyset(t, environment(t, "DATABASE_URL", database, "EGRESS_ALLOWED_CIDRS", "127.0.0.0/8"))
	foreign := withKeyset(t, environment(t, "DATABASE_URL", database, "EGRESS_ALLOWED_CIDRS", "127.0.0.0/8"))
	createConnections(t, foreign, 2)
	createConnections(t, own, 3)
	file, _ := own("SEALING_KEYSET_FILE")
	if code, _, stderr := program(t, own, "keyset", "rotate", file); code != 0 {
		t.Fatal(stderr)
	}
	// Three secrets were sealed under the other keyset, so they do not open: the credentials of two connections, and
	// the key for hashing client ids.
	const message = "discovery: reseal: credentials that do not open under this keyset: 3; " +
		"the lines above name their connections"
	for _, want := range []string{"3 credentials resealed\n", "0 credentials resealed\n"} {
		code, out, stderr := program(t, own, "reseal")
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		reported := lines[len(lines)-1]
		if code != exitFailure || out != want || reported != message {
			t.Errorf("exit %d, stdout %q, stderr %q", code, out, reported)
		}
		if strings.Contains(stderr, canary) {
			t.Error("the log contains a credential")
		}
	}
	for _, want := range []string{
		"the key of the client ids was replaced\n0 credentials resealed\n",
		"the key of the client ids can be decrypted: it was not replaced\n0 credentials resealed\n",
	} {
		code, out, stderr := program(t, own, "reseal", "--replace-client-key")
		if left := strings.Replace(message, ": 3;", ": 2;", 1); code != exitFailure || out != want ||
			!strings.HasSuffix(strings.TrimSpace(stderr), left) {
			t.Errorf("exit %d, stdout %q, stderr %q", code, out, stderr)
		}
	}
}
