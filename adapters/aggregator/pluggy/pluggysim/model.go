package pluggysim

import "encoding/json"

// Client is an API credential of the vendor. A disabled client is refused at /auth with CLIENT_DISABLED.
type Client struct {
	ID       string `json:"id"`
	Secret   string `json:"-"`
	Disabled bool   `json:"disabled"`
}

// Item is a user's login at an institution. Its id is the account reference of a connection to this vendor. Connector,
// StatusDetail and similar members are raw JSON that the simulator does not read; nil is sent as null.
type Item struct {
	ClientID        string          `json:"-"` // id of the owner; if empty, every client can read the item
	ID              string          `json:"id"`
	Connector       json.RawMessage `json:"connector"`
	CreatedAt       Time            `json:"createdAt"`
	UpdatedAt       Time            `json:"updatedAt"`
	Status          string          `json:"status"`          // UPDATED, UPDATING, LOGIN_ERROR, OUTDATED, …
	ExecutionStatus string          `json:"executionStatus"` // SUCCESS, PARTIAL_SUCCESS, INVALID_CREDENTIALS, …
	LastUpdatedAt   Time            `json:"lastUpdatedAt"`
	WebhookURL      Text            `json:"webhookUrl"`
	Error           *ItemError      `json:"error"`
	ClientUserID    Text            `json:"clientUserId"`
	FailedLogins    int             `json:"consecutiveFailedLoginAttempts"`
	StatusDetail    json.RawMessage `json:"statusDetail"`
	Parameter       json.RawMessage `json:"parameter"`
	UserAction      json.RawMessage `json:"userAction"`
	NextAutoSyncAt  Time            `json:"nextAutoSyncAt"`
	ConsentExpires  Time            `json:"consentExpiresAt"`
	Products        []string        `json:"products"`
	OAuthRedirect   Text            `json:"oauthRedirectUri"`
}

// Consent is a consent in Open Finance that the account holder has given for an item. A zero ExpiresAt means that the
// consent does not expire.
type Consent struct {
	ID          string   `json:"id"`
	ItemID      string   `json:"itemId"`
	Products    []string `json:"products"`
	Permissions []string `json:"openFinancePermissionsGranted"`
	CreatedAt   Time     `json:"createdAt"`
	ExpiresAt   Time     `json:"expiresAt"`
	RevokedAt   Time     `json:"revokedAt"`
}

// ItemError is the reason why the last synchronisation of an item failed. Code is one of the values of executionStatus.
type ItemError struct {
	Code            string `json:"code"`
	Message         string `json:"message"`
	ProviderMessage string `json:"providerMessage,omitempty"`
}

// Account is a bank account (Type BANK) or a card (Type CREDIT) of an item.
type Account struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Subtype       string          `json:"subtype"` // CHECKING_ACCOUNT, SAVINGS_ACCOUNT, CREDIT_CARD
	Number        Text            `json:"number"`
	Name          string          `json:"name"`
	MarketingName Text            `json:"marketingName"`
	Balance       Number          `json:"balance"`
	ItemID        string          `json:"itemId"`
	TaxNumber     Text            `json:"taxNumber"`
	Owner         Text            `json:"owner"`
	CurrencyCode  string          `json:"currencyCode"` // ISO 4217
	BankData      json.RawMessage `json:"bankData"`
	CreditData    json.RawMessage `json:"creditData"`
	CreatedAt     Time            `json:"createdAt"`
	UpdatedAt     Time            `json:"updatedAt"`
}

// Transaction is one transaction row. Amount has the vendor's sign: on a bank account a DEBIT is negative;
// on a card a purchase is a positive DEBIT, and a payment of the bill is a negative CREDIT.
type Transaction struct {
	ID                      string          `json:"id"`
	AccountID               string          `json:"accountId"`
	Description             string          `json:"description"`
	DescriptionRaw          Text            `json:"descriptionRaw"`
	CurrencyCode            string          `json:"currencyCode"`
	Amount                  Number          `json:"amount"`
	AmountInAccountCurrency Number          `json:"amountInAccountCurrency"` // set only if the currencies differ
	Date                    Time            `json:"date"`
	Type                    Text            `json:"type"` // DEBIT, CREDIT
	Balance                 Number          `json:"balance"`
	Status                  Text            `json:"status"` // POSTED, PENDING
	Category                Text            `json:"category"`
	CategoryID              Text            `json:"categoryId"`
	ProviderCode            Text            `json:"providerCode"`
	ProviderID              Text            `json:"providerId"`
	PaymentData             json.RawMessage `json:"paymentData"`
	CreditCardMetadata      json.RawMessage `json:"creditCardMetadata"`
	Merchant                json.RawMessage `json:"merchant"`
	OperationType           Text            `json:"operationType"`
	OperationTypeInfo       Text            `json:"operationTypeAdditionalInfo"`
	Order                   int             `json:"order"`
	CreatedAt               Time            `json:"createdAt"`
	UpdatedAt               Time            `json:"updatedAt"`
}
