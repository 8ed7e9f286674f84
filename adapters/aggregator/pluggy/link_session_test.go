package pluggy_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func newSession() domain.LinkSessionID {
	return domain.LinkSessionID{UUID: uuid.Must(uuid.NewV7())}
}

func TestAnItemOfASessionIsFoundByItsClientUserID(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	session := newSession()
	hook := domain.SecretText("https://hooks.example.test/webhooks/pluggy/raw")
	token, err := e.adapter.StartLink(t.Context(), e.access, session, hook)
	if err != nil {
		t.Fatal(err)
	}
	want := "https://connect.pluggy.ai/?" + url.Values{"connect_token": {string(token.Token.Reveal())}}.Encode()
	if string(token.URL.Reveal()) != want || token.Lifetime != 30*time.Minute {
		t.Errorf("the page is %.50s, for %v", token.URL.Reveal(), token.Lifetime)
	}
	connect := func(status string) string {
		t.Helper()
		status, execution, _ := strings.Cut(status, " ")
		execution, action, waits := strings.Cut(execution, " ")
		if !waits {
			action = "null"
		}
		i, err := e.sim.Connect(string(token.Token.Reveal()), pluggysim.Item{
			Status: status, ExecutionStatus: execution, UserAction: json.RawMessage(action),
		})
		if err != nil || i.WebhookURL != pluggysim.Text(hook.Reveal()) || string(i.ClientUserID) != session.String() {
			t.Fatalf("the item %+v, %v", i, err)
		}
		e.clock.Advance(time.Second)
		return i.ID
	}
	action := func(left time.Duration) string {
		return "WAITING_USER_ACTION WAITING_USER_ACTION " + fmt.Sprintf(`{"type":"qr","expiresAt":%q}`,
			e.clock.Now().Add(left).Format(time.RFC3339))
	}
	states := []domain.LinkedObject{
		{AccountRef: connect("LOGIN_ERROR"), State: domain.LinkedFailed},
		{AccountRef: connect("WAITING_USER_INPUT"), State: domain.LinkedFailed},
		{AccountRef: connect("UPDATING"), State: domain.LinkedPending},
		{AccountRef: connect("OUTDATED"), State: domain.LinkedReady},
		{AccountRef: connect("OUTDATED USER_AUTHORIZATION_PENDING"), State: domain.LinkedAwaiting},
		{AccountRef: connect("UPDATING USER_AUTHORIZATION_PENDING"), State: domain.LinkedAwaiting},
		{AccountRef: connect("LOGIN_ERROR USER_AUTHORIZATION_PENDING"), State: domain.LinkedAwaiting},
		{AccountRef: connect("WAITING_USER_ACTION WAITING_USER_ACTION"), State: domain.LinkedFailed},
		{AccountRef: connect(action(5 * time.Minute)), State: domain.LinkedPending},
		{AccountRef: connect(action(-time.Minute)), State: domain.LinkedFailed},
		{AccountRef: connect("UPDATED"), State: domain.LinkedReady},
	}
	got, err := e.adapter.LinkedObjects(t.Context(), e.access, session, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(states, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if got, err := e.adapter.LinkedObjects(t.Context(), e.access, newSession(), nil); err != nil || len(got) != 0 {
		t.Errorf("objects of another session: %v, %v", got, err)
	}
}

// The vendor may not offer the list of items, because the list is not documented. The adapter then requests each
// announced item and checks that it belongs to the session.
func TestWithoutAListOnlyAnnouncedItemsOfTheSessionAreFound(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{}, func(o *pluggysim.Options) { o.NoItemList = true })
	session := newSession()
	token, err := e.adapter.StartLink(t.Context(), e.access, session, domain.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	i, err := e.sim.Connect(string(token.Token.Reveal()), pluggysim.Item{})
	if err != nil {
		t.Fatal(err)
	}
	for name, announced := range map[string][]string{
		"nothing": nil, "a foreign item": {pluggysim.DemoItemID}, "an unknown item": {uuid.NewString()}, "no id": {"x"},
	} {
		got, err := e.adapter.LinkedObjects(t.Context(), e.access, session, announced)
		if err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	got, err := e.adapter.LinkedObjects(t.Context(), e.access, session, []string{pluggysim.DemoItemID, i.ID})
	want := []domain.LinkedObject{{AccountRef: i.ID, State: domain.LinkedReady}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("objects (-want +got):\n%s%v", diff, err)
	}
}

func TestASessionWithAWrongCredentialIsRejected(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	e.access.Credential = credential(pluggysim.DemoClientID, "wrong")
	_, startErr := e.adapter.StartLink(t.Context(), e.access, newSession(), domain.Secret{})
	_, listErr := e.adapter.LinkedObjects(t.Context(), e.access, newSession(), nil)
	for _, err := range []error{startErr, listErr} {
		if domain.CodeOf(err) != domain.CredentialRejected {
			t.Errorf("got %v", err)
		}
	}
}
