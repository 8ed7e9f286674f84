package belvo

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// errorCodes maps the vendor's error codes to domain errors. An error with a code that is not
// listed is classified by its HTTP status. Source: developers.belvo.com, Errors.
var errorCodes = map[string]*domain.Error{
	notFound: &accountNotFound,

	"authentication_failed":     &credentialRejected,
	"access_to_resource_denied": &accessDenied,

	"invalid_link":     &signInAgain,
	"unconfirmed_link": &signInAgain,
	"token_required":   &signInAgain,
	"session_expired":  &signInAgain,

	"institution_down":        &unreachable,
	"institution_unavailable": &unreachable,
	"institution_inactive":    &unreachable,
	"request_timeout":         &unreachable,

	"too_many_sessions":          &rateLimited,
	"operational_limits_reached": &rateLimited,
}

// The errors of the listed codes.
var (
	accountNotFound    = domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	credentialRejected = domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	accessDenied       = domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}

	signInAgain = domain.Error{
		Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: domain.ErrHolderMustAct,
	}
	unreachable = domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	rateLimited = domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited}
)

// notFound is the only code that says that the vendor does not know the link. A 400 or 404 with another code, or
// without one, says nothing about the link.
const notFound = "not_found"

// vendorWith describes the vendor to the HTTP client. classifyError classifies error responses.
func vendorWith(classifyError func(status int, body []byte) *domain.Error) vendorhttp.Vendor {
	listed := map[string]bool{}
	for code := range errorCodes {
		listed[code] = true
	}
	return vendorhttp.Vendor{
		Name: Name, Budgets: budgets, ClassifyError: classifyError, ErrorCode: errorCode, UpstreamCodes: listed,
	}
}

// conflict is the error code of a refresh of a link that was refreshed less than refreshInterval ago.
const conflict = "conflict"

// refreshVendor describes the vendor for requests to refresh a link.
func refreshVendor() vendorhttp.Vendor {
	v := vendorWith(explainRefreshError)
	v.Windows, v.RateLimitWait, v.UpstreamCodes[conflict] = windows, refreshInterval, true
	return v
}

// errorCode returns the first listed code of an error response, or its first code; "" for an error object that has only
// a detail. It returns false if the body has not the form of the vendor's errors.
func errorCode(body []byte) (code string, ok bool) {
	codes := errorCodesOf(body)
	for _, known := range codes {
		if _, listed := errorCodes[known]; listed {
			return known, true
		}
	}
	if len(codes) == 0 {
		return "", false
	}
	return codes[0], codes[0] != "" || hasDetail(body)
}

// hasDetail reports whether the body is the vendor's other form of an error: an object whose detail is a text.
func hasDetail(body []byte) bool {
	var in struct {
		Detail string `json:"detail"`
	}
	return vendorhttp.Decode(body, &in) == nil && in.Detail != ""
}

// explainError returns the domain error for an error response of the vendor. It returns nil for a response without a
// code or status that is specific to this vendor. The caller then classifies the HTTP status. The body is an array of
// objects with a code, or a single object.
func explainError(status int, body []byte) *domain.Error {
	for _, code := range errorCodesOf(body) {
		if listed, ok := errorCodes[code]; ok {
			known := *listed
			known.Message = code
			return &known
		}
	}
	switch status {
	case http.StatusConflict: // a refresh of the link is in progress
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	case http.StatusPreconditionRequired:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: domain.ErrHolderMustAct}
	}
	return nil
}

// explainLaterPageError returns the domain error for an error response to the request for a later page of a list.
//
// If the list has shrunk since its first page was read, the requested page may no longer exist. The vendor then answers
// 404, or 400 for the page number. Both become cursor_gone.
//
// The vendor can also answer 404 or 400 because the link or a filter is invalid. After cursor_gone, the list is read
// from the start. The response to the first page then shows the real error.
func explainLaterPageError(status int, body []byte) *domain.Error {
	known := explainError(status, body)
	if known != nil && known.Code != domain.AccountNotFound {
		return known
	}
	if status == http.StatusBadRequest || status == http.StatusNotFound {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.CursorGone}
	}
	return known
}

// offlineWait is how long a refresh must wait if the institution cannot be reached, or accepts no more requests.
const offlineWait = time.Hour

// explainRefreshError returns the domain error for an error response to a refresh. The vendor answers 409 if the link
// was refreshed less than refreshInterval ago.
func explainRefreshError(status int, body []byte) *domain.Error {
	known := explainError(status, body)
	switch {
	case status == http.StatusConflict:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorRateLimited, RetryAfter: refreshWait(body)}
	case known == nil || errors.Is(known, domain.ErrHolderMustAct):
		return known
	case known.Code == domain.VendorRateLimited:
		known.RetryAfter = offlineWait
	case slices.Contains(offlineCodes, known.Message):
		known.Code, known.RetryAfter = domain.RefreshesUsedUp, offlineWait
	}
	return known
}

// offlineCodes are the error codes of an institution that cannot be reached.
var offlineCodes = []string{"institution_down", "institution_unavailable", "institution_inactive"}

// waitMinutes matches the wait in the message of a 409, such as "Please wait 7 minutes before trying again".
var waitMinutes = regexp.MustCompile(`wait (\d{1,3}) minute`)

// refreshWait returns the wait that a 409 states, at least a minute and at most refreshInterval. If it states none,
// refreshWait returns 0, and Retry-After or [vendorhttp.Vendor.RateLimitWait] is used.
func refreshWait(body []byte) time.Duration {
	match := waitMinutes.FindSubmatch(body)
	if match == nil {
		return 0
	}
	minutes, _ := strconv.Atoi(string(match[1])) // at most three digits
	return min(max(time.Duration(minutes)*time.Minute, time.Minute), refreshInterval)
}

func errorCodesOf(body []byte) []string {
	type item struct {
		Code string `json:"code"`
	}
	var items []item
	if vendorhttp.Decode(body, &items) != nil {
		items = make([]item, 1)
		if vendorhttp.Decode(body, &items[0]) != nil {
			return nil
		}
	}
	codes := make([]string, 0, len(items))
	for _, i := range items {
		codes = append(codes, i.Code)
	}
	return codes
}

// malformed returns the error (malformed_response) for a response that does not match the vendor's documentation. Its
// argument describes, in the vendor's terms, what was unexpected. The description must never contain a value from the
// response.
func malformed(part string) *domain.Error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.MalformedResponse,
		Message: "unexpected " + part,
	}
}
