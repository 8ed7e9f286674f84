package pluggy

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestOnlyTheVendorsWordMeansAnUnknownItem checks the codes of errors of the calls that name the item.
func TestOnlyTheVendorsWordMeansAnUnknownItem(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   domain.Code
	}{
		"unknown item": {
			404, `{"code":404,"codeDescription":"ITEM_NOT_FOUND","message":"item not found"}`, domain.AccountNotFound,
		},
		"no UUID":           {400, `{"code":400,"message":"id must be a UUID"}`, domain.AccountNotFound},
		"400, unknown code": {400, `{"code":400,"codeDescription":"SOMETHING_NEW"}`, domain.VendorRefused},
		"400 without code":  {400, `{"code":400,"message":"odd"}`, domain.VendorRefused},
		"404, unknown code": {404, `{"codeDescription":"CONNECTOR_NOT_FOUND"}`, domain.VendorRefused},
		"404 of a route":    {404, `{"message":"Cannot GET /items"}`, domain.VendorRefused},
		"404 of a gateway":  {404, `{}`, domain.MalformedResponse},
		"400 of a gateway":  {400, `{}`, domain.MalformedResponse},
	} {
		if got := classifyItemError(test.status, []byte(test.body)); got == nil || got.Code != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
	account := []byte(`{"code":404,"codeDescription":"ACCOUNT_NOT_FOUND","message":"account not found"}`)
	if got := classifyTransactionError(404, account); got == nil || got.Code != domain.VendorRefused ||
		got.Kind != domain.Unavailable {
		t.Errorf("an unknown account of the item: %v", got)
	}
	for _, status := range []int{400, 404} {
		if got := classifyItemError(status, []byte("<html>")); got != nil {
			t.Errorf("the page of a proxy with %d: %v", status, got)
		}
	}
}
