package faultinject

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// jsonDocument is a JSON response being edited. Raw text passes through the encoder as a
// marker that is replaced afterwards. It can therefore be text that no encoder writes: NaN, a
// number of a thousand digits, a bare word.
type jsonDocument struct {
	root any
	raw  string // replaces every marker
}

// marker does not occur in a normal response by chance.
const marker = "@faultinject:raw@"

// parse keeps numbers as text: an amount that is not edited keeps its digits.
func parse(body []byte) (*jsonDocument, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	doc := &jsonDocument{}
	return doc, decoder.Decode(&doc.root)
}

func (d *jsonDocument) bytes() []byte {
	encoded, err := json.Marshal(d.root)
	if err != nil { // decoded values can always be encoded
		panic(err)
	}
	return bytes.ReplaceAll(encoded, []byte(strconv.Quote(marker)), []byte(d.raw))
}

// editMembers calls edit for every member of every object, innermost first, and replaces the
// member's value by the result.
func editMembers(node any, edit func(name string, value any) any) {
	switch node := node.(type) {
	case map[string]any:
		for name, value := range node {
			editMembers(value, edit)
			node[name] = edit(name, value)
		}
	case []any:
		for _, element := range node {
			editMembers(element, edit)
		}
	}
}

// swapTypes swaps strings with numbers, and replaces null and booleans by objects and
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

// numberedURL returns a URL that was never returned before, so that a client which remembers
// the URLs it has seen does not detect the repetition.
func numberedURL(r *http.Request, ordinal int) string {
	query := r.URL.Query()
	query.Set("again", strconv.Itoa(ordinal))
	return requestOrigin(r) + r.URL.Path + "?" + query.Encode()
}

func replaceNextHost(d *jsonDocument, x exchange) {
	d.setNext(cmp.Or(x.fault.Value, OtherOrigin+x.r.URL.RequestURI()))
}

// setNext changes the cursor of a list; a response without one stays unchanged.
func (d *jsonDocument) setNext(to string) {
	if list, isObject := d.root.(map[string]any); isObject {
		if _, present := list["next"]; present {
			list["next"] = to
		}
	}
}

// requestOrigin returns the origin as the client addressed it.
func requestOrigin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
