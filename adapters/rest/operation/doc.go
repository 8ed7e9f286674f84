// Package operation connects Go functions with HTTP operations. It reads and validates requests, writes responses, and
// describes both in an OpenAPI 3.1 document. All three depend only on the types of the function's input and output, so
// the document cannot differ from what the service does.
//
// An input is a struct. Its fields have one of the tags path, query and header with the name of a parameter. The field
// Body, of any type, is the JSON body; if it is a pointer, the body is optional. An output is a struct whose fields
// have the tag header, and whose fields Status and Body, if there are any, are the status and the JSON body of the
// response.
//
// Fields of inputs, outputs and bodies can have these tags, which are keywords of JSON Schema: default,
// dependentRequired, enum, format, maxLength, maximum, minLength, minimum, pattern, writeOnly. Three more tags are
// allowed: doc contains a description, example contains an example, and required:"false" marks a member that a response
// may lack even if the member has no omitempty. If the type of a parameter is an encoding.TextUnmarshaler, it parses
// the text of the parameter.
//
// A type can define its own schema; see Describer. All requests are validated by package jsonschema.
package operation
