package rest

import "github.com/LerianStudio/aggregator-connections/adapters/egress"

// UsesProxy reports whether the connector would use a proxy.
func (c *Connector) UsesProxy() bool { return c.client.Transport.(*egress.Transport).UsesProxy() }
