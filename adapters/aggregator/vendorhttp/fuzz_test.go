package vendorhttp

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// FuzzGuard asks for any URL with nothing resolvable, so that its text alone decides. What
// passes has a host in plain ASCII that is no forbidden address in any spelling, and a
// call to it stays at that host.
func FuzzGuard(f *testing.F) {
	for _, host := range forbidden {
		f.Add("https://" + host)
	}
	for _, raw := range []string{"https://api.pluggy.ai/v1", "https://93.184.215.14:8443", "http://public.example", "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]"} {
		f.Add(raw)
	}
	guard := NewGuard(Config{Resolver: names{}})
	f.Fuzz(func(t *testing.T, raw string) {
		if guard.Check(t.Context(), raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || !strings.EqualFold(u.Scheme, "https") || u.Hostname() == "" || u.User != nil {
			t.Fatalf("%q passed: %v", raw, err)
		}
		host := strings.TrimSuffix(u.Hostname(), ".")
		if addr, err := netip.ParseAddr(host); err == nil && (!addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Is4In6()) {
			t.Errorf("%q passed as %v", raw, addr)
		}
		if strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 }) || numeric(host) && strings.Count(host, ".") != 3 {
			t.Errorf("%q passed with host %q", raw, host)
		}
		if target, err := (Call{BaseURL: raw, Path: "/items/a"}).target(); err == nil && !strings.EqualFold(target.Host, u.Host) {
			t.Errorf("a call to %q goes to %q", raw, target.Host)
		}
	})
}
