package auth

// Prefetch starts to fetch the issuer's keys in the background, so that a wrong URL is reported at the
// start of the process rather than at the first request. A failure is passed to Issuer.OnError. Prefetch
// does nothing if the keys were requested less than five seconds ago, or if the verifier has no issuer.
func (v *Verifier) Prefetch() {
	if keys, ok := v.keys.(*jwksKeys); ok {
		keys.refresh(minFetchInterval)
	}
}
