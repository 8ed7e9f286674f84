package rest

import "net/http"

// UsesProxy reports whether the connector would use a proxy. The process reads its proxy from
// the environment only once, so that a test cannot set one.
func (c *Connector) UsesProxy() bool { return c.client.Transport.(*http.Transport).Proxy != nil }
