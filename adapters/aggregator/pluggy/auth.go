package pluggy

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// apiKey returns the cached API key of the credential, or authenticates if the cache has no key. Concurrent callers
// with the same credential share one request (singleflight). The request continues when the context of one caller ends,
// because the other callers still wait for the result.
func (a *Adapter) apiKey(ctx context.Context, at ports.Access) (domain.Secret, keyID, error) {
	id, err := a.keys.id(at)
	if err != nil {
		return domain.Secret{}, id, err
	}
	if cached, ok := a.keys.get(id); ok {
		return cached, id, nil
	}
	result := a.keys.flight.DoChan(string(id[:]), func() (any, error) {
		if cached, ok := a.keys.get(id); ok {
			return cached, nil
		}
		key, err := a.authenticate(context.WithoutCancel(ctx), at)
		if err == nil {
			a.keys.put(id, key)
		}
		return key, err
	})
	select {
	case got := <-result:
		key, _ := got.Val.(domain.Secret)
		return key, id, got.Err
	case <-ctx.Done():
		return domain.Secret{}, id, vendorhttp.ContextError(ctx)
	}
}

// authenticate exchanges the credential for an API key: POST /auth.
// Source: docs.pluggy.ai, authentication.
func (a *Adapter) authenticate(ctx context.Context, at ports.Access) (domain.Secret, error) {
	var got struct {
		Key domain.Secret `json:"apiKey"`
	}
	err := a.http.DoJSON(ctx, vendorhttp.Call{
		Vendor:       authAPI,
		Method:       http.MethodPost,
		BaseURL:      at.BaseURL,
		Path:         "/auth",
		PathTemplate: "/auth",
		Tenant:       at.Tenant,
		Client:       vendorhttp.ClientOf(at.Credential),
		Resource:     "auth",
		Retryable:    true,
		Body:         func() []byte { return authBody(at.Credential) },
	}, &got)
	if err != nil {
		return domain.Secret{}, err
	}
	if !isHeaderValue(got.Key) {
		return domain.Secret{}, malformed("no API key in the response")
	}
	return got.Key, nil
}

// authBody returns the body of POST /auth. It is built again for each attempt and is not retained. Bytes that are not
// UTF-8 are removed, because JSON cannot contain them. The vendor refuses a credential from which bytes were removed.
func authBody(c domain.Credential) []byte {
	body, _ := json.Marshal(map[string]string{ // cannot fail for a map of strings
		"clientId":     strings.ToValidUTF8(string(c.Part(domain.PartClientID).Reveal()), ""),
		"clientSecret": strings.ToValidUTF8(string(c.Part(domain.PartSecret).Reveal()), ""),
	})
	return body
}

// isHeaderValue reports whether the key can be the value of a header.
func isHeaderValue(key domain.Secret) bool {
	for _, c := range key.Reveal() {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return !key.IsZero()
}
