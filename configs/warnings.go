package configs

import (
	_ "embed"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Reference is the content of production.env: every setting with its default and its meaning, in the
// syntax of an env file.
//
//go:embed production.env
var Reference string

// settingLines matches the lines of Reference that contain a setting, also those that are commented
// out, and captures its name.
var settingLines = regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=`)

// Warning is a setting that is valid, but probably not what the operator intended.
type Warning struct {
	Setting string // name of the environment variable
	Problem string // completes a sentence that begins with the setting's name; contains no value
}

// Warnings returns what the operator should know about valid settings, in a fixed order. lookup is the
// function with which c was loaded. names are the names of all environment variables; those that are
// not a setting of the service, although they have the prefix of one, come last.
func (c Config) Warnings(lookup func(string) (string, bool), names []string) []Warning {
	var all []Warning
	if c.databaseMayBeUnencrypted(lookup) {
		all = append(all, Warning{
			"DATABASE_URL", "has no sslmode: if the server does not offer TLS, the connection is not encrypted",
		})
	}
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
	for _, name := range unknownNames(names) {
		all = append(all, Warning{name, "is not a setting of the service, and has no effect"})
	}
	return all
}

// coversEverything reports whether the network contains every address of its family.
func coversEverything(network netip.Prefix) bool { return network.Bits() == 0 }

// databaseMayBeUnencrypted reports whether DATABASE_URL is a PostgreSQL server on another host, and
// neither sslmode in the URL nor PGSSLMODE is set. The driver then uses TLS only if the server offers
// it.
func (c Config) databaseMayBeUnencrypted(lookup func(string) (string, bool)) bool {
	u, err := url.Parse(c.DatabaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return false
	}
	mode, _ := lookup("PGSSLMODE")
	hosts := strings.Split(u.Host, ",")
	if given := u.Query().Get("host"); given != "" {
		hosts = strings.Split(given, ",")
	}
	return mode == "" && u.Query().Get("sslmode") == "" && !allLocal(hosts)
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

// unknownNames returns the names that are no setting, but have the prefix of one, for example
// DATABASE_. The result is sorted. ENV_ and OTEL_ are not prefixes of the service: other programs use
// the former, and the libraries of OpenTelemetry read variables with the latter.
func unknownNames(names []string) []string {
	known, prefixes := map[string]bool{}, map[string]bool{}
	for _, match := range settingLines.FindAllStringSubmatch(Reference, -1) {
		known[match[1]] = true
		prefixes[prefixOf(match[1])] = true
	}
	delete(prefixes, "ENV_")
	delete(prefixes, "OTEL_")
	unknown := map[string]bool{}
	for _, name := range names {
		if !known[name] && prefixes[prefixOf(name)] {
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
