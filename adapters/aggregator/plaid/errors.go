package plaid

import (
	"maps"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// loginErrors contains the codes of errors that end when the account holder signs in again.
var loginErrors = map[string]bool{
	"ITEM_LOGIN_REQUIRED": true, "ITEM_LOCKED": true, "PASSWORD_RESET_REQUIRED": true, "USER_SETUP_REQUIRED": true,
	"INSUFFICIENT_CREDENTIALS": true, "INVALID_CREDENTIALS": true, "INVALID_MFA": true,
}

// errorCodes maps the vendor's error codes to domain errors. The vendor uses status 400 for nearly every error, so only
// the code tells what has happened. Source: plaid.com/docs, errors.
var errorCodes = map[string]*domain.Error{
	"INVALID_API_KEYS":         &credentialRejected,
	"UNAUTHORIZED_ENVIRONMENT": &credentialRejected,
	"INVALID_ACCESS_TOKEN":     &credentialRejected,

	"ITEM_NOT_FOUND":            &accountNotFound,
	"ITEM_CONCURRENTLY_DELETED": &accountNotFound,

	"ACCESS_NOT_GRANTED":          &accessDenied,
	"ADDITIONAL_CONSENT_REQUIRED": &accessDenied,
	permissionRevoked:             &consentWithdrawn,
	"PRODUCTS_NOT_SUPPORTED":      &accessDenied,
	"PRODUCT_NOT_ENABLED":         &accessDenied,
	"UNAUTHORIZED_ROUTE_ACCESS":   &accessDenied,
	"INVALID_PRODUCT":             &accessDenied,

	"PRODUCT_NOT_READY":          &unreachable,
	"NO_ACCOUNTS":                &unreachable,
	"INSTITUTION_DOWN":           &unreachable,
	"INSTITUTION_NOT_RESPONDING": &unreachable,
	"INSTITUTION_NOT_AVAILABLE":  &unreachable,
	"INTERNAL_SERVER_ERROR":      &unreachable,
	"PLANNED_MAINTENANCE":        &unreachable,

	// explainLaterPage handles this code for the later pages of a list. The vendor has no reason to send the code in
	// any other response.
	mutation: &unreachable,
}

// The errors of the listed codes.
var (
	credentialRejected = domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	accountNotFound    = domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	accessDenied       = domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	consentWithdrawn   = domain.Error{
		Kind: domain.Rejected, Code: domain.AccessDenied, Cause: domain.ErrConsentRevoked,
	}
	unreachable = domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
)

// The codes of errors whose meaning depends on the request.
const (
	// permissionRevoked is also the code of a webhook event. The account holder has withdrawn the consent.
	permissionRevoked = "USER_PERMISSION_REVOKED"

	mutation      = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
	invalidField  = "INVALID_FIELD"
	unknownKeyID  = "INVALID_WEBHOOK_VERIFICATION_KEY_ID"
	rateLimitType = "RATE_LIMIT_EXCEEDED"
)

// errorJSON contains the members of the vendor's error object that the adapter needs.
type errorJSON struct {
	Type string `json:"error_type"`
	Code string `json:"error_code"`
}

// errorOf returns the error object in a body. It returns the zero value for a body of another form, for example a page
// of a proxy.
func errorOf(body []byte) errorJSON {
	var e errorJSON
	if vendorhttp.Decode(body, &e) != nil {
		return errorJSON{}
	}
	return e
}

// errorCode returns the code of the error object in a body, and false if the body has no such object.
func errorCode(body []byte) (code string, ok bool) {
	e := errorOf(body)
	return e.Code, e.Type != "" && e.Code != ""
}

// upstreamCodes returns the codes that docs/internals/vendor-rows.md lists.
func upstreamCodes() map[string]bool {
	codes := maps.Clone(loginErrors)
	for code := range errorCodes {
		codes[code] = true
	}
	return codes
}

// explainError returns the domain error for an error response of the vendor. It returns nil for a response whose code
// is not known. The caller then classifies the HTTP status, except for a 401 or 403: of these, too, only the code tells
// that a credential was rejected or that access is denied, and without a code they come from a proxy.
func explainError(status int, body []byte) *domain.Error {
	e := errorOf(body)
	if loginErrors[e.Code] {
		return &domain.Error{
			Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: e.Code, Cause: domain.ErrHolderMustAct,
		}
	}
	if e.Type == rateLimitType {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited}
	}
	if listed, ok := errorCodes[e.Code]; ok {
		known := *listed
		known.Message = e.Code
		return &known
	}
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return nil
	}
	if _, ok := errorCode(body); ok {
		return &domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused}
	}
	return malformed("response to the credential")
}

// explainLaterPage explains an error response to the request for a later page. It returns cursor_gone if all pages
// must be read again, for example because the history has changed while it was read.
func explainLaterPage(status int, body []byte) *domain.Error {
	switch known := explainError(status, body); {
	case errorOf(body).Code == mutation, errorOf(body).Code == invalidField,
		known != nil && known.Code == domain.AccountNotFound:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.CursorGone}
	default:
		return known
	}
}

// explainFirstPage explains an error response to the request for the first page after a stream position. It returns
// stream_gone if the vendor no longer accepts the position. The vendor keeps a position for at least a year.
func explainFirstPage(status int, body []byte) *domain.Error {
	if errorOf(body).Code == invalidField {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.StreamGone}
	}
	return explainError(status, body)
}

// explainRefresh explains an error response to the request to update an Item. It returns not_offered if the vendor
// denies access for no other reason, because the vendor sells updates on request separately.
func explainRefresh(status int, body []byte) *domain.Error {
	switch known := explainError(status, body); {
	case known != nil && known.Code == domain.AccessDenied && known.Cause == nil:
		return &domain.Error{
			Kind: domain.Conflict, Code: domain.NotOffered, Message: "the vendor offers no refresh for this account",
		}
	default:
		return known
	}
}

// explainKey explains an error response to the request for a public key with which webhooks are verified.
func explainKey(status int, body []byte) *domain.Error {
	if errorOf(body).Code == unknownKeyID {
		return &domain.Error{Kind: domain.Unauthenticated}
	}
	return explainError(status, body)
}

// malformed returns the error (malformed_response) for a response that does not match the vendor's documentation. Its
// argument describes what was unexpected. The description must never contain a value from the response.
func malformed(part string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: "unexpected " + part}
}
