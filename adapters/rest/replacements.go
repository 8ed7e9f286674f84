package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const possibleReplacementsPath = prefix + "/possible-replacements"

// supersededView describes a former row of a transaction: a row of the vendor that another row has replaced.
type supersededView struct {
	ExternalID string    `json:"externalId" example:"c0ffee00-0000-4000-8000-000000000001" doc:"The vendor's id of the past row"`
	At         time.Time `json:"at" example:"2026-03-02T10:00:00Z" doc:"When the next row replaced it"`
	Rule       string    `json:"rule" example:"same_description" doc:"Why both rows are the same movement: vendor_link, institution_key, same_description, similar_text, foreign_amount, exclusion, or operator (somebody has joined them). Later versions of the service can add further rules"`
}

// supersedesOf returns the representation of the former rows of a transaction. It returns nil if there are none.
func supersedesOf(pastRows []domain.Superseded) []supersededView {
	var views []supersededView
	for _, s := range pastRows {
		views = append(views, supersededView{ExternalID: s.ExternalID, At: utcOrZero(s.At), Rule: string(s.Rule)})
	}
	return views
}

// idTexts returns the ids as texts. It returns nil if there are none, so that the response omits the member.
func idTexts[T any](ids []domain.ID[T]) []string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, id.String())
	}
	return texts
}

// suggestionView describes a possible replacement: a removed transaction, and a live one that may be the same movement.
type suggestionView struct {
	Old          string         `json:"old" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the transaction that the vendor has removed"`
	New          string         `json:"new" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the transaction that may continue it"`
	ConnectionID string         `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The connection of both transactions"`
	AccountID    string         `json:"accountId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The account of both transactions; absent if they have none"`
	Since        time.Time      `json:"since" example:"2026-03-02T10:00:00Z" doc:"When the service found the pair"`
	State        string         `json:"state" example:"open" doc:"open, or join_undone: somebody has joined the pair, and the vendor returns both rows. In events also why the suggestion has ended: joined, dismissed, excluded, matched, split, removed or returned. Later versions of the service can add further states"`
	Evidence     []evidenceView `json:"evidence" doc:"What speaks for and against one movement; empty if the pair was joined without a suggestion"`
}

// evidenceView describes one piece of evidence for or against the conclusion that two rows are the same movement.
type evidenceView struct {
	Kind   string `json:"kind" example:"counterparty" doc:"What was compared, such as counterparty, document, end_to_end_id, instalment or operation. Later versions of the service can add further kinds"`
	Old    string `json:"old,omitempty" example:"MARIA SILVA" doc:"The value of the removed transaction; absent if it has none"`
	New    string `json:"new,omitempty" example:"MARIA S" doc:"The value of the other transaction; absent if it has none"`
	Speaks string `json:"speaks" enum:"for,against" example:"for" doc:"Whether it speaks for or against one movement"`
}

func suggestionOf(s ports.Suggestion) suggestionView {
	return suggestionView{
		Old: s.Old.String(), New: s.New.String(), ConnectionID: s.Connection.String(), AccountID: idOrEmpty(s.Account),
		Since: utcOrZero(s.Since), State: string(s.State),
		Evidence: mapItems(s.Evidence, func(f matching.Finding) evidenceView {
			return evidenceView{Kind: f.Kind, Old: f.Old, New: f.New, Speaks: string(f.Speaks)}
		}),
	}
}

// splitRequest is the optional request body of a split, which undoes the last replacement of a transaction's row.
type splitRequest struct {
	Reason plainText `json:"reason,omitempty" maxLength:"500" example:"two payments on one day" doc:"Why; it is kept in the history of the transactions"`
}

// joinRequest is the request body that joins two transactions.
type joinRequest struct {
	With   plainText `json:"with" minLength:"1" maxLength:"100" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the live transaction with which the transaction continues"`
	Reason plainText `json:"reason,omitempty" maxLength:"500" example:"the tip was added" doc:"Why; it is kept in the history of the transactions"`
}

// pairRequest names two transactions in a request.
type pairRequest struct {
	Old plainText `json:"old" minLength:"1" maxLength:"100" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the removed transaction"`
	New plainText `json:"new" minLength:"1" maxLength:"100" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the other transaction"`
}

// dismissRequest is the request body of the decision that the transactions of each pair are different movements. It
// contains one pair, or a list of pairs.
type dismissRequest struct {
	Old    plainText     `json:"old,omitempty" maxLength:"100" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the removed transaction; with new, and without pairs"`
	New    plainText     `json:"new,omitempty" maxLength:"100" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the other transaction; with old, and without pairs"`
	Pairs  []pairRequest `json:"pairs,omitempty" maxItems:"200" doc:"The pairs, without old and new; at most 200"`
	Reason plainText     `json:"reason,omitempty" maxLength:"500" example:"two purchases of one day" doc:"Why; it is kept in the history of the transactions"`
}

// pairs returns the pairs of the request. Errors: Invalid unless the request contains either one pair or a list;
// NotFound if a text is no id.
func (r dismissRequest) pairs() ([]ports.RecordPair, error) {
	named := r.Pairs
	switch single := r.Old != "" || r.New != ""; {
	case single == (len(r.Pairs) > 0):
		return nil, domain.FieldError("pairs", "must contain 1 to 200 pairs, unless old and new are sent alone")
	case single && r.Old == "":
		return nil, domain.FieldError("old", "is required with new")
	case single && r.New == "":
		return nil, domain.FieldError("new", "is required with old")
	case single:
		named = []pairRequest{{r.Old, r.New}}
	}
	pairs := make([]ports.RecordPair, len(named))
	for i, pair := range named {
		var err error
		if pairs[i].Old, err = domain.ParseID[domain.Transaction](string(pair.Old)); err != nil {
			return nil, err
		}
		if pairs[i].New, err = domain.ParseID[domain.Transaction](string(pair.New)); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// joinPairsRequest is the request body that joins the transactions of each pair.
type joinPairsRequest struct {
	Pairs  []pairRequest `json:"pairs" minItems:"1" maxItems:"200" doc:"The pairs; at most 200"`
	Reason plainText     `json:"reason,omitempty" maxLength:"500" example:"the tips were added" doc:"Why; it is kept in the history of the transactions"`
}

// joinResultView states whether the transactions of a pair were joined.
type joinResultView struct {
	Old    string `json:"old" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the removed transaction"`
	New    string `json:"new" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the other transaction"`
	Status int    `json:"status" example:"200" doc:"The HTTP status of the same join alone: 200, 404 or 409"`
	Code   string `json:"code,omitempty" example:"MTCH-0007" doc:"A stable error code for programs; absent if the pair was joined"`
}

// joinResultsView contains the results of joining several pairs.
type joinResultsView struct {
	Results []joinResultView `json:"results" doc:"One result for each pair, in the order of the request"`
}

// continueRequest is the request body of a decision about an account: which account continues it, by the vendor's id or
// by ours, or that there is no continuation.
type continueRequest struct {
	ExternalID plainText `json:"externalId,omitempty" minLength:"1" maxLength:"1000" example:"7b0a1a4e-4b0d-4c39-93c9-5f2f4ef1f1f1" doc:"The vendor's id of the account of the same connection that continues this one; sent alone"`
	AccountID  plainText `json:"accountId,omitempty" minLength:"1" maxLength:"100" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the stored account that continues this one, whose connection was deleted; sent alone"`
	None       bool      `json:"none,omitzero" example:"true" doc:"Whether no account continues this one or, for an account with maybeContinues, whether it continues none of these; sent alone"`
}

// check returns an Invalid error unless the request contains exactly one decision.
func (r continueRequest) check() error {
	decisions := 0
	for _, decided := range []bool{r.ExternalID != "", r.AccountID != "", r.None} {
		if decided {
			decisions++
		}
	}
	if decisions != 1 {
		return domain.FieldError("externalId", "is required, unless accountId or none is sent alone")
	}
	return nil
}

// replacementRoutes returns the routes with which operators decide whether two transactions are the same movement.
func (s *server) replacementRoutes() []route {
	const tag = "Accounts and transactions"
	return []route{
		{
			id:     "split-transaction",
			method: http.MethodPost,
			path:   transactionsPath + "/{id}/split",
			description: "Undoes the last replacement of a transaction. The transaction gets its last past row and " +
				"is removed, because the vendor no longer has that row; its present row becomes another " +
				"transaction. The two rows are never matched again. Responds with 409 if the transaction has " +
				"replaced no row.",
			status:       http.StatusOK,
			tag:          tag,
			summary:      "Undo the last replacement of a transaction",
			scope:        scopeWrite,
			notFound:     transactionNotFound,
			idempotent:   true,
			conflict:     true,
			bodyOptional: true,
			mount:        handle(s.splitTransaction),
		},
		{
			id:     "join-transactions",
			method: http.MethodPost,
			path:   transactionsPath + "/{id}/join",
			description: "Makes a removed transaction continue as the row of a live one, because both are one " +
				"movement. The other transaction is removed and superseded. Both must have the same account, " +
				"currency and direction, otherwise the response is a 409. A split undoes the join.",
			status:     http.StatusOK,
			tag:        tag,
			summary:    "Join a removed transaction with the one that continues it",
			scope:      scopeWrite,
			notFound:   transactionNotFound,
			idempotent: true,
			conflict:   true,
			mount:      handle(s.joinTransactions),
		},
		{
			id:     "list-possible-replacements",
			method: http.MethodGet,
			path:   possibleReplacementsPath,
			description: "Returns the pairs of transactions that may be one movement and about which nobody has " +
				"decided. Each removed transaction is in three pairs at most.",
			status:  http.StatusOK,
			tag:     tag,
			summary: "List possible replacements, newest first",
			scope:   scopeRead,
			mount:   handle(s.listPossibleReplacements),
		},
		{
			id: "dismiss-possible-replacements", method: http.MethodPost, path: possibleReplacementsPath + "/dismiss",
			description: "Stores that the transactions of one pair, or of each of up to 200 pairs, are different " +
				"movements. The service never suggests or matches them again. They can still be joined.",
			status: http.StatusNoContent, tag: tag, summary: "Dismiss possible replacements",
			scope: scopeWrite, notFound: transactionNotFound, idempotent: true, conflict: true,
			mount: handle(s.dismissPossibleReplacements),
		},
		{
			id: "join-possible-replacements", method: http.MethodPost, path: possibleReplacementsPath + "/join",
			description: "Joins each of up to 200 pairs, one after the other, whether or not it is suggested. A pair " +
				"that cannot be joined does not prevent the others; each result contains the status that the join " +
				"of the pair alone has. If the request fails as a whole, some pairs may be joined.",
			status: http.StatusOK, tag: tag, summary: "Join several removed transactions with those that continue them",
			scope: scopeWrite, idempotent: true,
			mount: handle(s.joinPossibleReplacements),
		},
	}
}

// heldDecisionRoutes returns the routes with which an operator decides about rows that the service holds back.
func (s *server) heldDecisionRoutes() []route {
	const tag = "Accounts and transactions"
	return []route{
		{
			id:     "continue-account",
			method: http.MethodPost,
			path:   accountsPath + "/{id}/continue",
			description: "Decides about accounts that cannot be told apart, while the health of the connection has " +
				"the warning account_ambiguous, and about accounts that are gone. externalId says which account of " +
				"the connection continues this one, and queues a pull (202). accountId says which stored account of " +
				"another connection continues this one, whose connection was deleted (200). The transactions of both " +
				"are compared as whole accounts, the other account is removed, and this one belongs to its " +
				"connection. none says that no account continues this one or, for an account with maybeContinues, " +
				"that it continues none of these (200). Responds with 404 if one of the accounts does not exist, and " +
				"with 409 if nothing waits for this decision, if the currencies differ, or if the connection is " +
				"paused.",
			status:     http.StatusAccepted,
			tag:        tag,
			summary:    "Say which account of a new reference continues an account",
			scope:      scopeWrite,
			notFound:   accountNotFound,
			idempotent: true,
			conflict:   true,
			mount:      handle(s.continueAccount),
		},
		{
			id: "apply-removals", method: http.MethodPost, path: accountsPath + "/{id}/removals/apply",
			description: "Removes the transactions of an account whose removal is held back, because they are many " +
				"(the warning mass_removal of the health): those that the vendor has announced as deleted, and those " +
				"that a complete read did not return. If the removal of the account itself is held back, because " +
				"no account is listed any more, the account is removed, and its other transactions stay. Responds " +
				"with 409 if nothing is held back.",
			status: http.StatusOK, tag: tag, summary: "Apply removals that are held back",
			scope: scopeWrite, notFound: accountNotFound, idempotent: true, conflict: true, noBody: true,
			mount: handle(s.applyRemovals),
		},
	}
}

// splitTransaction undoes the last replacement of a transaction's row by another row. The field Body is a pointer,
// because the request body is optional.
func (s *server) splitTransaction(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Transaction] `path:"id" doc:"Opaque"`
	Body *splitRequest
},
) (*bodyOutput[transactionView], error) {
	reason := ""
	if in.Body != nil {
		reason = string(in.Body.Reason)
	}
	t, err := s.service.SplitTransaction(ctx, tenant, in.ID.ID, reason)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionView]{transactionOf(t)}, nil
}

// joinTransactions joins the transaction of the path with another one.
func (s *server) joinTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Transaction] `path:"id" doc:"Opaque"`
	Body joinRequest
},
) (*bodyOutput[transactionView], error) {
	with, err := domain.ParseID[domain.Transaction](string(in.Body.With))
	if err != nil {
		return nil, err
	}
	pair := ports.RecordPair{Old: in.ID.ID, New: with}
	t, err := s.service.JoinTransactions(ctx, tenant, pair, string(in.Body.Reason))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionView]{transactionOf(t)}, nil
}

// listPossibleReplacements returns a page of the suggestions that wait for an operator's decision. A suggestion is a
// pair of transactions that may be the same movement.
func (s *server) listPossibleReplacements(ctx context.Context, tenant domain.TenantID, in *struct {
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Limit      int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor     cursor[suggestionList]     `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[suggestionView], error) {
	p, err := s.service.ListSuggestions(ctx, tenant, in.Connection.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[suggestionList](p, in.Limit, suggestionOf), nil
}

// dismissPossibleReplacements stores the decision that the transactions of one or several pairs are different
// movements.
func (s *server) dismissPossibleReplacements(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body dismissRequest },
) (*noContent, error) {
	pairs, err := in.Body.pairs()
	if err != nil {
		return nil, err
	}
	return &noContent{}, s.service.DismissReplacements(ctx, tenant, pairs, string(in.Body.Reason))
}

// joinPossibleReplacements joins several pairs of transactions, each independently of the others.
func (s *server) joinPossibleReplacements(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body joinPairsRequest },
) (*bodyOutput[joinResultsView], error) {
	pairs := make([]ports.RecordPair, len(in.Body.Pairs))
	for i, pair := range in.Body.Pairs {
		// A text that is no id leaves the zero id, which no transaction has.
		pairs[i].Old, _ = domain.ParseID[domain.Transaction](string(pair.Old))
		pairs[i].New, _ = domain.ParseID[domain.Transaction](string(pair.New))
	}
	results, err := s.service.JoinPairs(ctx, tenant, pairs, string(in.Body.Reason))
	if err != nil {
		return nil, err
	}
	views := make([]joinResultView, len(results))
	for i, pair := range in.Body.Pairs {
		views[i] = joinResultView{Old: string(pair.Old), New: string(pair.New), Status: http.StatusOK}
		if err := results[i]; err != nil {
			p := exchangeOf(ctx).problem(err)
			s.logCause(exchangeOf(ctx), p, err)
			views[i].Status, views[i].Code = p.Status, p.Code
		}
	}
	return &bodyOutput[joinResultsView]{joinResultsView{views}}, nil
}

// continuedOutput is the response to a decision about an account. The field Account is set if no pull is queued.
type continuedOutput struct {
	Location string `header:"Location" doc:"The path of the pull that does the work"`
	Body     pullView
	Account  *accountView `status:"200"`
}

// continueAccount stores a decision about an account. The Location header refers to the pull that publishes the rows.
func (s *server) continueAccount(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Account] `path:"id" doc:"Opaque"`
	Body continueRequest
},
) (*continuedOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	if in.Body.ExternalID == "" {
		account, err := s.decideStored(ctx, tenant, in.ID.ID, in.Body)
		if err != nil {
			return nil, err
		}
		view := accountOf(account)
		return &continuedOutput{Account: &view}, nil
	}
	p, err := s.service.ContinueAccount(ctx, tenant, in.ID.ID, string(in.Body.ExternalID))
	if err != nil {
		return nil, err
	}
	return &continuedOutput{Location: pullsPath + "/" + p.ID.String(), Body: pullOf(p)}, nil
}

// decideStored stores a decision about an account that queues no pull.
func (s *server) decideStored(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, decision continueRequest,
) (domain.Account, error) {
	if decision.None {
		return s.service.EndAccount(ctx, tenant, id)
	}
	successor, err := domain.ParseID[domain.Account](string(decision.AccountID))
	if err != nil {
		return domain.Account{}, err
	}
	return s.service.MergeAccounts(ctx, tenant, ports.AccountPair{Old: id, New: successor})
}

// appliedRemovalsView is the result of applying the removals of an account that were held back.
type appliedRemovalsView struct {
	AccountID string `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	Removed   int    `json:"removed" example:"31" doc:"How many transactions were removed"`

	AccountRemoved bool `json:"accountRemoved" example:"false" doc:"Whether the account itself is removed"`
}

// applyRemovals marks those transactions of an account as removed whose removal the service has held back, and the
// account itself if its removal was.
func (s *server) applyRemovals(ctx context.Context, tenant domain.TenantID, in *struct {
	ID pathID[domain.Account] `path:"id" doc:"Opaque"`
},
) (*bodyOutput[appliedRemovalsView], error) {
	removed, err := s.service.ApplyRemovals(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	account, err := s.service.GetAccount(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[appliedRemovalsView]{appliedRemovalsView{
		AccountID: in.ID.ID.String(), Removed: removed, AccountRemoved: !account.RemovedAt.IsZero(),
	}}, nil
}
