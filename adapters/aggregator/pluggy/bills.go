package pluggy

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.BillReader = (*Adapter)(nil)

// maxBillPages bounds how many pages of the list of bills are read. A card has twelve bills a year.
const maxBillPages = 20

// The vendor's values that the adapter interprets.
const (
	otherCharge        = "OTHER" // often a carried balance, or zero
	installmentPayment = "INSTALLMENT_PAYMENT"
	billPayment        = "PAGAMENTO_FATURA"
	cardPayment        = "Credit card payment"
	noBillPermission   = "CC_005"
)

// bill contains the members of a bill that the adapter needs. Source: the vendor's OpenAPI document, CreditCardBills.
type bill struct {
	ID       string            `json:"id"`
	Due      vendorhttp.Text   `json:"dueDate"`
	Closing  vendorhttp.Text   `json:"billClosingDate"`
	Total    vendorhttp.Number `json:"totalAmount"`
	Currency string            `json:"totalAmountCurrencyCode"`
	Minimum  vendorhttp.Number `json:"minimumPaymentAmount"`
	Created  vendorhttp.Text   `json:"createdAt"`
	Updated  vendorhttp.Text   `json:"updatedAt"`
	Charges  []struct {
		Type     vendorhttp.Text   `json:"type"`
		Amount   vendorhttp.Number `json:"amount"`
		Currency string            `json:"currencyCode"`
		Info     vendorhttp.Text   `json:"additionalInfo"`
	} `json:"financeCharges"`
	Payments []struct {
		Kind     vendorhttp.Text   `json:"valueType"`
		Date     vendorhttp.Text   `json:"paymentDate"`
		Mode     vendorhttp.Text   `json:"paymentMode"`
		Amount   vendorhttp.Number `json:"amount"`
		Currency string            `json:"currencyCode"`
	} `json:"payments"`
}

// Bills implements ports.BillReader: GET /bills?accountId=. The vendor documents no parameter of pages, so the list is
// requested without one, and a further page only if the response names more pages.
func (a *Adapter) Bills(
	ctx context.Context, at ports.Access, account domain.AccountData,
) (bills.Listing, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var all bills.Listing
	read := map[string]bool{} // the rows, so that one that comes twice counts once
	total, pages := 0, 1
	for page := 1; page <= min(pages, maxBillPages); page++ {
		query := url.Values{"accountId": {account.ExternalID}}
		if page > 1 {
			query.Set("page", strconv.Itoa(page))
		}
		body, err := a.sendForBills(ctx, at, vendorhttp.Call{
			Vendor: billAPI, Path: "/bills", PathTemplate: "/bills", Query: query.Encode(), Resource: "bills",
		})
		if err != nil {
			return bills.Listing{}, err
		}
		var envelope struct {
			TotalPages int `json:"totalPages"`
			Total      int `json:"total"`
		}
		results, err := vendorhttp.DecodeList(body, "results", &envelope)
		if err != nil {
			return bills.Listing{}, err
		}
		if results == nil {
			return bills.Listing{}, malformed("a page of bills without results")
		}
		total, pages = max(total, envelope.Total), envelope.TotalPages
		for _, raw := range results {
			bill, readable := readBill(raw)
			all.Add(bill, readable)
			read[cmp.Or(bill.ExternalID, string(raw))] = true
		}
	}
	// A list that does not reach its own count, or has too many pages, may lack any bill.
	all.Partial = all.Partial || len(read) < total || pages > maxBillPages
	if len(all.Bills) == 0 && !all.Partial {
		return all, a.checkBillPermission(ctx, at)
	}
	return all, nil
}

// checkBillPermission returns Rejected (access_denied) if the last synchronisation of the item had no permission for
// bills. The list is then empty although the card has bills.
func (a *Adapter) checkBillPermission(ctx context.Context, at ports.Access) error {
	found, err := a.itemOf(ctx, at)
	if err != nil {
		return err
	}
	if detail, _ := found.statusDetail(); detail.CreditCards.deniesBills() {
		return &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	}
	return nil
}

// itemOf reads the item of the connection.
func (a *Adapter) itemOf(ctx context.Context, at ports.Access) (found item, err error) {
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Path: "/items/" + url.PathEscape(at.AccountRef), PathTemplate: "/items/{id}",
		Resource: "items",
	})
	if err != nil {
		return found, err
	}
	return found, vendorhttp.Decode(body, &found)
}

// errKeyOrPermission is the cause of the error for a 403 of /bills that may mean an invalid API key.
var errKeyOrPermission = errors.New("the API key or the permission is missing")

// sendForBills makes a call to /bills. A 403 that may mean an invalid API key is a missing permission only if the
// vendor accepts the key for the item. Reading the item replaces a key that is not valid any more, so the call is made
// once more after it.
func (a *Adapter) sendForBills(ctx context.Context, at ports.Access, call vendorhttp.Call) ([]byte, error) {
	body, err := a.send(ctx, at, call)
	if !errors.Is(err, errKeyOrPermission) {
		return body, err
	}
	if _, err := a.itemOf(ctx, at); err != nil {
		return nil, err
	}
	return a.send(ctx, at, call)
}

// classifyBillError classifies an error of /bills. The vendor does not document the status of a missing permission. A
// 400 with a JSON body counts as one, and so does any 403: sendForBills makes sure that it is not about the API key.
func classifyBillError(status int, body []byte) *domain.Error {
	denied := domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
	switch description, err := codeDescriptionOf(body); {
	case status == http.StatusBadRequest && err == nil:
		return &denied
	case status == http.StatusForbidden && description == "":
		denied.Cause = errKeyOrPermission
		return &denied
	}
	return classifyError(status, body)
}

// readBill normalises a bill. ok is false for a bill without a valid id, due date or total.
func readBill(raw jsontext.Value) (out bills.Data, ok bool) {
	var in bill
	if vendorhttp.Decode(raw, &in) != nil || !validID(in.ID) {
		return out, false
	}
	total, err := vendorhttp.ParseMoney(string(in.Total), in.Currency)
	due := dateIn(in.Due)
	if err != nil || due == "" {
		return out, false
	}
	out = bills.Data{
		ExternalID: in.ID, DueDate: due, ClosingDate: dateIn(in.Closing), Total: total.Amount, Currency: in.Currency,
	}
	out.CreatedAt, _ = parseTime(in.Created.Value)
	out.UpdatedAt, _ = parseTime(in.Updated.Value)
	if minimum, err := domain.ParseAmount(string(in.Minimum)); err == nil {
		out.MinimumPayment = &minimum
	}
	for _, c := range in.Charges {
		if amount, err := domain.ParseAmount(string(c.Amount)); err == nil {
			out.FinanceCharges = append(out.FinanceCharges, bills.Charge{
				Type: c.Type.Clean(), Amount: amount, Description: description(c.Info),
				NoCost: c.Type.Value == otherCharge || isForeign(c.Currency, in.Currency),
			})
		}
	}
	for _, p := range in.Payments {
		amount, err := domain.ParseAmount(string(p.Amount))
		date := dateIn(p.Date)
		if err != nil || date == "" || isForeign(p.Currency, in.Currency) {
			out.UnreadPayments = true
			continue
		}
		out.Payments = append(out.Payments, bills.ListedPayment{
			Date: date, Amount: amount, Mode: p.Mode.Clean(), Instalments: p.Kind.Value == installmentPayment,
		})
	}
	return out, true
}

// isForeign reports whether an amount is in another currency than its bill.
func isForeign(currency, ofBill string) bool { return currency != "" && currency != ofBill }

// description returns the text that a bank gives for a charge. Banks write "NA" where they have none.
func description(info vendorhttp.Text) string {
	if text := info.Clean(); text != "NA" {
		return text
	}
	return ""
}

// dateIn returns the calendar date with which a time of a bill begins; "" if there is none. The vendor writes midnight,
// with and without a time zone.
func dateIn(at vendorhttp.Text) domain.Date {
	text, _, _ := strings.Cut(at.Value, "T")
	date, err := domain.ParseDate(text)
	if err != nil || date < "1900" {
		return ""
	}
	return date
}

// cardMetadata contains the members of creditCardMetadata that the adapter needs.
type cardMetadata struct {
	Bill         vendorhttp.Text  `json:"billId"`
	Forecast     vendorhttp.Text  `json:"billForecastDate"`
	Number       vendorhttp.Count `json:"installmentNumber"`
	Count        vendorhttp.Count `json:"totalInstallments"`
	PurchaseDate vendorhttp.Text  `json:"purchaseDate"`
}

// maxInstalments is the largest number of instalments that is believed.
const maxInstalments = 999

// cardFacts returns what the row of a card states about its bill. incoming is set for a row that reduces the debt.
func (r row) cardFacts(incoming bool) domain.CardFacts {
	in := vendorhttp.DecodeObject[cardMetadata](r.Card)
	facts := domain.CardFacts{
		Forecast: domain.ParseBillMonth(in.Forecast.Value),
		Payment:  incoming && (r.Operation.Value == billPayment || r.Category == cardPayment),
	}
	if validID(in.Bill.Value) {
		facts.Bill = in.Bill.Value
	}
	if n, of := int(in.Number), int(in.Count); n > 0 && n <= maxInstalments && (of == 0 || n <= of) {
		facts.Number, facts.Count = n, max(0, min(of, maxInstalments))
	}
	if at, ok := parseTime(in.PurchaseDate.Value); ok && at.Year() >= 1900 && at.Year() <= 9999 {
		facts.PurchaseDate = domain.DateOf(at)
		if !at.Equal(at.Truncate(24 * time.Hour)) {
			facts.PurchaseDate = domain.DateOf(at.In(saoPaulo))
		}
	}
	return facts
}
