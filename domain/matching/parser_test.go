package matching_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// Rows that are equal without their identity share their evidence, so nothing of it may be read from the identity.
func TestTheEvidenceOfARowDoesNotDependOnItsIdentity(t *testing.T) {
	row := parseRow(t, "2026-11-10T09:12 p -50 BRL PIX ENVIADO ANA LEAL 10/11 NF 56241 {id=A1B2C3D4E5; party=ANA LEAL}")
	identity := banktext.Row{
		ExternalID: "PIX 7719204512", Link: "NF 1032", Status: domain.Posted, Excluded: true,
		LearnedAt: time.Date(2026, 11, 11, 9, 12, 44, 0, time.UTC), FirstRead: 3, LastRead: 7, Reads: []uint64{3, 7},
	}
	if left := matching.WithoutIdentity(identity); !reflect.DeepEqual(left, banktext.Row{}) {
		t.Errorf("members that are no identity: %+v", left)
	}
	from, to := reflect.ValueOf(identity), reflect.ValueOf(&row).Elem()
	want, changed := matching.ParsedText(row), 0
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
			changed++
		}
	}
	without := reflect.ValueOf(matching.WithoutIdentity(row))
	for i := range from.NumField() {
		if !from.Field(i).IsZero() && !without.Field(i).IsZero() {
			t.Errorf("%s is compared", from.Type().Field(i).Name)
		}
	}
	if got := matching.ParsedText(row); changed != 8 || got != want {
		t.Errorf("%d members of the identity change what is read:\n%s\n%s", changed, want, got)
	}
}
