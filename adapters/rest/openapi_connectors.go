package rest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
)

// describeConnectors adds the schemas of the connector types to the document. The members config and credential of
// engine connections then refer to these schemas. It returns an error if a schema is not valid or uses a keyword that
// operation.Schema does not have.
//
// Requests are not validated with these schemas. The connectors validate config and credential themselves, with better
// messages.
func (s *server) describeConnectors(schemas operation.Schemas) error {
	var configs, credentials []*operation.Schema
	for _, connector := range s.ConnectorSchemas {
		for name, text := range map[string]string{
			connector.Name + "Config": connector.Config, connector.Name + "Credential": connector.Credential,
		} {
			decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
			decoder.DisallowUnknownFields()
			schemas[name] = &operation.Schema{}
			if err := decoder.Decode(schemas[name]); err != nil {
				return fmt.Errorf("rest: schema %s: %w", name, err)
			}
		}
		configs = append(configs, operation.Ref(connector.Name+"Config"))
		credentials = append(credentials, operation.Ref(connector.Name+"Credential"))
	}
	if len(configs) == 0 {
		return nil
	}
	for _, owner := range []string{"NewEngine", "EngineChange", "EngineDescriptor"} {
		properties := schemas[owner].Properties
		for name, choices := range map[string][]*operation.Schema{"config": configs, "credential": credentials} {
			if member := properties[name]; member != nil {
				properties[name] = &operation.Schema{Description: member.Description, AnyOf: choices}
			}
		}
	}
	return nil
}
