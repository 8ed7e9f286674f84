package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
)

const auditPath = prefix + "/audit"

// auditEntryView is the representation of an audit entry in responses. The canonical form of this JSON is the entry's
// leaf in the Merkle tree over the tenant's audit log, so the members must never change.
type auditEntryView struct {
	Sequence  int64       `json:"sequence" minimum:"0" example:"41" doc:"The number of the entry, from 0 and without gaps: the index of its leaf in the tree"`
	At        time.Time   `json:"at" example:"2026-03-01T10:00:00.123456Z" doc:"When the change was made"`
	Actor     string      `json:"actor" example:"maria" doc:"Who made the change: the sub of the operator's token, otherwise its client_id or azp, otherwise unknown"`
	Action    string      `json:"action" example:"connection.update" doc:"The action; access.refused if the token lacked a scope. Later versions of the service can add further actions"`
	Object    string      `json:"object" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the object that was changed, with its parts separated by /; for a refused request, the operationId"`
	RequestID string      `json:"requestId" example:"0b8c7a52-0f7e-4f38-9d0e-5a2c1e9b7d64" doc:"The X-Request-Id of the request; empty if there is none"`
	Detail    auditDetail `json:"detail" doc:"Ids of this service, numbers, and the names of changed members: never a value from a vendor, an accountRef or a configName"`
}

// auditDetail is the detail of an audit entry, as JSON.
type auditDetail []byte

// MarshalJSON returns the bytes unchanged.
func (d auditDetail) MarshalJSON() ([]byte, error) { return d, nil }

// Schema returns a schema that allows any object.
func (auditDetail) Schema() *operation.Schema {
	return &operation.Schema{
		Type: operation.TypeObject, AdditionalProperties: true,
		Examples: []any{map[string]any{"changed": []any{"configName"}}},
	}
}

func auditEntryOf(e domain.AuditEntry) auditEntryView {
	detail, _ := json.Marshal(e.Detail) // ids, numbers and names can always be encoded
	return auditEntryView{
		Sequence: e.Sequence, At: utcOrZero(e.At), Actor: e.Actor, Action: e.Action, Object: e.Object,
		RequestID: e.RequestID, Detail: detail,
	}
}

// auditProofView is the representation in responses of a proof about the audit log, as RFC 6962 defines it.
type auditProofView struct {
	Size   int64    `json:"size" minimum:"0" example:"42" doc:"The size of the tree to whose root the proof leads"`
	Hashes []string `json:"hashes" example:"m2wGqME5y6FRnR+Y/sEDXPYV17nmVKMTQwJfKd2G2RM=" doc:"The hashes of the proof in base64, in the order of RFC 6962"`
}

func auditProofOf(p domain.AuditProof) auditProofView {
	v := auditProofView{Size: p.Size, Hashes: make([]string, len(p.Hashes))}
	for i, h := range p.Hashes {
		v.Hashes[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	return v
}

// auditRoutes returns the routes of the audit log.
func (s *server) auditRoutes() []route {
	const tag = "Audit"
	return []route{
		{
			id: "list-audit-entries", method: http.MethodGet, path: auditPath + "/events",
			description: "Returns the changes that operators have made, and the requests that were refused because " +
				"the token lacked a scope. An entry is stored with its change: either both are stored or neither is.",
			status: http.StatusOK, tag: tag, summary: "List the audit entries, newest first",
			scope: scopeRead,
			mount: handle(s.listAuditEntries),
		},
		{
			id: "get-audit-checkpoint", method: http.MethodGet, path: auditPath + "/checkpoint",
			description: "Returns a signed note (C2SP tlog-checkpoint) with the number of the tenant's entries and " +
				"the root of their tree (RFC 6962). Keep it outside of the service: it proves later that no entry " +
				"was changed, dropped, added or reordered.",
			status: http.StatusOK, tag: tag, summary: "Return the newest checkpoint of the audit log",
			scope: scopeRead,
			mount: handleText("studio.lerian.discovery/audit/…\n42\nm2wGqME5y6FRnR+Y/sEDXPYV17nmVKMTQwJfKd2G2RM=\n\n"+
				"— …", s.auditCheckpoint),
		},
		{
			id: "get-audit-key", method: http.MethodGet, path: auditPath + "/key",
			description: "Returns the key that verifies the checkpoints of the tenant, in the form of a note's " +
				"verifier key (golang.org/x/mod/sumdb/note).",
			status: http.StatusOK, tag: tag, summary: "Return the key of the checkpoints",
			scope: scopeRead,
			mount: handleText("studio.lerian.discovery/audit/…+1a2b3c4d+AX…", s.auditKey),
		},
		{
			id: "prove-audit-consistency", method: http.MethodGet, path: auditPath + "/proofs/consistency",
			description: "Proves that the entries of an earlier checkpoint are the first entries of a later one " +
				"(RFC 6962, section 2.1.2).",
			status: http.StatusOK, tag: tag, summary: "Prove that a later tree contains an earlier one",
			scope: scopeRead,
			mount: handle(s.proveAuditConsistency),
		},
		{
			id: "prove-audit-inclusion", method: http.MethodGet, path: auditPath + "/proofs/inclusion/{sequence}",
			description: "Proves that the tree of a checkpoint contains an entry (RFC 6962, section 2.1.1).",
			status:      http.StatusOK, tag: tag, summary: "Prove that a tree contains an entry",
			scope: scopeRead, notFound: auditEntryNotFound,
			mount: handle(s.proveAuditInclusion),
		},
	}
}

// listAuditEntries returns a page of the audit entries that match all given filters.
func (s *server) listAuditEntries(ctx context.Context, tenant domain.TenantID, in *struct {
	Actor  plainText         `query:"actor" maxLength:"4096" doc:"Only entries of this actor"`
	Action plainText         `query:"action" maxLength:"100" doc:"Only entries with this action"`
	Object plainText         `query:"object" maxLength:"200" doc:"Only entries about this object"`
	From   dateTimeParam     `query:"from" doc:"Made at or after: RFC 3339, or a date"`
	To     dateTimeParam     `query:"to" doc:"Made before: RFC 3339, or a date"`
	Limit  int               `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[auditList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[auditEntryView], error) {
	if err := checkTimeRange(in.From.Time, in.To.Time); err != nil {
		return nil, err
	}
	p, err := s.service.ListAuditEntries(ctx, tenant, domain.AuditFilter{
		Actor: string(in.Actor), Action: string(in.Action), Object: string(in.Object),
		From: in.From.Time, To: in.To.Time,
	}, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[auditList](p, in.Limit, auditEntryOf), nil
}

// auditCheckpoint returns the newest signed checkpoint of the tenant's audit log.
func (s *server) auditCheckpoint(ctx context.Context, tenant domain.TenantID) (string, error) {
	checkpoint, err := s.service.AuditCheckpoint(ctx, tenant)
	return string(checkpoint), err
}

// auditKey returns the public key with which a caller verifies the signatures of the tenant's checkpoints, as one
// line of text.
func (s *server) auditKey(ctx context.Context, tenant domain.TenantID) (string, error) {
	key, err := s.service.AuditKey(ctx, tenant)
	return key + "\n", err
}

// proveAuditConsistency returns a proof that an earlier Merkle tree of the tenant's audit log is a part of a later
// one.
func (s *server) proveAuditConsistency(ctx context.Context, tenant domain.TenantID, in *struct {
	From int `query:"from" minimum:"0" default:"0" example:"40" doc:"The size of the earlier tree; the empty tree is part of every tree"`
	To   int `query:"to" minimum:"1" example:"42" doc:"The size of the later tree; by default the size of the newest checkpoint"`
},
) (*bodyOutput[auditProofView], error) {
	p, err := s.service.ProveAuditConsistency(ctx, tenant, int64(in.From), optionalSize(in.To))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[auditProofView]{auditProofOf(p)}, nil
}

// proveAuditInclusion returns a proof that the Merkle tree of the tenant's audit log contains an entry.
func (s *server) proveAuditInclusion(ctx context.Context, tenant domain.TenantID, in *struct {
	Sequence string `path:"sequence" example:"41" doc:"The number of the entry"`
	Size     int    `query:"size" minimum:"1" example:"42" doc:"The size of the tree; by default the size of the newest checkpoint"`
},
) (*bodyOutput[auditProofView], error) {
	sequence, err := strconv.ParseInt(in.Sequence, 10, 64)
	if err != nil || strconv.FormatInt(sequence, 10) != in.Sequence {
		return nil, domain.NotFoundError()
	}
	p, err := s.service.ProveAuditInclusion(ctx, tenant, sequence, optionalSize(in.Size))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[auditProofView]{auditProofOf(p)}, nil
}

// optionalSize returns a pointer to the size that a request contains. If size is 0, the request does not contain the
// parameter, and optionalSize returns nil.
func optionalSize(size int) *int64 {
	if size == 0 {
		return nil
	}
	wide := int64(size)
	return &wide
}

// textType is the media type of the responses of handleText.
const textType = "text/plain; charset=utf-8"

// handleText is like handle, but for an operation without input whose response is plain text. The parameter example is
// the example of a response in the OpenAPI document.
func handleText(
	example string, h func(context.Context, domain.TenantID) (string, error),
) func(*server, *route) echo.HandlerFunc {
	return func(s *server, r *route) echo.HandlerFunc {
		op := s.describe(r)
		input := operation.NewInput[struct{}](s.api, op)
		op.Responses[statusText(r.status)] = &operation.Response{
			Description: http.StatusText(r.status),
			Content: map[string]*operation.MediaType{textType: {Schema: &operation.Schema{
				Type: operation.TypeString, Description: "The text", Examples: []any{example},
			}}},
		}
		s.api.Document.Add(r.method, r.path, op)
		checks := s.middlewares(r)
		return func(c echo.Context) error {
			x := exchangeOf(c.Request().Context())
			for _, check := range checks {
				if err := check(c, x); err != nil {
					return err
				}
			}
			x.invalid = append(x.invalid, invalidParams(c.Request().URL.RawQuery, input.HasQuery)...)
			if in, err := readInput(c, x, input); in == nil {
				return err
			}
			text, err := h(c.Request().Context(), x.principal.Tenant)
			if err != nil {
				return err
			}
			return c.Blob(r.status, textType, []byte(text))
		}
	}
}
