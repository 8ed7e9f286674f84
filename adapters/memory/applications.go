package memory

import (
	"bytes"
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// applications implements ports.Applications on a Store.
type applications struct{ *Store }

// ReplaceHashKey changes all connections and tokens under one lock.
func (v applications) ReplaceHashKey(ctx context.Context, previous, fresh domain.Sealed) (bool, error) {
	return exclusiveResult(ctx, v.Store, "Applications.ReplaceHashKey", func() (bool, error) {
		if v.hashKey == nil || !reseal(&v.hashKey, previous, fresh) {
			return false, nil
		}
		for _, c := range v.connections {
			c.Client = domain.ClientKey{}
		}
		for _, t := range v.tokens {
			t.Application = domain.ApplicationKey{}
		}
		return true, nil
	})
}

// ListUnidentified sorts all matching connections by id.
func (v applications) ListUnidentified(
	ctx context.Context, afterID domain.ConnectionID, limit int,
) ([]domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Applications.ListUnidentified", func() ([]domain.Connection, error) {
		rows := filtered(v.connections, func(c *domain.Connection) bool {
			return c.Live() && c.Kind == domain.Aggregator && c.Client.IsZero() &&
				c.ID.Compare(afterID) > 0
		}, cloneConnection)
		slices.SortFunc(rows, func(x, y domain.Connection) int { return x.ID.Compare(y.ID) })
		return rows[:min(limit, len(rows))], nil
	})
}

// Identify changes the connection and its token under one lock.
func (v applications) Identify(ctx context.Context, c domain.Connection, client domain.ClientKey) (bool, error) {
	return exclusiveResult(ctx, v.Store, "Applications.Identify", func() (bool, error) {
		row, err := v.live(c.Tenant, c.ID, domain.Aggregator)
		if err != nil || !row.Client.IsZero() || !bytes.Equal(row.Sealed, c.Sealed) {
			return false, nil
		}
		row.Client = client
		if v.registration(row.Tenant, row.Application()) != nil {
			return true, nil
		}
		var oldest *domain.WebhookToken
		for _, t := range v.tokens {
			if t.Connection == row.ID && t.Live() && t.Registration.State == domain.RegistrationActive &&
				!t.Registration.OfReference && (oldest == nil || t.CreatedAt.Before(oldest.CreatedAt)) {
				oldest = t
			}
		}
		if oldest != nil {
			oldest.Application = row.Application()
		}
		return true, nil
	})
}
