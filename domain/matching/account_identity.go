package matching

import (
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// AcrossConnections returns the identity by which an account is compared with those of other connections. It lacks an
// institution's id that other accounts of the institution may have, too. The id must be as strong as one that names a
// movement (banktext.IsStrong), and must not consist of one character repeated.
func AcrossConnections(i domain.AccountIdentity) domain.AccountIdentity {
	id := banktext.Fold(i.ID)
	if !banktext.IsStrong(banktext.InstitutionID, id) || strings.Trim(id, id[:1]) == "" {
		i.ID = ""
	}
	return i
}

// acrossConnections returns a copy of the accounts with the identities that [AcrossConnections] returns.
func acrossConnections(accounts []LinkedAccount) []LinkedAccount {
	accounts = slices.Clone(accounts)
	for i := range accounts {
		accounts[i].Identity = AcrossConnections(accounts[i].Identity)
	}
	return accounts
}
