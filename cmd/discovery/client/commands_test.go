package client

import (
	"strings"
	"testing"
)

// The names of the vendors come from the caller of Commands, so that a new vendor needs no change here.
func TestEveryFlagForAVendorOffersAllOfThem(t *testing.T) {
	groups := Commands(nil, []Vendor{{Name: "acme"}, {Name: "other"}})
	checked := 0
	for _, group := range groups {
		for _, cmd := range group.Commands() {
			flag := cmd.Flag("vendor")
			complete, _ := cmd.GetFlagCompletionFunc("vendor")
			if flag == nil || complete == nil {
				continue
			}
			checked++
			if !strings.HasSuffix(flag.Usage, ": acme or other") {
				t.Errorf("%s: --vendor is described as %q", cmd.CommandPath(), flag.Usage)
			}
			if values, _ := complete(cmd, nil, ""); strings.Join(values, " ") != "acme other" {
				t.Errorf("%s: --vendor is completed with %q", cmd.CommandPath(), values)
			}
		}
	}
	if checked < 3 {
		t.Errorf("%d commands have a flag for a vendor, want at least 3", checked)
	}
}
