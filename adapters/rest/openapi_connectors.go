package rest

import (
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// describeConnectors adds the schemas of the connector types to the document, and makes the members config
// and credential refer to them. huma validates requests with the schemas of the document, but config and
// credential are validated by the connectors, whose messages are better. restore therefore undoes the
// change; it must be called when the document has been encoded. Errors: a schema that is not valid.
func (s *server) describeConnectors(schemas map[string]*huma.Schema) (restore func(), err error) {
	var configs, credentials []*huma.Schema
	for _, connector := range s.ConnectorSchemas {
		for name, text := range map[string]string{
			connector.Name + "Config": connector.Config, connector.Name + "Credential": connector.Credential,
		} {
			schemas[name] = &huma.Schema{}
			if err := json.Unmarshal([]byte(text), schemas[name]); err != nil {
				return nil, fmt.Errorf("rest: schema %s: %w", name, err)
			}
		}
		configs = append(configs, &huma.Schema{Ref: schemaPrefix + connector.Name + "Config"})
		credentials = append(credentials, &huma.Schema{Ref: schemaPrefix + connector.Name + "Credential"})
	}
	if len(configs) == 0 {
		return func() {}, nil
	}
	var undo []func()
	for _, owner := range []string{"NewEngine", "EngineChange", "EngineDescriptor"} {
		properties := schemas[owner].Properties
		for name, choices := range map[string][]*huma.Schema{"config": configs, "credential": credentials} {
			if validated := properties[name]; validated != nil {
				properties[name] = &huma.Schema{Description: validated.Description, AnyOf: choices}
				undo = append(undo, func() { properties[name] = validated })
			}
		}
	}
	return func() {
		for _, restore := range undo {
			restore()
		}
	}, nil
}
