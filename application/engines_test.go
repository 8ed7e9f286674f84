package application_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func password(text string) domain.Credential {
	return domain.NewCredential(map[string]domain.Secret{"password": domain.SecretText(text)})
}

func (e *env) createEngine(name string) domain.Connection {
	e.Helper()
	c, err := e.CreateEngine(e.ctx, e.tenant, ports.NewEngine{
		Type: "postgres", Name: name, Config: json.RawMessage(`{"host":"db"}`), Credential: password("right"),
	})
	e.noError(err)
	return c
}

func TestEngineCreateReportsEveryInvalidField(t *testing.T) {
	e := newEnv(t)
	_, err := e.CreateEngine(e.ctx, e.tenant, ports.NewEngine{Type: "postgres"})
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"configName", "config.host", "credential.password"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = e.CreateEngine(e.ctx, e.tenant, ports.NewEngine{Type: "oracle"})
	e.wantError(err, domain.Invalid, domain.TypeUnknown)
	if diff := cmp.Diff([]string{"configName", "type"}, fields(err)); diff != "" {
		t.Error(diff)
	}
}

func TestEnginesAndConnectionsShareNames(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	_, err := e.CreateEngine(e.ctx, e.tenant, ports.NewEngine{
		Type: "postgres", Name: "books", Config: json.RawMessage(`{}`), Credential: password("x"),
	})
	e.wantError(err, domain.Conflict, domain.NameTaken)
}

func TestEngineUpdateKeepsWhatItLeavesOut(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	renamed, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake"})
	e.noError(err)
	if renamed.Name != "lake" || string(renamed.Config) != string(c.Config) ||
		string(renamed.Sealed) != string(c.Sealed) {
		t.Errorf("got %+v", renamed)
	}
	changed, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, ports.IfMatch{renamed.Revision}, ports.EngineUpdate{
		Config: json.RawMessage(`{"host":"other"}`), Credential: password("next"),
	})
	e.noError(err)
	if changed.Name != "lake" || string(changed.Config) != `{"host":"other"}` ||
		string(changed.Sealed) == string(c.Sealed) {
		t.Errorf("got %+v", changed)
	}
}

// The result of a test says nothing about another address.
func TestAnEngineWithAnotherConfigurationIsNotTestedYet(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	_, err := e.TestEngine(e.ctx, e.tenant, c.ID)
	e.noError(err)
	renamed, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake", Config: c.Config})
	e.noError(err)
	if renamed.Health.Status != domain.Healthy {
		t.Errorf("after a change of its name, its health is %+v", renamed.Health)
	}
	changed, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{
		Config: json.RawMessage(`{"host":"other"}`),
	})
	e.noError(err)
	if changed.Health != (domain.Health{}) {
		t.Errorf("after a change of its address, its health is %+v", changed.Health)
	}
}

func TestEngineUpdateRefuses(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	_, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, ports.IfMatch{9}, ports.EngineUpdate{Name: "lake"})
	e.wantError(err, domain.Conflict, domain.RevisionMismatch)
	_, err = e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Config: json.RawMessage(`{`)})
	e.wantError(err, domain.Invalid)
	_, err = e.UpdateEngine(e.ctx, e.tenant, e.createConnection("books").ID, nil, ports.EngineUpdate{Name: "lake"})
	e.wantError(err, domain.NotFound)
}

// An update is validated together with the stored values. If these values have changed since the validation, the update
// must not be stored.
func TestEngineUpdateDetectsAConcurrentUpdate(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	e.sealer.onOpen = func() {
		e.sealer.onOpen = nil
		_, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Config: json.RawMessage(`{"port":1}`)})
		e.noError(err)
	}
	_, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake"})
	e.wantError(err, domain.Conflict, domain.RevisionMismatch)
}

func TestEngineUpdateNeedsACredentialThatOpens(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	e.sealer.held = nil
	_, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake"})
	e.wantError(err, domain.Rejected, domain.CredentialUnopened)
}

func TestEngineTest(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	result, err := e.TestEngine(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if !result.Healthy || result.Message != "" || result.Connection != c.ID {
		t.Errorf("got %+v", result)
	}
	_, err = e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{Credential: password("wrong")})
	e.noError(err)
	result, err = e.TestEngine(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if result.Healthy || result.Message != "the credential was rejected" {
		t.Errorf("got %+v", result)
	}
	stored, err := e.GetEngine(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if stored.Health.Reason != domain.CredentialRejected {
		t.Errorf("health is %+v", stored.Health)
	}
}

// No pull decides later whether an engine connection works, so its health is the result of the last test, although the
// failure may pass.
func TestEngineTestStoresTransientFailures(t *testing.T) {
	for code, message := range map[domain.Code]string{
		domain.VendorUnreachable: "the peer cannot be reached, or its server fails",
		domain.MalformedResponse: "the peer did not return a usable response",
	} {
		t.Run(string(code), func(t *testing.T) {
			e := newEnv(t)
			c := e.createEngine("warehouse")
			for _, fails := range []domain.Code{code, "", code} {
				_, err := e.UpdateEngine(e.ctx, e.tenant, c.ID, nil, ports.EngineUpdate{
					Config: json.RawMessage(`{"fails":"` + fails + `"}`),
				})
				e.noError(err)
				result, err := e.TestEngine(e.ctx, e.tenant, c.ID)
				e.noError(err)
				want, wantMessage := domain.Healthy, ""
				if fails != "" {
					want, wantMessage = domain.Unhealthy, message
				}
				stored, err := e.GetEngine(e.ctx, e.tenant, c.ID)
				e.noError(err)
				if stored.Health.Status != want || result.Message != wantMessage {
					t.Errorf("after %q the health is %+v, the message %q", fails, stored.Health, result.Message)
				}
			}
		})
	}
}

func TestEngineLifeCycle(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	page, err := e.ListEngines(e.ctx, e.tenant, domain.PageRequest{Limit: 5})
	e.noError(err)
	if len(page.Items) != 1 || page.Items[0].ID != c.ID {
		t.Errorf("got %v", page.Items)
	}
	e.wantError(e.DeleteEngine(e.ctx, e.tenant, c.ID, ports.IfMatch{9}), domain.RevisionMismatch)
	e.noError(e.DeleteEngine(e.ctx, e.tenant, c.ID, nil))
	_, err = e.TestEngine(e.ctx, e.tenant, c.ID)
	e.wantError(err, domain.NotFound)
}

// The test of an engine connection fails if the type of the connection is no longer registered. The message does not
// mention this reason.
func TestEngineTestOfAnUnregisteredTypeFails(t *testing.T) {
	e := newEnv(t)
	c := e.createEngine("warehouse")
	e.deps.Connectors = nil
	service := e.newService()
	result, err := service.TestEngine(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if result.Healthy || result.Message != "the peer did not return a usable response" {
		t.Errorf("got %+v", result)
	}
}
