package pluggysim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

func Example() {
	sim := pluggysim.New(pluggysim.Options{Seed: 1})
	sim.Seed()
	srv := httptest.NewServer(sim)
	defer srv.Close()
	fault := pluggysim.Fault{Path: "/auth", Kind: pluggysim.FaultStatus, Status: 503, RetryAfter: "1"}
	if err := sim.Inject(fault); err != nil {
		panic(err)
	}

	credential := `{"clientId":"` + pluggysim.DemoClientID + `","clientSecret":"` + pluggysim.DemoClientSecret + `"}`
	for range 2 {
		resp, err := http.Post(srv.URL+"/auth", "application/json", strings.NewReader(credential))
		if err != nil {
			panic(err)
		}
		fmt.Printf("%d %q\n", resp.StatusCode, resp.Header.Get("Retry-After"))
		_ = resp.Body.Close()
	}
	fmt.Println(sim.Stats().KeysIssued, "key issued")
	// Output:
	// 503 "1"
	// 200 ""
	// 1 key issued
}
