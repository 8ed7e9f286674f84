package application

import (
	"bytes"
	"cmp"
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/application/auditing"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ConnectorTypes implements ports.EngineManager.
func (s *Service) ConnectorTypes(context.Context) []ports.ConnectorType {
	types := make([]ports.ConnectorType, 0, len(s.connectors))
	for _, c := range s.connectors {
		types = append(types, ports.ConnectorType{Type: c.Type(), Category: c.Category()})
	}
	domain.SortLarge(types, func(a, b ports.ConnectorType) int { return cmp.Compare(a.Type, b.Type) })
	return types
}

// CreateEngine implements ports.EngineManager.
func (s *Service) CreateEngine(
	ctx context.Context, tenant domain.TenantID, n ports.NewEngine,
) (domain.Connection, error) {
	now := s.Clock.Now()
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: s.IDs.New()}, Tenant: tenant, Kind: domain.Engine,
		Type: domain.ConnectorType(n.Type), Name: n.Name, Config: n.Config,
		Revision: 1, CreatedAt: now, UpdatedAt: now, TargetChangedAt: now,
	}
	if err := s.validateAndSeal(ctx, &c, n.Credential); err != nil {
		return domain.Connection{}, err
	}
	entries := s.audits.EntriesOf(ctx, "engine.create", c.ID.String())
	if err := s.Connections.Create(ctx, c, entries); err != nil {
		return domain.Connection{}, err
	}
	s.audits.Emit(ctx, tenant, "engine.create", c.ID.String())
	return c, nil
}

// validateAndSeal validates name, configuration and credential together. If all of them are valid,
// it stores the canonical configuration and the sealed credential in c.
func (s *Service) validateAndSeal(ctx context.Context, c *domain.Connection, credential domain.Credential) error {
	fieldErrors := c.Validate()
	connector, known := s.connectors[c.Type]
	if !known {
		fieldErrors = append(fieldErrors, &domain.Error{
			Kind: domain.Invalid, Code: domain.TypeUnknown, Field: "type",
			Message: "must be a registered connector type",
		})
		return domain.Join(fieldErrors)
	}
	config, err := connector.Validate(ctx, c.Config, credential)
	fieldErrors = append(fieldErrors, domain.ErrorsOf(err)...)
	if len(fieldErrors) > 0 || err != nil {
		return cmp.Or(domain.Join(fieldErrors), err)
	}
	c.Config = config
	c.Sealed, err = s.seal(ctx, *c, credential)
	return err
}

// GetEngine implements ports.EngineManager.
func (s *Service) GetEngine(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (domain.Connection, error) {
	return s.Connections.Get(ctx, tenant, domain.Engine, id)
}

// ListEngines implements ports.EngineManager.
func (s *Service) ListEngines(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	return s.Connections.List(ctx, tenant, ports.ConnectionFilter{Kind: domain.Engine}, page)
}

// UpdateEngine implements ports.EngineManager.
func (s *Service) UpdateEngine(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match ports.IfMatch, u ports.EngineUpdate,
) (domain.Connection, error) {
	before, err := s.Connections.Get(ctx, tenant, domain.Engine, id)
	if err != nil {
		return domain.Connection{}, err
	}
	next, err := s.applyUpdate(ctx, before, u)
	if err != nil {
		return domain.Connection{}, err
	}
	now := s.Clock.Now()
	changed := auditing.Changed(
		auditing.IfChanged(next.Name != before.Name, "configName"),
		auditing.IfChanged(!bytes.Equal(next.Config, before.Config), "config"),
		auditing.IfChanged(!u.Credential.IsZero(), "credential"),
	)
	entries := func() []domain.AuditEntry {
		return s.audits.EntriesOfUpdate(ctx, "engine.update", id.String(), changed)
	}
	updated, err := s.Connections.Update(ctx, tenant, domain.Engine, id, entries, func(c *domain.Connection) error {
		if err := checkIfMatch(match, c); err != nil {
			return err
		}
		if err := checkIfMatch(ports.IfMatch{before.Revision}, c); err != nil {
			// Update is not repeated with the newer revision, because the new values were validated only against
			// the earlier revision.
			return err
		}
		if len(changed) == 0 {
			return nil
		}
		c.Rename(next.Name)
		c.Reconfigure(next.Config)
		if !u.Credential.IsZero() {
			c.Rotate(next.Sealed, domain.ClientKey{})
		}
		c.BumpRevision(now)
		return nil
	})
	if err == nil {
		s.audits.EmitUpdate(ctx, tenant, "engine.update", id.String(), changed)
	}
	return updated, err
}

// applyUpdate applies the update to a copy of the connection, and returns the copy. Values that the update does not set
// remain unchanged. The whole copy is validated, and its credential is sealed.
func (s *Service) applyUpdate(
	ctx context.Context, c domain.Connection, u ports.EngineUpdate,
) (domain.Connection, error) {
	credential := u.Credential
	if credential.IsZero() {
		var err error
		if credential, err = s.open(ctx, c); err != nil {
			return domain.Connection{}, err
		}
	}
	c.Name = cmp.Or(u.Name, c.Name)
	if u.Config != nil {
		c.Config = u.Config
	}
	err := s.validateAndSeal(ctx, &c, credential)
	return c, err
}

// DeleteEngine implements ports.EngineManager.
func (s *Service) DeleteEngine(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, match ports.IfMatch,
) error {
	return s.delete(ctx, tenant, domain.Engine, id, match)
}

// TestEngine implements ports.EngineManager.
func (s *Service) TestEngine(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (ports.EngineTest, error) {
	c, err := s.Connections.Get(ctx, tenant, domain.Engine, id)
	if err != nil {
		return ports.EngineTest{}, err
	}
	release, err := s.engineShares.Acquire(ctx, s.Sleeper, tenant)
	if err != nil {
		return ports.EngineTest{}, err
	}
	defer release()
	startedAt := s.Clock.Now()
	failure := s.probeConnector(ctx, c)
	if ctx.Err() != nil {
		return ports.EngineTest{}, ctx.Err()
	}
	result := ports.EngineTest{Connection: id, Healthy: failure == nil, Latency: s.Clock.Now().Sub(startedAt)}
	if failure != nil {
		result.Message = probeMessage(failure)
	}
	_, err = s.saveTest(ctx, "engine.test", c, domain.LinkStatus{}, domain.ConsentReport{}, failure)
	return result, err
}

func (s *Service) probeConnector(ctx context.Context, c domain.Connection) error {
	connector, known := s.connectors[c.Type]
	if !known { // the type was registered when the connection was created, but is no longer registered
		return &domain.Error{Kind: domain.Unavailable, Code: domain.TypeUnknown}
	}
	credential, err := s.open(ctx, c)
	if err != nil {
		return err
	}
	_, err = connector.Probe(ctx, c.Config, credential)
	return err
}

// probeMessage returns the message of a failed test of an engine connection. It never contains text that the tested
// system sent.
func probeMessage(failure error) string {
	if errors.Is(failure, domain.VendorUnreachable) {
		return "the peer cannot be reached, or its server fails"
	}
	return cmp.Or(probeMessages[domain.ReasonOf(failure)], "the peer did not return a usable response")
}

// probeMessages contains the messages of probeMessage by the reason of the failure.
var probeMessages = map[domain.Code]string{
	domain.CredentialRejected: "the credential was rejected",
	domain.CredentialUnopened: "the stored credential cannot be decrypted",
	domain.AccessDenied:       "the peer denies access",
	domain.AccountNotFound:    "the configured resource does not exist at the peer",
	domain.AddressNotAllowed:  "the address is not allowed",
	domain.VendorRateLimited:  "the peer is rate limiting requests",
}
