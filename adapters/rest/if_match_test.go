package rest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// withoutIfMatch are the changes of one object by its path that take no tag in If-Match, each with the reason. The path
// of none of them can be read, so there is no entity tag that a caller could send.
var withoutIfMatch = map[string]string{
	"revoke-webhook-token": "a token has no changeable members; a revoked token stays revoked",
	"close-period":         "a close never changes: a second request responds with the first close",
	"set-csv-mapping":      "the columns are replaced as a whole, and nothing of the earlier ones is lost that matters",
	"include-transaction":  "an exclusion never changes, so no change of it can be lost",
	"reopen-period":        "a close never changes, so no change of it can be lost",
}

// TestEveryObjectThatChangesTakesIfMatch checks the route table. A route that replaces, changes or deletes the object
// at its path takes If-Match, and a GET of the same path responds with the entity tag.
func TestEveryObjectThatChangesTakesIfMatch(t *testing.T) {
	s := newEnv(t)
	paths := openAPI(t, s)["paths"].(map[string]any)
	hasTag := func(op any, status string) bool {
		response, _ := op.(map[string]any)["responses"].(map[string]any)[status].(map[string]any)
		headers, _ := response["headers"].(map[string]any)
		return headers["ETag"] != nil
	}
	conditional, exceptions := 0, 0
	for _, r := range (&server{}).routes() {
		if !r.changesObject() {
			continue
		}
		item := paths[r.path].(map[string]any)
		if withoutIfMatch[r.id] != "" {
			exceptions++
			if r.ifMatch || item["get"] != nil {
				t.Errorf("%s is an exception, but takes If-Match or can be read", r.id)
			}
			path := strings.NewReplacer("{id}", someID.String(), "{date}", "2026-02-28").Replace(r.path)
			w := s.call(r.method, path, "", "If-Match", `"1"`)
			p := problemIn(t, w, http.StatusPreconditionFailed, codePrecondition)
			if p.Detail != "the object has no entity tag" {
				t.Errorf("%s with a tag: %+v", r.id, p)
			}
			if w := s.call(r.method, path, "", "If-Match", "*"); w.Code == http.StatusPreconditionFailed {
				t.Errorf("%s with any tag: %d", r.id, w.Code)
			}
			continue
		}
		conditional++
		if !r.ifMatch {
			t.Errorf("%s takes no If-Match", r.id)
		}
		if get := item["get"]; get == nil || !hasTag(get, "200") {
			t.Errorf("%s: no GET of %s responds with an ETag", r.id, r.path)
		}
		if r.method != http.MethodDelete && !hasTag(item[strings.ToLower(r.method)], "200") {
			t.Errorf("%s responds without the new ETag", r.id)
		}
		// The middleware refuses an empty list of tags on exactly the routes that take If-Match.
		w := s.call(r.method, strings.ReplaceAll(r.path, "{id}", someID.String()), "{}", "If-Match", ",")
		if p := problemIn(
			t,
			w,
			http.StatusBadRequest,
			codeInvalid,
		); !strings.Contains(
			p.Errors[len(p.Errors)-1].Location+
				p.Errors[0].Location,
			"header.If-Match",
		) {
			t.Errorf("%s: %+v", r.id, p.Errors)
		}
	}
	if conditional < 8 || exceptions != len(withoutIfMatch) {
		t.Errorf("%d conditional routes and %d of %d exceptions", conditional, exceptions, len(withoutIfMatch))
	}
}

// TestEveryObjectThatIsReadByItsIDHasAnEntityTag checks the route table and the document. If the object has no
// revision, the tag is computed from the body: two bodies have the same tag only if they are equal.
func TestEveryObjectThatIsReadByItsIDHasAnEntityTag(t *testing.T) {
	s := newEnv(t)
	paths := openAPI(t, s)["paths"].(map[string]any)
	byRevision := map[string]bool{
		"get-connection": true, "get-engine-connection": true, "get-application": true, "get-subscription": true,
		"get-bank-statement": true,
	}
	read := 0
	for _, r := range (&server{}).routes() {
		if r.method != http.MethodGet || !strings.HasSuffix(r.path, "{id}") {
			continue
		}
		read++
		responses := paths[r.path].(map[string]any)["get"].(map[string]any)["responses"].(map[string]any)
		if headers, _ := responses["200"].(map[string]any)["headers"].(map[string]any); headers["ETag"] == nil {
			t.Errorf("the document describes no ETag of %s", r.id)
		}
		tags := map[string]string{} // by the body
		for _, id := range []string{someID.String(), otherID.String(), someID.String()} {
			w := s.call(r.method, strings.ReplaceAll(r.path, "{id}", id), "")
			if w.Code == http.StatusNotFound {
				continue // the fake service knows only one object of some kinds
			}
			tag, body := w.Header().Get("ETag"), w.Body.String()
			if w.Code != http.StatusOK || len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
				t.Errorf("%s: %d with the ETag %q", r.id, w.Code, tag)
			}
			if before, known := tags[body]; known && tag != before {
				t.Errorf("%s: the ETags %s and %s of one body", r.id, before, tag)
			}
			tags[body] = tag
		}
		distinct := slices.Compact(slices.Sorted(maps.Values(tags)))
		if len(tags) == 0 || len(distinct) != len(tags) && !byRevision[r.id] {
			t.Errorf("%s: %d bodies have the ETags %v", r.id, len(tags), distinct)
		}
	}
	if read < 12 {
		t.Errorf("%d objects are read by their ids", read)
	}
}
