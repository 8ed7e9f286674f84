package pluggy

import (
	"errors"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// perMinute is the vendor's limit by source address and resource.
// Source: docs.pluggy.ai, rate limits.
const perMinute = 360

var budgets = map[string]int{"auth": perMinute, "items": perMinute, "accounts": perMinute, "transactions": perMinute}

// One vendor, three readings of an error, for what a 400 is about differs: the
// credential, the item, or the list that was asked for.
var (
	aboutAuth = &vendorhttp.Vendor{Name: Name, Budgets: budgets, ClassifyError: explainAuth}
	aboutItem = &vendorhttp.Vendor{Name: Name, Budgets: budgets, ClassifyError: explainItem}
	aboutRows = &vendorhttp.Vendor{Name: Name, Budgets: budgets, ClassifyError: explain}
)

// errKey marks an answer to a missing, invalid or ended key.
var errKey = errors.New("the API key was refused")

func keyRefused(err error) bool { return errors.Is(err, errKey) }

// holderMustAct are the execution statuses, and error codes of item/error, that only the
// account holder can mend. Source: docs.pluggy.ai, item errors.
var holderMustAct = map[string]bool{
	"INVALID_CREDENTIALS": true, "INVALID_CREDENTIALS_MFA": true, "ACCOUNT_LOCKED": true,
	"ACCOUNT_CREDENTIALS_RESET": true, "ACCOUNT_NEEDS_ACTION": true, "USER_INPUT_TIMEOUT": true,
	"USER_AUTHORIZATION_PENDING": true, "USER_AUTHORIZATION_NOT_GRANTED": true,
	"USER_AUTHORIZATION_REVOKED": true, "WAITING_USER_INPUT": true, "WAITING_USER_ACTION": true,
	"LOGIN_ERROR": true,
}

// explain tells the key that is no good any more (no codeDescription) from a real
// denial (with one).
func explain(status int, body []byte) *domain.Error {
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return nil
	}
	var said struct {
		Description string `json:"codeDescription"`
	}
	err := vendorhttp.Decode(body, &said)
	switch {
	case err != nil && status == http.StatusForbidden:
		return nil // a firewall's page, not the vendor's word
	case said.Description == "":
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected, Cause: errKey}
	case status == http.StatusForbidden:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	}
	return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
}

// explainAuth: a client id of the wrong form is a 400, and as final as a wrong one. No
// key is sent to /auth, so a 403 there is none about a key.
func explainAuth(status int, body []byte) *domain.Error {
	if status == http.StatusBadRequest && vendorhttp.Decode(body, new(struct{})) == nil {
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	}
	if status == http.StatusForbidden {
		return nil
	}
	return explain(status, body)
}

// explainItem: a reference that is no UUID is a 400, and as final as an unknown one.
func explainItem(status int, body []byte) *domain.Error {
	if status == http.StatusBadRequest && vendorhttp.Decode(body, new(struct{})) == nil {
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	return explain(status, body)
}
