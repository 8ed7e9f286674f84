package matching_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

func TestAnIDThatOtherAccountsMayHaveIsNoIdentityAcrossConnections(t *testing.T) {
	for id, strong := range map[string]bool{
		"": false, "1": false, "0001": false, "00000000": false, "11111111": false, "xxxxxxxx": false,
		"XxxXxxXx": false, "00000123": false, "20260301": false, "01032026": false, "1234567": false, "12345678": true,
		"c7e9-41d0-55ab": true, "0A1B2C3D4E": true,
	} {
		got := matching.AcrossConnections(domain.AccountIdentity{ID: id, Bank: "a bank"})
		want := domain.AccountIdentity{Bank: "a bank"}
		if strong {
			want.ID = id
		}
		if got != want {
			t.Errorf("%q: %+v, want %+v", id, got, want)
		}
	}
}
