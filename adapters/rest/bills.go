package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billView is the representation of a bill of a card in responses. All amounts are positive where they are owed.
type billView struct {
	ID             string            `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Does not change"`
	AccountID      string            `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The card"`
	ExternalID     string            `json:"externalId,omitempty" example:"5a1cb111-0000-4000-8000-000000000011" doc:"The vendor's id; absent if the vendor has none"`
	DueDate        string            `json:"dueDate" format:"date" example:"2026-11-05" doc:"The day on which the bill is due"`
	ClosingDate    string            `json:"closingDate,omitempty" format:"date" example:"2026-10-28" doc:"The last day whose purchases the bill contains"`
	ClosingBasis   string            `json:"closingBasis,omitempty" enum:"vendor,derived" example:"vendor" doc:"vendor: the vendor states the closing date. derived: it is estimated from the other bills"`
	Total          string            `json:"total" example:"744.52" doc:"The vendor's figure; negative for a credit. It is never rebuilt"`
	Currency       string            `json:"currency" example:"BRL" doc:"ISO 4217"`
	MinimumPayment string            `json:"minimumPayment,omitempty" example:"148.9" doc:"The smallest payment that the bank accepts; absent if it is not known"`
	FinanceCharges []billChargeView  `json:"financeCharges" doc:"The costs that the bank has added"`
	Payments       []billPaymentView `json:"payments" doc:"The payments that settle this bill. Banks list a payment with this bill or with the next one; amounts and dates decide. Each payment belongs to one bill"`
	State          string            `json:"state" enum:"due,partly_paid,paid,carried,overdue,unknown" example:"paid" doc:"The first that applies: paid; carried: the next bill contains the rest; partly_paid; due: the vendor has not listed the bills since a payment on the due date would be booked; unknown: no payment of any bill of the account was ever seen, or one may have settled this bill; overdue"`
	Rows           billRowsView      `json:"rows" doc:"The transactions of the bill, without payments"`
	Carried        string            `json:"carried,omitempty" example:"244.26" doc:"What the bill before left unpaid; absent if that is not known"`
	Check          string            `json:"check" enum:"adds_up,differs,unknown" example:"adds_up" doc:"Whether the rows with carried are the total, within 0.05, with or without the charges; or the rows alone, while no payment of the bill before was seen. unknown: there is nothing to compare, or something unknown may explain the difference: uncertain or unreadable rows, the rest of a bill that is not listed"`
	Form           string            `json:"form,omitempty" enum:"rows,rows_and_charges" example:"rows_and_charges" doc:"Whether the total that fits best contains the finance charges in addition to the rows; some banks list them as rows"`
	Difference     string            `json:"difference,omitempty" example:"0" doc:"total minus the form that fits best"`
	BankReadAt     time.Time         `json:"bankReadAt,omitzero" example:"2026-11-06T09:02:11Z" doc:"When the vendor had last read the bank when it listed the bill"`
	RemovedAt      time.Time         `json:"removedAt,omitzero" example:"2026-11-09T10:00:00Z" doc:"When the vendor no longer listed the bill, or listed it twice; absent otherwise"`
}

// billChargeView is a finance charge of a bill.
type billChargeView struct {
	Type        string `json:"type" example:"LATE_PAYMENT_FEE" doc:"The vendor's own term. A charge of the type OTHER is often a carried balance and no cost"`
	Amount      string `json:"amount" example:"4.89" doc:"The amount, positive if it is owed"`
	Description string `json:"description,omitempty" example:"Multa" doc:"The text of the bank; absent if there is none"`
}

// billPaymentView is a payment of a bill.
type billPaymentView struct {
	Date          string   `json:"date" format:"date" example:"2026-11-05" doc:"The day of the payment"`
	Amount        string   `json:"amount" example:"744.52" doc:"The paid amount, positive"`
	Mode          string   `json:"mode,omitempty" example:"PIX" doc:"The vendor's own term"`
	TransactionID string   `json:"transactionId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The card's transaction of the payment"`
	Candidates    []string `json:"candidates,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"At most three posted debits of bank accounts with this amount within three days: a suggestion, nothing more"`
}

// billRowsView is the sum of the transactions of a bill.
type billRowsView struct {
	Count     int    `json:"count" example:"3" doc:"The number of transactions"`
	Sum       string `json:"sum" example:"480" doc:"Their sum, positive if it is owed"`
	Uncertain int    `json:"uncertain" example:"0" doc:"How many of them may belong to another bill"`
}

// openMonthView is the sum of the transactions that are on no closed bill.
type openMonthView struct {
	Month string `json:"month,omitempty" example:"2026-12" doc:"The month in which they are expected to be due; absent if it is not known"`
	Count int    `json:"count" example:"1" doc:"The number of transactions"`
	Sum   string `json:"sum" example:"300" doc:"Their sum, positive if it is owed"`
}

// billPage is the envelope of a list of bills.
type billPage struct {
	page[billView]

	Open    []openMonthView `json:"open" doc:"The transactions of the card that are on no closed bill, by the month in which they are expected to be due"`
	List    string          `json:"list,omitempty" enum:"ok,denied" example:"ok" doc:"denied: the vendor does not let the bills be read, which is not an empty list. Absent while the list was not read yet"`
	Partial bool            `json:"partial,omitzero" example:"true" doc:"Whether the vendor lists bills that cannot be read, which are missing here; absent otherwise"`
}

// billsOutput is the output of the operation that lists bills.
type billsOutput struct{ Body billPage }

func billOf(b ports.Bill) billView {
	v := billView{
		ID: b.ID.String(), AccountID: b.Account.String(), ExternalID: b.ExternalID, DueDate: string(b.DueDate),
		ClosingDate: string(b.Closing), Total: b.Total.String(), Currency: b.Currency,
		FinanceCharges: mapItems(b.FinanceCharges, chargeOf), Payments: []billPaymentView{}, State: string(b.State),
		Rows:  billRowsView{Count: b.Rows.Count, Sum: b.Rows.Sum.String(), Uncertain: b.Rows.Uncertain},
		Check: string(b.Check), Form: string(b.Form), BankReadAt: utcOrZero(b.BankReadAt),
		RemovedAt: utcOrZero(b.RemovedAt),
	}
	switch {
	case b.Closing == "": // a duplicate, which has no facts
		v.ClosingDate, v.State, v.Check = string(b.ClosingDate), string(bills.StateUnknown), string(bills.CheckUnknown)
		if v.ClosingDate != "" {
			v.ClosingBasis = "vendor"
		}
	case b.ClosingKnown:
		v.ClosingBasis = "vendor"
	default:
		v.ClosingBasis = "derived"
	}
	if b.MinimumPayment != nil {
		v.MinimumPayment = b.MinimumPayment.String()
	}
	if b.Carried != nil {
		v.Carried = b.Carried.String()
	}
	if b.Difference != nil {
		v.Difference = b.Difference.String()
	}
	for i, p := range b.Paid {
		payment := billPaymentView{
			Date: string(p.Date), Amount: p.Amount.String(), Mode: p.Mode, TransactionID: idOrEmpty(p.Row),
		}
		if i < len(b.Candidates) {
			payment.Candidates = idTexts(b.Candidates[i])
		}
		v.Payments = append(v.Payments, payment)
	}
	return v
}

func chargeOf(c bills.Charge) billChargeView {
	return billChargeView{Type: c.Type, Amount: c.Amount.String(), Description: c.Description}
}

func openMonthOf(o bills.OpenMonth) openMonthView {
	return openMonthView{Month: string(o.Month), Count: o.Count, Sum: o.Sum.String()}
}

// billRoutes returns the routes about the bills of cards.
func (s *server) billRoutes() []route {
	const tag, one = "Accounts and transactions", prefix + "/bills/{id}"
	return []route{
		{
			id: "list-bills", method: http.MethodGet, path: accountsPath + "/{id}/bills",
			description: "Returns the closed bills of a card by their due date, and the sums of the transactions " +
				"that are on none. An account that is no card has no bills. No vendor is called.",
			status: http.StatusOK, tag: tag, summary: "List the bills of a card, newest first",
			scope: scopeRead, notFound: accountNotFound, mount: handle(s.listBills),
		},
		{
			id: "get-bill", method: http.MethodGet, path: one,
			description: "Returns one bill of a card. No vendor is called.",
			status:      http.StatusOK, tag: tag, summary: "Get a bill",
			scope: scopeRead, notFound: billNotFound, mount: handle(s.getBill),
		},
		{
			id: "list-bill-transactions", method: http.MethodGet, path: one + "/transactions",
			description: "Returns the transactions of a bill, pending ones too, and without payments.",
			status:      http.StatusOK, tag: tag, summary: "List the transactions of a bill, newest first",
			scope: scopeRead, notFound: billNotFound, mount: handle(s.listBillTransactions),
		},
	}
}

// listBills returns a page of the bills of an account.
func (s *server) listBills(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Account] `path:"id" doc:"Opaque"`
	From   string                 `query:"from" format:"date" doc:"First due date"`
	To     string                 `query:"to" format:"date" doc:"Last due date"`
	Limit  int                    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[billList]       `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*billsOutput, error) {
	window := domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)}
	p, overview, err := s.service.ListBills(ctx, tenant, in.ID.ID, window, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return &billsOutput{billPage{
		page: pageOf[billList](p, in.Limit, billOf).Body, Open: mapItems(overview.Open, openMonthOf),
		List: listState(overview.List), Partial: overview.List == bills.ListPartial,
	}}, nil
}

// listState returns the state of a list of bills as callers see it.
func listState(s bills.ListState) string {
	if s == bills.ListPartial {
		s = bills.ListRead
	}
	return string(s)
}

// getBill returns one bill.
func (s *server) getBill(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.CardBill],
) (*bodyOutput[billView], error) {
	b, err := s.service.GetBill(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[billView]{billOf(b)}, nil
}

// listBillTransactions returns a page of the transactions of a bill.
func (s *server) listBillTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.CardBill]     `path:"id" doc:"Opaque"`
	Limit  int                         `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[billTransactionList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[transactionView], error) {
	p, err := s.service.ListBillTransactions(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[billTransactionList](p, in.Limit, transactionOf), nil
}
