// Package maintenancetest has a ports.Maintenance for tests of the adapters that call it.
package maintenancetest

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Idle is a ports.Maintenance that finds no work. A test embeds it and overrides what it needs. It has each method of
// the interface, so that a new background task fails to compile here and not when it first runs.
type Idle struct{}

var _ ports.Maintenance = Idle{}

// ListStuck implements ports.Maintenance.
func (Idle) ListStuck(context.Context, int) ([]domain.PullID, error) { return nil, nil }

// ListDue implements ports.Maintenance.
func (Idle) ListDue(context.Context, int) ([]domain.PullID, error) { return nil, nil }

// Reconcile implements ports.Maintenance.
func (Idle) Reconcile(context.Context, time.Duration, int) (int, error) { return 0, nil }

// NoticeSilence implements ports.Maintenance.
func (Idle) NoticeSilence(context.Context, int) (int, error) { return 0, nil }

// IndexTexts implements ports.Maintenance.
func (Idle) IndexTexts(context.Context, int) (int, error) { return 0, nil }

// NoticeConsents implements ports.Maintenance.
func (Idle) NoticeConsents(context.Context, int) (int, error) { return 0, nil }

// NoticeStaleness implements ports.Maintenance.
func (Idle) NoticeStaleness(context.Context) (int, error) { return 0, nil }

// CountAttention implements ports.Maintenance.
func (Idle) CountAttention(context.Context) (ports.Attention, error) { return ports.Attention{}, nil }

// Prune implements ports.Maintenance.
func (Idle) Prune(context.Context, time.Duration, int) (int, error) { return 0, nil }

// PrunePulls implements ports.Maintenance.
func (Idle) PrunePulls(context.Context, time.Duration, int) (int, error) { return 0, nil }

// PruneBudgets implements ports.Maintenance.
func (Idle) PruneBudgets(context.Context) error { return nil }

// IdentifyClients implements ports.Maintenance.
func (Idle) IdentifyClients(context.Context, int) (int, error) { return 0, nil }

// NextRenewal implements ports.Maintenance.
func (Idle) NextRenewal(context.Context, []domain.TenantID) (*ports.Work, error) { return nil, nil }

// NextRemoval implements ports.Maintenance.
func (Idle) NextRemoval(context.Context, []domain.TenantID) (*ports.Work, error) { return nil, nil }

// NextErasure implements ports.Maintenance.
func (Idle) NextErasure(context.Context, []domain.TenantID) (*ports.Work, error) { return nil, nil }

// NextVendorErasure implements ports.Maintenance.
func (Idle) NextVendorErasure(context.Context, []domain.TenantID) (*ports.Work, error) {
	return nil, nil
}

// NextLinkSession implements ports.Maintenance.
func (Idle) NextLinkSession(context.Context, []domain.TenantID) (*ports.Work, error) { return nil, nil }

// NextBills implements ports.Maintenance.
func (Idle) NextBills(context.Context, []domain.TenantID) (*ports.Work, error) { return nil, nil }

// NextComparison implements ports.Maintenance.
func (Idle) NextComparison(context.Context, []domain.TenantID) (*ports.Work, error) { return nil, nil }

// FlushTokenUsage implements ports.Maintenance.
func (Idle) FlushTokenUsage(context.Context) error { return nil }

// Reseal implements ports.Maintenance.
func (Idle) Reseal(context.Context) (int, error) { return 0, nil }

// NumberAuditEntries implements ports.Maintenance.
func (Idle) NumberAuditEntries(context.Context, int) (int, error) { return 0, nil }

// AnnounceCheckpoints implements ports.Maintenance.
func (Idle) AnnounceCheckpoints(context.Context, int) (int, error) { return 0, nil }

// VerifyAudit implements ports.Maintenance.
func (Idle) VerifyAudit(context.Context, [][]byte) (ports.AuditReport, error) {
	return ports.AuditReport{}, nil
}

// BacklogAge implements ports.Maintenance.
func (Idle) BacklogAge(context.Context) (time.Duration, error) { return 0, nil }

// PruneEvents implements ports.Maintenance.
func (Idle) PruneEvents(context.Context, time.Duration, int) (int, error) { return 0, nil }

// AnnounceCompleteness implements ports.Maintenance.
func (Idle) AnnounceCompleteness(context.Context, int) (int, error) { return 0, nil }

// EventBacklog implements ports.Maintenance.
func (Idle) EventBacklog(context.Context) (ports.EventBacklogAge, error) {
	return ports.EventBacklogAge{}, nil
}

// FeedDelay implements ports.Maintenance.
func (Idle) FeedDelay(context.Context) (time.Duration, error) { return 0, nil }
