package gormstore

import (
	"bytes"
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// rebindTokens applies domain.RebindTokens to the tokens of a connection that is changed or deleted. The transaction
// has already locked this connection. changed contains all changed tokens, and moved contains those that now belong
// to another connection. rebindTokens also locks these other connections, so that they cannot be deleted or repointed
// before the commit.
func rebindTokens(tx *gorm.DB, before, after domain.Connection) (changed, moved []domain.WebhookToken, err error) {
	if before.Kind != domain.Aggregator || !domain.RebindsTokens(before, after) {
		return nil, nil, nil
	}
	var rows []TokenRow
	err = Locked(tx, ForUpdate).Where("connection_id = ? AND tenant_id = ?", before.ID.UUID, before.Tenant.UUID).
		Where("revoked_at IS NULL OR " + AwaitsRemoval).Order("id").Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	tokens := ConvertAll(rows, TokenRow.domain)
	for {
		live, err := receivers(tx, before)
		if err != nil {
			return nil, nil, err
		}
		changed = domain.RebindTokens(before, after, tokens, live)
		locked, err := lockOwners(tx, before, changed, live)
		if err != nil {
			return nil, nil, err
		}
		if !locked {
			continue
		}
		for _, token := range changed {
			if err := saveRebound(tx, token); err != nil {
				return nil, nil, err
			}
			if token.Connection != before.ID {
				moved = append(moved, token)
			}
		}
		return changed, moved, nil
	}
}

// receivers returns the live connections of c's tenant and vendor. It does not set their account references.
func receivers(tx *gorm.DB, c domain.Connection) ([]domain.Receiver, error) {
	var rows []ConnectionRow
	err := Live(tx).Select("id", "base_url", "client_key", "created_at").
		Where("tenant_id = ? AND vendor = ? AND kind = ?", c.Tenant.UUID, string(c.Vendor), string(domain.Aggregator)).
		Find(&rows).Error
	return ConvertAll(rows, func(r ConnectionRow) domain.Receiver { return domain.ReceiverOf(r.Domain()) }), err
}

// lockOwners locks the connections to which the tokens have moved, in the order of the connections' ids. It returns
// false if one of these connections has been deleted or changed since it was read.
func lockOwners(
	tx *gorm.DB, before domain.Connection, tokens []domain.WebhookToken, live []domain.Receiver,
) (bool, error) {
	var owners []domain.Receiver
	for _, r := range live {
		owns := func(t domain.WebhookToken) bool { return t.Connection == r.Connection }
		if r.Connection != before.ID && slices.ContainsFunc(tokens, owns) {
			owners = append(owners, r)
		}
	}
	slices.SortFunc(owners, func(x, y domain.Receiver) int {
		return bytes.Compare(x.Connection.UUID[:], y.Connection.UUID[:])
	})
	for _, r := range owners {
		row, err := LiveAggregator(tx, before.Tenant, r.Connection)
		if errors.Is(err, domain.NotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if c := row.Domain(); c.BaseURL != r.BaseURL || c.Client != r.Client {
			return false, nil
		}
	}
	return true, nil
}

// saveRebound writes those columns of a token that domain.RebindTokens can change.
func saveRebound(tx *gorm.DB, t domain.WebhookToken) error {
	row := rowOfToken(t)
	return tx.Model(&TokenRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Updates(map[string]any{
		"connection_id": row.Connection, "moved": row.Moved, "revoked_at": row.Revoked, "registration": row.Registration,
		"registration_due": row.RegistrationDue, "registration_base_url": row.RegistrationBaseURL,
		"registration_sealed": row.RegistrationSealed,
	}).Error
}
