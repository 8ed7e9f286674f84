package configs

import (
	"cmp"
	_ "embed"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Reference is the content of production.env: every setting with its default and its meaning, in the
// syntax of an env file.
//
//go:embed production.env
var Reference string

// settingLines matches the lines of Reference that contain a setting, even if they are commented out,
// and captures the name of the setting.
var settingLines = regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=`)

// Warning describes a setting that is valid, but probably not what the operator intended.
type Warning struct {
	Setting string // name of the environment variable
	Problem string // the rest of a sentence that begins with the setting's name, without the setting's value
}

// Warnings returns the warnings about valid settings, in a fixed order. The last warnings are about environment
// variables that have the prefix of a setting, but are not settings. c must have been loaded with lookup. names are the
// names of all environment variables.
func (c Config) Warnings(lookup func(string) (string, bool), names []string) []Warning {
	var all []Warning
	if problem := c.databaseProblem(lookup); problem != "" {
		all = append(all, Warning{"DATABASE_URL", problem})
	}
	all = append(all, c.silentWarnings(lookup)...)
	if slices.ContainsFunc(c.TrustedProxies, coversEverything) {
		all = append(all, Warning{
			"TRUSTED_PROXIES", "contains every address: callers can choose their own address with X-Forwarded-For",
		})
	}
	if slices.ContainsFunc(c.Egress.AllowedCIDRs, coversEverything) {
		all = append(all, Warning{
			"EGRESS_ALLOWED_CIDRS", "contains every address: base URLs can lead into private networks",
		})
	}
	if len(c.Egress.ProxyHosts) > 0 && c.Egress.Proxy.IsZero() {
		all = append(all, Warning{"EGRESS_PROXY_HOSTS", "has no effect without EGRESS_PROXY"})
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if value, _ := lookup(name); value != "" && c.Egress.Proxy.IsZero() {
			all = append(all, Warning{
				name, "is not used for calls to vendors, issuers and destinations of events; set EGRESS_PROXY",
			})
		}
	}
	if isHTTP(c.Auth.AuthorizerURL) && !isLocal(c.Auth.AuthorizerURL) {
		all = append(all, Warning{
			"AUTH_AUTHORIZER_URL", "has the scheme http: the tokens of operators are sent without encryption",
		})
	}
	for _, vendor := range slices.Sorted(maps.Keys(c.BaseURLs)) {
		if !c.Egress.AllowHTTP && slices.ContainsFunc(c.BaseURLs[vendor], isHTTP) {
			all = append(all, Warning{
				envPrefix(vendor) + baseURLsSuffix,
				"contains an origin with http, which no base URL can have unless EGRESS_ALLOW_HTTP=true",
			})
		}
	}
	all = append(all, otelWarnings(lookup)...)
	for _, name := range unknownNames(names) {
		all = append(all, Warning{name, "is not a setting of the service, and has no effect"})
	}
	return all
}

// shortReconcileInterval is the RECONCILE_INTERVAL below which there is a warning.
const shortReconcileInterval = 10 * time.Minute

// silentWarnings returns the warnings about settings whose effect is easily misunderstood.
func (c Config) silentWarnings(lookup func(string) (string, bool)) (all []Warning) {
	if c.EnvName != Development && c.EnvName != Production {
		all = append(all, Warning{
			"ENV_NAME", "is neither production nor development: the rules of production apply",
		})
	}
	// In a Kubernetes pod, the port must be open on the pod's address, because Prometheus reads the metrics there.
	// Network policies limit who can reach it.
	_, inPod := lookup("KUBERNETES_SERVICE_HOST")
	host, _, _ := net.SplitHostPort(c.AdminAddress)
	addr, err := netip.ParseAddr(host)
	everywhere := c.AdminAddress != "" && (host == "" || err == nil && addr.IsUnspecified())
	if everywhere && !inPod {
		all = append(all, Warning{
			"ADMIN_ADDRESS", "listens on every interface: everybody who reaches the port can read the metrics",
		})
	}
	if c.ReconcileInterval > 0 && c.ReconcileInterval < shortReconcileInterval {
		all = append(all, Warning{
			"RECONCILE_INTERVAL", "is shorter than 10 minutes: pulls use up the limits of the vendors and the banks",
		})
	}
	names := []string{"EGRESS_ALLOWED_CIDRS", "TRUSTED_PROXIES"}
	for _, vendor := range slices.Sorted(maps.Keys(c.Sources)) {
		names = append(names, envPrefix(vendor)+sourceCIDRsSuffix)
	}
	for _, name := range names {
		if text, _ := lookup(name); hasBareAddress(text) {
			all = append(all, Warning{
				name, "contains an address without a mask, which stands for this one address; write /32 or /128",
			})
		}
	}
	return all
}

// hasBareAddress reports whether the list of networks contains an address without a mask.
func hasBareAddress(networks string) bool {
	for part := range strings.SplitSeq(networks, ",") {
		if _, err := netip.ParseAddr(strings.TrimSpace(part)); err == nil {
			return true
		}
	}
	return false
}

// isHTTP reports whether the origin has the scheme http.
func isHTTP(origin string) bool { return strings.HasPrefix(strings.ToLower(origin), "http://") }

// isLocal reports whether the host of the URL is the local machine.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	return err == nil && allLocal([]string{u.Host})
}

// coversEverything reports whether the network contains every address of its family.
func coversEverything(network netip.Prefix) bool { return network.Bits() == 0 }

// databaseProblems describes the problem of each unsafe sslmode. The modes verify-ca and verify-full are safe, and are
// not in the map.
var databaseProblems = map[string]string{
	"":        "has no sslmode: if the server does not offer TLS, the connection is not encrypted",
	"allow":   "has sslmode=allow: if the server does not require TLS, the connection is not encrypted",
	"prefer":  "has sslmode=prefer: if the server does not offer TLS, the connection is not encrypted",
	"disable": "has sslmode=disable: the connection is not encrypted",
	"require": "has sslmode=require: the certificate of the server is not verified; use verify-full",
}

// databaseProblem returns why the connection to DATABASE_URL is not protected by TLS with a verified certificate. It
// returns "" if the connection is protected, or if the database is on this machine.
//
// If the URL contains no sslmode, the driver uses PGSSLMODE. If both are missing, it uses TLS only if the server offers
// it. If a file of root certificates is configured, the mode "require" also verifies the server's certificate.
func (c Config) databaseProblem(lookup func(string) (string, bool)) string {
	u, err := url.Parse(c.DatabaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return ""
	}
	setting := func(parameter, variable string) string {
		value, _ := lookup(variable)
		return cmp.Or(u.Query().Get(parameter), value)
	}
	mode := setting("sslmode", "PGSSLMODE")
	hosts := strings.Split(u.Host, ",")
	if given := u.Query().Get("host"); given != "" {
		hosts = strings.Split(given, ",")
	}
	if allLocal(hosts) || mode == "require" && setting("sslrootcert", "PGSSLROOTCERT") != "" {
		return ""
	}
	return databaseProblems[mode]
}

// allLocal reports whether every host of the list is the local machine: a loopback address, the folder
// of a Unix socket, or "". The hosts can contain ports.
func allLocal(hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(host string) bool {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
		addr, err := netip.ParseAddr(host)
		local := host == "" || host == "localhost" || strings.HasPrefix(host, "/") || err == nil && addr.IsLoopback()
		return !local
	})
}

// unknownNames returns the sorted names that begin like a setting, for example with DATABASE_, but are not settings,
// nor variables that the libraries of OpenTelemetry read. Names with the prefix ENV_ are not returned, because other
// programs use it.
func unknownNames(names []string) []string {
	known, prefixes := map[string]bool{}, map[string]bool{}
	for _, match := range settingLines.FindAllStringSubmatch(Reference, -1) {
		known[match[1]] = true
		prefixes[prefixOf(match[1])] = true
	}
	delete(prefixes, "ENV_")
	unknown := map[string]bool{}
	for _, name := range names {
		if !known[name] && prefixes[prefixOf(name)] && !otelNames.MatchString(name) {
			unknown[name] = true
		}
	}
	return slices.Sorted(maps.Keys(unknown))
}

// prefixOf returns the part of a name up to and including the first underscore, or "" if the name has
// none.
func prefixOf(name string) string {
	prefix, _, found := strings.Cut(name, "_")
	if !found {
		return ""
	}
	return prefix + "_"
}
