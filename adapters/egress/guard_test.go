package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.EgressGuard = (*Guard)(nil)

// fixedResolver resolves the host names that are its keys; other names do not resolve.
type fixedResolver map[string][]string

func (n fixedResolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	var found []netip.Addr
	for _, text := range n[strings.TrimSuffix(host, ".")] {
		found = append(found, netip.MustParseAddr(text))
	}
	if found == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return found, nil
}

// forbidden lists hosts that no request may reach, in every notation of their addresses.
var forbidden = []string{
	"127.0.0.1", "127.1.2.3", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "2130706433.", "0x7f000001",
	"0x7f.0.0.1", "0X7F.1", "0177.0.0.1", "017700000001", "0x7f.1.", "0", "0x", "0.0.0.0", "10.0.0.1", "10.255.255.255",
	"172.16.0.1", "172.31.255.254", "192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200",
	"168.63.129.16", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1",
	"240.0.0.1", "255.255.255.255",
	"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]",
	"[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::8.8.8.8]", "[64:ff9b:1::1]", "[2002:7f00:1::]",
	"[2002:a00:1::1]", "[2001::1]", "[2001:db8::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fec0::1]", "[fc00::1]",
	"[fd00:ec2::254]", "[ff02::1]", "[100::1]", "[5f00::1]", "[::ffff:169.254.169.254]",
	"１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "lоcalhost",
	"localhost", "LOCALHOST", "localhost.", "metadata.internal", "mixed.example", "nat64.example",
}

var addressBook = fixedResolver{
	"localhost":         {"127.0.0.1", "::1"},
	"LOCALHOST":         {"127.0.0.1"},
	"metadata.internal": {"169.254.169.254"},
	"mixed.example":     {"93.184.215.14", "10.0.0.7"},
	"nat64.example":     {"64:ff9b::a00:1"},
	"mapped.example":    {"::ffff:93.184.215.14"},
	"public.example":    {"93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"},
}

func TestCheckRefusesForbiddenAddresses(t *testing.T) {
	guard := NewGuard(Config{AllowHTTP: true, Resolver: addressBook})
	for _, host := range forbidden {
		for _, rawURL := range []string{"https://" + host, "http://" + host + ":8443/base"} {
			t.Run(rawURL, func(t *testing.T) {
				err := guard.Check(t.Context(), rawURL)
				if !errors.Is(err, domain.Rejected) || !errors.Is(err, domain.AddressNotAllowed) {
					t.Fatalf("got %v, want Rejected (address_not_allowed)", err)
				}
			})
		}
	}
}

func TestCheckRefusesInvalidBaseURLs(t *testing.T) {
	guard := NewGuard(Config{Resolver: addressBook})
	for name, rawURL := range map[string]string{
		"http":         "http://public.example",
		"no scheme":    "public.example",
		"relative":     "/api",
		"file":         "file:///etc/passwd",
		"gopher":       "gopher://public.example",
		"userinfo":     "https://public.example@127.0.0.1",
		"user only":    "https://me@public.example",
		"no host":      "https://",
		"port only":    "https://:443",
		"opaque":       "https:public.example",
		"fragment":     "https://public.example/#x",
		"control char": "https://public.example/\x00",
		"bad bracket":  "https://[::1",
		"query":        "https://public.example?x=1",
		"port 0":       "https://public.example:0",
	} {
		t.Run(name, func(t *testing.T) {
			if err := guard.Check(t.Context(), rawURL); !errors.Is(err, domain.AddressNotAllowed) {
				t.Fatalf("got %v, want address_not_allowed", err)
			}
		})
	}
}

func TestCheckAcceptsPublicAndAllowedAddresses(t *testing.T) {
	guard := NewGuard(Config{
		AllowHTTP: true, Resolver: addressBook,
		AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	})
	for _, rawURL := range []string{
		"https://public.example", "https://PUBLIC.example.", "http://public.example:8080/base", "https://8.8.8.8",
		"https://[2606:4700::1111]", "https://nowhere.invalid", "https://mapped.example",
		"http://127.0.0.1:4000", "http://[::1]:4000", "http://localhost:1",
	} {
		t.Run(rawURL, func(t *testing.T) {
			if err := guard.Check(t.Context(), rawURL); err != nil {
				t.Fatalf("got %v, want none", err)
			}
		})
	}
}

// TestADialChecksTheAddressAgain checks that a dial is refused if the host name was allowed at first and then resolves
// to a forbidden address (DNS rebinding).
func TestADialChecksTheAddressAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	guard := NewGuard(Config{Resolver: &rebindingResolver{}})
	if err := guard.Check(t.Context(), "https://rebinding.example:"+port); err != nil {
		t.Fatalf("the first result is public: %v", err)
	}
	if _, err := guard.Dial(t.Context(), "tcp", "rebinding.example:"+port); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("got %v", err)
	}
	allowed := NewGuard(Config{
		Resolver: addressBook, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	conn, err := allowed.Dial(t.Context(), "tcp", "LOCALHOST:"+port)
	if err != nil {
		t.Fatalf("an allowed address: %v", err)
	}
	_ = conn.Close()
}

// rebindingResolver returns a public address at the first lookup, and loopback at later ones.
type rebindingResolver struct{ lookups atomic.Int32 }

func (r *rebindingResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if r.lookups.Add(1) == 1 {
		return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

func TestControlRefusesOtherNetworksThanTCP(t *testing.T) {
	guard := NewGuard(Config{})
	for _, network := range []string{"udp4", "unix", "tcp"} {
		if guard.Control(network, "93.184.215.14:443", nil) == nil {
			t.Errorf("%s passed", network)
		}
	}
	if err := guard.Control("tcp4", "93.184.215.14:8443", nil); err != nil {
		t.Errorf("a public address on any port: %v", err)
	}
}

// FuzzGuard checks arbitrary URLs with a resolver that resolves no name, so that only the text
// of the URL decides. The host of an accepted URL must be plain ASCII and must not be a
// forbidden address in any notation.
func FuzzGuard(f *testing.F) {
	for _, host := range forbidden {
		f.Add("https://" + host)
	}
	for _, raw := range []string{
		"https://api.pluggy.ai/v1", "https://93.184.215.14:8443", "http://public.example",
		"https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]",
	} {
		f.Add(raw)
	}
	guard := NewGuard(Config{Resolver: fixedResolver{}})
	f.Fuzz(func(t *testing.T, raw string) {
		if guard.Check(t.Context(), raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || !strings.EqualFold(u.Scheme, "https") || u.Hostname() == "" || u.User != nil {
			t.Fatalf("%q passed: %v", raw, err)
		}
		host := strings.TrimSuffix(u.Hostname(), ".")
		addr, err := netip.ParseAddr(host)
		if err == nil && (!addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Is4In6()) {
			t.Errorf("%q passed as %v", raw, addr)
		}
		isASCII := !strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 })
		if !isASCII || isNumeric(host) && strings.Count(host, ".") != 3 {
			t.Errorf("%q passed with host %q", raw, host)
		}
	})
}
