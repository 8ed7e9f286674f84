package compose

// IssuerClient is the client that fetches the keys of operators' tokens.
var IssuerClient = issuerClient

// Sinks returns the sinks of the service.
var Sinks = sinks

// WarnUnreachable logs that a node of a Citus cluster cannot be reached.
func (a *App) WarnUnreachable(address string, err error) { a.warnUnreachable(address, err) }
