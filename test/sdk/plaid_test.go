package sdk_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

func TestPlaidSDK(t *testing.T) {
	sim, origin := servePlaid(t)
	nodejs.Test(t, "plaid.test.mjs", "PLAID_API_URL="+origin)
	if sim.Requests("/transactions/sync") == 0 {
		t.Error("the SDK sent no request")
	}
}

// TestPlaidSDKForGo runs the tests of another module, which depends on the SDK. It is skipped if the module proxy does
// not have the SDK.
func TestPlaidSDKForGo(t *testing.T) {
	module := filepath.Join("..", "interop", "plaidgo")
	run := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = module
		return cmd.CombinedOutput()
	}
	if out, err := run("mod", "download"); err != nil {
		t.Skipf("the SDK cannot be downloaded: %v\n%s", err, out)
	}
	sim, origin := servePlaid(t)
	t.Setenv("PLAID_API_URL", origin)
	if out, err := run("test", "-count=1", "./..."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if sim.Requests("/transactions/sync") == 0 {
		t.Error("the SDK sent no request")
	}
}

// servePlaid serves a simulator whose Item has 1,203 rows. It returns the origin of the simulator.
func servePlaid(t *testing.T) (sim *plaidsim.Simulator, origin string) {
	t.Helper()
	sim = plaidsim.New(plaidsim.Options{Seed: 1})
	if err := sim.Seed(); err != nil {
		t.Fatal(err)
	}
	for i := range 1195 { // together with the 8 rows of the demo data, 1,203
		_, err := sim.Put(plaidsim.DemoItemID, plaidsim.Transaction{
			Account: plaidsim.DemoBankAccountID, Amount: json.Number(fmt.Sprint(i, ".25")), Currency: new("USD"),
			Date: time.Now().AddDate(0, 0, -i%300).Format(time.DateOnly), Name: fmt.Sprint("ROW ", i), Channel: "other",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(srv.Close)
	return sim, srv.URL
}
