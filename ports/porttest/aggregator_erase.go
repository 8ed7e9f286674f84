package porttest

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// testErase checks an adapter that implements ports.Eraser: it must delete the account reference, and an account
// reference that the vendor does not have must count as deleted.
func testErase(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	vendor, ok := env.Adapter.(ports.Eraser)
	if !ok {
		return
	}
	if err := vendor.Erase(t.Context(), env.BadCredential); !isError(err, domain.Rejected, domain.CredentialRejected) {
		t.Errorf("with a wrong credential: %v", err)
	}
	if _, err := env.Adapter.Check(t.Context(), env.Good); err != nil {
		t.Errorf("the account reference is gone before its deletion: %v", err)
	}
	for _, what := range []string{"a deletion", "a repeated deletion"} {
		if err := vendor.Erase(t.Context(), env.Good); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		_, err := env.Adapter.Check(t.Context(), env.Good)
		if !isError(err, domain.Rejected, domain.AccountNotFound) {
			t.Errorf("%s leaves the account reference: %v", what, err)
		}
	}
	if err := vendor.Erase(t.Context(), env.BadAccountRef); err != nil {
		t.Errorf("the deletion of an unknown account reference: %v", err)
	}
}
