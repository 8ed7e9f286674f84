// Command generate writes the Go client, clients/go/client.gen.go, from openapi.json. "make generate" runs
// it; it is not part of the service.
//
// Its argument is the path of oapi-codegen, which the Makefile builds. The generator and its dependencies are
// therefore no requirements of this module.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate PATH-OF-OAPI-CODEGEN")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes the client with the given oapi-codegen. The working folder must be the root of the repository.
func run(ctx context.Context, generator string) error {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return err
	}
	document, err := prepare(text)
	if err != nil {
		return fmt.Errorf("openapi.json: %w", err)
	}
	cmd := exec.CommandContext(ctx, generator, "-config", "clients/go/oapi-codegen.yaml", "/dev/stdin")
	cmd.Stdin = bytes.NewReader(document)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// prepare returns the document with changes for oapi-codegen. It makes each value that may have several
// JSON types a json.RawMessage. Otherwise oapi-codegen fails if the types are listed, and if none is given
// it decodes the value into an interface, which rounds large numbers. It removes XML bodies from responses, because
// oapi-codegen would decode such a document into one string; the field Body of a response contains it.
func prepare(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var document map[string]any
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	components, _ := document["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for _, schema := range schemas {
		prepareSchema(schema)
	}
	paths, _ := document["paths"].(map[string]any)
	for _, operations := range paths {
		removeXML(operations)
	}
	return json.Marshal(document)
}

// removeXML removes the XML bodies from the responses of the operations of a path.
func removeXML(operations any) {
	methods, _ := operations.(map[string]any)
	for _, operation := range methods {
		o, _ := operation.(map[string]any)
		responses, _ := o["responses"].(map[string]any)
		for _, response := range responses {
			r, _ := response.(map[string]any)
			content, _ := r["content"].(map[string]any)
			delete(content, "application/xml")
		}
	}
}

// prepareSchema changes a schema and the schemas that it contains.
func prepareSchema(value any) {
	schema, ok := value.(map[string]any)
	if !ok {
		return
	}
	if hasSeveralTypes(schema) {
		delete(schema, "type")
		schema["x-go-type"] = "json.RawMessage"
		schema["x-go-type-skip-optional-pointer"] = true
	}
	for _, name := range []string{"items", "additionalProperties"} {
		prepareSchema(schema[name])
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, property := range properties {
		prepareSchema(property)
	}
	for _, name := range []string{"anyOf", "oneOf", "allOf"} {
		alternatives, _ := schema[name].([]any)
		for _, alternative := range alternatives {
			prepareSchema(alternative)
		}
	}
}

// hasSeveralTypes reports whether a value of the schema may have several JSON types other than null.
func hasSeveralTypes(schema map[string]any) bool {
	switch types := schema["type"].(type) {
	case string:
		return false
	case []any:
		count := 0
		for _, t := range types {
			if t != "null" {
				count++
			}
		}
		return count > 1
	}
	for _, name := range []string{"$ref", "anyOf", "oneOf", "allOf", "enum", "const"} {
		if schema[name] != nil {
			return false
		}
	}
	return true
}
