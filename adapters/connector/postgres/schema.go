package postgres

import _ "embed" // embeds the schemas

// ConfigSchema is the JSON Schema of the configuration, for the documentation of the API. decodeConfig
// also validates rules that a schema cannot express.
//
//go:embed config.schema.json
var ConfigSchema string

// CredentialSchema is the JSON Schema of the credential.
//
//go:embed credential.schema.json
var CredentialSchema string
