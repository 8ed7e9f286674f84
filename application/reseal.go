package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// resealBatch is the number of sealed values that are read at a time for re-encryption.
const resealBatch = 200

// Reseal implements ports.Maintenance. It visits all values again and again, until it finds nothing to reseal. One
// visit is not enough, because a replica without the new primary key still seals with the old primary key.
//
// A credential that is rotated at the same time is not overwritten. A value that cannot be decrypted is skipped and
// counted in the returned error. The keys of the service are not counted as resealed.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	for total := 0; ; {
		done, lost := 0, 0
		for _, kind := range []ports.SealedKind{
			ports.SealedConnection, ports.SealedLinkSession, ports.SealedApplication, ports.SealedSubscription,
			ports.SealedFile,
		} {
			resealed, unopened, err := s.resealAll(ctx, kind)
			done, lost, total = done+resealed, lost+unopened, total+resealed
			if err != nil {
				return total, err
			}
		}
		for _, kind := range []ports.SealedKind{ports.SealedAuditKey, ports.SealedHashKey} {
			switch err := s.resealKey(ctx, kind); {
			case errors.Is(err, domain.CredentialUnopened):
				lost++
			case err != nil:
				return total, err
			}
		}
		if done == 0 {
			return total, unopenedError(lost)
		}
	}
}

// resealAll visits all values of a kind once. It returns how many values were replaced, and how many cannot be
// decrypted.
func (s *Service) resealAll(ctx context.Context, kind ports.SealedKind) (resealedCount, lostCount int, err error) {
	for after := (ports.SealedValue{}).ID; ; {
		limit := resealBatch
		if kind == ports.SealedFile {
			limit = 1 // a file may have 8 MiB
		}
		batch, err := s.SealedValues.List(ctx, kind, after, limit)
		if err != nil || len(batch) == 0 {
			return resealedCount, lostCount, err
		}
		for _, v := range batch {
			replaced, err := s.resealValue(ctx, v)
			switch {
			case errors.Is(err, domain.CredentialUnopened):
				lostCount++ // the call has already emitted SealingFailed
			case err != nil:
				return resealedCount, lostCount, err
			case replaced:
				resealedCount++
			}
			after = v.ID
		}
	}
}

// resealKey re-encrypts a key of the service; it does nothing if there is none. Errors: Unavailable
// (credential_unopened).
func (s *Service) resealKey(ctx context.Context, kind ports.SealedKind) error {
	sealed, err := s.SealedValues.Key(ctx, kind)
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	if err == nil {
		_, err = s.resealValue(ctx, ports.SealedValue{Kind: kind, Sealed: sealed})
	}
	return err
}

// resealValue re-encrypts a value, unless it is sealed under the primary key. It reports whether the stored value was
// replaced. Errors: Unavailable (credential_unopened).
func (s *Service) resealValue(ctx context.Context, v ports.SealedValue) (bool, error) {
	if !s.Sealer.NeedsReseal(v.Sealed) {
		return false, nil
	}
	fresh, err := s.sealAgain(ctx, v)
	if err != nil {
		return false, err
	}
	return s.SealedValues.Replace(ctx, v, fresh)
}

// sealAgain decrypts a value and encrypts it under the primary key. The ciphertext stays bound to the same ids.
func (s *Service) sealAgain(ctx context.Context, v ports.SealedValue) (domain.Sealed, error) {
	if v.Kind == ports.SealedSubscription {
		return s.events.SealAgain(ctx, v)
	}
	if v.Kind == ports.SealedFile {
		id := witness.BankStatementID{UUID: v.BoundTo}
		content, err := s.Sealer.OpenFile(v.Tenant, id, v.Sealed)
		if err != nil {
			return nil, err
		}
		return s.Sealer.SealFile(v.Tenant, id, content)
	}
	c := domain.Connection{ID: domain.ConnectionID{UUID: v.BoundTo}, Tenant: v.Tenant, Sealed: v.Sealed}
	credential, err := s.unseal(ctx, c)
	if err == nil && v.Kind == ports.SealedHashKey {
		_, err = hashKeyIn(credential)
	}
	if err != nil {
		return nil, err
	}
	return s.seal(ctx, c, credential)
}

// CheckKeyset opens one stored value of each kind that almost every installation has: a key of the service, and the
// credential of a connection. If there are such values, and the sealer can open none of them, it returns Rejected
// (credential_unopened): the keyset belongs to another database.
func (s *Service) CheckKeyset(ctx context.Context) error {
	values, err := s.SealedValues.List(ctx, ports.SealedConnection, ports.SealedValue{}.ID, 1)
	if err != nil {
		return err
	}
	for _, kind := range []ports.SealedKind{ports.SealedAuditKey, ports.SealedHashKey} {
		switch sealed, err := s.SealedValues.Key(ctx, kind); {
		case err == nil:
			values = append(values, ports.SealedValue{Kind: kind, Sealed: sealed})
		case !errors.Is(err, domain.NotFound):
			return err
		}
	}
	lost := 0
	for _, v := range values {
		if len(v.Sealed) == 0 {
			continue
		}
		switch _, err := s.Sealer.Open(v.Tenant, domain.ConnectionID{UUID: v.BoundTo}, v.Sealed); {
		case err == nil:
			return nil
		case !errors.Is(err, domain.CredentialUnopened):
			return err
		}
		lost++
	}
	return unopenedError(lost)
}

// unopenedError returns an error that states how many credentials cannot be decrypted. It returns nil
// if count is 0.
func unopenedError(count int) error {
	if count == 0 {
		return nil
	}
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.CredentialUnopened,
		Message: fmt.Sprintf("credentials that do not open under this keyset: %d", count),
	}
}
