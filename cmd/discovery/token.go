package main

import (
	"errors"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// tokenLifetime is how long a token that the `token` command prints is valid.
const tokenLifetime = time.Hour

func tokenCommand(env lookup) *cobra.Command {
	return &cobra.Command{
		Use:   "token TENANT",
		Short: "Print an operator token for a tenant (a UUID), valid for an hour; development only",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := settingsError(configs.LoadToken(env))
			if err != nil {
				return err
			}
			token, err := operatorToken(cfg, args[0], time.Now())
			if err != nil {
				return usageError{Err: err}
			}
			cmd.Println(token)
			return nil
		},
	}
}

// operatorToken returns a signed token for an operator of the tenant. The service accepts the token as if an issuer
// with the same AUTH_JWT_SECRET had signed it.
func operatorToken(cfg configs.Config, tenant string, now time.Time) (string, error) {
	if !cfg.IsDevelopment() {
		return "", errors.New("token: requires ENV_NAME=development")
	}
	if cfg.Auth.JWTSecret.IsZero() {
		return "", errors.New("token: AUTH_JWT_SECRET is required")
	}
	id, err := domain.ParseID[struct{}](tenant)
	if err != nil {
		return "", errors.New("token: TENANT must be a UUID")
	}
	b := jwt.NewBuilder().IssuedAt(now).Expiration(now.Add(tokenLifetime)).
		Claim(cfg.Auth.TenantClaim, id.String()).Claim("scope", "discovery:read discovery:write")
	if cfg.Auth.Issuer != "" {
		b = b.Issuer(cfg.Auth.Issuer)
	}
	if cfg.Auth.Audience != "" {
		b = b.Audience([]string{cfg.Auth.Audience})
	}
	token, err := b.Build()
	if err != nil {
		return "", err
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256, cfg.Auth.JWTSecret.Reveal()))
	return string(signed), err
}
