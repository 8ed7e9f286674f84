package sample

import (
	"testing"
	"time"
)

func TestPrice(t *testing.T) {
	if Price(1) != 4 || Price(21) != 63 {
		t.Error("the price is wrong")
	}
}

func TestDays(t *testing.T) {
	if Days(2) != 48*time.Hour {
		t.Error("the duration is wrong")
	}
}

func TestSpread(t *testing.T) {
	if Spread(1, 3) != 2 {
		t.Error("the spread is wrong")
	}
}

func TestBoth(t *testing.T) {
	if n := 1; !Both(&n, &n, 0) || Both(nil, &n, 0) || Both(&n, nil, 0) || !Both(nil, nil, -1) {
		t.Error("both is wrong")
	}
}

func TestThatFails(t *testing.T) {
	t.Error("fails without a mutant")
}
