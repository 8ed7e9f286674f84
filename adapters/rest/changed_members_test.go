package rest

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// fill sets every field of a struct to a value that is not zero.
func fill(v reflect.Value, at time.Time) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(at))
		return
	case decimal.Decimal:
		v.Set(reflect.ValueOf(decimal.RequireFromString("-5")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, at)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), at)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), at)
		fill(v.Index(1), at)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), at)
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Int:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	default: // bytes
		v.SetUint(1)
	}
}

// The member "changed" must contain the names that the API uses for the members of a transaction, like the members
// "before" and "after" in the history. All fields of the transaction are set, so that a new field is noticed that is
// missing either in the list of members or in the representation.
func TestChangedContainsTheMembersOfTheHistory(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var full domain.Transaction
	fill(reflect.ValueOf(&full).Elem(), at)
	full.Metadata, full.ErasedAt, full.PossiblySupersedes = []byte(`{}`), time.Time{}, nil
	empty := domain.Transaction{ID: full.ID, Vendor: full.Vendor, FirstSeenAt: at}
	empty.Amount = domain.Money{Amount: decimal.RequireFromString("1"), Currency: "USD"}
	edited := full
	edited.Description, edited.References = "x", domain.References{}
	for name, versions := range map[string][2]domain.Transaction{
		"everything": {empty, full}, "nothing is left": {full, empty}, "two members": {full, edited},
	} {
		before, _, err := diffMembers(versions[0], versions[1])
		if err != nil {
			t.Fatal(err)
		}
		delete(before, "excludedBy") // it changes only together with excludedAt, which stands for both
		want := slices.Sorted(maps.Keys(before))
		got := slices.Sorted(slices.Values(domain.ChangedMembers(&versions[0], &versions[1])))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-history +changed):\n%s", name, diff)
		}
	}
	// These fields are no members: the account is named by its id, and the others are not compared.
	others := []string{"Account", "Card", "ContentHash", "RowSHA256", "Normalizer"}
	for field := range reflect.TypeFor[domain.TransactionData]().Fields() {
		without := full
		reflect.ValueOf(&without.TransactionData).Elem().FieldByIndex(field.Index).SetZero()
		unknown := slices.Equal(domain.ChangedMembers(&full, &without), []string{"connectionId"})
		if unknown != slices.Contains(others, field.Name) {
			t.Errorf("%s: not among the members of a transaction: %t", field.Name, unknown)
		}
	}
}
