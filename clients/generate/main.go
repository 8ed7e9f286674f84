// Command generate reads openapi.json from the standard input, and writes it to the standard output with changes
// for oapi-codegen. "make generate" then lets oapi-codegen write clients/go/client.gen.go. The command is not part of
// the service.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "generate: openapi.json:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	document, err := prepare(text)
	if err != nil {
		return err
	}
	_, err = out.Write(document)
	return err
}

// prepare returns the document with three changes for oapi-codegen:
//
//   - Each value that may have several JSON types becomes a json.RawMessage. Otherwise, oapi-codegen fails if the
//     schema lists several types. If the schema lists no type, the generated code decodes the value into an
//     interface, which rounds large numbers.
//   - XML bodies are removed from the responses, because oapi-codegen would decode XML into one string. At run time,
//     the field Body of a generated response still contains the bytes of the XML document.
//   - A member in snake case, such as webhook_url, is removed if there is also a member webhookUrl, because both
//     would get the same field name.
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
	removeSpellings(schema, properties)
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

// removeSpellings removes each property in snake case that the schema also has in camel case.
func removeSpellings(schema, properties map[string]any) {
	required, _ := schema["required"].([]any)
	for name := range properties {
		words := strings.Split(name, "_")
		for i := 1; i < len(words); i++ {
			if words[i] != "" {
				words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
			}
		}
		if other := strings.Join(words, ""); other != name && properties[other] != nil {
			delete(properties, name)
			required = slices.DeleteFunc(required, func(member any) bool { return member == name })
			schema["required"] = required
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
