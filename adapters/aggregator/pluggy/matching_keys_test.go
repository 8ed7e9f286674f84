package pluggy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// rowName returns the id of a JSON object of testdata. The id describes the case that the object tests.
func rowName(t *testing.T, raw []byte) string {
	t.Helper()
	var in struct {
		ID     string
		Amount json.Number
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	return in.ID
}

func TestInstitutionKeysGolden(t *testing.T) {
	got := map[string]domain.InstitutionKeys{}
	for _, raw := range objects(t, "keys") {
		var in struct{ Amount json.Number }
		if err := json.Unmarshal(raw, &in); err != nil {
			t.Fatal(err)
		}
		amount, err := domain.ParseMoney(in.Amount.String(), "BRL")
		if err != nil {
			t.Fatal(err)
		}
		got[rowName(t, raw)] = institutionKeys(domain.TransactionData{Amount: amount, Metadata: json.RawMessage(raw)})
	}
	goldenfile.Compare(t, "testdata/golden/keys.json", got)
}

func TestAccountIdentityGolden(t *testing.T) {
	got := map[string]domain.AccountIdentity{}
	for _, raw := range objects(t, "identities") {
		account := domain.AccountData{Metadata: json.RawMessage(raw)}
		if strings.Contains(rowName(t, raw), "card") {
			account.Type = domain.CreditAccount
		}
		got[rowName(t, raw)] = accountIdentity(account)
	}
	goldenfile.Compare(t, "testdata/golden/identities.json", got)
}

func TestMetadataThatIsNoObjectHasNoKeys(t *testing.T) {
	for _, metadata := range []string{"", "null", "[]", `"x"`, `{"providerId":"a","providerId":"b"}`, `{"providerId"`} {
		raw := json.RawMessage(metadata)
		if got := institutionKeys(domain.TransactionData{Metadata: raw}); got != (domain.InstitutionKeys{}) {
			t.Errorf("%s has the keys %+v", metadata, got)
		}
		if got := accountIdentity(domain.AccountData{Metadata: raw}); got != (domain.AccountIdentity{}) {
			t.Errorf("%s has the identity %+v", metadata, got)
		}
	}
}
