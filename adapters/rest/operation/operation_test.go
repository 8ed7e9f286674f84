package operation_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
)

// canary is a value in requests. It must not appear in any message.
const canary = "c4n4ry"

// colour is a type of parameter that parses its own text.
type colour struct{ name string }

func (c *colour) UnmarshalText(text []byte) error {
	if string(text) == canary {
		return errors.New("must be a colour")
	}
	c.name = string(text)
	return nil
}

// code is a type that defines its own schema.
type code string

func (code) Schema() *operation.Schema {
	return &operation.Schema{Type: operation.TypeString, Pattern: `^[a-z]+$`, PatternDescription: "lower-case letters"}
}

type inner struct {
	Since time.Time `json:"since,omitzero" doc:"When it began" example:"2026-03-01T10:00:00Z"`
}

type item[T any] struct {
	inner

	Name  code     `json:"name" minLength:"1" maxLength:"5"`
	Kind  string   `json:"kind,omitempty" enum:"a,b"`
	Day   string   `json:"day,omitempty" format:"date"`
	Count int      `json:"count,omitzero" minimum:"1" maximum:"9" example:"3"`
	User  string   `json:"user,omitempty" dependentRequired:"pass"`
	Pass  string   `json:"pass,omitempty" dependentRequired:"user" writeOnly:"true"`
	Flags []string `json:"flags,omitempty" enum:"x,y" example:"x,y"`
	Extra T        `json:"extra" required:"false"`
}

// ratios is a map type with a name.
type ratios map[string]float64

type input struct {
	ID     string `path:"id"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Colour colour `query:"colour"`
	Match  string `header:"If-Match" pattern:"^[0-9]*$" patternDescription:"digits"`
	Body   *item[ratios]
}

type output struct {
	Location string `header:"Location" doc:"Where it is"`
	Body     item[bool]
}

func newInput(t *testing.T) (*operation.API, *operation.Input[input]) {
	t.Helper()
	api := operation.NewAPI(&operation.Document{})
	in := operation.NewInput[input](api, &operation.Operation{})
	if err := api.Compile(); err != nil {
		t.Fatal(err)
	}
	return api, in
}

// request returns a request with the given query and body, and with a valid path parameter.
func request(query, body string) operation.Request {
	values, _ := url.ParseQuery(query)
	return operation.Request{
		Header: http.Header{}, Query: values, Path: func(string) string { return "the id" }, Body: []byte(body),
	}
}

func TestTheSchemaOfATypeContainsItsTags(t *testing.T) {
	api, _ := newInput(t)
	got, err := json.Marshal(api.Schemas()["ItemRatios"])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"additionalProperties":false,"dependentRequired":{"pass":["user"],"user":["pass"]},"properties":{` +
		`"count":{"examples":[3],"format":"int64","maximum":9,"minimum":1,"type":"integer"},` +
		`"day":{"format":"date","type":"string"},` +
		`"extra":{"additionalProperties":{"format":"double","type":"number"},"type":"object"},` +
		`"flags":{"examples":[["x","y"]],"items":{"enum":["x","y"],"type":"string"},"type":"array"},` +
		`"kind":{"enum":["a","b"],"type":"string"},` +
		`"name":{"maxLength":5,"minLength":1,"pattern":"^[a-z]+$","type":"string"},` +
		`"pass":{"type":"string","writeOnly":true},` +
		`"since":{"description":"When it began","examples":["2026-03-01T10:00:00Z"],"format":"date-time",` +
		`"type":"string"},` +
		`"user":{"type":"string"}},"required":["name"],"type":"object"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestAValidRequestIsRead(t *testing.T) {
	_, in := newInput(t)
	r := request("colour=red", `{"name":"abc","extra":{"a":1.5},"since":"2026-01-02T03:04:05Z"}`)
	r.Header.Set("If-Match", "7")
	got, violations, err := in.Read(r)
	if err != nil || len(violations) > 0 {
		t.Fatal(violations, err)
	}
	if got.ID != "the id" || got.Limit != 20 || got.Colour.name != "red" || got.Match != "7" {
		t.Errorf("%+v", got)
	}
	if got.Body.Name != "abc" || got.Body.Extra["a"] != 1.5 || got.Body.Since.Year() != 2026 {
		t.Errorf("%+v", got.Body)
	}
	if got, violations, _ = in.Read(request("", "")); got.Body != nil || violations != nil {
		t.Errorf("an optional body is not optional: %v", violations)
	}
}

func TestTheErrorOfAPathParameterIsNoViolation(t *testing.T) {
	api := operation.NewAPI(&operation.Document{})
	in := operation.NewInput[struct {
		Colour colour `path:"colour"`
		Other  colour `query:"other"`
	}](api, &operation.Operation{})
	if err := api.Compile(); err != nil {
		t.Fatal(err)
	}
	r := request("", "")
	r.Path = func(string) string { return canary }
	if _, violations, err := in.Read(r); len(violations) > 0 || err == nil || err.Error() != "must be a colour" {
		t.Errorf("violations %v, error %v", violations, err)
	}
	r.Query.Set("other", canary)
	if _, violations, err := in.Read(r); len(violations) != 1 || violations[0].Location != "query.other" || err == nil {
		t.Errorf("violations %v, error %v", violations, err)
	}
}

func TestEveryViolationIsReportedWithoutItsValue(t *testing.T) {
	_, in := newInput(t)
	for _, c := range []struct{ query, body, want string }{
		{"limit=0", "", "query.limit must be at least 1"},
		{"limit=201", "", "query.limit must be at most 200"},
		{"limit=" + canary, "", "query.limit must be an integer"},
		{"limit=99999999999999999999", "", "query.limit must be an integer"},
		{"colour=" + canary, "", "query.colour must be a colour"},
		{"limit=0&colour=" + canary, `{}`, "body.name is required; query.colour must be a colour; " +
			"query.limit must be at least 1"},
		{"", canary, "body must be one valid JSON text"},
		{"", `{"name":"a"}{}`, "body must be one valid JSON text"},
		{"", strings.Repeat("[", 100) + strings.Repeat("]", 100), "body must be one valid JSON text"},
		{"", `"` + canary + `"`, "body must be of type object"},
		{"", `{"name":null}`, "body.name must not be null"},
		{"", `{"name":"` + canary + `"}`, "body.name must be lower-case letters; " +
			"body.name must have at most 5 characters"},
		{"", `{"name":""}`, "body.name must be lower-case letters; body.name must not be empty"},
		{"", `{"name":"a","name":"b"}`, "body.name must not be a duplicate member or contain one"},
		{"", `{"name":"a","extra":{"b":1,"b":2}}`, "body.extra must not be a duplicate member or contain one"},
		{"", `{"name":"a","kind":"` + canary + `"}`, "body.kind must be one of a, b"},
		{"", `{"name":"a","day":"2026-02-30"}`, "body.day must be a date (YYYY-MM-DD)"},
		{"", `{"name":"a","count":1.5}`, "body.count must be of type integer"},
		{"", `{"name":"a","count":1e999999999}`, "body.count must be at most 9"},
		{"", `{"name":"a","user":"u"}`, "body.pass is required"},
		{"", `{"name":"a","` + canary + `":1,"Kind":"a"}`, "body.Kind is not a member of this request; " +
			"body." + canary + " is not a member of this request"},
		{"", `{"name":"a","flags":["x","z"]}`, "body.flags[1] must be one of x, y"},
		{"", `{"name":"a","extra":{"0":"x"}}`, "body.extra.0 must be of type number"},
	} {
		_, violations, _ := in.Read(request(c.query, c.body))
		var texts []string
		for _, v := range violations {
			texts = append(texts, v.Location+" "+v.Message)
			if strings.Contains(v.Message, canary) {
				t.Errorf("%s: the message contains the value", c.body)
			}
		}
		slices.Sort(texts)
		if got := strings.Join(texts, "; "); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.query, c.body, got, c.want)
		}
	}
}

func TestAResponseIsWrittenAndDescribed(t *testing.T) {
	api := operation.NewAPI(&operation.Document{})
	op := &operation.Operation{}
	out := operation.NewOutput[output](api, op, http.StatusCreated)
	api.Document.Add(http.MethodPost, "/items", op)
	response := api.Document.Paths["/items"]["post"].Responses["201"]
	if response.Headers["Location"].Schema.Description != "Where it is" ||
		response.Content[operation.JSONType].Schema.Ref != "#/components/schemas/ItemBool" {
		t.Errorf("%+v", response)
	}
	w := httptest.NewRecorder()
	if err := out.Write(w, &output{Location: "/items/1", Body: item[bool]{Name: "a"}}); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusCreated || w.Header().Get("Location") != "/items/1" ||
		w.Body.String() != `{"name":"a","extra":false}` {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	if err := operation.NewOutput[struct{}](api, op, http.StatusNoContent).Write(w, nil); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTheTagOfABodyIsComputedUnlessTheOutputHasOne(t *testing.T) {
	api := operation.NewAPI(&operation.Document{})
	op := &operation.Operation{BodyTag: "Of the body"}
	type body struct{ Body item[bool] }
	out := operation.NewOutput[body](api, op, http.StatusOK)
	if header := op.Responses["200"].Headers["ETag"]; header == nil || header.Schema.Description != "Of the body" {
		t.Errorf("the header is %+v", header)
	}
	tag := func(name code) string {
		w := httptest.NewRecorder()
		if err := out.Write(w, &body{item[bool]{Name: name}}); err != nil {
			t.Fatal(err)
		}
		return w.Header().Get("ETag")
	}
	if a, again, b := tag("a"), tag("a"), tag("b"); len(a) != 24 || a != again || a == b {
		t.Errorf("the tags %s and %s of one body, %s of another one", a, again, b)
	}
	type tagged struct {
		ETag string `header:"ETag" doc:"Of the revision"`
		Body item[bool]
	}
	op = &operation.Operation{BodyTag: "Of the body"}
	given := operation.NewOutput[tagged](api, op, http.StatusOK)
	w := httptest.NewRecorder()
	if err := given.Write(w, &tagged{ETag: `"7"`}); err != nil || w.Header().Get("ETag") != `"7"` ||
		op.Responses["200"].Headers["ETag"].Schema.Description != "Of the revision" {
		t.Errorf("the given tag is %s, %v", w.Header().Get("ETag"), err)
	}
	operation.NewOutput[struct{}](api, op, http.StatusNoContent)
	if op.Responses["204"].Headers != nil {
		t.Error("a response without a body has a tag")
	}
}

// broken is a type whose values cannot be encoded as JSON.
type broken struct{}

func (broken) MarshalJSON() ([]byte, error) { return nil, errors.New("broken") }
func (broken) Schema() *operation.Schema    { return &operation.Schema{} }

func TestABodyThatCannotBeEncodedWritesNothing(t *testing.T) {
	api := operation.NewAPI(&operation.Document{})
	out := operation.NewOutput[struct{ Body broken }](api, &operation.Operation{}, http.StatusOK)
	w := httptest.NewRecorder()
	if err := out.Write(w, &struct{ Body broken }{}); err == nil || w.Body.Len() > 0 || w.Flushed {
		t.Errorf("%v %s", err, w.Body)
	}
}

func TestASchemaThatIsNotValidStopsTheStart(t *testing.T) {
	api := operation.NewAPI(&operation.Document{})
	operation.NewInput[struct {
		Name string `query:"name" pattern:"("`
	}](api, &operation.Operation{})
	if api.Compile() == nil {
		t.Error("a pattern that cannot be compiled was accepted")
	}
}
