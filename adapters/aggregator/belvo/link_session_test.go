package belvo

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestALinkOfASessionIsFoundByItsExternalID(t *testing.T) {
	sim, a, access := newSimulatedVendor(t, belvosim.Options{})
	session := domain.LinkSessionID{UUID: uuid.Must(uuid.NewV7())}
	token, err := a.StartLink(t.Context(), access, session, domain.SecretText("https://hooks.example.test/x"))
	if err != nil {
		t.Fatal(err)
	}
	raw := string(token.Token.Reveal())
	page, err := url.Parse(string(token.URL.Reveal()))
	if err != nil || !strings.HasPrefix(page.String(), "https://widget.belvo.io/?access_token=") ||
		page.Query().Get("access_token") != raw || page.Query().Get("external_id") != session.String() ||
		token.Lifetime != 10*time.Minute {
		t.Errorf("the page is %.60s, for %v", page, token.Lifetime)
	}
	var want []domain.LinkedObject
	for _, status := range []belvosim.LinkStatus{
		belvosim.LinkInvalid, belvosim.LinkUnconfirmed, belvosim.LinkTokenRequired, belvosim.LinkValid,
	} {
		l, err := sim.Connect(raw, session.String(), belvosim.Link{Institution: "erebor_br_retail", Status: status})
		if err != nil {
			t.Fatal(err)
		}
		state := domain.LinkedFailed
		if status == belvosim.LinkValid {
			state = domain.LinkedReady
		}
		want = append(want, domain.LinkedObject{AccountRef: l.ID, State: state})
	}
	got, err := a.LinkedObjects(t.Context(), access, session, nil)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("objects (-want +got):\n%s%v", diff, err)
	}
	other := domain.LinkSessionID{UUID: uuid.Must(uuid.NewV7())}
	if got, err := a.LinkedObjects(t.Context(), access, other, nil); err != nil || len(got) != 0 {
		t.Errorf("objects of another session: %v, %v", got, err)
	}
	if _, err := sim.Connect(raw, session.String(), belvosim.Link{}); err == nil {
		t.Error("the token creates a link after a successful sign-in")
	}
	access.Credential = credential(belvosim.DemoSecretID, "wrong")
	_, err = a.StartLink(t.Context(), access, session, domain.Secret{})
	if domain.CodeOf(err) != domain.CredentialRejected {
		t.Errorf("with a wrong credential: %v", err)
	}
}
