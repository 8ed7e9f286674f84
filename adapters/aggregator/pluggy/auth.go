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

// key gives the cached key or fetches one. Callers of one credential wait for one
// fetch; it outlives a caller that leaves, for the others' sake.
func (a *Adapter) key(ctx context.Context, at ports.Access) (domain.Secret, keyID, error) {
	id, err := a.keys.id(at)
	if err != nil {
		return domain.Secret{}, id, err
	}
	if found, ok := a.keys.find(id); ok {
		return found, id, nil
	}
	fetched := a.keys.flight.DoChan(string(id[:]), func() (any, error) {
		if found, ok := a.keys.find(id); ok {
			return found, nil
		}
		key, err := a.authenticate(context.WithoutCancel(ctx), at)
		if err == nil {
			a.keys.put(id, key)
		}
		return key, err
	})
	select {
	case got := <-fetched:
		key, _ := got.Val.(domain.Secret)
		return key, id, got.Err
	case <-ctx.Done():
		return domain.Secret{}, id, vendorhttp.ContextError(ctx)
	}
}

// authenticate is POST /auth. Source: docs.pluggy.ai, authentication.
func (a *Adapter) authenticate(ctx context.Context, at ports.Access) (domain.Secret, error) {
	var got struct {
		Key domain.Secret `json:"apiKey"`
	}
	err := a.http.DoJSON(ctx, vendorhttp.Call{
		Vendor: aboutAuth, Method: http.MethodPost, BaseURL: at.BaseURL, Path: "/auth", PathTemplate: "/auth",
		Resource: "auth", Retryable: true, Body: func() []byte { return login(at.Credential) },
	}, &got)
	if err != nil {
		return domain.Secret{}, err
	}
	if !sendable(got.Key) {
		return domain.Secret{}, malformed("no key in the answer")
	}
	return got.Key, nil
}

// login is the body of POST /auth. It is built for each attempt and kept nowhere. Bytes
// that are no UTF-8 cannot stand in JSON; without them the vendor refuses the pair.
func login(c domain.Credential) []byte {
	body, _ := json.Marshal(map[string]string{ // two texts: it does not fail
		"clientId":     strings.ToValidUTF8(string(c.Part(domain.PartClientID).Reveal()), ""),
		"clientSecret": strings.ToValidUTF8(string(c.Part(domain.PartSecret).Reveal()), ""),
	})
	return body
}

// sendable says whether the key can stand in a header.
func sendable(key domain.Secret) bool {
	for _, c := range key.Reveal() {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return !key.IsZero()
}
