package domain

// MatchRule is the code of the rule by which two rows were recognised as one movement. It appears in
// responses of the API. Package matching has further rules.
type MatchRule string

// The rules.
const (
	// SameKey: both rows have the same strong identifier, and no other old or new row has it.
	//
	// Evidence: Pluggy looks up a transaction by "the institution's own transaction id, when the connection provides
	// one" (https://docs.pluggy.ai/en/docs/products/credit-card-statement-cycle). Pluggy's id of the transaction
	// stays the same only if Pluggy finds it by this id. Belvo's internal_identification is the institution's id of
	// the transaction (https://developers.belvo.com/apis/belvoopenapispec/transactions). At both vendors, the
	// institution's id stays the same after a new login.
	SameKey MatchRule = "institution_key"

	// SameDescription: the amounts are equal, and both texts have the same name or the same words.
	//
	// Evidence: if the institution provides no transaction id, Pluggy derives a key from "description, amount, date,
	// and its position among identical transactions on the same day"
	// (https://docs.pluggy.ai/en/docs/products/credit-card-statement-cycle). Therefore a new date, or a new number in
	// the description, results in a new id.
	SameDescription MatchRule = "same_description"

	// SimilarText: the amounts are equal, and the texts are compatible, for example because one of them is truncated.
	//
	// Evidence: Belvo may create a second transaction "if an institution changes the amount,
	// description, or value_date of a transaction after it was already collected"
	// (https://support.belvo.com/hc/en-us/articles/9868950557597). Settling "can take days", and until
	// then every property can change (https://support.belvo.com/hc/en-us/articles/22296314310941).
	SimilarText MatchRule = "similar_text"

	// ForeignAmount: the foreign amounts are equal, and the amounts in the account's currency differ a little.
	//
	// Evidence: a purchase in a foreign currency is converted again when it settles. Pluggy returns the foreign amount
	// as amount and the converted amount as amountInAccountCurrency (https://docs.pluggy.ai/docs/transactions). Belvo
	// returns the converted amount as local_currency_amount.
	ForeignAmount MatchRule = "foreign_amount"

	// OperatorJoin: an operator has decided that the rows are one movement.
	OperatorJoin MatchRule = "operator"
)
