package vendorhttp

import "github.com/LerianStudio/aggregator-connections/domain"

// Money reads an amount as the vendor wrote it. It takes only what the decimal type
// holds exactly: an amount that would be rounded is an error. Errors: Unavailable
// (malformed_response).
func ParseMoney(amount, currency string) (domain.Money, error) {
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		return domain.Money{}, malformed("an amount that is none, or too long to be exact")
	}
	return m, nil
}
