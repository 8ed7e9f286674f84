package docs_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// wildcard replaces a value that is different in each run. Outside a string it matches any value except
// null; inside a string it matches any text that is not empty.
const wildcard = "…"

// mismatch compares a response (got) with the documented response (shown). It returns a description of the differences,
// or "" if the responses match. The documented headers must be present. In the body, every object must have exactly the
// documented members.
func mismatch(shown, got string) string {
	wantHead, wantBody := splitResponse(shown)
	gotHead, gotBody := splitResponse(got)
	if fault := compareHeads(wantHead, gotHead); fault != "" {
		return fault
	}
	if strings.TrimSpace(wantBody) == "" {
		if strings.TrimSpace(gotBody) != "" {
			return "the body should be empty"
		}
		return ""
	}
	var want, have any
	if err := json.Unmarshal([]byte(bareWildcard.ReplaceAllString(wantBody, `$1"`+wildcard+`"`)), &want); err != nil {
		return fmt.Sprintf("the documented body is not JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(gotBody), &have); err != nil {
		return fmt.Sprintf("the response is not JSON: %v", err)
	}
	return strings.Join(differences("body", want, have), "\n")
}

// bareWildcard matches a wildcard that is outside a string, in the position of a value.
var bareWildcard = regexp.MustCompile(`([:\[,]\s*)` + wildcard)

// splitResponse splits a response into its head (the status line and the headers) and its body. The head is "" if
// there is no status line.
func splitResponse(answer string) (head, body string) {
	answer = strings.ReplaceAll(strings.TrimSpace(answer), "\r", "")
	if !strings.HasPrefix(answer, "HTTP/") {
		return "", answer
	}
	for strings.HasPrefix(answer, "HTTP/1.1 100") { // curl also prints the interim response 100 Continue
		_, answer, _ = strings.Cut(answer, "\n\n")
	}
	head, body, _ = strings.Cut(answer, "\n\n")
	return head, body
}

func compareHeads(want, got string) string {
	wantLine, wantFields, _ := strings.Cut(want, "\n")
	gotLine, gotFields, _ := strings.Cut(got, "\n")
	if wantLine != gotLine && want != "" {
		return fmt.Sprintf("the status is %q", gotLine)
	}
	have := headers(gotFields)
	for name, values := range headers(wantFields) {
		if !matchesPattern(values[0], have.Get(name)) {
			return fmt.Sprintf("%s is %q", name, have.Get(name))
		}
	}
	return ""
}

func headers(text string) http.Header {
	fields, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text + "\n\n"))).ReadMIMEHeader()
	if err != nil {
		return nil
	}
	return http.Header(fields)
}

// differences compares two JSON values recursively and returns a description of each difference. The descriptions
// contain the path of the values in the response.
func differences(path string, want, have any) (found []string) {
	if want == wildcard && have != nil {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := have.(map[string]any)
		if !ok {
			return []string{path + " is not an object"}
		}
		names := slices.Sorted(maps.Keys(want))
		if diff := slices.Sorted(maps.Keys(object)); !slices.Equal(names, diff) {
			return []string{fmt.Sprintf("%s has the members %q, not %q", path, diff, names)}
		}
		for _, name := range names {
			found = append(found, differences(path+"."+name, want[name], object[name])...)
		}
	case []any:
		list, ok := have.([]any)
		if !ok || len(list) != len(want) {
			return []string{fmt.Sprintf("%s does not have %d items", path, len(want))}
		}
		for i := range want {
			found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), want[i], list[i])...)
		}
	case string:
		if text, ok := have.(string); !ok || !matchesPattern(want, text) {
			return []string{fmt.Sprintf("%s is %v", path, have)}
		}
	default:
		if want != have {
			return []string{fmt.Sprintf("%s is %v", path, have)}
		}
	}
	return found
}

// matchesPattern reports whether a text matches a pattern that may contain wildcards.
func matchesPattern(pattern, text string) bool {
	var expression strings.Builder
	for i, part := range strings.Split(pattern, wildcard) {
		if i > 0 {
			expression.WriteString(".+")
		}
		expression.WriteString(regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(`(?s)^` + expression.String() + `$`).MatchString(text)
}

// The comparison of responses must detect every kind of difference.
func TestADifferentResponseIsDetected(t *testing.T) {
	const shown = "HTTP/1.1 200 OK\nETag: \"1\"\n\n{\"id\":\"a-…\",\"n\":…,\"list\":[{\"b\":true}]}"
	const same = "HTTP/1.1 200 OK\r\nEtag: \"1\"\r\nVary: x\r\n\r\n{\"id\":\"a-7\",\"n\":4,\"list\":[{\"b\":true}]}"
	if fault := mismatch(shown, same); fault != "" {
		t.Errorf("a matching response: %s", fault)
	}
	for what, change := range map[string][2]string{
		"status": {"200 OK", "201 Created"}, "header": {`"1"`, `"2"`}, "text": {"a-7", "b-7"},
		"empty wildcard": {"a-7", "a-"},
		"null":           {`"n":4`, `"n":null`}, "missing": {`"n":4,`, ``}, "more": {`"n":4`, `"n":4,"m":5`},
		"item": {`{"b":true}`, `{"b":true},{"b":true}`}, "kind": {`true`, `"true"`},
	} {
		if mismatch(shown, strings.Replace(same, change[0], change[1], 1)) == "" {
			t.Errorf("another %s is not detected", what)
		}
	}
}
