package compose

// IssuerClient is the client that fetches the keys of operators' tokens.
var IssuerClient = issuerClient

// Sinks returns one sink for each kind of destination to which events can be sent.
var Sinks = sinks

// WarnUnreachable logs that a node of a Citus cluster cannot be reached.
func (a *App) WarnUnreachable(address string, err error) { a.warnUnreachable(address, err) }
