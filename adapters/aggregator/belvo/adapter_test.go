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

func TestCheckReportsLinkStatus(t *testing.T) {
	for status, reauth := range map[belvosim.LinkStatus]bool{
		belvosim.LinkValid: false, belvosim.LinkInvalid: true, "unconfirmed": true, "token_required": true,
	} {
		t.Run(string(status), func(t *testing.T) {
			sim, a, access := newSimulatedVendor(t, belvosim.Options{})
			if err := sim.SetLinkStatus(access.AccountRef, status); err != nil {
				t.Fatal(err)
			}
			got, err := a.Check(t.Context(), access)
			want := domain.LinkStatus{NeedsReauth: reauth}
			if !reauth {
				want.Accounts, want.Cards, want.Transactions = domain.TwoReads, domain.TwoReads, domain.TwoReads
			}
			if err != nil || !got.SameState(want) || got.SignedIn == reauth {
				t.Errorf("got %+v (%v), want %+v", got, err, want)
			}
		})
	}
}

func TestCheckNeedsReauthWhenVendorWaitsForHolder(t *testing.T) {
	for _, code := range []string{"invalid_link", "unconfirmed_link", "token_required", "session_expired"} {
		sim, a, access := newSimulatedVendor(t, belvosim.Options{})
		inject(t, sim, belvosim.Fault{Kind: belvosim.FaultStatus, Code: code})
		if got, err := a.Check(t.Context(), access); err != nil || !got.NeedsReauth || got.SyncComplete {
			t.Errorf("%s: got %+v (%v)", code, got, err)
		}
	}
}

func TestCheckRejectsBadAccess(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*ports.Access)
		want domain.Code
	}{
		"an unknown secret": {
			func(access *ports.Access) { access.Credential = credential("nobody", "x") }, domain.CredentialRejected,
		},
		"a wrong password": {
			func(access *ports.Access) { access.Credential = credential(belvosim.DemoSecretID, "x") },
			domain.CredentialRejected,
		},
		"no credential": {
			func(access *ports.Access) { access.Credential = domain.Credential{} }, domain.CredentialRejected,
		},
		"an unknown link": {
			func(access *ports.Access) { access.AccountRef = "00000000-0000-4000-8000-000000000000" },
			domain.AccountNotFound,
		},
		"a link id that climbs the path": {
			func(access *ports.Access) { access.AccountRef = ".." }, domain.AccountNotFound,
		},
		"a link id that is a path": {
			func(access *ports.Access) { access.AccountRef = "../accounts" }, domain.AccountNotFound,
		},
		"a link id with a query": {
			func(access *ports.Access) { access.AccountRef = "?x=1#y" }, domain.AccountNotFound,
		},
		"an unreachable address": {
			func(access *ports.Access) { access.BaseURL = "http://127.0.0.1:1" }, domain.VendorUnreachable,
		},
		"an address that egress forbids": {
			func(access *ports.Access) { access.BaseURL = "http://169.254.169.254" }, domain.AddressNotAllowed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, a, access := newSimulatedVendor(t, belvosim.Options{})
			c.edit(&access)
			_, err := a.Check(t.Context(), access)
			if domain.CodeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAccountsAreSortedByExternalID(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	for i := range 1100 { // more than one page of 1000
		if _, err := sim.AddAccount(
			belvosim.Account{Link: access.AccountRef, ID: fmt.Sprintf("extra-%04d", 1099-i)},
		); err != nil {
			t.Fatal(err)
		}
	}
	accounts := listAccounts(t, a, access)
	if len(accounts) != 1102 {
		t.Fatalf("%d accounts", len(accounts))
	}
	for i, account := range accounts[1:] {
		if account.ExternalID <= accounts[i].ExternalID {
			t.Fatalf("%s after %s", account.ExternalID, accounts[i].ExternalID)
		}
	}
}

func TestEndlessAccountListIsAnError(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	inject(t, sim, belvosim.Fault{Kind: belvosim.FaultEndless, Times: -1})
	if _, err := a.Accounts(t.Context(), access); !errors.Is(err, domain.EndlessCursor) {
		t.Error(err)
	}
}

func TestCancelledCallIsInterrupted(t *testing.T) {
	_, a, access := newSimulatedVendor(t, belvosim.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Accounts(ctx, access); domain.CodeOf(err) != domain.Interrupted {
		t.Error(err)
	}
}

func TestUnexpectedResponseIsMalformed(t *testing.T) {
	for _, body := range []string{
		`{}`, `[]`, `{"results":null}`, `{"results":{}}`, `{"results":[{} {}]}`,
		`{"results":[],"next":7}`, `{"results":[],"next":""}`, `{"id":"another","status":"valid"}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(body))
		}))
		_, a, access := newSimulatedVendor(t, belvosim.Options{})
		access.BaseURL = server.URL
		if _, err := a.Read(
			t.Context(), access, domain.Step{}, nil, "",
		); domain.CodeOf(err) != domain.MalformedResponse {
			t.Errorf("Read of %s: %v", body, err)
		}
		if _, err := a.Accounts(t.Context(), access); domain.CodeOf(err) != domain.MalformedResponse {
			t.Errorf("Accounts of %s: %v", body, err)
		}
		if _, err := a.Check(t.Context(), access); domain.CodeOf(err) != domain.MalformedResponse {
			t.Errorf("Check of %s: %v", body, err)
		}
		server.Close()
	}
}
