package plaid

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestCheckReportsTheStateOfTheItem(t *testing.T) {
	e := newEnv(t)
	expiry := noon.Add(90 * 24 * time.Hour)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.ConsentExpiresAt = expiry }))
	status, err := e.adapter.Check(t.Context(), e.access)
	e.noError(err)
	want := domain.SyncSchedule{NextAt: noon.Add(24 * time.Hour), Every: 24 * time.Hour, NewsOnly: true}
	if !status.ConsentExpiresAt.Equal(expiry) || status.Schedule != want || status.Transactions != domain.TwoReads ||
		!status.ConsentInForceAt.Equal(noon) {
		t.Errorf("%+v", status)
	}
	for code, reauth := range map[string]bool{
		"ITEM_LOGIN_REQUIRED": true, "INVALID_MFA": true, "INSTITUTION_DOWN": false,
	} {
		e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.Error = code }))
		status, err := e.adapter.Check(t.Context(), e.access)
		if err != nil || status.NeedsReauth != reauth || status.Transactions != domain.NoProof ||
			!status.ConsentInForceAt.IsZero() {
			t.Errorf("%s: %+v, %v", code, status, err)
		}
		if _, err := e.adapter.Accounts(t.Context(), e.access); !errors.Is(err, domain.Unavailable) {
			t.Errorf("accounts in %s: %v", code, err)
		}
	}
}

// TestARevokedPermissionIsARevokedConsent checks the state of the Item and the answers to requests for its data.
// Source: plaid.com/docs/errors/item.
func TestARevokedPermissionIsARevokedConsent(t *testing.T) {
	e := newEnv(t)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.Error = "USER_PERMISSION_REVOKED" }))
	status, err := e.adapter.Check(t.Context(), e.access)
	e.noError(err)
	revoked := status.NeedsReauth && status.Consent().Status == domain.ReportedRevoked
	if !revoked || status.Transactions != domain.NoProof {
		t.Errorf("%+v", status)
	}
	_, err = e.adapter.Accounts(t.Context(), e.access)
	if !errors.Is(err, domain.Rejected) || !errors.Is(err, domain.ErrConsentRevoked) {
		t.Errorf("accounts: %v", err)
	}
	if err := e.adapter.Refresh(t.Context(), e.access); !errors.Is(err, domain.ErrConsentRevoked) {
		t.Errorf("refresh: %v", err)
	}
}

// The adapter must refuse the access token of another Item. Otherwise a request would read or delete the data of that
// Item.
func TestTheAccessTokenOfAnotherItemIsRejected(t *testing.T) {
	e := newEnv(t)
	other := e.sim.AddItem(plaidsim.Item{Webhook: "https://other.example"})
	foreign := e.access
	foreign.Credential = credential(clientID, secret, other.AccessToken)
	_, err := e.adapter.Check(t.Context(), foreign)
	for name, err := range map[string]error{
		"check":    err,
		"accounts": func() error { _, err := e.adapter.Accounts(t.Context(), foreign); return err }(),
		"refresh":  e.adapter.Refresh(t.Context(), foreign),
		"link":     func() error { _, err := e.adapter.CreateLinkToken(t.Context(), foreign); return err }(),
		"webhook": func() error {
			created := ports.NewWebhook{URL: domain.SecretText("https://x")}
			_, err := e.adapter.CreateWebhook(t.Context(), foreign, created)
			return err
		}(),
	} {
		if !errors.Is(err, domain.Rejected) || !errors.Is(err, domain.AccountNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.adapter.Erase(t.Context(), foreign); err != nil {
		t.Errorf("erase: %v", err)
	}
	e.noError(e.sim.EditItem(other.ID, func(i *plaidsim.Item) {
		if i.Webhook != "https://other.example" {
			t.Error("the webhook of the other Item has changed")
		}
	}))
}

func TestAnItemIsErasedAlsoWhenItsLoginHasFailed(t *testing.T) {
	e := newEnv(t)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.Error = "ITEM_LOGIN_REQUIRED" }))
	e.noError(e.adapter.Erase(t.Context(), e.access))
	if err := e.sim.EditItem(e.item.ID, func(*plaidsim.Item) {}); !errors.Is(err, plaidsim.ErrNotFound) {
		t.Error("the Item exists", err)
	}
}

func TestARefreshThatTheVendorDoesNotOfferIsAConflict(t *testing.T) {
	e := newEnv(t)
	e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { i.NoRefresh = true }))
	if err := e.adapter.Refresh(t.Context(), e.access); !errors.Is(err, domain.Conflict) ||
		!errors.Is(err, domain.NotOffered) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsOfTheVendorAreClassifiedByTheirCode(t *testing.T) {
	want := map[string]domain.Error{
		"institution_down":     {Kind: domain.Unavailable, Code: domain.VendorUnreachable},
		"invalid_access_token": {Kind: domain.Rejected, Code: domain.CredentialRejected},
		"invalid_api_keys":     {Kind: domain.Rejected, Code: domain.CredentialRejected},
		"item_login_required":  {Kind: domain.Unavailable, Code: domain.VendorUnreachable},
		"item_not_found":       {Kind: domain.Rejected, Code: domain.AccountNotFound},
		"mutation":             {Kind: domain.Unavailable, Code: domain.VendorUnreachable},
		"product_not_ready":    {Kind: domain.Unavailable, Code: domain.VendorUnreachable},
		"accounts_limit":       {Kind: domain.Unavailable, Code: domain.VendorRateLimited},
		"internal":             {Kind: domain.Unavailable, Code: domain.VendorUnreachable},
	}
	files, err := filepath.Glob("testdata/errors/*.json")
	if err != nil || len(files) < len(want) {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file)[len("error_400_"):], ".json")
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := explainError(400, body)
		expected, known := want[name]
		if !known && got == nil {
			continue
		}
		if got == nil || got.Kind != expected.Kind || got.Code != expected.Code {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, page := range []string{"", "<html>", "[]", `{"error_code":1}`, `{"error_code":"SOMETHING_NEW"}`} {
		if got := explainError(400, []byte(page)); got != nil {
			t.Errorf("%s: %+v", page, got)
		}
	}
}

// TestOnlyTheVendorsCodeTellsWhatIsGone checks error responses whose status alone might mean a rejected credential, an
// access that is denied or an unknown Item.
func TestOnlyTheVendorsCodeTellsWhatIsGone(t *testing.T) {
	const unknown = `{"error_type":"ITEM_ERROR","error_code":"SOMETHING_NEW","error_message":"odd"}`
	const item = `{"error_type":"ITEM_ERROR","error_code":"ITEM_NOT_FOUND","error_message":"odd"}`
	for _, status := range []int{400, 401, 403, 404} {
		for body, want := range map[string]domain.Code{
			unknown: domain.VendorRefused, item: domain.AccountNotFound,
			`{}`: domain.MalformedResponse, `{"message":"no such route"}`: domain.MalformedResponse,
			`<html>`: domain.MalformedResponse, ``: domain.MalformedResponse,
		} {
			a, access := newRefusingVendor(t, status, body)
			for call, err := range map[string]error{
				"status":   errorOfCall(a.Check(t.Context(), access)),
				"accounts": errorOfCall(a.Accounts(t.Context(), access)),
				"rows":     errorOfCall(a.Read(t.Context(), access, domain.Step{}, nil, "")),
				"refresh":  a.Refresh(t.Context(), access),
			} {
				if domain.CodeOf(err) != want {
					t.Errorf("%d %s, %s: %v, want %s", status, body, call, err, want)
				}
			}
		}
	}
}

func errorOfCall[T any](_ T, err error) error { return err }

// newRefusingVendor starts a vendor that answers each request with the given response.
func newRefusingVendor(t *testing.T, status int, body string) (*Adapter, ports.Access) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: loopback, AttemptTimeout: attemptTimeout, BudgetPerMinute: budgetPerMinute,
	})
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return New(client, &testClock{now: noon}, Link{}), ports.Access{
		BaseURL: server.URL, AccountRef: "item",
		Credential: credential(clientID, secret, "access-sandbox-1"),
	}
}

func TestACredentialThatCannotBeAHeaderIsRejected(t *testing.T) {
	e := newEnv(t)
	for _, odd := range []string{"with space", "line\nfeed", "caf\u00e9", "\x7f"} {
		access := e.access
		access.Credential = credential(clientID, odd, e.item.AccessToken)
		if _, err := e.adapter.Check(t.Context(), access); !errors.Is(err, domain.CredentialRejected) {
			t.Errorf("%q: %v", odd, err)
		}
	}
	access := e.access
	access.Credential = credential(clientID, secret, "")
	if _, err := e.adapter.Check(t.Context(), access); !errors.Is(err, domain.AccountNotFound) {
		t.Errorf("without an access token: %v", err)
	}
	if n := e.sim.Requests("/item/get"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestAWebhookAddressIsRemovedOnlyIfItIsOurs(t *testing.T) {
	e := newEnv(t)
	create := func(url string) string {
		id, err := e.adapter.CreateWebhook(t.Context(), e.access, ports.NewWebhook{URL: domain.SecretText(url)})
		e.noError(err)
		return id
	}
	address := func() (url string) {
		e.noError(e.sim.EditItem(e.item.ID, func(i *plaidsim.Item) { url = i.Webhook }))
		return url
	}
	first := create("https://discovery.example/first")
	second := create("https://discovery.example/second")
	found, err := e.adapter.Webhooks(t.Context(), e.access)
	if err != nil || len(found) != 1 || found[0].ID != second || !found[0].URL.Equal(
		domain.SecretText("https://discovery.example/second")) {
		t.Fatalf("%d webhooks, %v", len(found), err)
	}
	e.noError(e.adapter.DeleteWebhook(t.Context(), e.access, first))
	if address() != "https://discovery.example/second" {
		t.Errorf("the address is %q", address())
	}
	repointed := e.access // the webhook of the previous reference is removed with its access token
	repointed.AccountRef = "another"
	e.noError(e.adapter.DeleteWebhook(t.Context(), repointed, second))
	e.noError(e.adapter.DeleteWebhook(t.Context(), e.access, second))
	if found, err := e.adapter.Webhooks(t.Context(), e.access); address() != "" || len(found) != 0 || err != nil {
		t.Errorf("the address is %q, %v", address(), err)
	}
	e.noError(e.adapter.Erase(t.Context(), e.access))
	e.noError(e.adapter.DeleteWebhook(t.Context(), e.access, second))
	if found, err := e.adapter.Webhooks(t.Context(), e.access); len(found) != 0 || err != nil {
		t.Errorf("an Item that does not exist has %v, %v", found, err)
	}
}

func TestALinkTokenExpiresWithTheVendorsToken(t *testing.T) {
	e := newEnv(t)
	token, err := e.adapter.CreateLinkToken(t.Context(), e.access)
	e.noError(err)
	if token.Lifetime != 30*time.Minute || !strings.HasPrefix(string(token.URL.Reveal()), "https://secure.plaid.com/") {
		t.Errorf("%v, %s", token.Lifetime, token.URL.Reveal())
	}
	e.noError(e.sim.Inject(faultinject.Fault{
		Path: "/link/token/create", Kind: faultinject.Replace,
		Replacements: map[string]string{"https://": "javascript:"},
	}))
	if _, err := e.adapter.CreateLinkToken(t.Context(), e.access); !errors.Is(err, domain.MalformedResponse) {
		t.Errorf("an odd URL: %v", err)
	}
}

// If the vendor limits the requests about one Item, requests about another Item must not be delayed.
func TestTheBudgetOfAnItemIsItsOwn(t *testing.T) {
	e := newEnv(t)
	other := e.access
	other.AccountRef = "another"
	otherClient := e.access
	otherClient.Credential = credential("another-client", secret, "access-token")
	of := func(a ports.Access) []vendorhttp.Budget { return budgetsOf(a, budgetItems) }
	item, client := of(e.access)[0], of(e.access)[1]
	if of(other)[0] == item || of(other)[1] != client || of(otherClient)[0] == item || of(otherClient)[1] == client {
		t.Errorf("%v, %v, %v", of(e.access), of(other), of(otherClient))
	}
	for _, b := range of(e.access) {
		if budgets[b.Resource] == 0 || strings.Contains(b.Subject, clientID) || strings.Contains(b.Subject, secret) {
			t.Errorf("%+v", b)
		}
	}
}

// The vendor may need longer for an update than the service waits for the response. The vendor then completes the
// update in the background, so Refresh must not return an error.
func TestARefreshThatTakesLongIsAccepted(t *testing.T) {
	e := newEnv(t)
	e.noError(e.sim.Inject(faultinject.Fault{Path: "/transactions/refresh", Kind: faultinject.Hang}))
	e.noError(e.adapter.Refresh(t.Context(), e.access))
	if n := e.sim.Requests("/transactions/refresh"); n != 1 {
		t.Errorf("%d requests", n)
	}
	e.noError(e.sim.Inject(faultinject.Fault{Path: "/transactions/refresh", Kind: faultinject.Status, Status: 500}))
	if err := e.adapter.Refresh(t.Context(), e.access); !errors.Is(err, domain.VendorUnreachable) {
		t.Errorf("got %v", err)
	}
}
