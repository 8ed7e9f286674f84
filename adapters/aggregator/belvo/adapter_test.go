package belvo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestCheckTellsHowTheLinkStands(t *testing.T) {
	for status, reauth := range map[belvosim.LinkStatus]bool{
		belvosim.LinkValid: false, belvosim.LinkInvalid: true, "unconfirmed": true, "token_required": true,
	} {
		t.Run(string(status), func(t *testing.T) {
			sim, a, at := vendorAt(t, belvosim.Options{})
			if err := sim.SetLinkStatus(at.AccountRef, status); err != nil {
				t.Fatal(err)
			}
			got, err := a.Check(t.Context(), at)
			if want := (domain.LinkStatus{NeedsReauth: reauth}); err != nil || got != want {
				t.Errorf("got %+v (%v), want %+v", got, err, want)
			}
		})
	}
}

func TestCheckCallsTheHolderWhereTheVendorRefuses(t *testing.T) {
	for _, code := range []string{"invalid_link", "unconfirmed_link", "token_required", "session_expired"} {
		sim, a, at := vendorAt(t, belvosim.Options{})
		inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Code: code})
		if got, err := a.Check(t.Context(), at); err != nil || !got.NeedsReauth || got.SyncComplete {
			t.Errorf("%s: got %+v (%v)", code, got, err)
		}
	}
}

func TestCheckRefusesWhatIsNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*ports.Access)
		want domain.Code
	}{
		"an unknown secret":         {func(at *ports.Access) { at.Credential = credential("nobody", "x") }, domain.CredentialRejected},
		"a wrong password":          {func(at *ports.Access) { at.Credential = credential(belvosim.DemoSecretID, "x") }, domain.CredentialRejected},
		"no credential":             {func(at *ports.Access) { at.Credential = domain.Credential{} }, domain.CredentialRejected},
		"an unknown link":           {func(at *ports.Access) { at.AccountRef = "00000000-0000-4000-8000-000000000000" }, domain.AccountNotFound},
		"a link that climbs":        {func(at *ports.Access) { at.AccountRef = ".." }, domain.AccountNotFound},
		"a link that is a path":     {func(at *ports.Access) { at.AccountRef = "../accounts" }, domain.AccountNotFound},
		"a link with a query":       {func(at *ports.Access) { at.AccountRef = "?x=1#y" }, domain.AccountNotFound},
		"an address of no vendor":   {func(at *ports.Access) { at.BaseURL = "http://127.0.0.1:1" }, domain.VendorUnreachable},
		"an address egress forbids": {func(at *ports.Access) { at.BaseURL = "http://169.254.169.254" }, domain.AddressNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			_, a, at := vendorAt(t, belvosim.Options{})
			c.edit(&at)
			_, err := a.Check(t.Context(), at)
			if domain.CodeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAccountsAreSorted(t *testing.T) {
	sim, a, at := vendorAt(t, belvosim.Options{})
	for i := range 1100 { // more than a page
		if _, err := sim.AddAccount(belvosim.Account{Link: at.AccountRef, ID: fmt.Sprintf("extra-%04d", 1099-i)}); err != nil {
			t.Fatal(err)
		}
	}
	views := listed(t, a, at)
	if len(views) != 1102 {
		t.Fatalf("%d accounts", len(views))
	}
	for i, view := range views[1:] {
		if view.ExternalID <= views[i].ExternalID {
			t.Fatalf("%s after %s", view.ExternalID, views[i].ExternalID)
		}
	}
}

func TestEndlessAccountsEnd(t *testing.T) {
	sim, a, at := vendorAt(t, belvosim.Options{})
	inject(t, sim, belvosim.Fault{Kind: belvosim.FaultEndless, Times: -1})
	if _, err := a.Accounts(t.Context(), at); !errors.Is(err, domain.EndlessCursor) {
		t.Error(err)
	}
}

func TestCancelledCallIsInterrupted(t *testing.T) {
	_, a, at := vendorAt(t, belvosim.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Accounts(ctx, at); domain.CodeOf(err) != domain.Interrupted {
		t.Error(err)
	}
}

func TestAnswerMustBeWhatWasAsked(t *testing.T) {
	for _, body := range []string{
		`{}`, `[]`, `{"results":null}`, `{"results":{}}`, `{"results":[null]}`,
		`{"results":[],"next":7}`, `{"results":[],"next":""}`, `{"id":"another","status":"valid"}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(body))
		}))
		_, a, at := vendorAt(t, belvosim.Options{})
		at.BaseURL = server.URL
		if _, err := a.Read(t.Context(), at, domain.Step{}, nil, ""); domain.CodeOf(err) != domain.MalformedResponse {
			t.Errorf("Read of %s: %v", body, err)
		}
		if _, err := a.Accounts(t.Context(), at); domain.CodeOf(err) != domain.MalformedResponse {
			t.Errorf("Accounts of %s: %v", body, err)
		}
		if _, err := a.Check(t.Context(), at); domain.CodeOf(err) != domain.MalformedResponse {
			t.Errorf("Check of %s: %v", body, err)
		}
		server.Close()
	}
}
