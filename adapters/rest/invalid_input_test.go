package rest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// invalidBodies are invalid bodies for several routes, each with the locations that the 400 must
// list.
var invalidBodies = []struct {
	name, target, body, at string
}{
	{
		"empty object reports all six members", "POST " + connectionsPath, `{}`,
		"body.accountRef body.baseUrl body.clientId body.configName body.secret body.vendor",
	},
	{
		"an application replaces three members", "POST " + connectionsPath, `{"applicationId":"x"}`,
		"body.accountRef body.configName body.vendor",
	},
	{
		"an empty application", "POST " + connectionsPath, replaceIn(`"vendor"`, `"applicationId":"","vendor"`),
		"body.applicationId",
	},
	{
		"empty object reports all members of an application", "POST " + applicationsPath, `{}`,
		"body.baseUrl body.clientId body.name body.secret body.vendor",
	},
	{
		"half a credential",
		"PUT " + applicationsPath + "/{id}",
		`{"name":"a","secret":"` + canary + `"}`,
		"body.clientId",
	},
	{"no name", "PUT " + applicationsPath + "/{id}", `{}`, "body.name"},
	{
		"empty object reports all members of a link session", "POST " + linkSessionsPath, `{}`,
		"body.baseUrl body.clientId body.configName body.secret body.vendor",
	},
	{
		"an unknown type of event beside another fault", "POST " + subscriptionsPath,
		`{"name":"","types":["transaction.*","foo.bar"],"sink":{"kind":"webhook","url":"x"}}`,
		"body.name body.types[1]",
	},
	{
		"an unknown type of event in a change", "PUT " + subscriptionsPath + "/{id}",
		`{"name":"","types":["foo.bar"],"sink":{"kind":"webhook","url":"x"}}`, "body.name body.types[0]",
	},
	{"null", "POST " + connectionsPath, `null`, "body"},
	{"array", "POST " + connectionsPath, `[]`, "body"},
	{"string", "POST " + connectionsPath, `"` + canary + `"`, "body"},
	{"number", "POST " + connectionsPath, `7`, "body"},
	{"true", "POST " + connectionsPath, `true`, "body"},
	{"white space", "POST " + connectionsPath, "  \n", "body"},
	{"truncated object", "POST " + connectionsPath, `{"vendor":"pluggy"`, "body"},
	{"truncated string", "POST " + connectionsPath, `{"secret":"` + canary, "body"},
	{"two texts", "POST " + connectionsPath, goodConnection + goodConnection, "body"},
	{"trailing garbage", "POST " + connectionsPath, goodConnection + canary, "body"},
	{"trailing comma", "POST " + connectionsPath, `{"vendor":"pluggy",}`, "body"},
	{"comment", "POST " + connectionsPath, `{/*` + canary + `*/}`, "body"},
	{"single quotes", "POST " + connectionsPath, `{'vendor':'pluggy'}`, "body"},
	{"byte order mark", "POST " + connectionsPath, "\ufeff" + goodConnection, "body"},
	{"NaN", "POST " + connectionsPath, `{"vendor":NaN}`, "body"},
	{"hex number", "POST " + connectionsPath, `{"vendor":0x10}`, "body"},
	{"leading zero", "POST " + connectionsPath, `{"vendor":01}`, "body"},
	{"raw control character", "POST " + connectionsPath, "{\"vendor\":\"a\x01b\"}", "body"},
	{"invalid UTF-8", "POST " + connectionsPath, replaceIn("pluggy-main", "a\xff\xfe"), "body"},
	{"lone surrogate", "POST " + connectionsPath, replaceIn("pluggy-main", `\ud800`), "body"},
	{"bad escape", "POST " + connectionsPath, replaceIn("pluggy-main", `\x41`), "body"},
	{"too deep", "POST " + connectionsPath, strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "body"},
	{
		"deep member", "POST " + connectionsPath,
		`{"vendor":` + strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200) + "}", "body",
	},
	{"form", "POST " + connectionsPath, `vendor=pluggy`, "body"},
	{"unknown member", "POST " + connectionsPath, withMember(`"extra":1`), "body.extra"},
	{"two unknown members", "POST " + connectionsPath, withMember(`"b":1,"a":2`), "body.a body.b"},
	{"tenant in the body", "POST " + connectionsPath, withMember(`"tenantId":"` + canary + `"`), "body.tenantId"},
	{"id in the body", "POST " + connectionsPath, withMember(`"id":"x"`), "body.id"},
	{"prototype", "POST " + connectionsPath, withMember(`"__proto__":{}`), "body.__proto__"},
	{"empty name", "POST " + connectionsPath, withMember(`"":1`), "body."},
	{"unprintable name", "POST " + connectionsPath, withMember(`"\u0000\u202e":1`), "body"},
	{"very long name", "POST " + connectionsPath, withMember(`"` + strings.Repeat("n", 500) + `":1`), "body"},
	{"case variant in addition", "POST " + connectionsPath, withMember(`"Vendor":"belvo"`), "body.Vendor"},
	{
		"case variant instead", "POST " + connectionsPath,
		strings.Replace(goodConnection, `"secret"`, `"Secret"`, 1), "body.Secret body.secret",
	},
	{
		"look-alike name", "POST " + connectionsPath,
		strings.Replace(goodConnection, `"vendor"`, `"vend`+"\u043e"+`r"`, 1), "body.vendor body.vend\u043er",
	},
	{"duplicate vendor", "POST " + connectionsPath, withMember(`"vendor":"belvo"`), "body.vendor"},
	{"duplicate secret", "POST " + connectionsPath, withMember(`"secret":"` + canary + `"`), "body.secret"},
	{"duplicate by escape sequence", "POST " + connectionsPath, withMember(`"\u0076endor":"belvo"`), "body.vendor"},
	{
		"duplicate and missing", "POST " + connectionsPath,
		`{"vendor":"pluggy","vendor":"pluggy","configName":"a","baseUrl":"https://a.example","accountRef":"r"}`,
		"body.clientId body.secret body.vendor",
	},
	{"vendor unknown", "POST " + connectionsPath, replaceIn(`"pluggy"`, `"`+canary+`"`), "body.vendor"},
	{"vendor's case", "POST " + connectionsPath, replaceIn(`"pluggy"`, `"Pluggy"`), "body.vendor"},
	{"vendor with space", "POST " + connectionsPath, replaceIn(`"pluggy"`, `"pluggy "`), "body.vendor"},
	{"vendor null", "POST " + connectionsPath, replaceIn(`"pluggy"`, `null`), "body.vendor"},
	{"vendor number", "POST " + connectionsPath, replaceIn(`"pluggy"`, `5`), "body.vendor"},
	{"vendor array", "POST " + connectionsPath, replaceIn(`"pluggy"`, `["pluggy"]`), "body.vendor"},
	{"vendor object", "POST " + connectionsPath, replaceIn(`"pluggy"`, `{"name":"pluggy"}`), "body.vendor"},
	{"name empty", "POST " + connectionsPath, replaceIn("pluggy-main", ""), "body.configName"},
	{"name NUL", "POST " + connectionsPath, replaceIn("pluggy-main", `a\u0000b`), "body.configName"},
	{"name line end", "POST " + connectionsPath, replaceIn("pluggy-main", `a\nb`), "body.configName"},
	{
		"name too long", "POST " + connectionsPath, replaceIn("pluggy-main", strings.Repeat("é", 256)),
		"body.configName",
	},
	{"secret null", "POST " + connectionsPath, replaceIn(`"s-`+canary+`"`, `null`), "body.secret"},
	{"secret number", "POST " + connectionsPath, replaceIn(`"s-`+canary+`"`, `123`), "body.secret"},
	{"secret huge number", "POST " + connectionsPath, replaceIn(`"s-`+canary+`"`, `1e400`), "body.secret"},
	{"secret boolean", "POST " + connectionsPath, replaceIn(`"s-`+canary+`"`, `true`), "body.secret"},
	{"secret object", "POST " + connectionsPath, replaceIn(`"s-`+canary+`"`, `{"v":"`+canary+`"}`), "body.secret"},
	{"secret empty", "POST " + connectionsPath, replaceIn("s-"+canary, ""), "body.secret"},
	{"client id empty", "POST " + connectionsPath, replaceIn("id-"+canary, ""), "body.clientId"},
	{"secret too long", "POST " + connectionsPath, replaceIn("s-"+canary, strings.Repeat("s", 4097)), "body.secret"},
	{
		"address without scheme", "POST " + connectionsPath, replaceIn("https://api.pluggy.ai", canary+".example"),
		"body.baseUrl",
	},
	{"address http", "POST " + connectionsPath, replaceIn("https://", "http://"), "body.baseUrl"},
	{"address file", "POST " + connectionsPath, replaceIn("https://", "file:///"), "body.baseUrl"},
	{
		"address with userinfo", "POST " + connectionsPath, replaceIn("https://", "https://u:"+canary+"@"),
		"body.baseUrl",
	},
	{"address with query", "POST " + connectionsPath, replaceIn("pluggy.ai", "pluggy.ai/?k="+canary), "body.baseUrl"},
	{"address with fragment", "POST " + connectionsPath, replaceIn("pluggy.ai", "pluggy.ai#x"), "body.baseUrl"},
	{"address with backslash", "POST " + connectionsPath, replaceIn("pluggy.ai", `pluggy.ai\\@evil`), "body.baseUrl"},
	{"address with space", "POST " + connectionsPath, replaceIn("api.pluggy.ai", "a b"), "body.baseUrl"},
	{"everything wrong at once", "POST " + connectionsPath, `{"vendor":1,"configName":"","baseUrl":"x",` +
		`"accountRef":null,"clientId":{},"x":0}`,
		"body.accountRef body.baseUrl body.clientId body.configName body.secret body.vendor body.x"},

	{
		"update with a vendor", "PUT " + idPath,
		`{"vendor":"belvo","configName":"a","baseUrl":"https://a.example","accountRef":"c"}`, "body.vendor",
	},
	{
		"update with only the client id", "PUT " + idPath,
		`{"configName":"a","baseUrl":"https://a.example","accountRef":"c","clientId":"` + canary + `"}`,
		"body.secret",
	},
	{
		"update with only the secret", "PUT " + idPath,
		`{"configName":"a","baseUrl":"https://a.example","accountRef":"c","secret":"` + canary + `"}`,
		"body.clientId",
	},
	{
		"update with a null secret", "PUT " + idPath,
		`{"configName":"a","baseUrl":"https://a.example","accountRef":"c","clientId":"x","secret":null}`,
		"body.secret",
	},
	{
		"update with both null", "PUT " + idPath,
		`{"configName":"a","baseUrl":"https://a.example","accountRef":"c","clientId":null,"secret":null}`,
		"body.clientId body.secret",
	},
	{
		"update with empty secrets", "PUT " + idPath,
		`{"configName":"a","baseUrl":"https://a.example","accountRef":"c","clientId":"","secret":""}`,
		"body.clientId body.secret",
	},
	{
		"update with only half of a credential", "PUT " + idPath, `{"secret":"` + canary + `"}`,
		"body.accountRef body.baseUrl body.clientId body.configName",
	},

	{
		"test with a credential", "POST " + connectionsPath + "/test",
		`{"vendor":"pluggy","configName":"a","secret":"` + canary + `"}`, "body.secret",
	},
	{"test without a name", "POST " + connectionsPath + "/test", `{"vendor":"pluggy"}`, "body.configName"},
	{
		"mint with the wrong member name", "POST " + tokensPath,
		`{"vendor":"pluggy","configName":"` + canary + `"}`, "body.configName body.connection_config_name",
	},
	{
		"mint for an unknown vendor", "POST " + tokensPath, `{"vendor":"plaid","connection_config_name":"a"}`,
		"body.vendor",
	},
	{"pull from text that is not a date", "POST " + idPath + "/pulls", `{"from":"` + canary + `"}`, "body.from"},
	{
		"pull from a date that does not exist", "POST " + idPath + "/pulls", `{"from":"2026-02-30","to":"x"}`,
		"body.from body.to",
	},
	{"pull with to before from", "POST " + idPath + "/pulls", `{"from":"2026-02-03","to":"2026-02-02"}`, "body.to"},
	{"pull from null", "POST " + idPath + "/pulls", `{"from":null}`, "body.from"},
	{
		"replay with invalid filters", "POST " + deliveriesPath + "/replay",
		`{"limit":1001,"status":"x","connectionId":"` + canary + `"}`, "body.connectionId body.limit body.status",
	},
	{"replay with a fractional limit", "POST " + deliveriesPath + "/replay", `{"limit":1.5}`, "body.limit"},
	{
		"replay from text that is not a time", "POST " + deliveriesPath + "/replay",
		`{"from":"yesterday","to":"2026-01-02T03:04:05"}`, "body.from body.to",
	},
	{
		"replay from a day that does not exist", "POST " + deliveriesPath + "/replay",
		`{"from":"2026-02-30","to":"2026-04-31T00:00:00Z","connectionId":"00000000-0000-0000-0000-000000000000"}`,
		"body.connectionId body.from body.to",
	},
	{
		"replay with to before from", "POST " + deliveriesPath + "/replay",
		`{"from":"2026-01-02","to":"2026-01-01T23:59:59Z"}`, "body.to",
	},
	{
		"replay from an empty time", "POST " + deliveriesPath + "/replay", `{"from":"","to":1,"limit":0}`,
		"body.from body.limit body.to",
	},
	{"engine empty object", "POST " + enginesPath, `{}`, "body.config body.configName body.type"},
	{
		"engine config not an object", "POST " + enginesPath,
		`{"type":"postgres","configName":"a","config":"` + canary + `"}`, "body.config",
	},
	{
		"engine config with a duplicate member", "POST " + enginesPath,
		`{"type":"postgres","configName":"a","config":{"ssl":[{"a":1,"a":2}]}}`, "body.config",
	},
	{
		"engine secret null", "POST " + enginesPath,
		`{"type":"postgres","configName":"a","config":{},"credential":{"password":null}}`,
		"body.credential.password",
	},
	{
		"engine secret number", "POST " + enginesPath,
		`{"type":"postgres","configName":"a","config":{},"credential":{"password":1,"username":""}}`,
		"body.credential.password body.credential.username",
	},
	{
		"engine type cannot change", "PATCH " + enginesPath + samePath, `{"type":"rest-generic","configName":null}`,
		"body.configName body.type",
	},
}

// replaceIn returns the body goodConnection with oldText replaced by replacement. The function withMember below returns
// goodConnection with one more member.
func replaceIn(oldText, replacement string) string {
	return strings.Replace(goodConnection, oldText, replacement, 1)
}
func withMember(member string) string {
	return strings.TrimSuffix(goodConnection, "}") + "," + member + "}"
}

func TestInvalidBodiesAreRejectedWithTheFieldNames(t *testing.T) {
	s := newEnv(t)
	for _, c := range invalidBodies {
		t.Run(c.name, func(t *testing.T) {
			method, target, _ := strings.Cut(c.target, " ")
			w := s.call(method, target, c.body)
			p := problemIn(t, w, http.StatusBadRequest, codeInvalid)
			if got := locations(p); got != c.at {
				t.Errorf("locations %q, want %q", got, c.at)
			}
			for _, field := range p.Errors {
				if field.Message == "" || field.Message == "is not valid" {
					t.Errorf("no message for %s", field.Location)
				}
			}
			if strings.Contains(w.Body.String(), canary) {
				t.Errorf("the response echoes the input: %s", w.Body)
			}
		})
	}
	if n := s.service.calls - s.service.reads; n > 0 {
		t.Errorf("%d requests reached the service", n)
	}
	if len(invalidBodies) < 60 {
		t.Errorf("only %d bodies", len(invalidBodies))
	}
}

// TestAnUnknownParameterIsRejectedByEveryOperation checks every operation in the OpenAPI document except the webhook
// receiver. The receiver must accept unknown parameters, because a vendor may add parameters to the webhook URL, and
// a rejected webhook would be lost.
func TestAnUnknownParameterIsRejectedByEveryOperation(t *testing.T) {
	for path, methods := range openAPI(t, newEnv(t))["paths"].(map[string]any) {
		for method := range methods.(map[string]any) {
			if path == webhookPath {
				continue
			}
			s := newEnv(t)
			target := strings.NewReplacer("{id}", someID.String(), "{date}", "2026-01-01").Replace(path) + "?colour=red"
			body := ""
			if method != "get" && method != "delete" {
				body = "{}"
			}
			w := s.call(strings.ToUpper(method), target, body, keyHeader, "key-1")
			p := problemIn(t, w, http.StatusBadRequest, codeInvalid)
			if !strings.Contains(locations(p), "query.colour") {
				t.Errorf("%s %s: locations %q", method, path, locations(p))
			}
			if s.service.calls > s.service.reads || len(s.service.responses) > 0 {
				t.Errorf("%s %s: the request reached the service, or its response was stored", method, path)
			}
		}
	}
}

// TestABodyIsRefusedByEveryOperationWithoutOne checks every operation in the OpenAPI document that has no request body.
// Ignoring a body such as {"reason":"…"} would hide that it has no effect.
func TestABodyIsRefusedByEveryOperationWithoutOne(t *testing.T) {
	operations, s := 0, newEnv(t)
	for path, methods := range openAPI(t, s)["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			if path == webhookPath || operation.(map[string]any)["requestBody"] != nil {
				continue
			}
			operations++
			target := strings.NewReplacer("{id}", someID.String(), "{date}", "2026-01-01").Replace(path)
			for body, at := range map[string]string{
				`{"b":1,"a":2}`: "body.a body.b", `{"a":1,"a":2}`: "body.a", "[]": "body", "0": "body",
				"a=b": "body", "{}{}": "body", " ": "body", strings.Repeat(" ", maxBody) + "{}": "body",
			} {
				before := s.service.calls
				p := problemIn(t, s.call(strings.ToUpper(method), target, body), http.StatusBadRequest, codeInvalid)
				for location := range strings.FieldsSeq(at) {
					if !slices.Contains(strings.Fields(locations(p)), location) {
						t.Errorf("%s %s with %.20q: locations %q, want %s", method, path, body, locations(p), at)
					}
				}
				if s.service.calls > before {
					t.Errorf("%s %s with %.20q: the request reached the service", method, path, body)
				}
			}
			for _, nothing := range []string{"{}", "null"} {
				w := s.call(strings.ToUpper(method), target, nothing, "Content-Type", "")
				if strings.Contains(w.Body.String(), `"body`) && w.Code == http.StatusBadRequest {
					t.Errorf("%s %s with %s: %s", method, path, nothing, w.Body)
				}
			}
		}
	}
	if operations < 60 {
		t.Errorf("only %d operations", operations)
	}
}

func TestAnUnknownParameterIsReportedTogetherWithTheBody(t *testing.T) {
	w := newEnv(t).call("POST", connectionsPath+"?dryRun=true", withMember(`"colour":1`))
	p := problemIn(t, w, 400, codeInvalid)
	if got := locations(p); got != "body.colour query.dryRun" {
		t.Errorf("locations %q, want body.colour and query.dryRun", got)
	}
}

func TestAnEmptyParameterIsNotOneOfSeveral(t *testing.T) {
	s := newEnv(t)
	for query, want := range map[string]string{
		"limit=": "must not be empty", "cursor=": "must not be empty", "limit=1&limit=2": "must have exactly one value",
	} {
		p := problemIn(t, s.call("GET", connectionsPath+"?"+query, ""), 400, codeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Message != want {
			t.Errorf("%s: %+v, want %q", query, p.Errors, want)
		}
	}
}

// All date parameters accept the same dates.
func TestAnEarlyDateIsADate(t *testing.T) {
	s := newEnv(t)
	for _, target := range []string{
		connectionsPath + "?consentExpiresBefore=", idPath + "/transactions?from=",
	} {
		if w := s.call("GET", target+"0000-01-01", ""); w.Code != 200 {
			t.Errorf("%s: status %d: %s", target, w.Code, w.Body)
		}
		p := problemIn(t, s.call("GET", target+"2026-02-30", ""), 400, codeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Message != "must be a date (YYYY-MM-DD)" {
			t.Errorf("%s: %+v", target, p.Errors)
		}
	}
}

func TestInvalidQueriesAreRejectedWithTheParameterNames(t *testing.T) {
	s := newEnv(t)
	feed := prefix + "/transactions/changes"
	for _, c := range []struct{ name, target, at string }{
		{"limit zero", connectionsPath + "?limit=0", "query.limit"},
		{"limit above the maximum", connectionsPath + "?limit=201", "query.limit"},
		{"limit negative", connectionsPath + "?limit=-1", "query.limit"},
		{"limit not a number", connectionsPath + "?limit=" + canary, "query.limit"},
		{"limit fraction", connectionsPath + "?limit=1.5", "query.limit"},
		{"limit huge", connectionsPath + "?limit=99999999999999999999", "query.limit"},
		{"limit empty", connectionsPath + "?limit=", "query.limit"},
		{"limit twice", connectionsPath + "?limit=1&limit=2", "query.limit"},
		{"cursor not base64", connectionsPath + "?cursor=" + canary + "!", "query.cursor"},
		{"cursor empty", connectionsPath + "?cursor=", "query.cursor"},
		{
			"cursor of another list", connectionsPath + "?cursor=" + cursorText(tokenList{}, fixturePosition),
			"query.cursor",
		},
		{
			"cursor of the health list in its order of names",
			connectionsPath + "/health?attention=true&cursor=" + cursorText(healthList{}, fixturePosition),
			"query.cursor",
		},
		{
			"cursor of the health list in its order of urgency",
			connectionsPath + "/health?attention=false&cursor=" + cursorText(urgentHealthList{}, fixturePosition),
			"query.cursor",
		},
		{
			"cursor padded",
			connectionsPath + "?cursor=" + cursorText(connectionList{}, domainPosition("kk")) + "==",
			"query.cursor",
		},
		{
			"cursor with a line end",
			connectionsPath + "?cursor=" + cursorText(connectionList{}, fixturePosition) + "%0A", "query.cursor",
		},
		{
			"cursor with a NUL",
			connectionsPath + "?cursor=" + cursorText(connectionList{}, domainPosition("a\x00")), "query.cursor",
		},
		{"cursor huge", connectionsPath + "?cursor=" + strings.Repeat("A", 5000), "query.cursor"},
		{
			"limit and cursor and health", connectionsPath + "?limit=0&cursor=x&health=" + canary,
			"query.cursor query.health query.limit",
		},
		{"bad escape", connectionsPath + "?limit=%zz", "query"},
		{"semicolon", connectionsPath + "?limit=5;cursor=x", "query"},
		{"tokens of a malformed connection id", tokensPath + "?connectionId=" + canary, "query.connectionId"},
		{
			"deliveries", deliveriesPath + "?status=" + canary + "&from=x&to=2026-13-01&connectionId=1",
			"query.connectionId query.from query.status query.to",
		},
		{"deliveries with to before from", deliveriesPath + "?from=2026-01-02T00:00:01Z&to=2026-01-02", "query.to"},
		{"event id NUL", deliveriesPath + "?eventId=a%00b", "query.eventId"},
		{
			"transactions", idPath + "/transactions?from=x&to=1&status=done&accountId=z&limit=500",
			"query.accountId query.from query.limit query.status query.to",
		},
		{"transactions with to before from", idPath + "/transactions?from=2026-01-02&to=2026-01-01", "query.to"},
		{
			"pulls of all connections", pullsPath + "?status=done&connectionId=1&limit=0",
			"query.connectionId query.limit query.status",
		},
		{
			"pulls with a foreign cursor", pullsPath + "?cursor=" + cursorText(searchList{}, fixturePosition),
			"query.cursor",
		},
		{"not a day", connectionsPath + "?consentExpiresBefore=2026-02-30", "query.consentExpiresBefore"},
		{"a time", connectionsPath + "?consentExpiresBefore=2026-02-03T00:00:00Z", "query.consentExpiresBefore"},
		{"health of connections", connectionsPath + "/health?health=ill&vendor=pluggy", "query.health query.vendor"},
		{"all accounts", accountsPath + "?connectionId=x&status=bank", "query.connectionId query.status"},
		{
			"search", transactionsPath + "?amount=12,5&text=a%00b&from=x&to=2026-02-30&connectionId=1&removed=1",
			"query.amount query.connectionId query.from query.removed query.text query.to",
		},
		{"search with to before from", transactionsPath + "?from=2026-01-02&to=2026-01-01", "query.to"},
		{"search for a typed text and an amount", transactionsPath + "?q=a&amount=1", "query.q"},
		{"search for a typed text and a tax number", transactionsPath + "?q=a&document=000", "query.q"},
		{"search for a long typed text", transactionsPath + "?q=" + strings.Repeat("a", 256), "query.q"},
		{"search for an amount with an exponent", transactionsPath + "?amount=1e3", "query.amount"},
		{"search for an amount with two signs", transactionsPath + "?amount=%2B-1", "query.amount"},
		{"search for an amount without digits", transactionsPath + "?amount=%2B", "query.amount"},
		{"search for a long amount", transactionsPath + "?amount=12345678901234567890", "query.amount"},
		{"search for a text that is too long", transactionsPath + "?text=" + strings.Repeat("é", 201), "query.text"},
		{"search for an empty text", transactionsPath + "?text=", "query.text"},
		{"search with a parameter of another list", transactionsPath + "?status=posted", "query.status"},
		{"feed limit above the maximum", feed + "?limit=1001", "query.limit"},
		{"feed wait above the maximum", feed + "?wait=31", "query.wait"},
		{"feed wait above the maximum with a unit", feed + "?wait=31s", "query.wait"},
		{"feed wait negative", feed + "?wait=-1s", "query.wait"},
		{"feed wait overflow", feed + "?wait=99999999999", "query.wait"},
		{"feed wait text", feed + "?wait=" + canary, "query.wait"},
		{"unknown parameter", connectionsPath + "?colour=" + canary, "query.colour"},
		{"unknown parameter without a value", connectionsPath + "?colour", "query.colour"},
		{"name in another case", connectionsPath + "?Limit=5", "query.Limit"},
		{"parameter of another list", connectionsPath + "?wait=5", "query.wait"},
		{
			"unknown, empty and invalid parameters", connectionsPath + "?b=1&health=&limit=0&a=2",
			"query.a query.b query.health query.limit",
		},
		{"path parameter in the query", idPath + "?id=" + canary, "query.id"},
		{"parameter without a name", connectionsPath + "?=1", "query"},
		{"name that is too long", connectionsPath + "?" + strings.Repeat(canary, 10) + "=1", "query"},
		{"name that is not printable", connectionsPath + "?%00%0a=1", "query"},
		{"name that is not UTF-8", connectionsPath + "?%ff=1", "query"},
		{"21 unknown names", connectionsPath + "?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u", "query"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call(http.MethodGet, c.target, "")
			p := problemIn(t, w, http.StatusBadRequest, codeInvalid)
			if got := locations(p); got != c.at {
				t.Errorf("locations %q, want %q", got, c.at)
			}
			if strings.Contains(w.Body.String(), canary) {
				t.Errorf("the response echoes the input: %s", w.Body)
			}
		})
	}
	if n := s.service.calls - s.service.reads; n > 0 {
		t.Errorf("%d requests reached the service", n)
	}
}
