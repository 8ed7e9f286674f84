package vendorhttp_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
)

func TestTheLifetimeOfATokenComesFromItsClaims(t *testing.T) {
	jwt := func(claims string) string { return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s" }
	for token, want := range map[string]time.Duration{
		jwt(`{"iat":1000,"exp":1090}`):            90 * time.Second,
		jwt(`{"iat":1000,"exp":99999999}`):        time.Hour,
		jwt(`{"iat":1000,"exp":1e300}`):           time.Hour,
		jwt(`{"iat":1000,"exp":1000}`):            time.Hour,
		jwt(`{"exp":1090}`):                       time.Hour,
		jwt(`{"iat":"1000","exp":1090}`):          time.Hour,
		"h.!.s":                                   time.Hour,
		"opaque":                                  time.Hour,
		jwt(`{"iat":1000,"exp":1090}`) + ".s":     time.Hour,
		jwt(`{"iat":-5,"exp":1090,"more":[1,2]}`): time.Hour,
	} {
		if got := vendorhttp.TokenLifetime([]byte(token), time.Hour); got != want {
			t.Errorf("%s: %v, want %v", token, got, want)
		}
	}
}
