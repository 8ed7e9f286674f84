package rest

import "net/http"

// UsesProxy reports whether the connector would use a proxy. Tests call it because they cannot set a proxy in the
// environment: net/http reads the environment only once in a process.
func (c *Connector) UsesProxy() bool { return c.client.Transport.(*http.Transport).Proxy != nil }
