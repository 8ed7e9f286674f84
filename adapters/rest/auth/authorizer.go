package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The role and the product under which the access manager knows this service.
const (
	accessProduct = "discovery"
	clientSubject = "admin/" + accessProduct + "-editor-role"
)

const (
	// grantTTL is how long a positive answer of the access manager is used without asking again.
	grantTTL = 5 * time.Second
	// maxGrantAge is the age up to which a stored positive answer allows reads while the access manager cannot be
	// reached.
	maxGrantAge = time.Minute
	// maxGrants is the maximum number of stored answers. It limits their memory to a few megabytes.
	maxGrants = 16_384
	// accessTimeout bounds a call to the access manager, from the connection to the last byte of the response.
	accessTimeout = 3 * time.Second
	// maxAccessResponse is the maximum size of a response of the access manager, in bytes.
	maxAccessResponse = 64 << 10
	// reportInterval is the minimum time between two calls of AccessManager.OnError.
	reportInterval = 5 * time.Second
)

// AccessManager configures how Lerian's access manager is called.
type AccessManager struct {
	URL    string       // absolute, http or https; "/v1/authorize" is appended
	Client *http.Client // must not follow redirects, because each request contains the token of a caller
	// OnError is called when the access manager could not be reached, at most once in five seconds. The error contains
	// neither the URL nor a part of the response. If OnError is nil, failures are not reported.
	OnError func(error)
}

// ErrAccessManagerURL reports that the access manager cannot be called at the configured URL.
var ErrAccessManagerURL = errors.New("the address of the access manager must be an absolute http or https URL")

// The causes of the errors that Authorize returns.
var (
	ErrAccessRefused            = errors.New("refused by the access manager")
	ErrAccessManagerUnreachable = errors.New("the access manager cannot be reached")
)

// Access contains what the access manager needs in order to decide whether a caller may perform an action on a
// resource.
type Access struct {
	Bearer    string    // the verified token, without the scheme
	Principal Principal // the principal of this token
	Resource  string
	Action    string
	Read      bool // the action changes nothing
}

// Authorizer asks the access manager whether callers may access resources, and stores positive answers. It is safe for
// concurrent use.
type Authorizer struct {
	manager  AccessManager
	clock    ports.Clock
	lifetime context.Context
	calls    singleflight.Group // by grantKey.String

	mu           sync.Mutex
	grants       map[grantKey]time.Time // when the access manager was asked; contains positive answers only
	lastReported time.Time
}

// grantKey identifies a stored answer of the access manager by the caller's token, the resource and the action. It
// contains a hash of the token, because the token itself is never stored.
type grantKey struct {
	token            tokenHash
	resource, action string
}

// String returns a text that is different for each key.
func (k grantKey) String() string { return string(k.token[:]) + k.resource + "\x00" + k.action }

// NewAuthorizer returns an Authorizer. When ctx ends, running calls end. NewAuthorizer returns ErrAccessManagerURL if
// the URL of the manager is not valid.
func NewAuthorizer(ctx context.Context, manager AccessManager, clock ports.Clock) (*Authorizer, error) {
	if _, ok := domain.ParseAbsoluteURL(manager.URL); !ok {
		return nil, ErrAccessManagerURL
	}
	manager.URL = strings.TrimRight(manager.URL, "/") + "/v1/authorize"
	return &Authorizer{manager: manager, clock: clock, lifetime: ctx, grants: map[grantKey]time.Time{}}, nil
}

// Authorize returns nil if the access manager allows the access. A positive answer of the access manager is used for
// five seconds without asking again. Concurrent calls about the same access share one request to the access manager.
// The request continues if a caller stops waiting.
//
// Errors:
//   - Forbidden with the cause ErrAccessRefused if the access manager refuses the access.
//   - Unavailable with the cause ErrAccessManagerUnreachable if it does not answer with status 200 and a boolean
//     "authorized". A read is still allowed if there is a positive answer that is at most a minute old.
//   - Unauthenticated if the token of a user does not name the user and its owner.
func (a *Authorizer) Authorize(ctx context.Context, access Access) error {
	subject := access.Principal.subject()
	if subject == "" {
		return rejected("the token of a user names no owner or no subject")
	}
	key := grantKey{sha256.Sum256([]byte(access.Bearer)), access.Resource, access.Action}
	if a.granted(key, grantTTL) {
		return nil
	}
	answer := a.calls.DoChan(key.String(), func() (any, error) { return nil, a.ask(key, access, subject) })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-answer:
		if errors.Is(result.Err, domain.Unavailable) && access.Read && a.granted(key, maxGrantAge) {
			return nil
		}
		return result.Err
	}
}

// granted reports whether a positive answer for the key is stored that is younger than maxAge.
func (a *Authorizer) granted(key grantKey, maxAge time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked, ok := a.grants[key]
	age := a.clock.Now().Sub(asked)
	return ok && age >= 0 && age < maxAge
}

// ask calls the access manager. It stores a positive answer; after a negative answer, it removes the stored positive
// one. The age of an answer counts from the beginning of the call, because the access manager may have decided at any
// moment during the call.
func (a *Authorizer) ask(key grantKey, access Access, subject string) error {
	ctx, cancel := context.WithTimeout(a.lifetime, accessTimeout)
	defer cancel()
	asked := a.clock.Now()
	authorized, err := a.manager.authorized(ctx, access, subject)
	switch {
	case err != nil:
		a.report(err)
		return &domain.Error{
			Kind:       domain.Unavailable,
			RetryAfter: grantTTL,
			Cause:      fmt.Errorf("%w: %w", ErrAccessManagerUnreachable, err),
		}
	case !authorized:
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.grants, key)
		return &domain.Error{Kind: domain.Forbidden, Cause: ErrAccessRefused}
	}
	a.store(key, asked)
	return nil
}

// store stores a positive answer. If there are too many answers, it first removes an arbitrary one. A caller with
// many tokens therefore displaces few answers of other callers.
func (a *Authorizer) store(key grantKey, asked time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.grants[key]; !ok && len(a.grants) >= maxGrants {
		for other := range a.grants {
			delete(a.grants, other)
			break
		}
	}
	a.grants[key] = asked
}

// report passes a failure to OnError, unless another one was reported less than reportInterval ago or the process is
// ending.
func (a *Authorizer) report(failure error) {
	if a.manager.OnError == nil || a.lifetime.Err() != nil {
		return
	}
	a.mu.Lock()
	now := a.clock.Now()
	since := now.Sub(a.lastReported)
	due := since < 0 || since >= reportInterval
	if due {
		a.lastReported = now
	}
	a.mu.Unlock()
	if due {
		a.manager.OnError(failure)
	}
}

// accessRequest is the body of a request to the access manager. Product is present only for users: the access manager
// then considers only the permissions of this product.
type accessRequest struct {
	Subject  string `json:"sub"`
	Resource string `json:"resource"`
	Action   string `json:"action"`
	Product  string `json:"product,omitempty"`
}

// authorized asks the access manager once. Every response except status 200 with a boolean "authorized" is an error. An
// error contains no part of the response.
func (m AccessManager) authorized(ctx context.Context, access Access, subject string) (bool, error) {
	question := accessRequest{Subject: subject, Resource: access.Resource, Action: access.Action}
	if access.Principal.NormalUser {
		question.Product = accessProduct
	}
	body, err := json.Marshal(question)
	if err != nil {
		return false, errors.New("the question cannot be encoded")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(body))
	if err != nil {
		return false, ErrAccessManagerURL
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", access.Bearer) // the token alone, as Lerian's own services send it
	response, err := m.Client.Do(request)
	if err != nil {
		return false, fetchError(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("it responded with status %d", response.StatusCode)
	}
	return readAccess(response.Body)
}

// readAccess returns the member "authorized" of a response. It returns an error if the response is too large, is not
// JSON, or has no boolean of this name.
func readAccess(body io.Reader) (bool, error) {
	raw, err := io.ReadAll(io.LimitReader(body, maxAccessResponse+1))
	if err != nil {
		return false, fetchError(err)
	}
	if len(raw) > maxAccessResponse {
		return false, errors.New("its response is too large")
	}
	var answer struct {
		Authorized *bool `json:"authorized"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Authorized == nil {
		return false, errors.New(`its response has no boolean member "authorized"`)
	}
	return *answer.Authorized, nil
}
