package rest

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// transactionVersionView is the representation of one version of a transaction in responses.
type transactionVersionView struct {
	Version     int            `json:"version" minimum:"1" example:"2" doc:"The number of the version"`
	At          time.Time      `json:"at" example:"2026-03-02T10:00:00Z" doc:"When the version was stored"`
	Change      string         `json:"change" example:"modified" doc:"The kind of change that created the version: added, modified, removed, superseded (another row has replaced its row, or another transaction has taken it over), split (a replacement was undone) or restored. Later versions of the service can add further kinds"`
	Cause       string         `json:"cause" enum:"vendor,matching,operator,upgrade" example:"vendor" doc:"What has changed the transaction: a row of the vendor or its absence, the matching, which has recognised a replaced row or the account of another connection, the decision of an operator, or later rules that read the same row in another way"`
	Actor       string         `json:"actor,omitempty" example:"ana" doc:"The operator whose decision it was; absent for other causes"`
	Adjusts     string         `json:"adjusts,omitempty" format:"date" example:"2026-02-28" doc:"The last day of the earliest closed period of which the change is an adjustment; absent if there is none"`
	PullID      string         `json:"pullId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The pull that created the version; absent if it is not known"`
	Trigger     string         `json:"trigger,omitempty" enum:"webhook,manual,reconcile,replay,silence" example:"webhook" doc:"What first requested the pull that read the row; absent if the pull is not known"`
	DeliveryIDs []string       `json:"deliveryIds" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The deliveries that are attached to the pull and are still stored, at most 1000, ordered by id"`
	RowSHA256   string         `json:"rowSha256,omitempty" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" doc:"Lower-case hex SHA-256 of the vendor's row from which the version was created; after a removal, the hash of the last row. Absent if it is not known"`
	Normalizer  string         `json:"normalizer,omitempty" example:"pluggy 2" doc:"The version of the rules that normalised the row; absent if it is not known"`
	Reason      string         `json:"reason,omitempty" example:"the tip was added" doc:"Why an operator has joined, split, dismissed or excluded the transaction; absent without a reason"`
	Before      changedMembers `json:"before,omitzero" doc:"The members of the transaction that this version changed, as they were before; null if absent. Absent for the first version that is known"`
	After       changedMembers `json:"after,omitzero" doc:"The same members as they are in this version; null if absent"`
}

// changedMembers maps the names of members of a transaction's representation to their values. If the map is nil, the
// response omits it.
type changedMembers map[string]jsontext.Value

// Schema returns a schema that allows any JSON object.
func (changedMembers) Schema() *operation.Schema {
	return &operation.Schema{
		Type: operation.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"status": "pending"}},
	}
}

func versionOf(v domain.TransactionVersion) (transactionVersionView, error) {
	t := v.Transaction
	view := transactionVersionView{
		Version: t.Version, At: utcOrZero(t.UpdatedAt), Change: string(v.Change()), Cause: string(v.Cause()),
		Actor: t.Actor, Adjusts: string(v.Adjusts), PullID: idOrEmpty(t.Pull),
		Trigger: string(v.Trigger), DeliveryIDs: mapItems(v.Deliveries, domain.DeliveryID.String),
		RowSHA256: hex.EncodeToString(t.RowSHA256), Normalizer: t.Normalizer,
		Reason: t.Reason,
	}
	if v.Previous == nil {
		return view, nil
	}
	var err error
	view.Before, view.After, err = diffMembers(*v.Previous, t)
	return view, err
}

// diffMembers returns the members that differ between two versions of a transaction. The first result contains the
// earlier values, and the second result contains the later values. An absent member has the value null. The members
// version and updatedAt always differ and are left out.
func diffMembers(before, after domain.Transaction) (oldValues, newValues changedMembers, err error) {
	for _, t := range []*domain.Transaction{&before, &after} { // the bill of a record is no part of a version
		t.Card, t.Bill = domain.CardFacts{}, domain.CardBill{}
	}
	old, err := membersOf(before)
	if err != nil {
		return nil, nil, err
	}
	present, err := membersOf(after)
	if err != nil {
		return nil, nil, err
	}
	oldValues, newValues = changedMembers{}, changedMembers{}
	for _, members := range []changedMembers{old, present} {
		for name := range members {
			if !bytes.Equal(old[name], present[name]) {
				oldValues[name], newValues[name] = orNull(old[name]), orNull(present[name])
			}
		}
	}
	return oldValues, newValues, nil
}

// membersOf returns the members of the representation of t, without version and updatedAt.
func membersOf(t domain.Transaction) (members changedMembers, err error) {
	text, err := json.Marshal(transactionOf(t), operation.ResponseOptions)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(text, &members, operation.ResponseOptions)
	delete(members, "version")
	delete(members, "updatedAt")
	return members, err
}

// orNull returns value, or the JSON value null if the member is absent.
func orNull(value jsontext.Value) jsontext.Value {
	if value == nil {
		return jsontext.Value("null")
	}
	return value
}

// historyRoute returns the route that reads the versions of a transaction.
func (s *server) historyRoute(tag string) route {
	return route{
		id: "list-transaction-history", method: http.MethodGet, path: transactionsPath + "/{id}/history",
		description: "Returns the versions of one transaction, newest first, without a gap. The history of a " +
			"transaction that was stored before versions were kept starts with the version that it had then.",
		status: http.StatusOK, tag: tag, summary: "List the versions of a transaction, newest first",
		scope: scopeRead, notFound: transactionNotFound,
		mount: handle(s.listTransactionHistory),
	}
}

// listTransactionHistory returns a page of the versions of a transaction.
func (s *server) listTransactionHistory(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Transaction] `path:"id" doc:"Opaque"`
	Limit  int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[historyList]        `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[transactionVersionView], error) {
	p, err := s.service.TransactionHistory(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	views := domain.Page[transactionVersionView]{Next: p.Next}
	for _, v := range p.Items {
		view, err := versionOf(v)
		if err != nil {
			return nil, err
		}
		views.Items = append(views.Items, view)
	}
	return pageOf[historyList](views, in.Limit, func(v transactionVersionView) transactionVersionView { return v }), nil
}
