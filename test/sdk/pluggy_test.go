package sdk_test

import (
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

func TestPluggySDK(t *testing.T) {
	sim := pluggysim.New(pluggysim.Options{Seed: 1})
	sim.Seed()
	if err := sim.Generate(pluggysim.DemoBankAccountID, 1203); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	defer srv.Close()
	nodejs.Test(t, "pluggy.test.mjs", "PLUGGY_API_URL="+srv.URL)
	if n := sim.Stats().KeysIssued; n == 0 {
		t.Error("the SDK sent no request")
	}
}
