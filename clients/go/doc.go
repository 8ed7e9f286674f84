// Package discovery is a client of the API of the service aggregator-connections.
//
// The file client.gen.go is generated from openapi.json: one type for each schema and one method for each
// operation. [New] returns a client that sends an operator's token. Each method with the suffix
// WithResponse reads the whole response. In the value that it returns, the field JSON200, JSON201
// or JSON202 is set if the call succeeded. [CheckResponse] returns the error that any other
// response contains.
//
// Optional members are pointers. Amounts are decimal strings, so that they remain exact. Members of any
// JSON type, such as the metadata of a transaction, are json.RawMessage values.
package discovery
