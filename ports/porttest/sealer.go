package porttest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sealerCanary is a secret that no error may contain.
const sealerCanary = "canary-5f2c81"

// TestSealer checks a ports.Sealer against its contract. Each call of factory returns a new sealer with its own key.
// The key of a sealer must not change during the test.
func TestSealer(t *testing.T, factory func(t *testing.T) ports.Sealer) {
	t.Helper()
	t.Run("a sealed credential can be opened", func(t *testing.T) { sealerRoundTrip(t, factory(t)) })
	t.Run("the same credential seals differently each time", func(t *testing.T) { sealerIsRandomized(t, factory(t)) })
	t.Run("another tenant or row cannot open it", func(t *testing.T) { sealerBindsToRow(t, factory(t)) })
	t.Run("a modified ciphertext cannot be opened", func(t *testing.T) { sealerDetectsTampering(t, factory(t)) })
	t.Run("bytes that were never sealed cannot be opened, and need resealing", func(t *testing.T) {
		sealerRejectsGarbage(t, factory(t))
	})
	t.Run("a credential of another sealer cannot be opened, and needs resealing", func(t *testing.T) {
		sealerRejectsOtherKeys(t, factory(t), factory(t))
	})
	t.Run("concurrent use", func(t *testing.T) { sealerConcurrent(t, factory(t)) })
}

type sealerRow struct {
	tenant     domain.TenantID
	connection domain.ConnectionID
}

func newSealerRow() sealerRow {
	return sealerRow{domain.TenantID{UUID: uuid.New()}, domain.ConnectionID{UUID: uuid.New()}}
}

func canaryCredential() domain.Credential {
	return domain.AggregatorCredential(domain.SecretText(sealerCanary), domain.SecretText(sealerCanary+"-secret"))
}

func sealerRoundTrip(t *testing.T, s ports.Sealer) {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	for name, c := range map[string]domain.Credential{
		"a pair": canaryCredential(),
		"empty":  {},
		"many parts": domain.NewCredential(map[string]domain.Secret{"a": domain.SecretText("1"),
			"b": domain.SecretText("2"), "": domain.SecretText("3")}),
		"not UTF-8": domain.NewCredential(map[string]domain.Secret{"token": domain.NewSecret(everyByte)}),
		"a big secret": domain.NewCredential(
			map[string]domain.Secret{"token": domain.NewSecret(bytes.Repeat(everyByte, 4096))},
		),
	} {
		t.Run(name, func(t *testing.T) {
			row := newSealerRow()
			sealed := mustSeal(t, s, row, c)
			if s.NeedsReseal(sealed) {
				t.Error("a credential sealed now needs resealing")
			}
			opened, err := s.Open(row.tenant, row.connection, sealed)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			if !opened.Equal(c) {
				t.Errorf("parts %v opened as %v, or with other values", c.Names(), opened.Names())
			}
		})
	}
}

func sealerIsRandomized(t *testing.T, s ports.Sealer) {
	row := newSealerRow()
	first, second := mustSeal(t, s, row, canaryCredential()), mustSeal(t, s, row, canaryCredential())
	if bytes.Equal(first, second) {
		t.Error("two ciphertexts of one credential are equal: a reader can see that it did not change")
	}
	if bytes.Contains(first, []byte(sealerCanary)) {
		t.Error("the ciphertext contains the secret")
	}
}

func sealerBindsToRow(t *testing.T, s ports.Sealer) {
	row, other := newSealerRow(), newSealerRow()
	sealed := mustSeal(t, s, row, canaryCredential())
	for name, moved := range map[string]sealerRow{
		"tenant":     {other.tenant, row.connection},
		"connection": {row.tenant, other.connection},
		"both":       other,
		"exchanged":  {domain.TenantID{UUID: row.connection.UUID}, domain.ConnectionID{UUID: row.tenant.UUID}},
		"none":       {},
	} {
		t.Run(name, func(t *testing.T) { assertUnopenable(t, s, moved, sealed) })
	}
}

func sealerDetectsTampering(t *testing.T, s ports.Sealer) {
	row := newSealerRow()
	sealed := mustSeal(t, s, row, canaryCredential())
	for bit := range len(sealed) * 8 {
		flipped := slices.Clone(sealed)
		flipped[bit/8] ^= 1 << (bit % 8)
		assertUnopenable(t, s, row, flipped)
	}
	for size := range sealed {
		assertUnopenable(t, s, row, sealed[:size])
	}
	assertUnopenable(t, s, row, append(slices.Clone(sealed), 0))
}

func sealerRejectsGarbage(t *testing.T, s ports.Sealer) {
	row := newSealerRow()
	for _, garbage := range []domain.Sealed{nil, {}, {1}, make(domain.Sealed, 5), make(domain.Sealed, 64),
		domain.Sealed(`{"clientId":""}`)} {
		assertUnopenable(t, s, row, garbage)
		if !s.NeedsReseal(garbage) {
			t.Errorf("%d bytes that were never sealed do not need resealing", len(garbage))
		}
	}
}

func sealerRejectsOtherKeys(t *testing.T, s, foreign ports.Sealer) {
	row := newSealerRow()
	sealed := mustSeal(t, foreign, row, canaryCredential())
	assertUnopenable(t, s, row, sealed)
	if !s.NeedsReseal(sealed) {
		t.Error("a credential sealed with another key does not need resealing")
	}
}

func sealerConcurrent(t *testing.T, s ports.Sealer) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			row, c := newSealerRow(), canaryCredential()
			for range 50 {
				sealed, err := s.Seal(row.tenant, row.connection, c)
				if err != nil {
					t.Errorf("Seal: %v", err)
					return
				}
				if opened, err := s.Open(row.tenant, row.connection, sealed); err != nil || !opened.Equal(c) {
					t.Errorf("Open: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
}

func mustSeal(t *testing.T, s ports.Sealer, row sealerRow, c domain.Credential) domain.Sealed {
	t.Helper()
	sealed, err := s.Seal(row.tenant, row.connection, c)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return sealed
}

// assertUnopenable ends the test unless Open fails with credential_unopened and returns no credential. It
// also checks that the error does not contain the secret.
func assertUnopenable(t *testing.T, s ports.Sealer, row sealerRow, sealed domain.Sealed) {
	t.Helper()
	c, err := s.Open(row.tenant, row.connection, sealed)
	if !errors.Is(err, domain.Unavailable) || !errors.Is(err, domain.CredentialUnopened) {
		t.Fatalf("Open returned %v, want Unavailable (credential_unopened)", err)
	}
	if !c.IsZero() {
		t.Error("an error was returned with a credential")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		rows := fmt.Sprintf(verb, err)
		for _, trace := range []string{sealerCanary, fmt.Sprintf("%x", sealerCanary)} {
			if bytes.Contains([]byte(rows), []byte(trace)) {
				t.Errorf("%s of the error shows the secret", verb)
			}
		}
	}
}
