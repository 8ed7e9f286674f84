package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func accountID(n byte) domain.AccountID { return domain.AccountID{UUID: uuid.UUID{15: n}} }

func TestEachMemberOfAnAmbiguityCounts(t *testing.T) {
	if !(domain.AccountAmbiguity{}).IsZero() {
		t.Error("the zero value says that something is ambiguous")
	}
	for name, a := range map[string]domain.AccountAmbiguity{
		"since":     {Since: hour(1)},
		"before":    {Before: []domain.AccountID{accountID(1)}},
		"after":     {After: []string{"x"}},
		"continues": {Continues: map[string]domain.AccountID{"x": accountID(1)}},
		"ended":     {Ended: []domain.AccountID{accountID(1)}},
		"unmatched": {UnmatchedSince: hour(1)},
	} {
		if a.IsZero() {
			t.Errorf("%s: nothing is ambiguous", name)
		}
	}
}

func TestUnmatchedRowsArePublishedAfterASecondReadAnHourLater(t *testing.T) {
	var a domain.AccountAmbiguity
	if !a.MayPublish(0, hour(1)) || a.MayPublish(1, hour(1)) {
		t.Error("the first read publishes exactly if all rows have partners")
	}
	a = a.FoundUnmatched(7, hour(1))
	a = a.FoundUnmatched(5, hour(1).Add(time.Minute))
	if a.Unmatched != 5 || !a.UnmatchedSince.Equal(hour(1)) {
		t.Errorf("%+v: want the last number since the first read", a)
	}
	if a.MayPublish(5, hour(2).Add(-time.Second)) || !a.MayPublish(5, hour(2)) {
		t.Error("the second read publishes from one hour after the first one on")
	}
}

func TestAnOperatorSaysWhichAccountContinues(t *testing.T) {
	before, after := []domain.AccountID{accountID(1), accountID(2)}, []string{"x", "y"}
	a := domain.AccountAmbiguity{}.Found(before, after, hour(1)).Found(before, after, hour(2))
	if !a.Since.Equal(hour(1)) || !a.Includes(accountID(2)) || a.Includes(accountID(3)) {
		t.Errorf("found %+v", a)
	}
	if _, err := a.Continue(accountID(3), "x"); !isCode(err, domain.AccountNotAmbiguous) {
		t.Errorf("another account: %v", err)
	}
	_, err := a.Continue(accountID(1), "z")
	if field := new(domain.Error); !errors.As(err, &field) || field.Field != "externalId" {
		t.Errorf("another external id: %v", err)
	}
	first, err := a.Continue(accountID(1), "x")
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Continue(accountID(1), "y")
	if err != nil {
		t.Fatal(err)
	}
	third, err := second.Continue(accountID(2), "x")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want map[string]domain.AccountID }{
		"the first decision":            {first.Continues, map[string]domain.AccountID{"x": accountID(1)}},
		"a later one about the account": {second.Continues, map[string]domain.AccountID{"y": accountID(1)}},
		"one about the other account": {
			third.Continues, map[string]domain.AccountID{"y": accountID(1), "x": accountID(2)},
		},
		"nothing in the earlier value":   {a.Continues, nil},
		"the decision of an older value": {first.Found(nil, nil, hour(3)).Continues, first.Continues},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnOperatorSaysThatNoneContinues(t *testing.T) {
	before, after := []domain.AccountID{accountID(1), accountID(2)}, []string{"x", "y"}
	a := domain.AccountAmbiguity{}.Found(before, after, hour(1))
	a, err := a.Continue(accountID(1), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.End(accountID(3)); !isCode(err, domain.AccountNotAmbiguous) {
		t.Errorf("another account: %v", err)
	}
	first, err := a.End(accountID(1))
	if err != nil || first.Includes(accountID(1)) || !first.Includes(accountID(2)) || len(first.Continues) > 0 {
		t.Errorf("the first decision: %+v, %v", first, err)
	}
	second, err := first.End(accountID(2))
	want := domain.AccountAmbiguity{
		Before: []domain.AccountID{}, Ended: before, Continues: map[string]domain.AccountID{},
	}
	if diff := cmp.Diff(want, second); err != nil || diff != "" {
		t.Errorf("both decisions: %v (-want +got):\n%s", err, diff)
	}
	if !a.Includes(accountID(1)) || len(a.Ended) > 0 || a.Continues["x"] != accountID(1) {
		t.Error("the earlier value has changed")
	}
}
