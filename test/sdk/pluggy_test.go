package sdk_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

func TestPluggySDK(t *testing.T) {
	sim := pluggysim.New(pluggysim.Options{Seed: 1})
	sim.Seed()
	if err := sim.Generate(pluggysim.DemoBankAccountID, 1203); err != nil {
		t.Fatal(err)
	}
	_, err := sim.AddConsent(pluggysim.Consent{
		ItemID: pluggysim.DemoItemID, ExpiresAt: pluggysim.At(time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC)),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	defer srv.Close()
	nodejs.Test(t, "pluggy.test.mjs", "PLUGGY_API_URL="+srv.URL)
	if n := sim.Stats().KeysIssued; n == 0 {
		t.Error("the SDK sent no request")
	}
}
