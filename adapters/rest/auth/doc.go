// Package auth verifies bearer tokens. The principal that a token authenticates is an operator of one tenant.
//
// A Verifier checks a JWT (RFC 7519) in three steps. Each step can reject the token: the header must have the expected
// form, the signature must be made with a key that the service already trusts, and the claims must be valid at the
// present time and name a tenant. The signature algorithm is determined by the key; a token that names another
// algorithm is rejected. The header members that refer to keys (jku, jwk, x5u, x5c) are never read.
//
// Keys come from one of two sources: a shared secret (NewHS256), or the JWK set that an
// issuer publishes (NewJWKS). An issuer may rotate its keys at any time.
//
// Only signature.go and claims.go call the JWT library.
package auth
