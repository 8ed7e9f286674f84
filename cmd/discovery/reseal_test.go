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
)

// sealed seals so many credentials under the environment's keyset.
func sealed(t *testing.T, env lookup, n int) {
	t.Helper()
	cfg, err := settings(env)
	if err != nil {
		t.Fatal(err)
	}
	app, err := compose.New(t.Context(), cfg, compose.Overrides{LogTo: io.Discard})
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

// Keys are destroyed on the word of a reseal: it must not be a good one while there are
// credentials that it could not open.
func TestResealFailsWhileCredentialsDoNotOpen(t *testing.T) {
	database := "sqlite://" + filepath.Join(t.TempDir(), "discovery.db")
	ours := withKeyset(t, environment(t, "DATABASE_URL", database, "EGRESS_ALLOWED_CIDRS", "127.0.0.0/8"))
	foreign := withKeyset(t, environment(t, "DATABASE_URL", database, "EGRESS_ALLOWED_CIDRS", "127.0.0.0/8"))
	sealed(t, foreign, 2)
	sealed(t, ours, 3)
	file, _ := ours("SEALING_KEYSET_FILE")
	if code, _, said := program(t, ours, "keyset", "rotate", file); code != 0 {
		t.Fatal(said)
	}
	for _, want := range []string{"3 credentials resealed\n", "0 credentials resealed\n"} {
		code, out, said := program(t, ours, "reseal")
		lines := strings.Split(strings.TrimSpace(said), "\n")
		told := lines[len(lines)-1]
		if code != exitFailure || out != want || told != "discovery: reseal: credentials that do not open under this keyset: 2; the lines above name their connections" {
			t.Errorf("exit %d, wrote %q, said %q", code, out, told)
		}
		if strings.Contains(said, canary) {
			t.Error("a credential is told")
		}
	}
}
