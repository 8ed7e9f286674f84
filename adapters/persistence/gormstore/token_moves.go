package gormstore

import (
	"bytes"
	"errors"
	"slices"

	"github.com/google/uuid"
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
		if err := saveRebound(tx, before.Tenant, changed); err != nil {
			return nil, nil, err
		}
		for _, token := range changed {
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
	domain.SortLarge(owners, func(x, y domain.Receiver) int {
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

// reboundBatch is the maximum number of tokens that one statement of saveRebound changes.
const reboundBatch = 500

// saveRebound writes those columns of the tokens that domain.RebindTokens can change. A connection can have thousands
// of tokens, and most of them change in the same way. A statement therefore changes all tokens that get the same
// values.
func saveRebound(tx *gorm.DB, tenant domain.TenantID, tokens []domain.WebhookToken) error {
	type values struct {
		connection              domain.ConnectionID
		moved                   bool
		revoked, due            int64
		registration, url, seal string
	}
	var order []values
	groups := map[values][]domain.WebhookToken{}
	for _, t := range tokens {
		v := values{
			t.Connection, t.Moved, t.RevokedAt.UnixMicro(), t.Registration.DueAt.UnixMicro(),
			string(t.Registration.State), t.Registration.Access.BaseURL, string(t.Registration.Access.Sealed),
		}
		if len(groups[v]) == 0 {
			order = append(order, v)
		}
		groups[v] = append(groups[v], t)
	}
	for _, v := range order {
		row := rowOfToken(groups[v][0])
		for batch := range slices.Chunk(groups[v], reboundBatch) {
			ids := ConvertAll(batch, func(t domain.WebhookToken) uuid.UUID { return t.ID.UUID })
			err := tx.Model(&TokenRow{}).Where("id IN ? AND tenant_id = ?", ids, tenant.UUID).Updates(map[string]any{
				"connection_id": row.Connection, "moved": row.Moved, "revoked_at": row.Revoked,
				"registration": row.Registration, "registration_due": row.RegistrationDue,
				"registration_base_url": row.RegistrationBaseURL, "registration_sealed": row.RegistrationSealed,
			}).Error
			if err != nil {
				return err
			}
		}
	}
	return nil
}
