package discovery_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// ExampleNew reads the first page of the change feed.
func ExampleNew() {
	// This server stands in for the service.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer the-token" {
			http.Error(w, "the token is missing", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"items":[{"change":"added","transaction":{"id":"t1","connectionId":"c1","version":1,
			"amount":"-212.45","currency":"BRL"}}],"limit":200,"hasMore":false,"nextCursor":"abc"}`)
	}))
	defer server.Close()

	client, err := discovery.New(server.URL, "the-token")
	if err != nil {
		panic(err)
	}
	response, err := client.ReadChangesWithResponse(context.Background(), &discovery.ReadChangesParams{})
	if err != nil {
		panic(err)
	}
	if err := discovery.CheckResponse(response.HTTPResponse, response.Body); err != nil {
		panic(err)
	}
	for _, item := range response.JSON200.Items {
		fmt.Println(item.Change, item.Transaction.ID, *item.Transaction.Amount, *item.Transaction.Currency)
	}
	fmt.Println("continue after", response.JSON200.NextCursor)
	// Output:
	// added t1 -212.45 BRL
	// continue after abc
}
