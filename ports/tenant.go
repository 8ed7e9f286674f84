package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

type tenantKey struct{}

// ForTenant returns a copy of ctx for work on one tenant. A store whose rows are spread over several servers sends the
// statements of such work directly to the server that has the tenant's rows.
//
// The tenant in the context is only an optimisation. It does not affect what a method of a store returns and stores.
func ForTenant(ctx context.Context, tenant domain.TenantID) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

// TenantOf returns the tenant that ForTenant stored in ctx, or the zero id.
func TenantOf(ctx context.Context) domain.TenantID {
	tenant, _ := ctx.Value(tenantKey{}).(domain.TenantID)
	return tenant
}
