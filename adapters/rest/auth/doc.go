// Package auth tells who holds a bearer token: an operator of one tenant.
//
// A Verifier checks a JWT (RFC 7519) in three steps, and each can only refuse: the
// header must have the expected form, the signature must be made by a key that the
// service already trusts, and the claims must be in time and name a tenant. The
// algorithm belongs to the key; a token that names another one is refused, and the
// header members that point at keys (jku, jwk, x5u, x5c) are never read.
//
// Keys come from one of two places: a shared secret (NewHS256), or the key set that an
// issuer publishes (NewJWKS), which may rotate at any time.
//
// The JWT library is called from signature.go and claims.go alone.
package auth
