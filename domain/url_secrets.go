package domain

import (
	"errors"
	"net/url"
	"strings"
)

// hiddenQuery replaces the query of a URL that is shown, because a query can contain a token.
const hiddenQuery = "…"

// URLSecrets are the parts of a sink's URL that can contain secrets. They are stored encrypted.
type URLSecrets struct {
	Password Secret
	Query    Secret // without the question mark
}

// SplitURLSecrets returns a URL without its password and with "…" instead of its query, and the removed secrets. If the
// query already is "…", Query is empty. ok is false if raw is not an absolute URL with a host.
func SplitURLSecrets(raw Secret) (shown string, secrets URLSecrets, ok bool) {
	u, err := url.Parse(string(raw.bytes()))
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "", URLSecrets{}, false
	}
	if text, has := u.User.Password(); has {
		secrets.Password = SecretText(text)
		u.User = url.User(u.User.Username())
	}
	if u.RawQuery != "" {
		if !isHidden(u.RawQuery) {
			secrets.Query = SecretText(u.RawQuery)
		}
		u.RawQuery = hiddenQuery
	}
	return u.String(), secrets, true
}

// JoinURLSecrets adds the secrets to the URL. It is the inverse of SplitURLSecrets. An empty secret changes nothing. It
// returns the URL unchanged if the URL is invalid.
func JoinURLSecrets(shown string, secrets URLSecrets) Secret {
	u, err := url.Parse(shown)
	if err != nil || secrets.IsZero() {
		return SecretText(shown)
	}
	if !secrets.Password.IsZero() {
		u.User = url.UserPassword(u.User.Username(), string(secrets.Password.bytes()))
	}
	if !secrets.Query.IsZero() {
		u.RawQuery = string(secrets.Query.bytes())
	}
	return SecretText(u.String())
}

// ShownURL returns a stored URL in the form that SplitURLSecrets returns. Earlier versions stored the query in clear.
// If the URL is invalid, ShownURL returns "".
func ShownURL(stored string) string {
	shown, _, _ := SplitURLSecrets(SecretText(stored))
	return shown
}

// CutHiddenQuery returns a URL without its query, and true, if the query is "…". Otherwise, it returns the URL
// unchanged, and false.
func CutHiddenQuery(raw Secret) (rest Secret, hidden bool) {
	before, query, _ := strings.Cut(string(raw.bytes()), "?")
	if !isHidden(query) {
		return raw, false
	}
	return SecretText(before), true
}

// isHidden reports whether the query is hiddenQuery or its escaped form. Some clients escape all characters outside
// ASCII.
func isHidden(query string) bool {
	return query == hiddenQuery || strings.EqualFold(query, url.PathEscape(hiddenQuery))
}

// AddressURL returns an https URL with only the host and port of the given URL. The caller applies the egress rules to
// the https URL. If the given URL is invalid, AddressURL returns "".
func AddressURL(shown string) string {
	u, err := url.Parse(shown)
	if err != nil {
		return ""
	}
	return "https://" + u.Host
}

// SameURLAccount reports whether two URLs have the same scheme, host and user, so that the secrets of one of them may
// be sent to the other.
func SameURLAccount(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	return errors.Join(err, err2) == nil && x.Scheme == y.Scheme && x.Host == y.Host &&
		x.User.Username() == y.User.Username()
}

// KeepsQuery reports whether a URL that SplitURLSecrets has returned can keep the query of the stored URL: the stored
// URL has a query, and both URLs have the same scheme, host and user.
func KeepsQuery(shown, stored string) bool {
	u, err := url.Parse(stored)
	return err == nil && u.RawQuery != "" && SameURLAccount(shown, stored)
}

// Keep returns the secrets of the URL shown, which replaces the stored URL. An omitted password and the query "…" keep
// the stored secrets, but only if both URLs have the same scheme, host and user.
func (s URLSecrets) Keep(shown, stored string, storedSecrets URLSecrets) URLSecrets {
	if !SameURLAccount(shown, stored) {
		return s
	}
	if s.Password.IsZero() {
		s.Password = storedSecrets.Password
	}
	if s.Query.IsZero() && strings.HasSuffix(shown, "?"+hiddenQuery) {
		s.Query = storedSecrets.Query
	}
	return s
}

// IsZero reports whether there are no secrets.
func (s URLSecrets) IsZero() bool { return s.Password.IsZero() && s.Query.IsZero() }
