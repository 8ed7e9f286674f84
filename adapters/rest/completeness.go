package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// completenessView is the representation in responses of the completeness of an account, that is, whether its
// transactions explain its balance.
type completenessView struct {
	AccountID  string      `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	State      string      `json:"state" enum:"unknown,complete,drifting" example:"complete" doc:"Whether the transactions explain the balance. drifting: a check has failed for at least DRIFT_GRACE"`
	Since      time.Time   `json:"since,omitzero" example:"2026-03-01T10:00:00Z" doc:"When the state began; absent if it is unknown"`
	Basis      string      `json:"basis" enum:"no_settled_read,sign_in,consent,no_balance,invoice_balance,unsupported_type,too_many_digits,unknown_amount,first_reading,quarantined_rows,undated,unsettled,baseline,running_balance,announced_count,bill_total" example:"baseline" doc:"The basis of the state. no_settled_read: no complete pull has read the account after a synchronisation of the vendor. sign_in, consent: nothing can arrive. first_reading: no later synchronisation has confirmed the first reading. quarantined_rows: rows of the account are in the quarantine. undated: the vendor does not state when it read the bank. unsettled: transactions have changed, and no settled pull has read the account for 24 hours. baseline: the anchor is compared with the baseline. running_balance, announced_count, bill_total: the check that decides. The other values are reasons why there is nothing to compare with"`
	Changed    bool        `json:"changedSince,omitzero" example:"true" doc:"Whether posted transactions have changed since the balance was read, or their removal is held back: the state may be outdated. Absent otherwise, and after 24 hours, when basis is unsettled. Until the next settled read, statements as camt.053 and OFX need force=true, unless they end before the changed transactions"`
	BankRead   time.Time   `json:"bankReadAt,omitzero" example:"2026-03-02T09:30:00Z" doc:"When the vendor had last read the bank at the last settled read; absent if it does not state that"`
	CoversTo   string      `json:"coversTo,omitempty" format:"date" example:"2026-02-27" doc:"The last day that the state covers: the bank had had time to book it; absent without bankReadAt"`
	CompleteTo string      `json:"completeTo,omitempty" format:"date" example:"2026-02-25" doc:"The last day up to which the state complete holds, if only bill_total decides: the closing date of the bill, or three days before it if the vendor does not state that date; absent otherwise"`
	Checks     []checkView `json:"checks" doc:"The result of each check; the first one is balance_anchor"`
}

// checkView is the result of one completeness check.
type checkView struct {
	Check      string    `json:"check" enum:"balance_anchor,running_balance,announced_count,bill_total" example:"balance_anchor" doc:"balance_anchor: the balance without the posted transactions equals the baseline. running_balance: the balances that the bank states with its transactions fit together. announced_count: as many transactions were read as the vendor has announced. bill_total: the total of the last closed bill of a card agrees with its transactions"`
	State      string    `json:"state" enum:"unknown,complete,drifting" example:"complete" doc:"The result; a failure counts as drifting once it has lasted for DRIFT_GRACE"`
	Expected   string    `json:"expected,omitempty" example:"1000" doc:"The expected amount, a signed decimal; absent if there is nothing to compare with. Of running_balance it is that of the newest gap, and 0 if there is none. Of announced_count it is a number of transactions"`
	Actual     string    `json:"actual,omitempty" example:"1000" doc:"The amount or number that was found"`
	Difference string    `json:"difference,omitempty" example:"0" doc:"actual minus expected, also before the failure counts"`
	Between    []string  `json:"between,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The ids of the two transactions around the newest gap; absent if there is none"`
	At         time.Time `json:"at,omitzero" example:"2026-03-02T10:00:00Z" doc:"When the amounts were read; unchanged amounts are stored once a day"`
}

func completenessViewOf(c ports.AccountCompleteness) completenessView {
	return completenessView{
		AccountID: c.Account.String(), State: string(c.State), Since: utcOrZero(c.Since), Basis: string(c.Basis),
		Changed: c.ChangedSince, BankRead: utcOrZero(c.BankReadAt), CoversTo: string(c.CoversTo),
		CompleteTo: string(c.CompleteTo), Checks: mapItems(c.Checks, checkOf),
	}
}

func checkOf(r books.CheckResult) checkView {
	v := checkView{Check: string(r.Check), State: string(r.State), At: utcOrZero(r.At)}
	// A second reading that does not confirm the first is no drift yet, but its difference is known.
	unconfirmed := r.Check == books.CheckBalanceAnchor && !r.Difference().IsZero()
	if r.State == books.CompletenessUnknown && !unconfirmed {
		return v
	}
	v.Expected, v.Actual = r.Expected.String(), r.Actual.String()
	v.Difference = r.Difference().String()
	for _, id := range r.Between {
		v.Between = append(v.Between, id.String())
	}
	return v
}

// balanceView is the balance of an account on one day.
type balanceView struct {
	At       time.Time `json:"at" example:"2026-03-02T10:00:00Z" doc:"When the balance was read: the last reading of the day, in UTC"`
	Balance  string    `json:"balance" example:"1520.37" doc:"The vendor's balance, a signed decimal in the holder's view: debt is negative"`
	Currency string    `json:"currency" example:"BRL" doc:"ISO 4217"`
	Posted   string    `json:"posted" example:"520.37" doc:"The sum of the posted transactions that are not removed"`
	Anchor   string    `json:"anchor" example:"1000" doc:"balance minus posted"`
	BankRead time.Time `json:"bankReadAt,omitzero" example:"2026-03-02T09:30:00Z" doc:"When the vendor had last read the bank; absent if it does not state that"`
	CoversTo string    `json:"coversTo,omitempty" format:"date" example:"2026-02-27" doc:"The last day that this reading of the bank covers; absent without bankReadAt"`
}

func balanceOf(b books.AccountBalance) balanceView {
	return balanceView{
		At: utcOrZero(b.At), Balance: b.Balance.String(), Currency: b.Currency,
		Posted: b.Posted.String(), Anchor: b.Anchor.String(),
		BankRead: utcOrZero(b.BankReadAt), CoversTo: string(b.CoversTo),
	}
}

// acceptRequest is the request body that accepts the current anchor of an account. The anchor is the balance minus
// the sum of the posted transactions.
type acceptRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"the bank has corrected its opening balance" doc:"Why the difference is right"`
}

// completenessRoutes returns the routes about completeness (whether the transactions of an account explain its
// balance), balances and statements.
func (s *server) completenessRoutes() []route {
	const tag, one = "Accounts and transactions", accountsPath + "/{id}"
	return []route{
		{
			id: "get-completeness", method: http.MethodGet, path: one + "/completeness",
			description: "Returns whether the posted transactions of an account explain its balance, as of the last " +
				"settled pull. No vendor is called.",
			status: http.StatusOK, tag: tag, summary: "Get the completeness of an account",
			scope: scopeRead, notFound: accountNotFound,
			mount: handle(s.getCompleteness),
		},
		{
			id: "accept-completeness", method: http.MethodPost, path: one + "/completeness/accept",
			description: "Makes the present anchor of an account its baseline, which ends a drift. Responds with 409 " +
				"if the balance of the account cannot be compared with its transactions, no announced count was " +
				"missed, and the last closed bill does not differ. The difference of a bill is accepted for it only.",
			status: http.StatusOK, tag: tag, summary: "Accept the present difference of an account",
			scope: scopeWrite, notFound: accountNotFound, idempotent: true, conflict: true,
			mount: handle(s.acceptCompleteness),
		},
		{
			id: "list-balances", method: http.MethodGet, path: one + "/balances",
			description: "Returns the days on which a settled pull has read the balance of an account, with the last " +
				"reading of each day.",
			status: http.StatusOK, tag: tag, summary: "List the balances of an account by day, newest first",
			scope: scopeRead, notFound: accountNotFound,
			mount: handle(s.listBalances),
		},
		s.statementRoute(tag),
		s.statementsRoute(tag),
	}
}

// getCompleteness returns the completeness of an account.
func (s *server) getCompleteness(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Account],
) (*bodyOutput[completenessView], error) {
	c, err := s.service.AccountCompleteness(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[completenessView]{completenessViewOf(c)}, nil
}

// acceptCompleteness stores the current anchor of an account as its baseline, with which later anchors are compared.
// The anchor is the balance minus the sum of the posted transactions.
func (s *server) acceptCompleteness(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Account] `path:"id" doc:"Opaque"`
	Body acceptRequest
},
) (*bodyOutput[completenessView], error) {
	c, err := s.service.AcceptCompleteness(ctx, tenant, in.ID.ID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[completenessView]{completenessViewOf(c)}, nil
}

// listBalances returns a page of the days on which the balance of an account was read.
func (s *server) listBalances(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Account] `path:"id" doc:"Opaque"`
	From   string                 `query:"from" format:"date" doc:"First day"`
	To     string                 `query:"to" format:"date" doc:"Last day"`
	Limit  int                    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[balanceList]    `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[balanceView], error) {
	window := domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)}
	p, err := s.service.ListBalances(ctx, tenant, in.ID.ID, window, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[balanceList](p, in.Limit, balanceOf), nil
}
