package domain_test

import (
	"crypto/sha256"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Digests of references are stored, so the digest of a reference must never change.
func TestTheDigestOfAReferenceIsThatOfItsCanonicalForm(t *testing.T) {
	const item = "3b1f6c1e-7a55-4c1d-9f2f-0c8f1f2b6a10"
	for name, tc := range map[string]struct{ ref, hashed string }{
		"a UUID":               {item, item},
		"a UUID in upper case": {"3B1F6C1E-7A55-4C1D-9F2F-0C8F1F2B6A10", item},
		"another text":         {"Ref", "Ref"},
		"an empty reference":   {"", ""},
	} {
		want := domain.ReferenceDigest(sha256.Sum256([]byte("account reference\x00" + tc.hashed)))
		if got := domain.DigestOfReference(tc.ref); got != want {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
}
