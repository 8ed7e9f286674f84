package compose

import "net/http"

// IssuerClient is the client that fetches the keys of operators' tokens.
func IssuerClient() *http.Client { return (&App{}).issuerClient() }

// IssuerClientOf returns the client that fetches the keys of operators' tokens for the app.
func IssuerClientOf(a *App) *http.Client { return a.issuerClient() }

// Sinks returns one sink for each kind of destination to which events can be sent.
var Sinks = sinks

// WarnUnreachable logs that a node of a Citus cluster cannot be reached.
func (a *App) WarnUnreachable(address string, err error) { a.warnUnreachable(address, err) }
