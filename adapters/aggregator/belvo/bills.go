package belvo

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.BillReader = (*Adapter)(nil)

// The vendor's values that the adapter interprets.
const (
	maxBillPages       = 20
	otherCharge        = "OTHER" // often a carried balance
	noCharge           = "NO_CHARGE"
	installmentPayment = "INSTALLMENT"
	billPayment        = "PAGAMENTO_FATURA" // the operation of a row; the value PAGAMENTO is a purchase
)

// billJSON contains the members of a bill that this package reads. Source: developers.belvo.com, Bills (OFDA), and the
// data dictionary of 2026-04.
type billJSON struct {
	ID      string `json:"id"`
	Account struct {
		ID vendorhttp.Text `json:"id"`
	} `json:"account"`
	Due      vendorhttp.Text           `json:"due_date"`
	Currency string                    `json:"currency"`
	Total    vendorhttp.NumberOrString `json:"total_amount"`
	Minimum  vendorhttp.NumberOrString `json:"minimum_amount"`
	Created  vendorhttp.Text           `json:"created_at"`
	Charges  []struct {
		Type     vendorhttp.Text           `json:"type"`
		Amount   vendorhttp.NumberOrString `json:"amount"`
		Currency vendorhttp.Text           `json:"currency"`
		Info     vendorhttp.Text           `json:"additional_info"`
	} `json:"finance_charges"`
	Payments []struct {
		Type     vendorhttp.Text           `json:"type"`
		Date     vendorhttp.Text           `json:"payment_date"`
		Mode     vendorhttp.Text           `json:"payment_mode"`
		Amount   vendorhttp.NumberOrString `json:"amount"`
		Currency vendorhttp.Text           `json:"currency"`
	} `json:"payments"`
}

// Bills implements ports.BillReader: GET /api/bills/?link=. The vendor has no filter for an account, so the list is
// that of all cards of the link.
func (a *Adapter) Bills(
	ctx context.Context, access ports.Access, account domain.AccountData,
) (bills.Listing, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	list := newPagedList(access, "bills", nil)
	list.call.Resource = budgetBills
	all := bills.LinkListing{ByCard: map[string]bills.Listing{}}
	count, read := 0, map[string]bool{} // the rows, so that one that comes twice counts once
	for cursor, pages := "", 0; pages < maxBillPages; pages++ {
		page, err := a.fetchPage(ctx, access, list, cursor)
		if err != nil {
			return bills.Listing{}, err
		}
		if page.total != nil {
			count = max(count, *page.total)
		}
		for _, raw := range page.rows {
			bill, card, readable := readBill(raw)
			all.Add(bill, card, readable)
			read[cmp.Or(bill.ExternalID, string(raw))] = true
		}
		if cursor = page.next; cursor == "" {
			all.Partial = all.Partial || len(read) < count // a list that does not reach its own count may lack any bill
			listing := all.Of(account.ExternalID)
			listing.Link = &all
			return listing, nil
		}
	}
	return bills.Listing{}, &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
}

// readBill normalises a bill, and returns the external id of its account. ok is false for a bill without a valid id,
// due date or total.
func readBill(raw jsontext.Value) (out bills.Data, account string, ok bool) {
	var in billJSON
	if vendorhttp.Decode(raw, &in) != nil {
		return out, "", false
	}
	account = in.Account.ID.Value
	total, err := vendorhttp.ParseMoney(string(in.Total), in.Currency)
	due := billDate(in.Due)
	if err != nil || due == "" || !validID(in.ID) || account == "" {
		return out, account, false
	}
	out = bills.Data{ExternalID: in.ID, DueDate: due, Total: total.Amount, Currency: in.Currency}
	if at, err := time.Parse(time.RFC3339, in.Created.Value); err == nil {
		out.CreatedAt = at.UTC()
	}
	if minimum, err := domain.ParseAmount(string(in.Minimum)); err == nil {
		out.MinimumPayment = &minimum
	}
	for _, c := range in.Charges {
		amount, err := domain.ParseAmount(string(c.Amount))
		if err != nil || c.Type.Value == noCharge {
			continue
		}
		out.FinanceCharges = append(out.FinanceCharges, bills.Charge{
			Type: c.Type.Clean(), Amount: amount, Description: c.Info.Clean(),
			NoCost: c.Type.Value == otherCharge || isForeign(c.Currency, in.Currency),
		})
	}
	for _, p := range in.Payments {
		amount, err := domain.ParseAmount(string(p.Amount))
		date := billDate(p.Date)
		if err != nil || date == "" || isForeign(p.Currency, in.Currency) {
			out.UnreadPayments = true
			continue
		}
		out.Payments = append(out.Payments, bills.ListedPayment{
			Date: date, Amount: amount, Mode: p.Mode.Clean(), Instalments: p.Type.Value == installmentPayment,
		})
	}
	return out, account, true
}

// isForeign reports whether an amount is in another currency than its bill. An amount without a currency is in that of
// the bill.
func isForeign(currency vendorhttp.Text, ofBill string) bool {
	return currency.Odd || currency.Value != "" && currency.Value != ofBill
}

// billDate returns the date of a bill; "" if it cannot be read.
func billDate(text vendorhttp.Text) domain.Date {
	date, err := domain.ParseDate(text.Value)
	if err != nil || date < "1900" {
		return ""
	}
	return date
}

// cardData contains the members of credit_card_data that the adapter needs.
type cardData struct {
	Bill struct {
		ID vendorhttp.Text `json:"id"`
	} `json:"credit_card_bill"`
}

// cardFacts returns what the row of a card states about its bill. The vendor states no month of an open bill, and no
// number of the instalment.
func cardFacts(value json.RawMessage) domain.CardFacts {
	in := vendorhttp.DecodeObject[cardData](jsontext.Value(value))
	var facts domain.CardFacts
	if validID(in.Bill.ID.Value) {
		facts.Bill = in.Bill.ID.Value
	}
	return facts
}
