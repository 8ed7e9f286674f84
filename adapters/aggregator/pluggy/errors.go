package pluggy

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// perMinute is the vendor's rate limit: requests per minute for each source address and resource.
// Source: docs.pluggy.ai, rate limits.
const perMinute = 360

// budgets maps each kind of call to its rate limit in calls per minute. Each kind has its own rate budget, so that a
// 429 of one kind does not block another kind.
var budgets = map[string]int{
	"auth": perMinute, "items": perMinute, "accounts": perMinute, "transactions": perMinute, "connect_token": perMinute,
	"consents": perMinute, deletions: perMinute, itemLists: perMinute, "bills": perMinute,
}

// The resources of those calls to /items that have rate limits of their own.
const (
	refreshes = "item_refreshes" // PATCH
	deletions = "item_deletions" // DELETE
	itemLists = "item_lists"     // the items of link sessions
)

// windows contains the limit of PATCH /items/{id}: 20 requests per minute for each source address. While several
// tenants refresh items, each tenant can use at most three quarters of the limit. Source: docs.pluggy.ai, rate
// limits.
var windows = map[string]vendorhttp.Window{refreshes: {Limit: 20, Share: 15}}

// These variables describe the vendor to the HTTP client. They differ only in the function that classifies error
// responses. Depending on the request, a 400 is about the credential, the item, the list, or the cursor of a later
// page.
var (
	authAPI        = vendorWith(classifyAuthError)
	itemAPI        = vendorWith(classifyItemError)
	itemListAPI    = vendorWith(classifyItemListError)
	transactionAPI = vendorWith(classifyTransactionError)
	webhookAPI     = vendorWith(classifyWebhookError)
	billAPI        = vendorWith(classifyBillError)
	laterPageAPI   = vendorWith(classifyLaterPageError)
)

// upstreamCodes contains the error codes that docs/internals/vendor-rows.md lists.
var upstreamCodes = listedCodes()

func listedCodes() map[string]bool {
	listed := map[string]bool{"ITEM_NOT_FOUND": true, "CLIENT_KEYS_UNAUTHORIZED": true, "CLIENT_DISABLED": true}
	for code := range refreshErrors {
		listed[code] = true
	}
	return listed
}

// refreshErrors maps the error codes of PATCH /items/{id} to domain errors. Source: docs.pluggy.ai, item errors.
var refreshErrors = map[string]*domain.Error{
	"ITEM_ALREADY_UPDATING":    &alreadyUpdating,
	"ITEM_IS_ALREADY_UPDATING": &alreadyUpdating,

	"CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY": &refreshesUsedUp,
	"TOO_MANY_CONSECUTIVE_LOGIN_FAILURES":         &refreshesUsedUp,
	"ITEM_IN_ERROR_COOLDOWN":                      &refreshesUsedUp,
	"CONNECTOR_OFFLINE":                           &refreshesUsedUp,

	"LAST_EXECUTION_HAD_LOGIN_ERROR":                &signInAgain,
	"PARAMETERS_NOT_PROVIDED":                       &signInAgain,
	"MFA_PARAMERTER_WAS_ALREADY_USED_ERROR":         &signInAgain, // the vendor's spelling
	"CONNECTOR_REQUIRED_PARAMETER_VALIDATION_ERROR": &signInAgain,

	"TOO_MANY_CONSECUTIVE_ERRORS":                    &syncsFailed,
	"ITEM_ORIGINAL_CONNECTED_WITH_DIFFERENT_ACCOUNT": &loginDiffers,

	"CLIENT_HAS_ITEM_UPDATES_DISABLED":       &notOffered,
	"SANDBOX_CLIENT_ITEM_UPDATE_NOT_ALLOWED": &notOffered,
	"ITEM_CREATION_LIMIT_EXCEEDED":           &notOffered,
}

// The errors of the listed codes of PATCH /items/{id}.
var (
	alreadyUpdating = domain.Error{Kind: domain.Conflict, Cause: errAlreadyUpdating}
	refreshesUsedUp = domain.Error{Kind: domain.Unavailable, Code: domain.RefreshesUsedUp}
	syncsFailed     = domain.Error{Kind: domain.Conflict, Code: domain.SyncsFailed}
	loginDiffers    = domain.Error{Kind: domain.Conflict, Code: domain.LoginDiffers}
	notOffered      = domain.Error{Kind: domain.Conflict, Code: domain.NotOffered}

	// signInAgain is the error for a refresh that needs new credentials or a new value of a second factor.
	signInAgain = domain.Error{Kind: domain.Rejected, Code: domain.ReauthRequired, Cause: domain.ErrHolderMustAct}
)

// Bounds of the wait after a refused refresh. A time that the vendor names may be wrong: it may have passed already, or
// lie far in the future. The vendor's longest interval between two refreshes is a day.
const (
	defaultRefreshWait = time.Hour // if the vendor names no time
	minRefreshWait     = time.Minute
	maxRefreshWait     = 24 * time.Hour
)

func vendorWith(classifyError func(status int, body []byte) *domain.Error) *vendorhttp.Vendor {
	return &vendorhttp.Vendor{
		Name: Name, Budgets: budgets, ClassifyError: classifyError, ErrorCode: errorCode, UpstreamCodes: upstreamCodes,
	}
}

// refreshVendor describes the vendor for calls of PATCH /items/{id}. The clock determines how far away the times are
// that the vendor names.
func refreshVendor(clock ports.Clock) *vendorhttp.Vendor {
	v := vendorWith(func(status int, body []byte) *domain.Error {
		return classifyRefreshError(status, body, clock.Now())
	})
	v.Windows = windows
	return v
}

// errorCode returns the codeDescription of an error object, which is often missing. It returns false if the body is not
// an error object: it has neither a codeDescription nor a message.
func errorCode(body []byte) (code string, ok bool) {
	var in struct {
		Description string `json:"codeDescription"`
		Message     string `json:"message"`
	}
	err := vendorhttp.Decode(body, &in)
	return in.Description, err == nil && in.Description+in.Message != ""
}

// errKeyRefused is the cause of the error for a missing, invalid or expired API key.
var errKeyRefused = errors.New("the API key was refused")

func isKeyRefused(err error) bool { return errors.Is(err, errKeyRefused) }

// needsReauth contains the problems that only the account holder can solve. The keys are execution statuses of an item
// and error codes of the event item/error. Source: docs.pluggy.ai, item errors.
var needsReauth = map[string]bool{
	"INVALID_CREDENTIALS": true, "INVALID_CREDENTIALS_MFA": true, "ACCOUNT_LOCKED": true,
	"ACCOUNT_CREDENTIALS_RESET": true, "ACCOUNT_NEEDS_ACTION": true, "USER_INPUT_TIMEOUT": true,
	"USER_AUTHORIZATION_NOT_GRANTED": true, "USER_AUTHORIZATION_REVOKED": true,
	"WAITING_USER_INPUT": true, "WAITING_USER_ACTION": true, "LOGIN_ERROR": true,
}

// devicePending is the execution status of an item, and the error code of the event item/error, for which the vendor
// waits until the bank has authorised a device or the access. The vendor then continues by itself, so the account
// holder need not sign in. Source: docs.pluggy.ai, item errors.
const devicePending = "USER_AUTHORIZATION_PENDING"

// classifyError distinguishes two meanings of a 401 or 403: an API key that is not valid any more,
// and access that the vendor denies. Only in the second case does the body have a codeDescription.
func classifyError(status int, body []byte) *domain.Error {
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return nil
	}
	description, err := codeDescriptionOf(body)
	switch {
	case err != nil && status == http.StatusForbidden:
		return nil // a firewall's error page, not a response of the vendor
	case description == "":
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected, Cause: errKeyRefused}
	case status == http.StatusForbidden:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	}
	return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
}

func codeDescriptionOf(body []byte) (string, error) {
	var in struct {
		Description string `json:"codeDescription"`
	}
	err := vendorhttp.Decode(body, &in)
	return in.Description, err
}

// errAlreadyUpdating is the cause of the error for a refresh of an item that the vendor is already synchronising.
var errAlreadyUpdating = errors.New("the item is already updating")

// classifyRefreshError classifies an error of PATCH /items/{id}. A 400 with a codeDescription is about the
// item's state or the client's plan, not about the item's id.
func classifyRefreshError(status int, body []byte, now time.Time) *domain.Error {
	description, err := codeDescriptionOf(body)
	if err != nil || status >= http.StatusInternalServerError {
		return nil
	}
	if listed, ok := refreshErrors[description]; ok {
		known := *listed
		if known.Kind == domain.Unavailable {
			known.RetryAfter = refreshWait(body, now)
		}
		return &known
	}
	if description != "" && status == http.StatusBadRequest {
		return &domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused}
	}
	return classifyItemError(status, body)
}

// refreshWait returns how long to wait before the next refresh: until the time that the error object names, or
// defaultRefreshWait if it names none. The vendor names the time itself, or the item's last synchronisation and the
// minimum interval in hours. The result is between minRefreshWait and maxRefreshWait.
func refreshWait(body []byte, now time.Time) time.Duration {
	var in struct {
		Data json.RawMessage `json:"data"`
	}
	var data struct {
		RetryAt       vendorhttp.Text `json:"canRetryAfterDate"`
		LastUpdatedAt vendorhttp.Text `json:"lastUpdatedAt"`
		Hours         json.RawMessage `json:"minUpdateFrequencyAllowedInHours"`
	}
	if vendorhttp.Decode(body, &in) != nil || vendorhttp.Decode(in.Data, &data) != nil {
		return defaultRefreshWait
	}
	at, named := domain.ParseConsentTime(data.RetryAt.Value)
	if !named {
		hours, err := strconv.ParseFloat(string(data.Hours), 64)
		last, ok := domain.ParseConsentTime(data.LastUpdatedAt.Value)
		if err != nil || !ok {
			return defaultRefreshWait
		}
		hours = min(max(hours, 0), maxIntervalHours)
		at = last.Add(time.Duration(hours * float64(time.Hour)))
	}
	return min(max(at.Sub(now), minRefreshWait), maxRefreshWait)
}

// maxIntervalHours bounds the interval that the vendor names, so that it can be converted into a duration.
const maxIntervalHours = 24 * 366

// classifyAuthError classifies an error of /auth. The vendor answers 400 if the client id has the wrong format. This
// error is permanent, like the error for a wrong client id. A 403 is classified by its HTTP status alone, because a
// request to /auth has no API key that could be invalid.
func classifyAuthError(status int, body []byte) *domain.Error {
	if status == http.StatusBadRequest && vendorhttp.Decode(body, new(struct{})) == nil {
		return &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	}
	if status == http.StatusForbidden {
		return nil
	}
	return classifyError(status, body)
}

// classifyItemError classifies an error of /items, /accounts, /consents or /connect_token. Only the code or the message
// of an unknown item says that the vendor does not know the item; for an id that is not a UUID, it is a 400 without a
// code whose message says so. Any other error object of a 400 or 404 is a refusal. A 404 of another form comes from a
// gateway.
func classifyItemError(status int, body []byte) *domain.Error {
	if status != http.StatusBadRequest && status != http.StatusNotFound {
		return classifyError(status, body)
	}
	var in struct {
		Description string `json:"codeDescription"`
		Message     string `json:"message"`
	}
	err := vendorhttp.Decode(body, &in)
	message := strings.ToLower(in.Message)
	notUUID := in.Description == "" && strings.Contains(message, "uuid")
	unknown := in.Description == itemNotFound || in.Description == "" && strings.Contains(message, "item not found")
	switch {
	case err != nil:
		return nil
	case status == http.StatusNotFound && unknown, status == http.StatusBadRequest && notUUID:
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	case in.Description+in.Message != "":
		return &domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused}
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse}
}

// classifyTransactionError classifies an error of the first page of transactions. A 404 is about the account, and says
// nothing about the item. The vendor has listed the account just before, so it may have got another id since: the pull
// is tried again.
func classifyTransactionError(status int, body []byte) *domain.Error {
	if status != http.StatusNotFound {
		return classifyError(status, body)
	}
	failure := classifyItemError(status, body)
	if failure != nil && failure.Code == domain.VendorRefused {
		failure.Kind = domain.Unavailable
	}
	return failure
}

// itemNotFound is the code of an error about an item that the vendor does not know.
const itemNotFound = "ITEM_NOT_FOUND"

// errNoWebhook is the cause of the error for a webhook that the vendor does not know.
var errNoWebhook = errors.New("the vendor does not know the webhook")

// classifyWebhookError classifies an error of /webhooks. A 400, 404, 409 or 422 with a JSON body counts as a permanent
// refusal. The vendor refuses a webhook, for example, if the application already has five. The vendor does not document
// the status of such a refusal.
func classifyWebhookError(status int, body []byte) *domain.Error {
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
		if vendorhttp.Decode(body, new(struct{})) != nil {
			break
		}
		refused := domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused}
		if status == http.StatusNotFound {
			refused.Cause = errNoWebhook
		}
		return &refused
	}
	return classifyError(status, body)
}

// classifyLaterPageError classifies an error response to the request for a later page of transactions.
//
// A 400 or 404 is returned as cursor_gone: the vendor no longer accepts the cursor. One such response is 400 ("Invalid
// cursor").
//
// The account and the filters are unlikely causes, because the vendor accepted both for the first page. If one of them
// has become invalid, the next read of the list fails at the first page.
func classifyLaterPageError(status int, body []byte) *domain.Error {
	if status == http.StatusBadRequest || status == http.StatusNotFound {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.CursorGone}
	}
	return classifyError(status, body)
}
