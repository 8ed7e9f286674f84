package configs

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// reader parses settings and collects the errors. It does not use a library for settings,
// because such libraries repeat the invalid value in their errors.
type reader struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (r *reader) err() error { return errors.Join(r.errs...) }

func (r *reader) addError(name, message string) {
	r.errs = append(r.errs, domain.FieldError(name, message))
}

func (r *reader) hasError(name string) bool {
	return slices.ContainsFunc(r.errs, func(err error) bool {
		var f *domain.Error
		return errors.As(err, &f) && f.Field == name
	})
}

// text returns the value of a setting without surrounding white space. The value of a secret can also be in a file.
// If the setting is unset or empty, text returns the fallback.
func (r *reader) text(name, fallback string) string {
	value, _ := r.lookup(name)
	value = strings.TrimSpace(value)
	if isSecret(name) {
		value = r.fromFile(name, value)
	}
	if value == "" {
		return fallback
	}
	return value
}

func (r *reader) required(name string) string {
	value := r.text(name, "")
	if value == "" {
		r.addError(name, "is required")
	}
	return value
}

// parse reads a setting and converts its text with the function parse. If the setting is unset or empty, it returns
// the fallback. If the conversion fails, it returns the fallback and records an error with the message.
func parse[T any](r *reader, name string, fallback T, message string, parse func(string) (T, bool)) T {
	text := r.text(name, "")
	if text == "" {
		return fallback
	}
	value, ok := parse(text)
	if !ok {
		r.addError(name, message)
		return fallback
	}
	return value
}

func (r *reader) boolean(name string, fallback bool) bool {
	return parse(r, name, fallback, "must be true or false", func(text string) (bool, bool) {
		value, err := strconv.ParseBool(text)
		return value, err == nil
	})
}

func (r *reader) number(name string, fallback, lowest, highest int) int {
	message := "must be a whole number from " + strconv.Itoa(lowest) + " to " + strconv.Itoa(highest)
	return parse(r, name, fallback, message, func(text string) (int, bool) {
		value, err := strconv.Atoi(text)
		return value, err == nil && value >= lowest && value <= highest
	})
}

// size reads a number of bytes, or a number with the unit KiB, MiB or GiB.
func (r *reader) size(name string, fallback, lowest int64) int64 {
	const largest = 1 << 40
	message := `must be a number of bytes, or a size such as "512MiB" or "1GiB", and at least ` +
		strconv.FormatInt(lowest>>20, 10) + "MiB"
	return parse(r, name, fallback, message, func(text string) (int64, bool) {
		unit := int64(1)
		for suffix, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
			if number, ok := strings.CutSuffix(text, suffix); ok {
				text, unit = number, bytes
			}
		}
		n, err := strconv.ParseUint(text, 10, 62)
		if err != nil || n > largest/uint64(unit) {
			return 0, false
		}
		value := int64(n) * unit
		return value, value >= lowest
	})
}

// duration reads a duration in Go's format, or a number of whole days such as "90d".
func (r *reader) duration(name string, fallback time.Duration) time.Duration {
	const message = `must be a duration such as "6h" or "90d", not negative`
	return parse(r, name, fallback, message, func(text string) (time.Duration, bool) {
		if days, ok := strings.CutSuffix(text, "d"); ok {
			n, err := strconv.Atoi(days)
			return time.Duration(n) * 24 * time.Hour, err == nil && n >= 0 && n <= 36_500
		}
		value, err := time.ParseDuration(text)
		return value, err == nil && value >= 0
	})
}

// offset reads an offset from UTC, such as -03:00.
func (r *reader) offset(name string, fallback time.Duration) time.Duration {
	return parse(
		r,
		name,
		fallback,
		`must be an offset from UTC such as "-03:00"`,
		func(text string) (time.Duration, bool) {
			at, err := time.Parse("-07:00", text)
			_, seconds := at.Zone()
			return time.Duration(seconds) * time.Second, err == nil
		},
	)
}

// name reads an identifier that the operator chooses, for example the IP address or the host name of a gateway.
func (r *reader) name(name string) string {
	const longest = 128
	message := "must be at most " + strconv.Itoa(longest) + " printable ASCII characters without spaces"
	return parse(r, name, "", message, func(text string) (string, bool) {
		forbidden := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
		return text, len(text) <= longest && forbidden < 0
	})
}

// tenant reads the id of a tenant, a UUID in its canonical form that is not the nil UUID.
func (r *reader) tenant(name string) domain.TenantID {
	return parse(r, name, domain.TenantID{}, "must be a UUID", func(text string) (domain.TenantID, bool) {
		id, err := uuid.Parse(text)
		return domain.TenantID{UUID: id}, err == nil && len(text) == 36 && id != uuid.Nil
	})
}

func (r *reader) level(name string) zapcore.Level {
	const message = "must be debug, info, warn or error"
	return parse(r, name, zapcore.InfoLevel, message, func(text string) (zapcore.Level, bool) {
		level, err := zapcore.ParseLevel(text)
		return level, err == nil && level <= zapcore.ErrorLevel
	})
}

func (r *reader) oneOf(name string, options ...string) string {
	message := "must be one of: " + strings.Join(options, ", ")
	return parse(r, name, options[0], message, func(text string) (string, bool) {
		return text, slices.Contains(options, text)
	})
}

func (r *reader) address(name, fallback string) string {
	return parse(r, name, fallback, "must be host:port", func(text string) (string, bool) {
		_, port, err := net.SplitHostPort(text)
		n, numeric := strconv.Atoi(port)
		return text, err == nil && numeric == nil && n >= 0 && n <= 65_535
	})
}

func (r *reader) url(name string) string {
	return parse(r, name, "", "must be an absolute http or https URL", func(text string) (string, bool) {
		_, ok := parseURL(text)
		return text, ok
	})
}

// baseURL reads a URL to which paths can be appended. It returns the URL without a trailing
// slash.
func (r *reader) baseURL(name string) string {
	const message = "must be an http or https URL without userinfo, query and fragment"
	return parse(r, name, "", message, func(text string) (string, bool) {
		_, ok := parseBaseURL(text)
		return strings.TrimRight(text, "/"), ok
	})
}

// issuerHost matches a host that is safe in a Content-Security-Policy, because it contains no separator of
// directives.
var issuerHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// issuer reads the identifier of an OpenID Connect provider. A trailing slash is part of the identifier.
func (r *reader) issuer(name string) string {
	const message = "must be an http or https URL without userinfo, query and fragment"
	return parse(r, name, "", message, func(text string) (string, bool) {
		u, ok := parseBaseURL(text)
		return text, ok && issuerHost.MatchString(u.Host)
	})
}

// origin reads a URL that consists only of scheme and host. A single trailing slash is removed.
func (r *reader) origin(name string) string {
	const message = "must be an origin: scheme and host, without a path"
	return parse(r, name, "", message, func(text string) (string, bool) {
		text = strings.TrimSuffix(text, "/")
		u, ok := parseBaseURL(text)
		return text, ok && u.Path == ""
	})
}

// proxy reads the URL of an HTTP proxy, which may contain a user and a password.
func (r *reader) proxy(name string) string {
	const message = "must be the http or https URL of a proxy, without path, query and fragment"
	return parse(r, name, "", message, func(text string) (string, bool) {
		u, ok := parseURL(text)
		return text, ok && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
	})
}

// hosts reads host names that are separated by commas.
func (r *reader) hosts(name string) []string {
	const message = "must be host names, separated by commas, without scheme and port"
	return parse(r, name, nil, message, func(text string) (hosts []string, ok bool) {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); !hostName.MatchString(part) {
				return nil, false
			}
			hosts = append(hosts, strings.ToLower(part))
		}
		return hosts, true
	})
}

// hostName matches a host name of ASCII characters.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// origins reads origins that are separated by commas. It returns them in the form that domain.Origin returns.
func (r *reader) origins(name string) []string {
	const message = "must be origins, separated by commas: scheme and host, without a path"
	return parse(r, name, nil, message, func(text string) (origins []string, ok bool) {
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSuffix(strings.TrimSpace(part), "/")
			u, valid := parseBaseURL(part)
			if part == "" || !valid || u.Path != "" {
				return nil, false
			}
			origins = append(origins, domain.Origin(part))
		}
		return origins, true
	})
}

// parseURL parses an absolute URL with domain.ParseAbsoluteURL. In addition, it rejects a host that ends with a colon
// without a port after it.
func parseURL(text string) (*url.URL, bool) {
	u, ok := domain.ParseAbsoluteURL(text)
	return u, ok && !strings.HasSuffix(u.Host, ":")
}

// parseBaseURL parses a URL with parseURL. In addition it rejects userinfo, query and fragment.
func parseBaseURL(text string) (*url.URL, bool) {
	u, ok := parseURL(text)
	return u, ok && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func (r *reader) database(name, fallback string) string {
	return parse(r, name, fallback, "must begin with sqlite:// or postgres://", func(text string) (string, bool) {
		path, lite := strings.CutPrefix(text, "sqlite://")
		return text, (lite && path != "") || strings.HasPrefix(text, "postgres://") ||
			strings.HasPrefix(text, "postgresql://")
	})
}

// networks reads CIDRs or single addresses that are separated by commas. It returns the fallback
// if the setting is unset, and no networks if the setting has an empty value.
func (r *reader) networks(name string, fallback []netip.Prefix) []netip.Prefix {
	text, set := r.lookup(name)
	if !set {
		return fallback
	}
	var networks []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		network, ok := parseNetwork(part)
		if !ok {
			r.addError(name, "must be CIDRs, separated by commas")
			return fallback
		}
		networks = append(networks, network)
	}
	return networks
}

// parseNetwork parses a CIDR or an address. A network of IPv4 that is written as one of IPv6 (::ffff:10.0.0.0/104)
// becomes one of IPv4, because the addresses with which it is compared are of IPv4.
func parseNetwork(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	const mapped = 96 // bits before the address of IPv4
	if addr := network.Addr(); addr.Is4In6() && network.Bits() >= mapped {
		network = netip.PrefixFrom(addr.Unmap(), network.Bits()-mapped)
	}
	return network.Masked(), err == nil
}

// envPrefix returns the prefix that the names of a vendor's settings have, for example "PLUGGY".
func envPrefix(v domain.Vendor) string {
	return strings.ToUpper(strings.ReplaceAll(string(v), "-", "_"))
}
