package plaidsim

import (
	"cmp"
	"encoding/json"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// apiError is an error of the vendor. Clients distinguish the errors by their code, because nearly every status is
// 400.
type apiError struct {
	status  int
	kind    string
	code    string
	message string
}

var (
	errKeys = apiError{400, "INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided"}
	errBody = apiError{400, "INVALID_REQUEST", "INVALID_BODY", "body could not be parsed as JSON"}

	errUnknownFields = apiError{
		400, "INVALID_REQUEST", "UNKNOWN_FIELDS", "the following fields are not recognized by this endpoint",
	}
	errFields = apiError{400, "INVALID_REQUEST", "MISSING_FIELDS", "the following required fields are missing"}

	errPublicToken = apiError{
		400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN", "could not find matching public token",
	}
	errAccessToken = apiError{
		400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN", "provided access token is in an invalid format",
	}
	errItem = apiError{
		400, "ITEM_ERROR", "ITEM_NOT_FOUND", "The Item you requested cannot be found. This Item does not exist, has " +
			"been previously removed via /item/remove, or has had access removed by the user.",
	}
	errMutation = apiError{
		400, "TRANSACTIONS_ERROR", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
		"Underlying transaction data changed since last page was fetched. Please restart pagination from last update.",
	}
	errCursor = apiError{400, "INVALID_INPUT", "INVALID_FIELD", "cursor not associated with access_token"}
	errKeyID  = apiError{
		400, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", "invalid key_id provided",
	}
	errProduct = apiError{
		400, "INVALID_INPUT", "INVALID_PRODUCT", "client is not authorized to access the following products",
	}
	errNotFound = apiError{404, "INVALID_REQUEST", "NOT_FOUND", "not found"}
	errInternal = apiError{500, "API_ERROR", "INTERNAL_SERVER_ERROR", "an unexpected error occurred"}
	errPlanned  = apiError{503, "API_ERROR", "PLANNED_MAINTENANCE", "the API is under maintenance"}
	errRate     = apiError{429, "RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", "rate limit exceeded for attempts"}
)

// rateLimitCodes maps a path to the error code of its rate limit. All other paths have the code of errRate.
var rateLimitCodes = map[string]string{
	"/accounts/get": "ACCOUNTS_LIMIT", "/item/get": "ITEM_GET_LIMIT", "/transactions/get": "TRANSACTIONS_LIMIT",
}

// ofItem returns the error with this code for a request about an Item.
func ofItem(code string) apiError {
	kind := "ITEM_ERROR"
	if len(code) > 11 && code[:11] == "INSTITUTION" {
		kind = "INSTITUTION_ERROR"
	}
	return apiError{400, kind, code, "the login details of this item have changed"}
}

// write sends the error.
func (e apiError) write(w http.ResponseWriter) {
	writeJSON(w, e.status, map[string]any{
		"error_type": e.kind, "error_code": e.code, "error_message": e.message, "display_message": nil,
		"documentation_url": "https://plaid.com/docs/?ref=error#", "request_id": "HNTDNrA8F1shFEW",
		"suggested_action": nil,
	})
}

// member returns the error as the value of the member "error" of an Item or an event.
func (e apiError) member() map[string]any {
	return map[string]any{
		"error_type": e.kind, "error_code": e.code, "error_message": e.message, "display_message": nil,
	}
}

// writeFaultError sends an error with the code of the fault or, if the fault has no code, with its status.
func writeFaultError(w http.ResponseWriter, f faultinject.Fault) {
	for _, known := range []apiError{errInternal, errPlanned, errRate, errMutation, errKeys, errItem, errProduct} {
		if f.Code == known.code || f.Code == "" && f.Status == known.status {
			known.write(w)
			return
		}
	}
	failure := ofItem(cmp.Or(f.Code, "ITEM_NOT_SUPPORTED"))
	failure.status = cmp.Or(f.Status, failure.status)
	failure.write(w)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // a number that the caller has added is not valid JSON
		http.Error(w, "plaidsim: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
