// Package auth verifies bearer tokens. The principal that a token authenticates is an operator of one tenant.
//
// A Verifier checks a JWT (RFC 7519) in three steps:
//
//   - The header must have the expected form.
//   - The signature must be made with a trusted key.
//   - The claims must be valid at the present time and name a tenant.
//
// Each key determines the signature algorithm; a token with another algorithm is rejected. The header members that
// refer to keys (jku, jwk, x5u, x5c) are never read.
//
// Keys come from a shared secret (NewHS256) or from the JWK set that an issuer publishes (NewJWKS). An issuer may
// rotate its keys at any time.
//
// An Authorizer asks Lerian's access manager whether a verified caller may perform an action on a resource.
//
// Only signature.go and claims.go call the JWT library.
package auth
