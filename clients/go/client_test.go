package discovery_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func TestAnErasedTransactionOfTheFeedCanBeRead(t *testing.T) {
	const text = `{"change":"removed","transaction":{"id":"t1","connectionId":"c2","version":3,` +
		`"removedAt":"2026-01-02T03:04:05.6Z","erasedAt":"2026-01-02T03:04:05.6Z"}}`
	var change discovery.ChangeView
	if err := json.Unmarshal([]byte(text), &change); err != nil {
		t.Fatal(err)
	}
	if change.Transaction.Amount != nil || change.Transaction.Vendor != nil || change.Transaction.ErasedAt == nil {
		t.Errorf("the erased transaction was read as %+v", change.Transaction)
	}
	written, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if json.Unmarshal(written, &got) != nil || json.Unmarshal([]byte(text), &want) != nil {
		t.Fatal("the JSON is invalid")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("encoding the transaction again changes it (-read +written):\n%s", diff)
	}
}

// Numbers in vendor data can have more digits than a float64 can represent.
func TestMetadataKeepsItsExactText(t *testing.T) {
	const metadata = `{"amount":12345678901234567890.123456789,"large":1e400}`
	var transaction discovery.TransactionView
	text := `{"id":"t1","connectionId":"c1","version":1,"metadata":` + metadata + `}`
	if err := json.Unmarshal([]byte(text), &transaction); err != nil {
		t.Fatal(err)
	}
	if string(transaction.Metadata) != metadata {
		t.Errorf("the metadata became %s", transaction.Metadata)
	}
}

func TestAFailureNamesTheFieldsAndTheRequest(t *testing.T) {
	response := &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{
		"X-Request-Id": {"r-1"}, "Retry-After": {"7"},
	}}
	err := discovery.CheckResponse(response, []byte(`{"type":"about:blank","title":"Bad Request","status":400,
		"detail":"the request is invalid","instance":"/","code":"MTCH-0001",
		"errors":[{"location":"query.limit","message":"must be a number"}]}`))
	var failure *discovery.APIError
	if !errors.As(err, &failure) {
		t.Fatalf("CheckResponse returned %v", err)
	}
	const want = "400 Bad Request: the request is invalid; query.limit: must be a number (request r-1)"
	if failure.Error() != want || failure.RetryAfter != "7" {
		t.Errorf("the error is %q with Retry-After %q, want %q", failure, failure.RetryAfter, want)
	}
}

func TestAFailureWithoutAProblemDocumentNamesItsStatus(t *testing.T) {
	err := discovery.CheckResponse(&http.Response{StatusCode: http.StatusBadGateway}, []byte("<html>"))
	if err == nil || err.Error() != "502 Bad Gateway" {
		t.Errorf("CheckResponse returned %v", err)
	}
}
