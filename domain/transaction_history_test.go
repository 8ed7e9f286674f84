package domain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// version returns a transaction with the given version number. isRemoved states whether the transaction is removed.
func version(number int, isRemoved bool) domain.Transaction {
	t := domain.Transaction{ID: domain.TransactionID{UUID: uuid.UUID{1}}, Version: number}
	if isRemoved {
		t.RemovedAt = time.Unix(1, 0)
	}
	return t
}

func TestAPageOfVersionsStartsAtTheFirstKnownVersionWithoutAGap(t *testing.T) {
	for name, c := range map[string]struct {
		stored []domain.Transaction
		limit  int
		want   []domain.ChangeKind
		next   string
	}{
		"no version":          {},
		"a page without room": {[]domain.Transaction{version(1, false)}, 0, nil, ""},
		"every kind": {
			[]domain.Transaction{
				version(6, true), version(5, true), version(4, false), version(3, true), version(2, false),
				version(1, false),
			}, 6,
			[]domain.ChangeKind{
				domain.Modified, domain.Removed, domain.Restored, domain.Removed, domain.Modified, domain.Added,
			}, "",
		},
		"another page": {
			[]domain.Transaction{version(4, false), version(3, false), version(2, true)}, 2,
			[]domain.ChangeKind{domain.Modified, domain.Restored}, "3",
		},
		"the first known version is not version 1": {
			[]domain.Transaction{version(4, false), version(3, false)}, 2,
			[]domain.ChangeKind{domain.Modified, domain.Modified}, "",
		},
		"the first known version is removed": {
			[]domain.Transaction{version(3, true)}, 2, []domain.ChangeKind{domain.Removed}, "",
		},
		"a version is missing": {
			[]domain.Transaction{version(5, false), version(4, false), version(2, false), version(1, false)}, 2,
			[]domain.ChangeKind{domain.Modified, domain.Modified}, "",
		},
	} {
		page := domain.PageOfVersions(c.stored, domain.PageRequest{Limit: c.limit})
		var got []domain.ChangeKind
		for _, v := range page.Items {
			got = append(got, v.Change())
		}
		if diff := cmp.Diff(c.want, got); diff != "" || page.Next.Key != c.next {
			t.Errorf("%s: next %q, want %q; changes (-want +got):\n%s", name, page.Next.Key, c.next, diff)
		}
	}
}

func TestTheCauseOfAVersion(t *testing.T) {
	row := func(rules string, hash byte) domain.Transaction {
		return domain.Transaction{Version: 2, TransactionData: domain.TransactionData{
			Normalizer: rules, RowSHA256: []byte{hash},
		}}
	}
	decided, unknown := row("1", 1), row("2", 1)
	decided.Actor, unknown.RowSHA256 = "ana", nil
	earlier := row("1", 1)
	superseded := row("1", 1)
	superseded.SupersededBy = domain.TransactionID{UUID: uuid.New()}
	for name, c := range map[string]struct {
		version domain.Transaction
		want    domain.Cause
	}{
		"another row":               {row("1", 2), domain.CausedByVendor},
		"another row and rules":     {row("2", 2), domain.CausedByVendor},
		"the same row, other rules": {row("2", 1), domain.CausedByUpgrade}, "no hash": {unknown, domain.CausedByVendor},
		"an operator": {decided, domain.CausedByOperator}, "a replacement": {superseded, domain.CausedByMatching},
	} {
		if got := (domain.TransactionVersion{Transaction: c.version, Previous: &earlier}).Cause(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	unhashed := earlier
	unhashed.RowSHA256 = nil
	if got := (domain.TransactionVersion{Transaction: unknown, Previous: &unhashed}).Cause(); got !=
		domain.CausedByVendor {
		t.Errorf("two versions without hashes: %s", got)
	}
	if got := (domain.TransactionVersion{Transaction: row("1", 1)}).Cause(); got != domain.CausedByVendor {
		t.Errorf("the oldest version: %s", got)
	}
}
