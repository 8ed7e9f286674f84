package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	goldenConnection = `{"id":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy",` +
		`"configName":"pluggy-main","baseUrl":"https://api.pluggy.ai","accountRef":"item-1",` +
		`"createdAt":"2026-01-02T03:04:05.6Z","updatedAt":"2026-01-02T04:04:05.6Z"}`
	goldenEngine = `{"id":"019b0000-0000-7000-8000-000000000001","type":"postgres","configName":"books",` +
		`"config":{"host":"db","port":5432},"createdAt":"2026-01-02T03:04:05.6Z","updatedAt":"2026-01-02T04:04:05.6Z"}`
	goldenDelivery = `"id":"019b0000-0000-7000-8000-000000000001",` +
		`"connectionId":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy","event":"item/updated",` +
		`"eventId":"e1","status":"accepted","pullId":"019b0000-0000-7000-8000-000000000002",` +
		`"receivedAt":"2026-01-02T03:04:05.6Z"`
	goldenPull = `{"id":"019b0000-0000-7000-8000-000000000002",` +
		`"connectionId":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy","trigger":"manual",` +
		`"status":"succeeded","counts":{"accounts":1,"read":5,"added":4,"modified":0,"removed":0,` +
		`"unchanged":1,"quarantined":0},"attempts":2,"lastError":"vendor_unreachable",` +
		`"createdAt":"2026-01-02T03:04:05.6Z","startedAt":"2026-01-02T03:04:05.6Z",` +
		`"finishedAt":"2026-01-02T03:04:06.6Z"}`
	goldenMoney = `{"id":"019b0000-0000-7000-8000-000000000001",` +
		`"connectionId":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy",` +
		`"accountId":"019b0000-0000-7000-8000-000000000002","externalId":"t-1","amount":"-212.45",` +
		`"currency":"BRL","accountAmount":"-41.07","accountCurrency":"USD","status":"posted",` +
		`"date":"2026-01-01","occurredAt":"2026-01-02T03:04:05.6Z","description":"Café <&>",` +
		`"warnings":["direction_conflict"],"metadata":{"a":1e400,"b":"\u0041","b":[]},"version":2,` +
		`"firstSeenAt":"2026-01-02T03:04:05.6Z","updatedAt":"2026-01-02T03:04:05.6Z"}`
	goldenToken = `{"id":"019b0000-0000-7000-8000-000000000002",` +
		`"connectionId":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy",` +
		`"createdAt":"2026-01-02T03:04:05.6Z","lastUsedAt":"2026-01-02T03:04:05.6Z","serves":0}`
	goldenAccount = `{"id":"019b0000-0000-7000-8000-000000000002",` +
		`"connectionId":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy","externalId":"a-1",` +
		`"type":"bank","currency":"BRL","firstSeenAt":"2026-01-02T03:04:05.6Z",` +
		`"updatedAt":"2026-01-02T03:04:05.6Z","references":[` +
		`{"accountRef":"item-1","externalId":"a-0","from":"2026-01-02T03:04:05.6Z","until":"2026-01-02T03:04:05.6Z"},` +
		`{"accountRef":"item-2","externalId":"a-1","from":"2026-01-02T03:04:05.6Z"}]}`
	otherPath = "/019b0000-0000-7000-8000-000000000002"
	samePath  = "/019b0000-0000-7000-8000-000000000001"
)

func envelope[L listKind](item string) string {
	next := cursorText(*new(L), fixturePosition)
	return `{"items":[` + item + `],"limit":20,"hasMore":true,"nextCursor":"` + next + `"}`
}

// Expected representations. goldenClose and goldenCloseEnd are the parts of the representation of closeFixture before
// and after the member "sum".
const (
	goldenErasure = `{"id":"019b0000-0000-7000-8000-000000000001","connectionId":` +
		`"019b0000-0000-7000-8000-000000000001","status":"running","lastError":"vendor_unreachable"}`
	goldenClose    = `"accountId":"019b0000-0000-7000-8000-000000000002","date":"2025-12-31","count":2,`
	goldenCloseEnd = `"currency":"BRL","digest":"ab01000000000000000000000000000000000000000000000000000000000000",` +
		`"closedAt":"2026-01-02T03:04:05.6Z","closedBy":"alice","completeness":"complete",` +
		`"witness":{"bankStatementId":"019b0000-0000-7000-8000-000000000001",`
	closesOfOther     = accountsPath + otherPath + "/closes"
	statementsOfOther = accountsPath + otherPath + "/bank-statements"
	bankStatementPath = prefix + "/bank-statements" + samePath
)

// goodApplication is the body of a request that creates an application.
const goodApplication = `{"vendor":"pluggy","name":"a","baseUrl":"https://b.example","clientId":"c","secret":"s"}`

// goldenApplication is the representation of applicationFixture.
const goldenApplication = `{"id":"019b0000-0000-7000-8000-000000000002","vendor":"pluggy","name":"production",` +
	`"baseUrl":"https://api.example","connections":2,"createdAt":"2026-01-02T03:04:05.6Z",` +
	`"updatedAt":"2026-01-02T03:04:05.6Z"}`

// goldenSubscription is the representation of subscriptionFixture without its last brace.
const goldenSubscription = `{"id":"019b0000-0000-7000-8000-000000000002","name":"ledger","types":["transaction.*"],` +
	`"connectionId":"019b0000-0000-7000-8000-000000000001",` +
	`"accountId":"019b0000-0000-7000-8000-000000000002","sink":{"kind":"rabbitmq",` +
	`"url":"amqps://user@mq.example.test","exchange":"books","routingKey":"events"},"state":"disabled",` +
	`"reason":"sink_refused","since":"2026-01-02T03:04:05.6Z","position":"40","lastSequence":"42","waiting":2,` +
	`"retrying":1,"oldestWaitingAt":"2026-01-02T03:04:05.6Z","secretOverlapUntil":"2026-01-02T03:04:05.6Z",` +
	`"createdAt":"2026-01-02T03:04:05.6Z","updatedAt":"2026-01-02T03:04:05.6Z"`

// goldenConflict is the representation of conflictFixture.
const goldenConflict = `{"transactionId":"019b0000-0000-7000-8000-000000000001","version":2,"change":"modified",` +
	`"matcherId":"019b0000-0000-7000-8000-000000000002","reason":"matched","since":"2026-01-02T03:04:05.6Z",` +
	`"ours":{"externalId":"E1.2","amount":"-12.5","currency":"BRL","date":"2026-01-02","description":"PIX",` +
	`"reference":"E1","counterparty":"Ana"},"theirs":{"externalId":"E1","status":"MATCHED","amount":"-12",` +
	`"currency":"BRL","date":"2026-01-01","description":"PIX 1"}}`

// newSubscriptionBody is the body of a request that creates a subscription.
const newSubscriptionBody = `{"name":"ledger","types":["transaction.*"],` +
	`"connectionId":"019b0000-0000-7000-8000-000000000001",` +
	`"accountId":"019b0000-0000-7000-8000-000000000002","sink":{"kind":"rabbitmq",` +
	`"url":"amqps://user:pass@mq.example.test","exchange":"books","routingKey":"events"},"fromStart":true}`

// updatedSubscriptionBody is the body of a request that changes a subscription.
const updatedSubscriptionBody = `{"name":"ledger","types":["transaction.*"],` +
	`"sink":{"kind":"webhook","url":"https://books.example.test"}}`

// goldenCompleteness is the representation of completenessFixture.
const goldenCompleteness = `{"accountId":"019b0000-0000-7000-8000-000000000002","state":"drifting",` +
	`"since":"2026-01-02T03:04:05.6Z","basis":"quarantined_rows","checks":[` +
	`{"check":"balance_anchor","state":"drifting","expected":"1000","actual":"989.5","difference":"-10.5",` +
	`"at":"2026-01-02T03:04:05.6Z"},{"check":"running_balance","state":"unknown"},` +
	`{"check":"running_balance","state":"complete","expected":"0","actual":"0","difference":"0",` +
	`"between":["019b0000-0000-7000-8000-000000000001","019b0000-0000-7000-8000-000000000002"],` +
	`"at":"2026-01-02T03:04:05.6Z"}]}`

// goldenBankStatement is the representation of bankStatementFixture of the other account.
const goldenBankStatement = `{"id":"019b0000-0000-7000-8000-000000000001",` +
	`"accountId":"019b0000-0000-7000-8000-000000000002",` +
	`"source":{"kind":"file","name":"extrato.ofx","bytes":3,"sha256":"ab","format":"ofx","encoding":"utf-8"},` +
	`"state":"compared",` +
	`"statementAccount":{"bank":"0341","number":"1-2","match":"exact"},"currency":"BRL",` +
	`"covered":[{"from":"2025-12-01","to":"2025-12-31"}],"coveredBasis":"balances",` +
	`"opening":{"amount":"100.5","date":"2025-12-31","source":"field","state":"proved"},` +
	`"closing":{"amount":"100.5","date":"2025-12-31","source":"field","state":"proved"},` +
	`"counts":{"blocks":1,"lines":1,"balanceRows":0,"apart":0,"refused":0},"sums":{"credits":"0","debits":"0"},` +
	`"previous":{"id":"019b0000-0000-7000-8000-000000000002","gapDays":1,"overlapDays":0},` +
	`"comparison":{"at":"2026-01-02T03:04:05.6Z","verdict":"differs","stale":true,` +
	`"buckets":{"only_theirs":{"count":1,"sum":"-5"}},"balances":[{"date":"2025-12-31","theirs":"100.5"}],` +
	`"firstDayApart":"2025-12-02","unexplained":"0"},"warnings":[{"code":"repeated_ids","blocks":[1]}],` +
	`"decisions":[{"decision":"explained","lines":[1],"note":"n","by":"maria","at":"2026-01-02T03:04:05.6Z"}],` +
	`"uploadedBy":"maria","uploadedAt":"2026-01-02T03:04:05.6Z"}`

// goldenBill is the representation of fakeBill.
const goldenBill = `{"id":"019b0000-0000-7000-8000-000000000001",` +
	`"accountId":"019b0000-0000-7000-8000-000000000002","externalId":"b1","dueDate":"2026-11-05",` +
	`"closingDate":"2026-10-28","closingBasis":"vendor","total":"744.52","currency":"BRL",` +
	`"financeCharges":[{"type":"IOF","amount":"2.05"}],"payments":[{"date":"2026-11-05","amount":"744.52",` +
	`"mode":"PIX","transactionId":"019b0000-0000-7000-8000-000000000002",` +
	`"candidates":["019b0000-0000-7000-8000-000000000001"]}],"state":"paid",` +
	`"rows":{"count":3,"sum":"480","uncertain":0},"carried":"244.26","check":"adds_up","form":"rows_and_charges",` +
	`"difference":"0","bankReadAt":"2026-01-02T03:04:05.6Z"}`

func TestEveryRouteReturnsItsGoldenJSON(t *testing.T) {
	put := `{"configName":"a","baseUrl":"https://b.example","accountRef":"c"}`
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		want               string
		headers            map[string]string
	}{
		"create": {
			"POST", connectionsPath, goodConnection, 201, goldenConnection,
			map[string]string{"Location": idPath, "ETag": `"3"`},
		},
		"create with an application": {
			"POST", connectionsPath, `{"vendor":"pluggy","configName":"a","accountRef":"c","applicationId":"` +
				someID.String() + `"}`, 201, goldenConnection, nil,
		},
		"create application": {
			"POST", applicationsPath, goodApplication, 201, goldenApplication,
			map[string]string{"Location": applicationsPath + otherPath},
		},
		"list applications": {"GET", applicationsPath, "", 200, envelope[applicationList](goldenApplication), nil},
		"get application":   {"GET", applicationsPath + otherPath, "", 200, goldenApplication, nil},
		"update application": {
			"PUT", applicationsPath + otherPath + "?force=true", `{"name":"a"}`, 200, goldenApplication, nil,
		},
		"delete application": {"DELETE", applicationsPath + otherPath, "", 204, "", nil},
		"list":               {"GET", connectionsPath, "", 200, envelope[connectionList](goldenConnection), nil},
		"get":                {"GET", idPath, "", 200, goldenConnection, map[string]string{"ETag": `"3"`}},
		"update":             {"PUT", idPath, put, 200, goldenConnection, map[string]string{"ETag": `"3"`}},
		"delete":             {"DELETE", idPath, "", 204, "", nil},
		"test": {
			"POST", connectionsPath + "/test", `{"vendor":"belvo","configName":"x"}`, 200,
			`{"vendor":"belvo","configName":"x","healthy":false,"reason":"credential_rejected","latencyMs":12}`,
			nil,
		},
		"health": {
			"GET", idPath + "/health", "", 200,
			`{"health":"unknown","needsReauth":false,"paused":false,"lastPullAt":"2026-01-02T03:04:05.6Z",` +
				`"quarantined":0,"staged":0,"completeness":"complete","consent":{"state":"expiring",` +
				`"expiresAt":"2026-01-02T03:04:05.6Z"},"webhook":{"state":"silent","lastAt":"2026-01-02T03:04:05.6Z",` +
				`"expectedBy":"2026-01-02T03:04:05.6Z"},"thisMonth":{"refreshes":3,"pulls":41}}`, nil,
		},
		"link session": {
			"POST", idPath + "/link-sessions", "", 201, `{"vendor":"pluggy","mode":"update","token":"` + linkToken +
				`","url":"https://connect.pluggy.ai/?connect_token=` + linkToken +
				`","expiresAt":"2026-01-02T03:04:05.6Z"}`,
			map[string]string{"Cache-Control": "no-store"},
		},
		"link session for a new account": {
			"POST", linkSessionsPath, `{"vendor":"pluggy","configName":"n","baseUrl":"https://a.example",` +
				`"clientId":"c","secret":"s"}`, 201, `{"id":"` + someID.String() + `","token":"` + linkToken +
				`","url":"https://connect.pluggy.ai/?connect_token=` + linkToken +
				`","expiresAt":"2026-01-02T03:04:05.6Z","status":"open"}`,
			map[string]string{"Cache-Control": "no-store"},
		},
		"state of a link session": {
			"GET", linkSessionsPath + "/" + someID.String(), "", 200, `{"id":"` + someID.String() +
				`","status":"done","connectionId":"` + otherID.String() + `","expiresAt":"2026-01-02T03:04:05.6Z"}`,
			map[string]string{"Cache-Control": "no-store"},
		},
		"refresh": {"POST", idPath + "/refresh", "", 202, "", nil},
		"pause": {
			"POST", idPath + "/pause", "", 200,
			`{"health":"unknown","needsReauth":false,"paused":true,"quarantined":0,"staged":0,` +
				`"completeness":"complete",` +
				`"consent":{"state":"unknown"},"webhook":{"state":"unknown"},` +
				`"thisMonth":{"refreshes":0,"pulls":0}}`, nil,
		},
		"resume": {
			"POST", idPath + "/resume", "", 200,
			`{"health":"unknown","needsReauth":false,"paused":false,"quarantined":0,"staged":0,` +
				`"completeness":"complete",` +
				`"consent":{"state":"unknown"},"webhook":{"state":"unknown"},` +
				`"thisMonth":{"refreshes":0,"pulls":0}}`, nil,
		},
		"health of all": {
			"GET", connectionsPath + "/health", "", 200, envelope[healthList](
				`{"connectionId":"019b0000-0000-7000-8000-000000000001","vendor":"pluggy","configName":"pluggy-main",` +
					`"health":"unhealthy","reason":"credential_rejected","needsReauth":true,"paused":false,` +
					`"lastWebhookAt":"2026-01-02T03:04:05.6Z","quarantined":0,"staged":0,"attention":[` +
					`{"reason":"credential_rejected","severity":"now","since":"2026-01-02T03:04:05.6Z"}],` +
					`"completeness":"drifting","consent":{"state":"active"},` +
					`"webhook":{"state":"active","lastAt":"2026-01-02T03:04:05.6Z"},` +
					`"thisMonth":{"refreshes":0,"pulls":0},` +
					`"rowsByDay":[{"date":"2026-01-01","count":3}` +
					strings.Repeat(`,{"date":"","count":0}`, ports.HealthDays-1) + `]}`,
			), nil,
		},
		"bank statement":          {"GET", bankStatementPath, "", 200, goldenBankStatement, nil},
		"bank statement compared": {"POST", bankStatementPath + "/comparisons", "", 200, goldenBankStatement, nil},
		"bank statements": {
			"GET", statementsOfOther, "", 200, envelope[bankStatementList](goldenBankStatement), nil,
		},
		"decision about a bank statement": {
			"POST", bankStatementPath + "/decisions", `{"decision":"accepted","note":"n"}`, 200,
			goldenBankStatement, nil,
		},
		"another account as the witness": {
			"POST", statementsOfOther, `{"accountId":"` + someID.String() + `","from":"2026-01-01","to":"2026-01-31"}`,
			200, goldenBankStatement, nil,
		},
		"lines of a bank statement": {
			"GET", bankStatementPath + "/lines", "", 200, envelope[statementLineList](
				`{"position":1,"date":"2025-12-02","amount":"-5","text":"PIX","ids":[{"kind":"FITID","value":"1"}],` +
					`"bucket":"different","transactionIds":["019b0000-0000-7000-8000-000000000001"],` +
					`"matchedBy":"day_text","different":{"amount":["-5","-6"]},"equal":{"theirs":2,"ours":1}}`,
			), nil,
		},
		"coverage of an account": {
			"GET", accountsPath + otherPath + "/coverage", "", 200, `{"items":[{"month":"2025-12",` +
				`"feed":{"state":"complete","coversTo":"2025-12-31"},"statement":"agrees",` +
				`"ids":["019b0000-0000-7000-8000-000000000001"]}],"limit":1,"hasMore":false}`, nil,
		},
		"types": {
			"GET", prefix + "/connector-types", "", 200,
			`{"types":[{"type":"postgres","category":"database"},{"type":"rest-generic","category":"rest"}]}`, nil,
		},
		"mint": {
			"POST", tokensPath, `{"vendor":"pluggy","connection_config_name":"x"}`, 201,
			`{"id":"019b0000-0000-7000-8000-000000000002","token":"` + webhookToken + `",` +
				`"webhookUrl":"https://public.example/v1/discovery/webhooks/pluggy/` + webhookToken + `",` +
				`"webhook_url":"https://public.example/v1/discovery/webhooks/pluggy/` + webhookToken + `",` +
				`"vendor":"pluggy"}`,
			nil,
		},
		"mint with a source secret": {
			"POST", tokensPath, `{"vendor":"pluggy","connection_config_name":"x","sourceSecret":true}`, 201,
			`{"id":"019b0000-0000-7000-8000-000000000002","token":"` + webhookToken + `",` +
				`"webhookUrl":"https://public.example/v1/discovery/webhooks/pluggy/` + webhookToken + `",` +
				`"webhook_url":"https://public.example/v1/discovery/webhooks/pluggy/` + webhookToken + `",` +
				`"vendor":"pluggy","authorization":"` + sourceSecret + `"}`,
			nil,
		},
		"mint with a webhook at the vendor": {
			"POST", tokensPath, `{"vendor":"pluggy","connection_config_name":"x","register":true}`, 201,
			`{"id":"019b0000-0000-7000-8000-000000000002","token":"` + webhookToken + `",` +
				`"webhookUrl":"https://public.example/v1/discovery/webhooks/pluggy/` + webhookToken + `",` +
				`"webhook_url":"https://public.example/v1/discovery/webhooks/pluggy/` + webhookToken + `",` +
				`"vendor":"pluggy","registration":{"id":"webhook-1","state":"active"}}`,
			nil,
		},
		"mint with a webhook that exists": {
			"POST", tokensPath, `{"vendor":"pluggy","connection_config_name":"shared","register":true}`, 200,
			`{"id":"019b0000-0000-7000-8000-000000000002","vendor":"pluggy",` +
				`"registration":{"id":"webhook-1","state":"active","shared":true}}`,
			nil,
		},
		"tokens":  {"GET", tokensPath, "", 200, envelope[tokenList](goldenToken), nil},
		"revoke":  {"DELETE", tokensPath + otherPath, "", 204, "", nil},
		"receive": {"POST", prefix + "/webhooks/pluggy/" + webhookToken, "{}", 202, "", nil},

		"deliveries": {"GET", deliveriesPath, "", 200, envelope[deliveryList]("{" + goldenDelivery + "}"), nil},
		"delivery": {
			"GET", deliveriesPath + samePath, "", 200,
			"{" + goldenDelivery + `,"payload":{"event":"item/updated","n":1.10,"n":2}}`, nil,
		},
		"replay": {
			"POST", deliveriesPath + samePath + "/replay", "", 202, "{" + goldenDelivery + "}",
			map[string]string{"Location": pullsPath + otherPath},
		},
		"replay bulk": {
			"POST", deliveriesPath + "/replay", `{"status":"failed"}`, 202,
			`{"replayed":1,"items":[{` + goldenDelivery + `}]}`, nil,
		},

		"pulls": {"GET", idPath + "/pulls", "", 200, envelope[pullList](goldenPull), nil},
		"request pull": {
			"POST", idPath + "/pulls", "", 202, goldenPull, map[string]string{"Location": pullsPath + otherPath},
		},
		"quarantine": {
			"GET", idPath + "/quarantine", "", 200, envelope[quarantineList](
				`{"id":"019b0000-0000-7000-8000-000000000002","kind":"transaction","externalId":"t-1",` +
					`"reason":"duplicate_member","firstSeenAt":"2026-01-02T03:04:05.6Z",` +
					`"lastSeenAt":"2026-01-02T03:04:06.6Z","payload":"{\"a\":1,\"a\":\"\\ud83d\"}"}`), nil,
		},
		"all pulls":    {"GET", pullsPath, "", 200, envelope[pullList](goldenPull), nil},
		"all accounts": {"GET", accountsPath, "", 200, envelope[accountList](goldenAccount), nil},
		"account":      {"GET", accountsPath + otherPath, "", 200, goldenAccount, nil},
		"completeness": {"GET", accountsPath + otherPath + "/completeness", "", 200, goldenCompleteness, nil},
		"possible replacements": {
			"GET", possibleReplacementsPath, "", 200, envelope[suggestionList](
				`{"old":"019b0000-0000-7000-8000-000000000001","new":"019b0000-0000-7000-8000-000000000002",` +
					`"connectionId":"019b0000-0000-7000-8000-000000000001",` +
					`"accountId":"019b0000-0000-7000-8000-000000000002","since":"2026-01-02T03:04:05.6Z",` +
					`"state":"open","evidence":[{"kind":"counterparty","old":"MARIA SILVA","new":"MARIA S",` +
					`"speaks":"for"}]}`), nil,
		},
		"dismiss": {
			"POST", possibleReplacementsPath + "/dismiss",
			`{"pairs":[{"old":"019b0000-0000-7000-8000-000000000001","new":"019b0000-0000-7000-8000-000000000002"}]}`,
			204, "", nil,
		},
		"exclude": {
			"POST", transactionsPath + otherPath + "/exclude", `{"reason":"twice"}`, 200,
			`{"id":"019b0000-0000-7000-8000-000000000002","connectionId":"00000000-0000-0000-0000-000000000000",` +
				`"amount":"0","version":0,"excludedAt":"2026-01-02T03:04:05Z","excludedBy":"alice"}`, nil,
		},
		"include": {
			"DELETE", transactionsPath + otherPath + "/exclude", "", 200,
			`{"id":"019b0000-0000-7000-8000-000000000002","connectionId":"00000000-0000-0000-0000-000000000000",` +
				`"amount":"0","version":0}`, nil,
		},
		"join several": {
			"POST", possibleReplacementsPath + "/join",
			`{"reason":"tips","pairs":[` +
				`{"old":"019b0000-0000-7000-8000-000000000001","new":"019b0000-0000-7000-8000-000000000002"},` +
				`{"old":"019b0000-0000-7000-8000-000000000001","new":"019b0000-0000-7000-8000-000000000001"},` +
				`{"old":"a","new":"019b0000-0000-7000-8000-000000000002"}]}`,
			200,
			`{"results":[` +
				`{"old":"019b0000-0000-7000-8000-000000000001","new":"019b0000-0000-7000-8000-000000000002",` +
				`"status":200},` +
				`{"old":"019b0000-0000-7000-8000-000000000001","new":"019b0000-0000-7000-8000-000000000001",` +
				`"status":409,` +
				`"code":"MTCH-0007"},` +
				`{"old":"a","new":"019b0000-0000-7000-8000-000000000002","status":404,"code":"MTCH-0005"}]}`,
			nil,
		},
		"continue": {
			"POST", accountsPath + otherPath + "/continue", `{"externalId":"b"}`, 202, goldenPull,
			map[string]string{"Location": pullsPath + otherPath},
		},
		"apply removals": {
			"POST", accountsPath + otherPath + "/removals/apply", "", 200,
			`{"accountId":"` + strings.TrimPrefix(otherPath, "/") + `","removed":31,"accountRemoved":false}`, nil,
		},
		"accept": {
			"POST", accountsPath + otherPath + "/completeness/accept", `{"reason":"x"}`, 200, goldenCompleteness, nil,
		},
		"bills": {
			"GET", accountsPath + otherPath + "/bills?from=2026-01-01", "", 200,
			strings.TrimSuffix(envelope[billList](goldenBill), "}") +
				`,"open":[{"month":"2026-12","count":1,"sum":"300"}],"list":"ok","partial":true}`, nil,
		},
		"bill": {"GET", prefix + "/bills/" + someID.String(), "", 200, goldenBill, nil},
		"transactions of a bill": {
			"GET", prefix + "/bills/" + someID.String() + "/transactions", "", 200,
			envelope[billTransactionList](`{"id":"019b0000-0000-7000-8000-000000000002",` +
				`"connectionId":"00000000-0000-0000-0000-000000000000","amount":"0",` +
				`"billId":"019b0000-0000-7000-8000-000000000001","billMonth":"2026-11","billBasis":"vendor",` +
				`"instalment":{"number":2,"count":3},"purchaseDate":"2026-09-10","version":1}`), nil,
		},
		"balances": {
			"GET", accountsPath + otherPath + "/balances", "", 200, envelope[balanceList](
				`{"at":"2026-01-02T03:04:05.6Z","balance":"-10.5","currency":"BRL","posted":"-1010.5",` +
					`"anchor":"1000"}`), nil,
		},
		"close": {
			"PUT", closesOfOther + "/2025-12-31", "", 200, `{` + goldenClose + `"sum":"-10.5",` + goldenCloseEnd +
				`"sha256":"` + strings.Repeat("ab", 32) + `","verdict":"agrees"}}`, nil,
		},
		"closes": {
			"GET", closesOfOther, "", 200,
			envelope[closeList](`{` + goldenClose + goldenCloseEnd + `"verdict":"agrees"}}`), nil,
		},
		"erase": {
			"POST", idPath + "/erasure", `{"atVendor":true}`, 202, goldenErasure,
			map[string]string{"Location": erasuresPath + samePath},
		},
		"erasure":  {"GET", erasuresPath + samePath, "", 200, goldenErasure, nil},
		"erasures": {"GET", erasuresPath, "", 200, envelope[erasureList](goldenErasure), nil},
		"reopen":   {"DELETE", closesOfOther + "/2025-12-31", "", 204, "", nil},
		"adjustments": {
			"GET", closesOfOther + "/2025-12-31/adjustments", "", 200, envelope[adjustmentList](
				`{"transactionId":"019b0000-0000-7000-8000-000000000001","change":"modified",` +
					`"at":"2026-01-02T03:04:05.6Z","before":{"accountAmount":null,"accountCurrency":null,` +
					`"status":"pending"},"after":{"accountAmount":"-51.25","accountCurrency":"BRL",` +
					`"status":"posted"}}`), nil,
		},
		"subscription": {"GET", subscriptionsPath + otherPath, "", 200, goldenSubscription + "}", nil},
		"subscriptions": {
			"GET", subscriptionsPath, "", 200, envelope[subscriptionList](goldenSubscription + "}"), nil,
		},
		"created subscription": {
			"POST", subscriptionsPath, newSubscriptionBody, 201,
			goldenSubscription + `,"secret":"` + signingSecret + `"}`, nil,
		},
		"updated subscription": {
			"PUT", subscriptionsPath + otherPath, updatedSubscriptionBody, 200,
			goldenSubscription + "}", nil,
		},
		"rotated secret": {
			"POST", subscriptionsPath + otherPath + "/secret", "", 200,
			goldenSubscription + `,"secret":"` + signingSecret + `"}`, nil,
		},
		"replayed events": {
			"POST", subscriptionsPath + otherPath + "/replay", `{"from":"41"}`, 200, goldenSubscription + "}", nil,
		},
		"tested sink": {
			"POST", subscriptionsPath + otherPath + "/test", "", 200,
			`{"delivered":false,"reason":"sink_refused","latencyMs":84}`, nil,
		},
		"deleted subscription": {"DELETE", subscriptionsPath + otherPath, "", 204, "", nil},
		"attempts": {
			"GET", subscriptionsPath + otherPath + "/attempts", "", 200, envelope[eventAttempts](
				`{"id":"019b0000-0000-7000-8000-000000000001","sequence":"42",` +
					`"eventId":"019b0000-0000-7000-8000-000000000002",` +
					`"type":"studio.lerian.discovery.transaction.added",` +
					`"subject":"019b0000-0000-7000-8000-000000000001","number":2,"at":"2026-01-02T03:04:05.6Z",` +
					`"latencyMs":84,"delivered":false,"reason":"sink_refused"}`), nil,
		},
		"conflicts": {
			"GET", subscriptionsPath + otherPath + "/conflicts", "", 200, envelope[conflictList](goldenConflict), nil,
		},
		"retried conflict": {
			"POST", subscriptionsPath + otherPath + "/conflicts" + samePath + "/retry", "", 202, goldenConflict, nil,
		},
		"unmapped accounts": {
			"GET", subscriptionsPath + otherPath + "/unmapped", "", 200, envelope[unmappedList](
				`{"accountId":"019b0000-0000-7000-8000-000000000001",` +
					`"connectionId":"019b0000-0000-7000-8000-000000000002","reason":"account_shared","type":"bank",` +
					`"name":"Conta","number":"1-2","currency":"BRL"}`), nil,
		},
		"sums": {
			"GET", transactionsPath + "/summary", "", 200,
			`{"items":[{"date":"2026-01-02","currency":"BRL","in":"12.5","out":"0.25","count":2}],` +
				`"total":[{"currency":"BRL","in":"12.5","out":"0.25","count":2}]}`,
			nil,
		},
		"summary of connections": {
			"GET", connectionsPath + "/summary", "", 200,
			`{"connections":3,"healthy":2,"needy":1,"attention":{"reauth":1},"quarantined":4,"drifting":1}`,
			nil,
		},
		"search":       {"GET", transactionsPath, "", 200, envelope[searchList](goldenMoney), nil},
		"transaction":  {"GET", transactionsPath + samePath, "", 200, goldenMoney, nil},
		"pull":         {"GET", pullsPath + otherPath, "", 200, goldenPull, nil},
		"accounts":     {"GET", idPath + "/accounts", "", 200, envelope[accountList](goldenAccount), nil},
		"transactions": {"GET", idPath + "/transactions", "", 200, envelope[transactionList](goldenMoney), nil},
		"history": {
			"GET", transactionsPath + samePath + "/history", "", 200, envelope[historyList](
				`{"version":2,"at":"2026-01-02T03:04:05.6Z","change":"modified","cause":"vendor",` +
					`"pullId":"019b0000-0000-7000-8000-000000000002","trigger":"webhook",` +
					`"deliveryIds":["019b0000-0000-7000-8000-000000000001"],"rowSha256":"ab01",` +
					`"normalizer":"pluggy 2","before":{"description":null,"metadata":{"a":1e400,"a":2},` +
					`"status":"pending","warnings":null},"after":{"description":"Café <&>",` +
					`"metadata":{"a":1e400,"b":"\u0041","b":[]},"status":"posted",` +
					`"warnings":["direction_conflict"]}}`), nil,
		},
		"changes": {
			"GET", prefix + "/transactions/changes", "", 200,
			`{"items":[{"change":"modified","transaction":` + goldenMoney + `}],"limit":200,"hasMore":false,` +
				`"nextCursor":"AWYBmwAAAABwAIAAAAAAAAABNw"}`,
			nil,
		},

		"engine create": {
			"POST", enginesPath,
			`{"type":"postgres","configName":"books","config":{"host":"db"},"credential":{"password":"p"}}`, 201,
			goldenEngine, map[string]string{"Location": enginesPath + samePath, "ETag": `"3"`},
		},
		"engine list": {"GET", enginesPath, "", 200, envelope[engineList](goldenEngine), nil},
		"engine get":  {"GET", enginesPath + samePath, "", 200, goldenEngine, map[string]string{"ETag": `"3"`}},
		"engine patch": {
			"PATCH", enginesPath + samePath, `{"configName":"b"}`, 200, goldenEngine,
			map[string]string{"ETag": `"3"`},
		},
		"engine delete": {"DELETE", enginesPath + samePath, "", 204, "", nil},
		"engine test": {
			"POST", enginesPath + samePath + "/test", "", 200,
			`{"connectionId":"019b0000-0000-7000-8000-000000000001","healthy":true,"latencyMs":3}`, nil,
		},

		"live":    {"GET", "/health", "", 200, `{"status":"healthy"}`, nil},
		"ready":   {"GET", "/readyz", "", 200, `{"status":"ready","checks":{},"version":"1.2.3"}`, nil},
		"version": {"GET", "/version", "", 200, `{"version":"1.2.3"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEnv(t).call(c.method, c.path, c.body)
			if w.Code != c.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if diff := cmp.Diff(c.want, w.Body.String()); diff != "" {
				t.Error(diff)
			}
			for header, want := range c.headers {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			for header, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Request-Id": "made-id",
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if w.Body.Len() > 0 && w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("media type %q", w.Header().Get("Content-Type"))
			}
			if c.status == http.StatusNoContent && w.Body.Len() > 0 {
				t.Error("a 204 with a body")
			}
		})
	}
}

var fixturePosition = domainPosition("k")

// An erased transaction must have exactly five members: id, connectionId, version, removedAt and erasedAt.
func TestAnErasedTransactionHasFiveMembers(t *testing.T) {
	erased := transactionFixture()
	erased.Erase(moment)
	text, err := json.Marshal(transactionOf(erased))
	want := `{"id":"019b0000-0000-7000-8000-000000000001","connectionId":"019b0000-0000-7000-8000-000000000001",` +
		`"version":3,"removedAt":"2026-01-02T03:04:05.6Z","erasedAt":"2026-01-02T03:04:05.6Z"}`
	if err != nil || string(text) != want {
		t.Errorf("%s (%v), want %s", text, err, want)
	}
}
