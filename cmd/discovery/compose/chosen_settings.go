package compose

import (
	"strings"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// chosenSettings returns the fields of the log line that the service writes when it starts: the kind of database, the
// authentication of operators and vendors, the exceptions to the rule that connections use only public addresses with
// https, and the host of the egress proxy, if there is one. The fields contain no secret and no URL.
func chosenSettings(cfg configs.Config, proxy *egress.Proxy) []zap.Field {
	webhooks := make(map[string]string)
	for _, v := range vendors() {
		webhooks[string(v.name)] = proofsOf(cfg.Sources[v.name], v.signs)
	}
	fields := []zap.Field{
		zap.String("database", databaseKind(cfg.DatabaseURL)), zap.String("operators", operatorTokens(cfg.Auth)),
		zap.Any("webhooks", webhooks), zap.Strings("egressExceptions", egressExceptions(cfg.Egress)),
	}
	if proxy != nil {
		fields = append(fields, zap.String("egressProxy", proxy.Host()))
	}
	return fields
}

// databaseKind returns "postgres", "sqlite" or "memory".
func databaseKind(databaseURL string) string {
	scheme, _, _ := strings.Cut(databaseURL, "://")
	if scheme == "postgresql" {
		return "postgres"
	}
	return scheme
}

// operatorTokens returns a text that describes how operators' tokens are verified: the name of the setting with the
// key, whether the issuer and the audience of a token are checked, whether a token needs a tenant, and whether an
// access manager is asked.
func operatorTokens(auth configs.Auth) string {
	text := "AUTH_JWT_SECRET"
	if auth.JWKSURL != "" {
		text = "AUTH_JWKS_URL"
	}
	for _, claim := range []struct{ name, value string }{{"issuer", auth.Issuer}, {"audience", auth.Audience}} {
		if claim.value == "" {
			text += ", " + claim.name + " not checked"
		} else {
			text += ", " + claim.name + " checked"
		}
	}
	if !auth.DefaultTenant.IsZero() {
		text += ", DEFAULT_TENANT_ID for tokens without a tenant"
	}
	if auth.AuthorizerURL != "" {
		text += ", AUTH_AUTHORIZER_URL"
	}
	return text
}

// proofsOf returns the ways in which a vendor can authenticate its webhooks. A webhook needs to be authenticated in
// only one of these ways. signs reports whether the vendor signs its webhooks with keys of its own.
func proofsOf(p domain.SourcePolicy, signs bool) string {
	var proofs []string
	if signs {
		proofs = append(proofs, "key of the vendor")
	}
	if !p.HMACSecret.IsZero() {
		proofs = append(proofs, "signature")
	}
	if !p.Authorization.IsZero() {
		proofs = append(proofs, "authorization header")
	}
	if len(p.Networks) > 0 {
		proofs = append(proofs, "source address")
	}
	if len(proofs) == 0 {
		return "none: all webhooks are rejected"
	}
	return strings.Join(proofs, " or ")
}

// egressExceptions returns the allowed networks, and "http" if base URLs without TLS are allowed. It
// returns an empty list if there are no exceptions.
func egressExceptions(e configs.Egress) []string {
	all := make([]string, 0, len(e.AllowedCIDRs)+1)
	for _, network := range e.AllowedCIDRs {
		all = append(all, network.String())
	}
	if e.AllowHTTP {
		all = append(all, "http")
	}
	return all
}
