package recordstore_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestACursorOfTheFeedDoesNotShowThePosition(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		tenant := domain.TenantID{UUID: uuid.New()}
		const place = 7654321
		if err := b.GORM.Exec("UPDATE feed SET plain_until = ?", place).Error; err != nil {
			t.Fatal(err)
		}
		read := func(s storetest.Stores, tenant domain.TenantID, key string) (string, error) {
			page, err := s.Ledger().Changes(t.Context(), tenant, domain.PageRequest{
				Limit: 1, After: domain.Position{Key: key, ID: uuid.New()},
			})
			return page.Next.Key, err
		}
		refused := func(what string, err error) {
			if fields := domain.ErrorsOf(err); !errors.Is(err, domain.Invalid) || fields[0].Field != "cursor" {
				t.Errorf("%s: %v, want an error of the cursor", what, err)
			}
		}
		encrypted, err := read(b, tenant, strconv.Itoa(place)) // earlier versions returned plain text
		if err != nil || strings.Contains(encrypted, strconv.Itoa(place)) || len(encrypted) != 23 {
			t.Fatalf("the key is %q; %v", encrypted, err)
		}
		if again, err := read(b, tenant, encrypted); err != nil || again != encrypted {
			t.Errorf("the key of the same position is %q after %q; %v", again, encrypted, err)
		}
		_, err = read(b, tenant, strconv.Itoa(place+1))
		refused("a number that no earlier version returned", err)
		_, err = read(b, domain.TenantID{UUID: uuid.New()}, encrypted)
		refused("the cursor of another tenant", err)
		for _, text := range []string{"e", encrypted + "A", encrypted[:22], "e" + strings.Repeat("A", 22), "-1", "f1"} {
			_, err = read(b, tenant, text)
			refused(text, err)
		}
	})
}

func TestAllProcessesReadTheCursorsOfTheFeed(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		tenant := domain.TenantID{UUID: uuid.New()}
		first, err := b.Ledger().Changes(t.Context(), tenant, domain.PageRequest{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		next, err := b.NewStore().Ledger().Changes(t.Context(), tenant, domain.PageRequest{Limit: 1, After: first.Next})
		if err != nil || next.Next != first.Next {
			t.Errorf("another process continues at %v after %v; %v", next.Next, first.Next, err)
		}
	})
}
