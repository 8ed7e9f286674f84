package settings

import "github.com/LerianStudio/aggregator-connections/domain"

// The names of the secrets of a URL.
const (
	passwordPart = "password"
	queryPart    = "query"
)

// URL is a URL whose password and query are secrets.
type URL struct {
	Public  string            // without a password, and with "…" instead of a query
	Secrets domain.Credential // the password and the query
}

// ParseURL splits a URL that an operator has sent into its public part and its secrets.
//
// If raw has no password, ParseURL uses the password of the stored URL. If raw has the query "…", ParseURL uses the
// stored query. Both happen only if the two URLs have the same scheme, host and user.
//
// It returns an error of the field "url" if raw is not absolute, or if raw has the query "…" and no stored query can
// be used.
func ParseURL(raw string, stored URL) (URL, *domain.Error) {
	requested := domain.SecretText(raw)
	public, given, ok := domain.SplitURLSecrets(requested)
	if !ok {
		return URL{}, domain.FieldError("url", "must be an absolute URL")
	}
	if _, hidden := domain.CutHiddenQuery(requested); hidden && !domain.KeepsQuery(public, stored.Public) {
		return URL{}, domain.FieldError("url",
			"must have its whole query, because none is stored for this scheme, host and user")
	}
	return newURL(public, given.Keep(public, stored.Public, stored.secrets())), nil
}

// WithoutHiddenQuery returns the URL without the query "…", which replaces a hidden query and must not be sent.
func WithoutHiddenQuery(raw string) string {
	rest, _ := domain.CutHiddenQuery(domain.SecretText(raw))
	return string(rest.Reveal())
}

// CurrentURL converts a stored URL to the form of this version. An earlier version stored the query in plain text.
func CurrentURL(public string, secrets domain.Credential) URL {
	shown, clear, ok := domain.SplitURLSecrets(domain.SecretText(public))
	if !ok || clear.IsZero() {
		return URL{public, secrets}
	}
	stored := URL{public, secrets}.secrets()
	if clear.Password.IsZero() {
		clear.Password = stored.Password
	}
	if clear.Query.IsZero() {
		clear.Query = stored.Query
	}
	return newURL(shown, clear)
}

// Full returns the URL with its secrets.
func (u URL) Full() string { return string(domain.JoinURLSecrets(u.Public, u.secrets()).Reveal()) }

func newURL(public string, secrets domain.URLSecrets) URL {
	return URL{public, domain.NewCredential(map[string]domain.Secret{
		passwordPart: secrets.Password, queryPart: secrets.Query,
	})}
}

func (u URL) secrets() domain.URLSecrets {
	return domain.URLSecrets{Password: u.Secrets.Part(passwordPart), Query: u.Secrets.Part(queryPart)}
}
