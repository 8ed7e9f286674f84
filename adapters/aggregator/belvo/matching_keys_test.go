package belvo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// rowName returns the id of a JSON object of testdata. The id describes the case that the object tests.
func rowName(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var in struct{ ID string }
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	return in.ID
}

func TestInstitutionKeysGolden(t *testing.T) {
	got := map[string]domain.InstitutionKeys{}
	for _, raw := range readResults(t, "keys.json") {
		got[rowName(t, raw)] = institutionKeys(domain.TransactionData{Metadata: raw})
	}
	goldenfile.Compare(t, "testdata/keys.golden.json", got)
}

func TestAccountIdentityGolden(t *testing.T) {
	got := map[string]domain.AccountIdentity{}
	for _, raw := range readResults(t, "identities.json") {
		account := domain.AccountData{Metadata: raw}
		if strings.Contains(rowName(t, raw), "card") {
			account.Type = domain.CreditAccount
		}
		got[rowName(t, raw)] = accountIdentity(account)
	}
	goldenfile.Compare(t, "testdata/identities.golden.json", got)
}

func TestMetadataThatIsNoObjectHasNoKeys(t *testing.T) {
	for _, metadata := range []string{"", "null", "[]", `{"internal_identification"`} {
		raw := json.RawMessage(metadata)
		if got := institutionKeys(domain.TransactionData{Metadata: raw}); got != (domain.InstitutionKeys{}) {
			t.Errorf("%s has the keys %+v", metadata, got)
		}
		if got := accountIdentity(domain.AccountData{Metadata: raw}); got != (domain.AccountIdentity{}) {
			t.Errorf("%s has the identity %+v", metadata, got)
		}
	}
}
