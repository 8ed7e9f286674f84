package domain

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ParseAbsoluteURL parses an absolute http or https URL with a valid host and port. It accepts userinfo, a query and a
// fragment; use [ParseBaseURL] to exclude these parts. ok is false if raw is not such a URL.
func ParseAbsoluteURL(raw string) (u *url.URL, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || !hostAndPortCanExist(u) {
		return nil, false
	}
	return u, true
}

// ParseBaseURL parses an absolute https URL without userinfo, query or fragment. The host and the port must be valid.
// If allowHTTP is set, plain http is accepted as well. The scheme and the host of the result are in lower case. Errors:
// Invalid on "baseUrl"; the error never repeats raw.
func ParseBaseURL(raw string, allowHTTP bool) (*url.URL, error) {
	u, err := parseBaseURL(raw, allowHTTP)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// ValidateBaseURL returns nil if [ParseBaseURL] accepts raw, and otherwise the same error:
// Invalid on "baseUrl".
func ValidateBaseURL(raw string, allowHTTP bool) *Error {
	_, err := parseBaseURL(raw, allowHTTP)
	return err
}

func parseBaseURL(raw string, allowHTTP bool) (*url.URL, *Error) {
	if faults := CheckText("baseUrl", raw, MaxBaseURL); len(faults) > 0 {
		return nil, faults[0]
	}
	u, ok := ParseAbsoluteURL(raw)
	if !ok || u.Scheme != "https" && !allowHTTP || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		return nil, FieldError("baseUrl",
			"must be an absolute https URL with a valid host and port, without userinfo, query or fragment")
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// Origin returns the origin of a base URL; see [OriginOf]. It returns "" for any other text.
func Origin(baseURL string) string {
	u, err := parseBaseURL(baseURL, true)
	if err != nil {
		return ""
	}
	return OriginOf(u)
}

// OriginOf returns the scheme and the host of a URL that [ParseBaseURL] has returned, with the port unless it is the
// default port of the scheme. It therefore returns the same text for all base URLs with the same origin.
func OriginOf(u *url.URL) string {
	host, port := u.Host, ""
	if u.Port() != "" {
		port = ":" + u.Port()
		host = strings.TrimSuffix(host, port)
	}
	if u.Scheme == "https" && port == ":443" || u.Scheme == "http" && port == ":80" {
		port = ""
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, ".") + port // "host." and "host" are the same name
}

// hostAndPortCanExist reports whether the host has no empty label and whether the port, if there is one, is
// between 1 and 65535. A single dot at the end of the host is allowed, because it marks a fully qualified
// name.
func hostAndPortCanExist(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	name := strings.TrimSuffix(u.Hostname(), ".")
	return !slices.Contains(strings.Split(name, "."), "")
}
