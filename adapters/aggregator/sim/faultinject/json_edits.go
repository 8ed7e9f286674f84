package faultinject

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// document is a JSON answer under edit. Raw text passes through the encoder as a
// marker that is replaced afterwards, so it may be what no encoder writes: NaN, a
// number of a thousand digits, a bare word.
type document struct {
	root any
	raw  string // replaces every marker
}

// marker cannot occur in an honest answer by chance.
const marker = "@faultinject:raw@"

// parse keeps numbers as text: an amount that is not edited keeps its digits.
func parse(body []byte) (*document, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	doc := &document{}
	return doc, decoder.Decode(&doc.root)
}

func (d *document) bytes() []byte {
	encoded, err := json.Marshal(d.root)
	if err != nil { // what was decoded can be encoded
		panic(err)
	}
	return bytes.ReplaceAll(encoded, []byte(strconv.Quote(marker)), []byte(d.raw))
}

// each calls edit for every member of every object, innermost first, and puts what
// it returns in the member's place.
func each(node any, edit func(name string, value any) any) {
	switch node := node.(type) {
	case map[string]any:
		for name, value := range node {
			each(value, edit)
			node[name] = edit(name, value)
		}
	case []any:
		for _, element := range node {
			each(element, edit)
		}
	}
}

// otherTypes swaps text with numbers, and puts objects and arrays where null and
// truth values were.
func otherTypes(d *document, _ exchange) {
	each(d.root, func(_ string, value any) any {
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

func otherAmounts(d *document, x exchange) {
	d.raw = cmp.Or(x.fault.Value, "1e400")
	each(d.root, func(name string, value any) any {
		if strings.HasPrefix(name, "amount") {
			return marker
		}
		return value
	})
}

func sameAgain(d *document, x exchange) { d.next(x.again()) }

// numbered tells each address from all others, so that remembering them does not help.
func numbered(r *http.Request, ordinal int) string {
	query := r.URL.Query()
	query.Set("again", strconv.Itoa(ordinal))
	return here(r) + r.URL.Path + "?" + query.Encode()
}

func nextElsewhere(d *document, x exchange) {
	d.next(cmp.Or(x.fault.Value, OtherOrigin+x.r.URL.RequestURI()))
}

// next changes the cursor of a list; an answer without one stays as it is.
func (d *document) next(to string) {
	if list, isObject := d.root.(map[string]any); isObject {
		if _, present := list["next"]; present {
			list["next"] = to
		}
	}
}

// here is the origin as the client addressed it.
func here(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
