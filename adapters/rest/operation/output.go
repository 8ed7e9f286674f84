package operation

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"reflect"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Output writes responses from structs of type O. Like Input, it does nothing generic itself.
type Output[O any] struct{ fields outputFields }

// outputFields describes the fields of an output struct.
type outputFields struct {
	status  int
	headers []header
	// The indices of the fields Status and Body, or -1 for a field that does not exist.
	statusField, bodyField int
	// alternatives are the fields with other bodies, each with the status of its response.
	alternatives []alternative
	// tagsBody means that the header ETag is computed from the body.
	tagsBody bool
}

// alternative describes a field of an output struct that holds an alternative to Body. The field is nil if Body is the
// response.
type alternative struct{ status, field int }

// header describes a field of an output struct that holds a header.
type header struct {
	name  string
	field int
}

// NewOutput returns the Output for an operation (op). It adds the successful response to the operation's description,
// and the schemas of the response to the API (a). The response has the given status, unless the output struct has a
// field Status.
func NewOutput[O any](a *API, op *Operation, status int) *Output[O] {
	return &Output[O]{newOutputFields(a, op, status, reflect.TypeFor[O]())}
}

// newOutputFields is NewOutput for the struct type t.
func newOutputFields(a *API, op *Operation, status int, t reflect.Type) outputFields {
	out := outputFields{status: status, statusField: -1, bodyField: -1}
	response := op.response(status)
	for i := range t.NumField() {
		field := t.Field(i)
		switch name := field.Tag.Get("header"); {
		case field.Name == "Status":
			out.statusField = i
		case field.Name == "Body":
			out.bodyField = i
			response.Content = map[string]*MediaType{JSONType: {Schema: a.Schemas().Of(field.Type)}}
		case field.Tag.Get("status") != "":
			other, err := strconv.Atoi(field.Tag.Get("status"))
			if err != nil {
				panic("operation: the status of " + field.Name + " is not a number")
			}
			op.response(other).Content = map[string]*MediaType{JSONType: {Schema: a.Schemas().Of(field.Type.Elem())}}
			out.alternatives = append(out.alternatives, alternative{other, i})
		case name != "":
			schema := a.Schemas().Of(field.Type)
			a.Schemas().applyTags(schema, field)
			out.headers = append(out.headers, header{name, i})
			if response.Headers == nil {
				response.Headers = map[string]*Header{}
			}
			response.Headers[name] = &Header{Schema: schema}
		}
	}
	out.tagBody(op)
	return out
}

// etagHeader is the name of the header with the entity tag.
const etagHeader = "ETag"

// tagBody adds the entity tag of op.BodyTag.
func (out *outputFields) tagBody(op *Operation) {
	response := op.response(out.status)
	if op.BodyTag == "" || response.Headers[etagHeader] != nil || out.bodyField < 0 {
		return
	}
	if response.Headers == nil {
		response.Headers = map[string]*Header{}
	}
	response.Headers[etagHeader] = &Header{Schema: &Schema{Type: TypeString, Description: op.BodyTag}}
	out.tagsBody = true
}

// response returns the description of the response with this status. It adds the response if it is missing.
func (op *Operation) response(status int) *Response {
	if op.Responses == nil {
		op.Responses = map[string]*Response{}
	}
	text := strconv.Itoa(status)
	if op.Responses[text] == nil {
		op.Responses[text] = &Response{Description: http.StatusText(status)}
	}
	return op.Responses[text]
}

// ResponseOptions are the JSON options for writing responses. The vendors' JSON objects are written unchanged,
// including their duplicate members.
var ResponseOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))

// responseWriters is a pool of buffers for responses. The encoder writes every few hundred bytes,
// and without a buffer net/http would make a system call for each of these writes.
var responseWriters = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 32<<10) }}

// Write writes a response. If response is nil, it writes no headers and no body. Write returns an error if the body
// cannot be encoded. If this happens within the first 32 KiB of the body, nothing has been written.
func (out *Output[O]) Write(w http.ResponseWriter, response *O) error {
	if response == nil {
		w.WriteHeader(out.fields.status)
		return nil
	}
	return out.fields.write(w, reflect.ValueOf(response).Elem())
}

// write is Write for the struct in fields.
func (out *outputFields) write(w http.ResponseWriter, fields reflect.Value) error {
	for _, h := range out.headers {
		if value := fields.Field(h.field).String(); value != "" {
			w.Header().Set(h.name, value)
		}
	}
	status := out.status
	if out.statusField >= 0 {
		status = int(fields.Field(out.statusField).Int())
	}
	for _, other := range out.alternatives {
		if body := fields.Field(other.field); !body.IsNil() {
			w.Header().Set("Content-Type", JSONType)
			return writeBody(w, other.status, body.Interface())
		}
	}
	if out.bodyField < 0 {
		w.WriteHeader(status)
		return nil
	}
	body := fields.Field(out.bodyField).Addr().Interface()
	if out.tagsBody {
		tag, err := entityTag(body)
		if err != nil {
			return err
		}
		w.Header().Set(etagHeader, tag)
	}
	w.Header().Set("Content-Type", JSONType)
	return writeBody(w, status, body)
}

// entityTag returns the strong entity tag of a body. It encodes the body without storing the bytes: a body is written
// without being in memory as a whole, and its encoding is deterministic.
func entityTag(body any) (string, error) {
	hash := sha256.New()
	if err := json.MarshalWrite(hash, body, ResponseOptions); err != nil {
		return "", err
	}
	return `"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16]) + `"`, nil
}

// writeBody writes the status and the body. The status is written with the first bytes of the body.
func writeBody(w http.ResponseWriter, status int, body any) error {
	buffer := responseWriters.Get().(*bufio.Writer)
	defer func() { buffer.Reset(nil); responseWriters.Put(buffer) }()
	buffer.Reset(&statusWriter{ResponseWriter: w, status: status})
	if err := json.MarshalWrite(buffer, body, ResponseOptions); err != nil {
		return err // the buffered part is discarded, so that a problem document can still be sent
	}
	return buffer.Flush()
}

// statusWriter writes the status before the first byte of the body.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// Write implements io.Writer.
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status != 0 {
		w.WriteHeader(w.status)
		w.status = 0
	}
	return w.ResponseWriter.Write(p)
}
