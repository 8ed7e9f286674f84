package domain_test

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Long texts must be refused, and also short texts with an exponent that needs many digits. Parsing all these texts
// must take little memory.
func TestHostileAmountsAreRefusedCheaply(t *testing.T) {
	long := strings.Repeat("9", 1<<20)
	hostile := []string{
		"1e999999999", "-1e999999999", "1e-999999999", "1e2147483647", "1e-2147483648", "1e9223372036854775807",
		"1e99999999999999999999", "1e10000", "1e-10000", "1e20", "1e19", "1e-20", "0.1e-19", "1e1_0", "1e1.5",
		long, "-" + long, "0." + long, "1e" + long, "1e-" + long, strings.Repeat("0", 1<<20),
		"−5", ".", "-", "e5", ".e5", "1.2.3", ".-5", "1_0",
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, text := range hostile {
		if amount, err := domain.ParseAmount(text); !errors.Is(err, domain.Invalid) {
			t.Errorf("%.20q: digits %d, exponent %d, %v", text, amount.NumDigits(), amount.Exponent(), err)
		}
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<10 {
		t.Errorf("%d bytes were allocated", taken)
	}
}

func TestAnAmountHasAtMost19Digits(t *testing.T) {
	for in, want := range map[string]string{
		"1e18": "1000000000000000000", "-9.999999999999999999e18": "-9999999999999999999", "+5": "5", ".5": "0.5",
		"5.": "5", "12e-19": "0.0000000000000000012", "0e5": "0", "0.000e-3": "0", "1500.00": "1500", "0010": "10",
		"1.5" + strings.Repeat("0", 300): "1.5", strings.Repeat("0", 300) + "1.5": "1.5", "100e-2": "1",
		"1234567890123456789" + strings.Repeat("0", 30) + "e-30": "1234567890123456789",
	} {
		if amount, err := domain.ParseAmount(in); err != nil || amount.String() != want {
			t.Errorf("%s: %s, %v", in, amount, err)
		}
	}
}

func TestTheZeroMoneyIsZero(t *testing.T) {
	var none domain.Money
	for _, text := range []string{"0", "-0.00", "0e3"} {
		zero, err := domain.ParseAmount(text)
		if err != nil || !none.Equal(domain.Money{Amount: zero}) || !none.Equal(none.Negate()) ||
			!cmp.Equal(none.Amount, zero) {
			t.Errorf("%s: %s, %v", text, zero, err)
		}
	}
	if text, err := json.Marshal(none.Amount); string(text) != `"0"` || err != nil || none.Amount.String() != "0" {
		t.Errorf("%s, %s, %v", none.Amount, text, err)
	}
}

func TestMoneyIsEqualInAmountAndCurrency(t *testing.T) {
	money := func(amount, currency string) domain.Money {
		m, err := domain.ParseMoney(amount, currency)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	base := money("-12.5", "BRL")
	for other, want := range map[domain.Money]bool{
		money("-12.50", "BRL"): true, money("-12.51", "BRL"): false, money("12.5", "BRL"): false,
		money("-12.5", "USD"): false,
	} {
		if got := base.Equal(other); got != want {
			t.Errorf("%v equals %v: %t", base, other, got)
		}
	}
}
