package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// supersededView describes a former row of a transaction: a row of the vendor that another row has replaced.
type supersededView struct {
	ExternalID string    `json:"externalId" example:"c0ffee00-0000-4000-8000-000000000001" doc:"The vendor's id of the past row"`
	At         time.Time `json:"at" example:"2026-03-02T10:00:00Z" doc:"When the next row replaced it"`
	Rule       string    `json:"rule" example:"same_description" doc:"Why both rows are the same movement: vendor_link, institution_key, same_description, similar_text, foreign_amount or exclusion. Later versions of the service can add further rules"`
}

// supersedesOf returns the representation of the former rows of a transaction. It returns nil if there are none.
func supersedesOf(pastRows []domain.Superseded) []supersededView {
	var views []supersededView
	for _, s := range pastRows {
		views = append(views, supersededView{ExternalID: s.ExternalID, At: utcOrZero(s.At), Rule: string(s.Rule)})
	}
	return views
}

// splitRoute returns the route that undoes the last replacement of a transaction's row.
func (s *server) splitRoute(tag string) route {
	return route{
		id: "split-transaction", method: http.MethodPost, path: transactionsPath + "/{id}/split",
		description: "Undoes the last replacement of a transaction. The transaction gets its last past row and is " +
			"removed, because the vendor no longer has that row; its present row becomes another transaction. The " +
			"two rows are never matched again. Responds with 409 if the transaction has replaced no row.",
		status: http.StatusOK, tag: tag, summary: "Undo the last replacement of a transaction",
		scope: scopeWrite, notFound: transactionNotFound, idempotent: true, conflict: true, noBody: true,
		mount: handle(s.splitTransaction),
	}
}

// splitTransaction undoes the last replacement of a transaction's row by another row.
func (s *server) splitTransaction(
	ctx context.Context, tenant domain.TenantID, in *idInput,
) (*bodyOutput[transactionView], error) {
	id, err := domain.ParseID[domain.Transaction](in.ID)
	if err != nil {
		return nil, err
	}
	t, err := s.service.SplitTransaction(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionView]{transactionOf(t)}, nil
}
