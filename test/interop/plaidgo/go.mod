// Module plaidgo tests a simulator with the vendor's SDK for Go. It is a module of its own, so that the service does not
// depend on the SDK. test/sdk runs it.
module github.com/LerianStudio/aggregator-connections/test/interop/plaidgo

go 1.26.0

require github.com/plaid/plaid-go/v20 v20.1.0

require golang.org/x/oauth2 v0.37.0 // indirect
