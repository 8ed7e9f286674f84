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

func (b *bench) engine(name string) domain.Connection {
	b.Helper()
	c, err := b.CreateEngine(b.ctx, b.tenant, ports.NewEngine{
		Type: "postgres", Name: name, Config: json.RawMessage(`{"host":"db"}`), Credential: password("right"),
	})
	b.ok(err)
	return c
}

func TestEngineNamesEveryFieldAtOnce(t *testing.T) {
	b := newBench(t)
	_, err := b.CreateEngine(b.ctx, b.tenant, ports.NewEngine{Type: "postgres"})
	b.fails(err, domain.Invalid)
	if diff := cmp.Diff([]string{"configName", "config.host", "credential.password"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = b.CreateEngine(b.ctx, b.tenant, ports.NewEngine{Type: "oracle"})
	b.fails(err, domain.Invalid, domain.TypeUnknown)
	if diff := cmp.Diff([]string{"configName", "type"}, fields(err)); diff != "" {
		t.Error(diff)
	}
}

func TestEngineSharesTheNamespace(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	_, err := b.CreateEngine(b.ctx, b.tenant, ports.NewEngine{
		Type: "postgres", Name: "books", Config: json.RawMessage(`{}`), Credential: password("x"),
	})
	b.fails(err, domain.Conflict, domain.NameTaken)
}

func TestEngineUpdateKeepsWhatItLeavesOut(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	renamed, err := b.UpdateEngine(b.ctx, b.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake"})
	b.ok(err)
	if renamed.Name != "lake" || string(renamed.Config) != string(c.Config) || string(renamed.Sealed) != string(c.Sealed) {
		t.Errorf("got %+v", renamed)
	}
	changed, err := b.UpdateEngine(b.ctx, b.tenant, c.ID, ports.IfMatch{renamed.Revision}, ports.EngineUpdate{
		Config: json.RawMessage(`{"host":"other"}`), Credential: password("next"),
	})
	b.ok(err)
	if changed.Name != "lake" || string(changed.Config) != `{"host":"other"}` || string(changed.Sealed) == string(c.Sealed) {
		t.Errorf("got %+v", changed)
	}
}

func TestEngineUpdateRefuses(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	_, err := b.UpdateEngine(b.ctx, b.tenant, c.ID, ports.IfMatch{9}, ports.EngineUpdate{Name: "lake"})
	b.fails(err, domain.Conflict, domain.RevisionMismatch)
	_, err = b.UpdateEngine(b.ctx, b.tenant, c.ID, nil, ports.EngineUpdate{Config: json.RawMessage(`{`)})
	b.fails(err, domain.Invalid)
	_, err = b.UpdateEngine(b.ctx, b.tenant, b.connection("books").ID, nil, ports.EngineUpdate{Name: "lake"})
	b.fails(err, domain.NotFound)
}

// What was validated together must be stored together.
func TestEngineUpdateNoticesAChangeUnderItsFeet(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	b.sealer.meantime = func() {
		b.sealer.meantime = nil
		_, err := b.UpdateEngine(b.ctx, b.tenant, c.ID, nil, ports.EngineUpdate{Config: json.RawMessage(`{"port":1}`)})
		b.ok(err)
	}
	_, err := b.UpdateEngine(b.ctx, b.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake"})
	b.fails(err, domain.Conflict, domain.RevisionMismatch)
}

func TestEngineUpdateNeedsACredentialThatOpens(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	b.sealer.held = nil
	_, err := b.UpdateEngine(b.ctx, b.tenant, c.ID, nil, ports.EngineUpdate{Name: "lake"})
	b.fails(err, domain.Rejected, domain.CredentialUnopened)
}

func TestEngineTest(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	result, err := b.TestEngine(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if !result.Healthy || result.Message != "" || result.Connection != c.ID {
		t.Errorf("got %+v", result)
	}
	_, err = b.UpdateEngine(b.ctx, b.tenant, c.ID, nil, ports.EngineUpdate{Credential: password("wrong")})
	b.ok(err)
	result, err = b.TestEngine(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if result.Healthy || result.Message != "the credential was rejected" {
		t.Errorf("got %+v", result)
	}
	kept, err := b.GetEngine(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if kept.Health.Reason != domain.CredentialRejected {
		t.Errorf("health is %+v", kept.Health)
	}
}

func TestEngineLifeCycle(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	page, err := b.ListEngines(b.ctx, b.tenant, domain.PageRequest{Limit: 5})
	b.ok(err)
	if len(page.Items) != 1 || page.Items[0].ID != c.ID {
		t.Errorf("got %v", page.Items)
	}
	b.fails(b.DeleteEngine(b.ctx, b.tenant, c.ID, ports.IfMatch{9}), domain.RevisionMismatch)
	b.ok(b.DeleteEngine(b.ctx, b.tenant, c.ID, nil))
	_, err = b.TestEngine(b.ctx, b.tenant, c.ID)
	b.fails(err, domain.NotFound)
}

// A type that is registered no more fails its tests, and says nothing of why.
func TestEngineTestOfAnUnpluggedType(t *testing.T) {
	b := newBench(t)
	c := b.engine("warehouse")
	b.deps.Connectors = nil
	service := b.again()
	result, err := service.TestEngine(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if result.Healthy || result.Message != "the peer gave no usable answer" {
		t.Errorf("got %+v", result)
	}
}
