// Package operation connects Go functions with HTTP operations. It reads and validates requests, writes responses, and
// describes the operations in an OpenAPI 3.1 document. The document is derived from the same types as the validation,
// so the document cannot differ from what the service does.
//
// An input is a struct. Each of its fields has one of the tags path, query and header, with the name of a parameter. An
// exception is the field Body, the JSON body. The body is optional if Body is a pointer. If the type of a parameter is
// an encoding.TextUnmarshaler, UnmarshalText parses the parameter. Its error is a violation. For a path parameter, the
// error is returned unchanged instead, because a path that cannot be parsed identifies no object.
//
// An output is a struct. Its fields with the tag header are headers of the response. The optional fields Status and
// Body are the status and the JSON body of the response. A pointer field with the tag status is another JSON
// body: if it is not nil, it is the body of the response, with the status in the tag.
//
// Fields of inputs, outputs and bodies can have these tags:
//
//   - default, dependentRequired, enum, format, maxLength, maximum, minLength, minimum, pattern and writeOnly are
//     keywords of JSON Schema.
//   - requiredWithout contains the name of another member of the struct. The member is required if the other one is
//     absent. All members of a struct with this tag must name the same other member.
//   - doc contains a description, and example contains an example.
//   - required:"false" marks a member that a response may lack even if the member has no omitempty.
//
// A type can define its own schema; see Describer. Package jsonschema validates all requests.
package operation
