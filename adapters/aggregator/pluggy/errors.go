package pluggy

import (
	"errors"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// perMinute is the vendor's rate limit, by source address and resource.
// Source: docs.pluggy.ai, rate limits.
const perMinute = 360

var budgets = map[string]int{"auth": perMinute, "items": perMinute, "accounts": perMinute, "transactions": perMinute}

// Errors are classified in three ways, because a 400 concerns the credential, the item or
// the list, depending on the request.
var (
	authAPI        = &vendorhttp.Vendor{Name: Name, Budgets: budgets, ClassifyError: classifyAuthError}
	itemAPI        = &vendorhttp.Vendor{Name: Name, Budgets: budgets, ClassifyError: classifyItemError}
	transactionAPI = &vendorhttp.Vendor{Name: Name, Budgets: budgets, ClassifyError: classifyError}
)

// errKeyRefused marks the response to a missing, invalid or expired API key.
var errKeyRefused = errors.New("the API key was refused")

func isKeyRefused(err error) bool { return errors.Is(err, errKeyRefused) }

// needsReauth lists the execution statuses, and error codes of item/error, that only the
// account holder can resolve. Source: docs.pluggy.ai, item errors.
var needsReauth = map[string]bool{
	"INVALID_CREDENTIALS": true, "INVALID_CREDENTIALS_MFA": true, "ACCOUNT_LOCKED": true,
	"ACCOUNT_CREDENTIALS_RESET": true, "ACCOUNT_NEEDS_ACTION": true, "USER_INPUT_TIMEOUT": true,
	"USER_AUTHORIZATION_PENDING": true, "USER_AUTHORIZATION_NOT_GRANTED": true,
	"USER_AUTHORIZATION_REVOKED": true, "WAITING_USER_INPUT": true, "WAITING_USER_ACTION": true,
	"LOGIN_ERROR": true,
}

// classifyError distinguishes an API key that is no longer valid (no codeDescription) from
// access that is really denied (with one).
func classifyError(status int, body []byte) *domain.Error {
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return nil
	}
	var in struct {
		Description string `json:"codeDescription"`
	}
	err := vendorhttp.Decode(body, &in)
	switch {
	case err != nil && status == http.StatusForbidden:
		return nil // the page of a firewall, not a response of the vendor
	case in.Description == "":
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected, Cause: errKeyRefused}
	case status == http.StatusForbidden:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	}
	return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
}

// classifyAuthError classifies an error of /auth. A client id of the wrong form is a 400, and
// as final as a wrong one. No API key is sent to /auth, so a 403 does not concern a key.
func classifyAuthError(status int, body []byte) *domain.Error {
	if status == http.StatusBadRequest && vendorhttp.Decode(body, new(struct{})) == nil {
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	}
	if status == http.StatusForbidden {
		return nil
	}
	return classifyError(status, body)
}

// classifyItemError classifies an error of /items or /accounts. A reference that is not a
// UUID is a 400, and as final as an unknown one.
func classifyItemError(status int, body []byte) *domain.Error {
	if status == http.StatusBadRequest && vendorhttp.Decode(body, new(struct{})) == nil {
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	return classifyError(status, body)
}
