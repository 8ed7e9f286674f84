package pluggysim

import (
	"encoding/json"
	"fmt"
	"time"
)

// The card of [Simulator.SeedBillsAt], and its bills, the oldest first. The second bill comes with two ids.
const (
	BillsCardID   = "5a1c0000-0000-4000-8000-0000000000c1"
	FirstBillID   = "5a1cb111-0000-4000-8000-000000000010"
	SecondBillID  = "5a1cb111-0000-4000-8000-000000000011"
	SecondBillID2 = "5a1cb111-0000-4000-8000-000000000111"
	ThirdBillID   = "5a1cb111-0000-4000-8000-000000000012"
)

// cardRow describes a row of the card of SeedBillsAt.
type cardRow struct {
	text, date, amount    string
	bill, forecast        string
	number, count         int
	operation, fee        string
	pending               bool
	dollars, purchaseDate string
}

// SeedBillsAt adds a card of the demo item with three closed bills, which were due on the fifth of a month and of the
// two months before. The last one was due at least three days ago. The cases are:
//
//   - a bill of 644.26, of which 400.00 are paid
//   - a bill of 744.52 with the rest of the first one, and finance charges; it is listed twice, and it is paid
//   - a bill of 1000.00 that its rows do not reach: 108.98 are missing
//   - an instalment on each bill and an open one, a refund, an annual fee with its discount, a foreign purchase with
//     its tax, a forecast that is one month late, and a row that is not billed yet
//
// The demo item must exist. A second call changes nothing.
func (s *Simulator) SeedBillsAt(t time.Time) error {
	_, err := s.AddAccount(Account{
		ID: BillsCardID, ItemID: DemoItemID, Type: "CREDIT", Subtype: "CREDIT_CARD", Number: "4410",
		Name: "Cartão com Faturas", Balance: "358.9",
		CreditData: json.RawMessage(`{"creditLimit":5000,"availableCreditLimit":4641.1,"disaggregatedCreditLimits":[` +
			`{"creditLineLimitType":"LIMITE_CREDITO_TOTAL","consolidationType":"CONSOLIDADO","usedAmount":358.9}]}`),
	})
	if err != nil {
		return nil //nolint:nilerr // the card exists already
	}
	t = t.AddDate(0, 0, -7)
	at := func(months, day int) string {
		return time.Date(t.Year(), t.Month()+time.Month(months), day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	for i, r := range cardRows(at) {
		if err := s.addCardRow(i, r); err != nil {
			return err
		}
	}
	paid := func(amount Number, months int, kind, mode string) []Payment {
		return []Payment{{
			ID: s.newID(), Kind: kind, Date: midnight(at(months, 5)), Mode: Text(mode), Amount: amount, Currency: "BRL",
		}}
	}
	second := Bill{
		ID: SecondBillID, Due: midnight(at(-1, 5)), Closing: midnight(at(-2, 28)), Total: "744.52", Minimum: "148.9",
		Charges: []Charge{
			{Type: "LATE_PAYMENT_REMUNERATIVE_INTEREST", Amount: "12.3", Currency: "BRL", Info: "NA"},
			{Type: "LATE_PAYMENT_FEE", Amount: "4.89", Currency: "BRL", Info: "NA"},
			{Type: "LATE_PAYMENT_INTEREST", Amount: "1.02", Currency: "BRL", Info: "NA"},
			{Type: "IOF", Amount: "2.05", Currency: "BRL", Info: "NA"},
			{Type: "OTHER", Amount: "0", Currency: "BRL", Info: "NA"},
		},
		Payments: paid("744.52", -1, "FULL_PAYMENT", "DEBIT_ACCOUNT"),
	}
	twice := second
	twice.ID = SecondBillID2
	return s.SetBills(BillsCardID, Bill{
		ID: ThirdBillID, Due: midnight(at(0, 5)), Closing: midnight(at(-1, 28)), Total: "1000", Minimum: "200",
	}, second, twice, Bill{
		ID: FirstBillID, Due: midnight(at(-2, 5)), Closing: midnight(at(-3, 28)), Total: "644.26", Minimum: "128.85",
		Payments: paid("400", -2, "OTHER_PAYMENT", "PIX"),
	})
}

func midnight(date string) Text { return Text(date + "T00:00:00.000Z") }

// cardRows returns the rows of the card. at returns a day of a month relative to the present one.
func cardRows(at func(months, day int) string) []cardRow {
	month := func(months int) string { return at(months, 1)[:len("2006-01")] }
	return []cardRow{
		{text: "PAPELARIA AURORA", date: at(-3, 3), amount: "240", bill: FirstBillID, forecast: month(-2)},
		{text: "MOVEIS TABAJARA PARC 01/04", date: at(-3, 10), amount: "300", bill: FirstBillID, forecast: month(-2),
			number: 1, count: 4, purchaseDate: at(-3, 10)},
		{text: "ESTORNO PAPELARIA AURORA", date: at(-3, 12), amount: "-40", bill: FirstBillID, forecast: month(-2),
			operation: "ESTORNO"},
		{text: "CLOUD NORTE INC", date: at(-3, 15), amount: "110.4", dollars: "20", bill: FirstBillID,
			forecast: month(-2)},
		{text: "IOF COMPRA EXTERIOR", date: at(-3, 15), amount: "3.86", bill: FirstBillID, forecast: month(-2),
			operation: "OUTROS"},
		{text: "ANUIDADE PARC 01/12", date: at(-3, 20), amount: "30", bill: FirstBillID, forecast: month(-2),
			operation: "TARIFA", fee: "ANNUAL_FEE", number: 1, count: 12},
		{text: "PAGAMENTO RECEBIDO", date: at(-2, 5), amount: "-400", bill: SecondBillID, forecast: month(-1),
			operation: "PAGAMENTO_FATURA"},
		{text: "MOVEIS TABAJARA PARC 02/04", date: at(-2, 10), amount: "300", bill: SecondBillID, forecast: month(-1),
			number: 2, count: 4, purchaseDate: at(-3, 10)},
		{text: "POSTO ESTRELA", date: at(-2, 18), amount: "150", bill: SecondBillID, forecast: month(0)},
		{text: "ANUIDADE PARC 02/12", date: at(-2, 20), amount: "30", bill: SecondBillID, forecast: month(-1),
			operation: "TARIFA", fee: "ANNUAL_FEE", number: 2, count: 12},
		{text: "PAGAMENTO RECEBIDO", date: at(-1, 5), amount: "-744.52", forecast: month(0),
			operation: "PAGAMENTO_FATURA"},
		{text: "MOVEIS TABAJARA PARC 03/04", date: at(-1, 10), amount: "300", bill: ThirdBillID, forecast: month(0),
			number: 3, count: 4, purchaseDate: at(-3, 10)},
		{text: "MERCADO BOA VISTA", date: at(-1, 14), amount: "591.02", bill: ThirdBillID, forecast: month(0)},
		{text: "ANUIDADE PARC 03/12", date: at(-1, 20), amount: "30", bill: ThirdBillID, forecast: month(0),
			operation: "TARIFA", fee: "ANNUAL_FEE", number: 3, count: 12},
		{text: "DESCONTO ANUIDADE", date: at(-1, 20), amount: "-30", bill: ThirdBillID, forecast: month(0),
			operation: "TARIFA", fee: "ANNUAL_FEE"},
		{text: "MOVEIS TABAJARA PARC 04/04", date: at(0, 1), amount: "300", forecast: month(1), number: 4, count: 4,
			purchaseDate: at(-3, 10), pending: true},
		{text: "LIVRARIA PONTUAL", date: at(0, 1), amount: "58.9", forecast: "0001-01", pending: true},
	}
}

// addCardRow adds the i-th row of the card.
func (s *Simulator) addCardRow(i int, r cardRow) error {
	metadata := map[string]any{"cardNumber": "4410", "billForecastDate": r.forecast}
	for name, value := range map[string]string{"billId": r.bill, "feeType": r.fee} {
		if value != "" {
			metadata[name] = value
		}
	}
	if r.purchaseDate != "" {
		metadata["purchaseDate"] = r.purchaseDate + "T14:05:00.000Z"
	}
	if r.number > 0 {
		metadata["installmentNumber"], metadata["totalInstallments"] = r.number, r.count
	}
	encoded, err := json.Marshal(metadata)
	if err != nil {
		return err
	}
	date, err := time.Parse(time.DateOnly, r.date)
	if err != nil {
		return err
	}
	t := Transaction{
		ID: fmt.Sprintf("5a1c7000-0000-4000-8000-%012d", i+1), AccountID: BillsCardID, Description: r.text,
		DescriptionRaw: Text(r.text), CurrencyCode: "BRL", Amount: Number(r.amount), Type: "DEBIT", Status: "POSTED",
		Date: At(date.Add(3 * time.Hour)), CreditCardMetadata: encoded, OperationType: Text(r.operation),
		ProviderID: Text(fmt.Sprintf("OFCC-%04d", i+1)),
	}
	if r.dollars != "" {
		t.CurrencyCode, t.Amount, t.AmountInAccountCurrency = "USD", Number(r.dollars), Number(r.amount)
	}
	if r.amount[0] == '-' {
		t.Type = "CREDIT"
	}
	if r.pending {
		t.Status = "PENDING"
	}
	_, err = s.AddTransaction(t)
	return err
}
