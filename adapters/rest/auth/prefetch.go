package auth

// Prefetch starts to fetch the issuer's keys in the background. Failures, for example a wrong URL, are passed to
// Issuer.OnError. Prefetch does nothing if the verifier has no issuer, or if the keys were requested less than five
// seconds ago.
func (v *Verifier) Prefetch() {
	if keys, ok := v.keys.(*jwksKeys); ok {
		keys.refresh(minFetchInterval)
	}
}
