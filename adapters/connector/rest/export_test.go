package rest

import "net/http"

// Proxied says whether the connector would ask a proxy. The process reads its proxy from
// the environment only once, so that a test cannot set one.
func (c *Connector) Proxied() bool { return c.client.Transport.(*http.Transport).Proxy != nil }
