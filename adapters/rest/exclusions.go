package rest

import (
	"context"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// excludeRequest is the request body that excludes a transaction.
type excludeRequest struct {
	Reason plainText `json:"reason" minLength:"1" maxLength:"500" example:"the vendor shows the payment twice" doc:"Why; it is kept in the history of the transaction"`
}

// exclusionRoutes returns the routes with which operators exclude a transaction that the vendor shows twice.
func (s *server) exclusionRoutes() []route {
	const tag = "Accounts and transactions"
	return []route{
		{
			id: "exclude-transaction", method: http.MethodPost, path: transactionsPath + "/{id}/exclude",
			description: "Excludes a transaction, because the vendor shows a movement twice. It stays visible with " +
				"excludedAt, and pulls keep updating it, but it counts nowhere: not in sums, completeness, " +
				"statements, comparisons with bank statements, closes and Matcher. In closes that were made before, " +
				"the exclusion is an adjustment. Responds with 409 if it is removed, superseded or erased.",
			status: http.StatusOK, tag: tag, summary: "Exclude a transaction that the vendor shows twice",
			scope: scopeWrite, notFound: transactionNotFound, idempotent: true, conflict: true,
			mount: handle(s.excludeTransaction),
		},
		{
			id: "include-transaction", method: http.MethodDelete, path: transactionsPath + "/{id}/exclude",
			description: "Takes the exclusion of a transaction back, which then counts again. Responds with 409 if " +
				"it is superseded or erased.",
			status: http.StatusOK, tag: tag, summary: "Take the exclusion of a transaction back",
			scope: scopeWrite, notFound: transactionNotFound, conflict: true,
			mount: handle(s.includeTransaction),
		},
	}
}

// excludeTransaction excludes a transaction, which then counts nowhere.
func (s *server) excludeTransaction(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Transaction] `path:"id" doc:"Opaque"`
	Body excludeRequest
},
) (*bodyOutput[transactionView], error) {
	t, err := s.service.ExcludeTransaction(ctx, tenant, in.ID.ID, string(in.Body.Reason))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionView]{transactionOf(t)}, nil
}

// includeTransaction takes the exclusion of a transaction back.
func (s *server) includeTransaction(ctx context.Context, tenant domain.TenantID, in *struct {
	ID pathID[domain.Transaction] `path:"id" doc:"Opaque"`
},
) (*bodyOutput[transactionView], error) {
	t, err := s.service.IncludeTransaction(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionView]{transactionOf(t)}, nil
}
