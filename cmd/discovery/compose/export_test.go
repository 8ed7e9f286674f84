package compose

// IssuerClient is the client that fetches the keys of operators' tokens.
var IssuerClient = issuerClient

// Sinks returns the sinks of the service.
var Sinks = sinks
