package books_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain/books"
)

func TestStoredReadingsAreReadInEitherFormOfJSON(t *testing.T) {
	want := reading(books.Completeness{}, firstReading, "1000.50", ledgerRow{day: "2026-03-01", amount: "-12.3"})
	stored, err := json.Marshal(want)
	if err != nil || !strings.Contains(string(stored), `"balance":"1000.5","posted":"-12.3","late":"0"`) {
		t.Fatalf("%s, %v", stored, err)
	}
	numbers := strings.NewReplacer(`"1000.5"`, "1000.50", `"-12.3"`, "-12.3", `"0"`, "0.00").Replace(string(stored))
	for _, text := range []string{string(stored), numbers} {
		var got books.AccountReading
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	var got books.AccountReading
	if err := json.Unmarshal([]byte(`{"balance":1e999999999}`), &got); err == nil {
		t.Errorf("a huge exponent was accepted")
	}
}

func TestASumOfTooManyDigitsIsUnknown(t *testing.T) {
	row := func(amount string) ledgerRow { return ledgerRow{day: "2026-03-01", amount: amount} }
	late := func(amount string) ledgerRow {
		return ledgerRow{day: "2026-02-01", amount: amount, seen: firstReading.Add(time.Hour)}
	}
	huge, tiny := row("9999999999999999999"), row("0.1")
	for name, c := range map[string]struct {
		balance string
		rows    []ledgerRow
		want    books.Basis
	}{
		"19 digits":                    {"0", []ledgerRow{huge}, books.BasisBaseline},
		"20 digits":                    {"0", []ledgerRow{huge, row("1"), row("1")}, books.BasisTooLarge},
		"20 digits after the point":    {"0", []ledgerRow{huge, tiny}, books.BasisTooLarge},
		"more digits before the end":   {"0", []ledgerRow{huge, tiny, row("-0.1")}, books.BasisBaseline},
		"20 digits only in the anchor": {"0.1", []ledgerRow{huge}, books.BasisTooLarge},
		"20 digits only in the sum":    {huge.amount, []ledgerRow{huge, row("2")}, books.BasisTooLarge},
		"20 digits only in late records": {
			"0", []ledgerRow{late(huge.amount), late("2"), row("-2"), row("-" + huge.amount)}, books.BasisTooLarge,
		},
	} {
		state := books.Completeness{}.After(reading(books.Completeness{}, firstReading, "0", row("1")))
		state = state.After(reading(state, firstReading.Add(time.Hour), c.balance, c.rows...))
		if basisOf(state) != c.want {
			t.Errorf("%s: %s", name, basisOf(state))
		}
	}
}
