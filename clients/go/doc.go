// Package discovery is a client of the API of the service aggregator-connections.
//
// The file client.gen.go is generated from openapi.json. It has one type for each schema and one method for each
// operation.
//
// [New] returns a client that sends an operator's token. Each method with the suffix WithResponse reads the whole
// response. If the call succeeded, the field JSON200, JSON201 or JSON202 of the result is set. If not, [CheckResponse]
// returns the error that the response contains.
//
// The members have these types:
//   - Optional members are pointers.
//   - Amounts are decimal strings, so that they remain exact.
//   - Members of any JSON type are json.RawMessage values, for example the metadata of a transaction.
package discovery
