package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of an erasure: the number of rows of one batch, and the number of batches that a maintenance round runs for
// one erasure before it continues with the next erasure.
const (
	erasureBatchRows = 1000
	erasureBatches   = 50
)

// EraseConnection implements ports.Erasing.
func (s *Service) EraseConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, atVendor bool,
) (domain.Erasure, error) {
	if atVendor {
		if err := s.checkEraser(ctx, tenant, id); err != nil {
			return domain.Erasure{}, err
		}
	}
	entries := s.audits.EntriesOf(ctx, "connection.erase", id.String())
	e, err := s.Erasures.Start(ctx, tenant, id, domain.ErasureRequest{
		ID: domain.ErasureID{UUID: s.IDs.New()}, AtVendor: atVendor, At: s.Clock.Now(),
	}, entries)
	if err == nil {
		s.audits.Emit(ctx, tenant, "connection.erase", id.String())
	}
	return e, err
}

// checkEraser returns Conflict (not_offered) if the vendor of the connection cannot delete account references. It
// returns nil for a deleted connection; the vendor of such a connection is checked when the erasure runs.
func (s *Service) checkEraser(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) error {
	c, err := s.Connections.Get(ctx, tenant, domain.Aggregator, id)
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, ok := s.aggregators[c.Vendor].(ports.Eraser); !ok {
		return &domain.Error{Kind: domain.Conflict, Code: domain.NotOffered, Message: "the vendor does not offer this"}
	}
	return nil
}

// GetErasure implements ports.Erasing.
func (s *Service) GetErasure(
	ctx context.Context, tenant domain.TenantID, id domain.ErasureID,
) (domain.Erasure, error) {
	return s.Erasures.Get(ctx, tenant, id)
}

// ListErasures implements ports.Erasing.
func (s *Service) ListErasures(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (domain.Page[domain.Erasure], error) {
	return s.Erasures.List(ctx, tenant, page)
}

// NextErasure implements ports.Maintenance.
func (s *Service) NextErasure(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.nextErasure(ctx, false, skip)
}

// NextVendorErasure implements ports.Maintenance.
func (s *Service) NextVendorErasure(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	return s.nextErasure(ctx, true, skip)
}

// nextErasure claims an erasure that asks the vendor, or one that does not. An erasure that fails remains claimed until
// its claim expires, so that it is not retried at once.
func (s *Service) nextErasure(ctx context.Context, atVendor bool, skip []domain.TenantID) (*ports.Work, error) {
	now := s.Clock.Now()
	claimed, err := s.Erasures.Claim(ctx, now, now.Add(domain.ErasureTimeout), atVendor, skip, 1)
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	c := claimed[0]
	return workOf(c.Erasure.Tenant, "erasure "+c.Erasure.ID.String(), func(ctx context.Context) error {
		return s.continueErasure(ctx, c, atVendor)
	}), nil
}

// workOf returns the work of a tenant. LeaseLost is no error, because another worker then continues the work. The name
// of the work begins the text of any other error.
func workOf(tenant domain.TenantID, name string, run func(ctx context.Context) error) *ports.Work {
	return &ports.Work{Tenant: tenant, Run: func(ctx context.Context) error {
		err := run(ctx)
		if err == nil || errors.Is(err, domain.LeaseLost) {
			return nil
		}
		return fmt.Errorf("%s: %w", name, err)
	}}
}

// continueErasure runs the next batches of an erasure. When all passes over the rows are complete, it calls
// finishErasure. If the vendor must be asked then and atVendor is not set, it only makes the erasure due, so that
// NextVendorErasure returns it.
func (s *Service) continueErasure(ctx context.Context, c ports.ClaimedErasure, atVendor bool) error {
	e := c.Erasure
	for range erasureBatches {
		if e.AsksVendor() && !atVendor {
			break
		}
		if e.Passes >= domain.ErasurePasses {
			return s.finishErasure(ctx, e, c.Connection)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		passes, now := e.Passes, s.Clock.Now()
		var err error
		e, err = s.Erasures.EraseBatch(ctx, e, now, now.Add(domain.ErasureTimeout), erasureBatchRows)
		if err != nil {
			return err
		}
		if e.Passes > passes && e.Passes < domain.ErasurePasses {
			claimed := e.DueAt
			e.DueAt = s.Clock.Now().Add(domain.ErasureSettle)
			return s.Erasures.Save(ctx, e, claimed)
		}
	}
	claimed := e.DueAt
	e.DueAt = s.Clock.Now()
	return s.Erasures.Save(ctx, e, claimed)
}

// finishErasure asks the vendor to delete the account reference, if this is requested and not done yet. It ends the
// erasure when the transactions of the connection in Matcher are set to ignored.
func (s *Service) finishErasure(ctx context.Context, e domain.Erasure, c domain.Connection) error {
	claimed := e.DueAt
	inMatcher, err := s.eraseMatcherEntries(ctx, e)
	if err != nil {
		return err
	}
	if e.AwaitsVendor() {
		e.Attempts++
		cause := s.eraseAtVendor(ctx, c)
		now := s.Clock.Now()
		switch {
		case cause == nil:
			// The vendor sends webhooks about the deletion to other connections. The stored webhooks may contain the
			// erased account reference. Therefore the last pass over the stored data is made once more.
			e.VendorDone, e.LastError, e.Passes, e.DueAt = true, "", domain.ErasurePasses-1, now.Add(domain.ErasureEcho)
			return s.Erasures.Save(ctx, e, claimed)
		case !e.VendorFailed(domain.CodeOf(cause), now):
			return errors.Join(cause, s.Erasures.Save(ctx, e, claimed))
		}
		e.Status, e.DueAt = domain.ErasureFailed, claimed
		_, err := s.Erasures.End(ctx, e, now)
		return errors.Join(fmt.Errorf("given up, the vendor may still have the account reference: %w", cause), err)
	}
	now := s.Clock.Now()
	if inMatcher {
		e.WaitForMatcher(now)
		return s.Erasures.Save(ctx, e, claimed)
	}
	if e.Status = domain.ErasureDone; e.AwaitsMatcher() && e.MatcherGivenUp(now) {
		e.Status = domain.ErasureFailed
	} else {
		e.LastError = ""
	}
	ended, err := s.Erasures.End(ctx, e, now)
	if err != nil || ended {
		return err
	}
	e.Status, e.DueAt = domain.ErasureRunning, now.Add(domain.ErasureTimeout)
	return s.Erasures.Save(ctx, e, claimed)
}

// eraseMatcherEntries deletes the Matcher entries of the connection's records (what subscriptions have sent to
// Matcher). It keeps an entry until the transaction in Matcher is set to ignored, but at most for
// domain.ErasureGiveUp. It reports whether entries remain.
func (s *Service) eraseMatcherEntries(ctx context.Context, e domain.Erasure) (remain bool, err error) {
	for range erasureBatches {
		now := s.Clock.Now()
		var deleted int
		deleted, remain, err = s.Erasures.EraseMatcherEntries(ctx, e, now, e.MatcherGivenUp(now), erasureBatchRows)
		if err != nil || deleted < erasureBatchRows {
			break
		}
	}
	return remain, err
}

// eraseAtVendor asks the vendor to delete the account reference of the connection.
func (s *Service) eraseAtVendor(ctx context.Context, c domain.Connection) error {
	eraser, ok := s.aggregators[c.Vendor].(ports.Eraser)
	if !ok {
		return &domain.Error{Kind: domain.Rejected, Code: domain.NotOffered}
	}
	credential, err := s.open(ctx, c)
	if err != nil {
		return err
	}
	return eraser.Erase(ctx, ports.AccessOf(c, credential))
}
