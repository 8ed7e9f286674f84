package belvosim

import "encoding/json"

// LinkStatus is the state of a link as the vendor words it.
type LinkStatus string

const (
	// LinkValid links are refreshed by the vendor.
	LinkValid LinkStatus = "valid"
	// LinkInvalid links lost their credentials at the institution.
	LinkInvalid LinkStatus = "invalid"
	// LinkUnconfirmed links never finished their creation.
	LinkUnconfirmed LinkStatus = "unconfirmed"
	// LinkTokenRequired links wait for a second factor.
	LinkTokenRequired LinkStatus = "token_required"
)

// Link is one consent of one user at one institution, in the vendor's JSON shape.
type Link struct {
	// ID is made by [Simulator.AddLink] when empty.
	ID             string `json:"id"`
	Institution    string `json:"institution"`
	AccessMode     string `json:"access_mode"`
	LastAccessedAt string `json:"last_accessed_at"`
	CreatedAt      string `json:"created_at"`
	// ExternalID is the caller's own name of the user; nil is null.
	ExternalID         *string    `json:"external_id"`
	InstitutionUserID  string     `json:"institution_user_id"`
	Status             LinkStatus `json:"status"`
	CreatedBy          string     `json:"created_by"`
	RefreshRate        string     `json:"refresh_rate"`
	CredentialsStorage string     `json:"credentials_storage"`
	FetchResources     []string   `json:"fetch_resources"`
	StaleIn            string     `json:"stale_in"`
	// Owner is the secret id that may read the link; empty means every secret.
	// The vendor's JSON has no such member.
	Owner string `json:"-"`
}

// Account is an account in the vendor's JSON shape. RawMessage members are JSON
// text sent as it stands; nil is null.
type Account struct {
	// ID is made by [Simulator.AddAccount] when empty.
	ID                        string          `json:"id"`
	Link                      string          `json:"link"`
	Institution               Institution     `json:"institution"`
	CollectedAt               string          `json:"collected_at"`
	CreatedAt                 string          `json:"created_at"`
	LastAccessedAt            *string         `json:"last_accessed_at"`
	Category                  string          `json:"category"`
	BalanceType               string          `json:"balance_type"`
	Type                      string          `json:"type"`
	Name                      string          `json:"name"`
	Number                    string          `json:"number"`
	Balance                   json.RawMessage `json:"balance"`
	Currency                  *string         `json:"currency"`
	PublicIdentificationName  *string         `json:"public_identification_name"`
	PublicIdentificationValue *string         `json:"public_identification_value"`
	BankProductID             *string         `json:"bank_product_id"`
	InternalIdentification    *string         `json:"internal_identification"`
	CreditData                json.RawMessage `json:"credit_data"`
	LoanData                  json.RawMessage `json:"loan_data"`
	FundsData                 json.RawMessage `json:"funds_data"`
	ReceivablesData           json.RawMessage `json:"receivables_data"`
	// AccountOpenFinance is nil outside Brazil's OFDA: its members are then absent.
	*AccountOpenFinance
}

// Institution names the bank of an account.
type Institution struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// AccountOpenFinance is what Brazil's OFDA adds to an account.
type AccountOpenFinance struct {
	Subtype    string          `json:"subtype"`
	Agency     *string         `json:"agency"`
	CheckDigit *string         `json:"check_digit"`
	Overdraft  json.RawMessage `json:"overdraft,omitempty"`
}

// Transaction is a transaction in the vendor's JSON shape, except that Account is
// an id here and the whole account object on the wire.
type Transaction struct {
	// ID is made by [Simulator.AddTransaction] when empty.
	ID                     string  `json:"id"`
	InternalIdentification *string `json:"internal_identification"`
	// Account is the id of an account of the same link; empty is null on the wire.
	Account string `json:"account"`
	// CollectedAt and CreatedAt are RFC 3339 with any number of fractional digits;
	// empty means now.
	CollectedAt string `json:"collected_at"`
	CreatedAt   string `json:"created_at"`
	// ValueDate is YYYY-MM-DD; nil is null.
	ValueDate *string `json:"value_date"`
	// AccountingDate is YYYY-MM-DD or RFC 3339; nil is null.
	AccountingDate *string `json:"accounting_date"`
	// Amount is JSON text, a number or a quoted one: 12.50 or "12.50". Always
	// positive at the vendor; the simulator does not insist.
	Amount         json.RawMessage `json:"amount"`
	Balance        json.RawMessage `json:"balance"`
	Currency       *string         `json:"currency"`
	Description    *string         `json:"description"`
	Observations   *string         `json:"observations"`
	Merchant       json.RawMessage `json:"merchant"`
	Category       *string         `json:"category"`
	Subcategory    *string         `json:"subcategory"`
	Reference      *string         `json:"reference"`
	Type           *string         `json:"type"`   // INFLOW, OUTFLOW or null
	Status         *string         `json:"status"` // PENDING, PROCESSED, UNCATEGORIZED or null
	CreditCardData json.RawMessage `json:"credit_card_data"`
	// TransactionOpenFinance is nil outside Brazil's OFDA: its members are then absent.
	*TransactionOpenFinance
}

// TransactionOpenFinance is what Brazil's OFDA adds to a transaction.
type TransactionOpenFinance struct {
	TransactedAt *string `json:"transacted_at"`
	// LocalCurrencyAmount is JSON text like Amount, in the account's currency.
	LocalCurrencyAmount         json.RawMessage `json:"local_currency_amount"`
	InferredAccountingDate      *string         `json:"inferred_accounting_date,omitempty"`
	PaymentType                 *string         `json:"payment_type"`
	OperationType               *string         `json:"operation_type"`
	OperationTypeAdditionalInfo *string         `json:"operation_type_additional_info"`
	MCC                         *int            `json:"mcc"`
	Counterparty                json.RawMessage `json:"counterparty"`
	LoanData                    json.RawMessage `json:"loan_data"`
}

// wireTransaction is what leaves the API: its own members shadow those of the
// embedded transaction.
type wireTransaction struct {
	ID                     string   `json:"id"`
	InternalIdentification *string  `json:"internal_identification"`
	Account                *Account `json:"account"`
	*Transaction
}
