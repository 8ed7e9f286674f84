package compose

// IssuerClient is the client that fetches the keys of operators' tokens.
var IssuerClient = issuerClient
