package sdk_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

func TestPlaidSDK(t *testing.T) {
	sim := plaidsim.New(plaidsim.Options{Seed: 1})
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
	defer srv.Close()
	nodejs.Test(t, "plaid.test.mjs", "PLAID_API_URL="+srv.URL)
	if sim.Requests("/transactions/sync") == 0 {
		t.Error("the SDK sent no request")
	}
}
