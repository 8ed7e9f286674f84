package deploy_test

import (
	"net/netip"
	"os"
	"regexp"
	"testing"
)

// The policy for calls to vendors must exclude the networks that are not public, also in the notation of NAT64, which
// contains IPv4 addresses.
func TestTheEgressPolicyExcludesPrivateNetworks(t *testing.T) {
	text, err := os.ReadFile("../../deploy/helm/templates/networkpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var excluded []netip.Prefix
	for _, list := range regexp.MustCompile(`(?m)^ *except: \[(.*)\]$`).FindAllStringSubmatch(string(text), -1) {
		for _, found := range regexp.MustCompile(`[0-9a-f:.]+/\d+`).FindAllString(list[1], -1) {
			excluded = append(excluded, netip.MustParsePrefix(found))
		}
	}
	for _, address := range []string{
		"10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1",
		"::1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "fd00::1", "fe80::1",
	} {
		covered := false
		for _, prefix := range excluded {
			covered = covered || prefix.Contains(netip.MustParseAddr(address))
		}
		if !covered {
			t.Errorf("the policy allows calls to %s", address)
		}
	}
}
