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

// whatever stands in a document for what differs from run to run: alone for a value of any
// kind, within a text for any part of it.
const whatever = "…"

// mismatch says how an answer differs from the one that is shown; "" means not at all.
// Of the headers, those shown must be there; of the body, every object must have exactly
// the members that are shown.
func mismatch(shown, got string) string {
	wantHead, wantBody := parts(shown)
	gotHead, gotBody := parts(got)
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
	if err := json.Unmarshal([]byte(bareAny.ReplaceAllString(wantBody, `$1"`+whatever+`"`)), &want); err != nil {
		return fmt.Sprintf("what is shown is not JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(gotBody), &have); err != nil {
		return fmt.Sprintf("what came is not JSON: %v", err)
	}
	return strings.Join(differences("body", want, have), "\n")
}

// bareAny is the mark in the place of a value.
var bareAny = regexp.MustCompile(`([:\[,]\s*)` + whatever)

// parts takes the head from the body; an answer without a status line has none.
func parts(answer string) (head, body string) {
	answer = strings.ReplaceAll(strings.TrimSpace(answer), "\r", "")
	if !strings.HasPrefix(answer, "HTTP/") {
		return "", answer
	}
	for strings.HasPrefix(answer, "HTTP/1.1 100") { // curl shows the go-ahead too
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
		if !like(values[0], have.Get(name)) {
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

// differences walks through both values.
func differences(at string, want, have any) (faults []string) {
	if want == whatever && have != nil {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := have.(map[string]any)
		if !ok {
			return []string{at + " is no object"}
		}
		names := slices.Sorted(maps.Keys(want))
		if diff := slices.Sorted(maps.Keys(object)); !slices.Equal(names, diff) {
			return []string{fmt.Sprintf("%s has the members %q, not %q", at, diff, names)}
		}
		for _, name := range names {
			faults = append(faults, differences(at+"."+name, want[name], object[name])...)
		}
	case []any:
		list, ok := have.([]any)
		if !ok || len(list) != len(want) {
			return []string{fmt.Sprintf("%s has not %d items", at, len(want))}
		}
		for i := range want {
			faults = append(faults, differences(fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
		}
	case string:
		if text, ok := have.(string); !ok || !like(want, text) {
			return []string{fmt.Sprintf("%s is %v", at, have)}
		}
	default:
		if want != have {
			return []string{fmt.Sprintf("%s is %v", at, have)}
		}
	}
	return faults
}

// like compares texts, of which the first may have marks in it.
func like(pattern, text string) bool {
	var expression strings.Builder
	for i, part := range strings.Split(pattern, whatever) {
		if i > 0 {
			expression.WriteString(".+")
		}
		expression.WriteString(regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(`(?s)^` + expression.String() + `$`).MatchString(text)
}

// The comparison must be able to say no.
func TestAnAnswerThatDiffersIsSeen(t *testing.T) {
	const shown = "HTTP/1.1 200 OK\nETag: \"1\"\n\n{\"id\":\"a-…\",\"n\":…,\"list\":[{\"b\":true}]}"
	const same = "HTTP/1.1 200 OK\r\nEtag: \"1\"\r\nVary: x\r\n\r\n{\"id\":\"a-7\",\"n\":4,\"list\":[{\"b\":true}]}"
	if fault := mismatch(shown, same); fault != "" {
		t.Errorf("a good answer: %s", fault)
	}
	for what, change := range map[string][2]string{
		"status": {"200 OK", "201 Created"}, "header": {`"1"`, `"2"`}, "text": {"a-7", "b-7"}, "empty wildcard": {"a-7", "a-"},
		"null": {`"n":4`, `"n":null`}, "missing": {`"n":4,`, ``}, "more": {`"n":4`, `"n":4,"m":5`},
		"item": {`{"b":true}`, `{"b":true},{"b":true}`}, "kind": {`true`, `"true"`},
	} {
		if mismatch(shown, strings.Replace(same, change[0], change[1], 1)) == "" {
			t.Errorf("another %s is not seen", what)
		}
	}
}
