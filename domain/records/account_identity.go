package records

import (
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
