package faultinject

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// jsonDocument is a JSON response that is being edited. An edit can replace values by raw text that is not valid JSON,
// for example NaN. An encoder cannot write such text. Each replaced value therefore becomes a marker, and the raw text
// replaces the markers after encoding.
type jsonDocument struct {
	root any
	raw  string // the text that replaces every marker
}

// marker is a string that does not occur in a normal response by chance.
const marker = "@faultinject:raw@"

// parse decodes a response. Numbers remain text, so that an amount that is not edited retains
// all its digits.
func parse(body []byte) (*jsonDocument, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	doc := &jsonDocument{}
	return doc, decoder.Decode(&doc.root)
}

func (d *jsonDocument) bytes() []byte {
	encoded, err := json.Marshal(d.root)
	if err != nil { // impossible, because decoded values can always be encoded
		panic(err)
	}
	return bytes.ReplaceAll(encoded, []byte(strconv.Quote(marker)), []byte(d.raw))
}

// editMembers calls fn for every member of every object in node, innermost first, and replaces the value of the member
// by the result.
func editMembers(node any, fn func(name string, value any) any) {
	switch node := node.(type) {
	case map[string]any:
		for name, value := range node {
			editMembers(value, fn)
			node[name] = fn(name, value)
		}
	case []any:
		for _, element := range node {
			editMembers(element, fn)
		}
	}
}

// swapTypes replaces strings by numbers, numbers by strings, null by objects, and booleans by
// arrays.
func swapTypes(d *jsonDocument, _ exchange) {
	editMembers(d.root, func(_ string, value any) any {
		switch value.(type) {
		case string:
			return 7
		case json.Number:
			return "seven"
		case bool:
			return []any{}
		case nil:
			return map[string]any{}
		}
		return value
	})
}

func replaceAmounts(d *jsonDocument, x exchange) {
	d.raw = cmp.Or(x.fault.Value, "1e400")
	editMembers(d.root, func(name string, value any) any {
		if strings.HasPrefix(name, "amount") {
			return marker
		}
		return value
	})
}

func repeatPage(d *jsonDocument, x exchange) { d.setNext(x.repeatedCursor()) }

// numberedURL returns the request's URL with the ordinal as a parameter. Each returned URL is new. Therefore a client
// that remembers its requested URLs does not detect the repetition.
func numberedURL(r *http.Request, ordinal int) string {
	query := r.URL.Query()
	query.Set("again", strconv.Itoa(ordinal))
	return requestOrigin(r) + r.URL.Path + "?" + query.Encode()
}

func replaceNextHost(d *jsonDocument, x exchange) {
	d.setNext(cmp.Or(x.fault.Value, OtherOrigin+x.r.URL.RequestURI()))
}

// setNext replaces the value of the member "next" of a list by the given URL. A response without this member remains
// unchanged.
func (d *jsonDocument) setNext(to string) {
	if list, isObject := d.root.(map[string]any); isObject {
		if _, present := list["next"]; present {
			list["next"] = to
		}
	}
}

// requestOrigin returns the scheme and the host with which the client addressed the server.
func requestOrigin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
