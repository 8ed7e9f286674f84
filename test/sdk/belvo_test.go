package sdk_test

import (
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

func TestBelvoSDK(t *testing.T) {
	sim := belvosim.New(belvosim.Options{Seed: 1})
	sim.Seed()
	if err := sim.Generate(belvosim.DemoAccountID, 2995); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	defer srv.Close()
	nodejs.Test(t, "belvo.test.mjs", "BELVO_API_URL="+srv.URL)
	if sim.Stats().Requests == 0 {
		t.Error("the SDK sent no request")
	}
}
