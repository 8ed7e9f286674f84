package application_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// linkedObject is an object, for example an item, that a link session has created at the fake vendor.
type linkedObject struct {
	session string // the id that the object carries
	state   domain.LinkedState
}

// linkerVendor is a fake vendor that supports link sessions.
type linkerVendor struct {
	*vendor
	objects  map[string]linkedObject // by account reference
	webhooks []string                // the URLs of the requests for tokens
	failure  func(call string) error // returns the error of a call; may be nil
	unlisted bool                    // the vendor only finds announced objects
	created  []string                // the ids of the registered webhooks
	used     []string                // the credentials with which objects were listed and erased, as "id/secret"
}

// use records the credential of a call.
func (v *linkerVendor) use(a ports.Access) {
	v.used = append(v.used, string(a.Credential.Part(domain.PartClientID).Reveal())+"/"+
		string(a.Credential.Part(domain.PartSecret).Reveal()))
}

func (v *linkerVendor) fail(call string) error {
	if v.failure == nil {
		return nil
	}
	return v.failure(call)
}

func (v *linkerVendor) StartLink(
	_ context.Context, _ ports.Access, _ domain.LinkSessionID, webhook domain.Secret,
) (ports.LinkToken, error) {
	v.webhooks = append(v.webhooks, string(webhook.Reveal()))
	return ports.LinkToken{
		Token: domain.SecretText("raw"), URL: domain.SecretText("https://page.test/?t=raw"), Lifetime: 30 * time.Minute,
	}, v.fail("StartLink")
}

func (v *linkerVendor) LinkedObjects(
	_ context.Context, a ports.Access, session domain.LinkSessionID, announced []string,
) (found []domain.LinkedObject, err error) {
	v.use(a)
	for ref, o := range v.objects {
		if o.session == session.String() && (!v.unlisted || slices.Contains(announced, ref)) {
			found = append(found, domain.LinkedObject{AccountRef: ref, State: o.state})
		}
	}
	slices.SortFunc(found, func(x, y domain.LinkedObject) int { return strings.Compare(x.AccountRef, y.AccountRef) })
	return found, v.fail("LinkedObjects")
}

func (v *linkerVendor) Erase(_ context.Context, a ports.Access) error {
	if err := v.fail("Erase"); err != nil {
		return err
	}
	v.use(a)
	delete(v.objects, a.AccountRef)
	return nil
}

func (v *linkerVendor) CreateWebhook(_ context.Context, _ ports.Access, w ports.NewWebhook) (string, error) {
	if err := v.fail("CreateWebhook"); err != nil {
		return "", err
	}
	v.created = append(v.created, string(w.URL.Reveal()))
	return fmt.Sprint("webhook-", len(v.created)), nil
}

func (v *linkerVendor) Webhooks(context.Context, ports.Access) ([]ports.VendorWebhook, error) {
	return nil, nil
}
func (v *linkerVendor) DeleteWebhook(context.Context, ports.Access, string) error { return nil }

func newLinkerEnv(t *testing.T) (*env, *linkerVendor) {
	t.Helper()
	linker := &linkerVendor{vendor: newVendor("pluggy"), objects: map[string]linkedObject{}}
	return newEnv(t, func(d *application.Deps) {
		d.Aggregators = []ports.Aggregator{linker, newVendor("belvo")}
		d.Go = func(fn func()) func() { fn(); return func() {} }
		d.Entropy = rand.NewChaCha8([32]byte{}) // no two tokens are equal
	}), linker
}

func newLink(name string) ports.NewLinkSession {
	return ports.NewLinkSession{
		Vendor: "pluggy", Name: name, BaseURL: "https://api.example.test", ClientID: domain.SecretText("id"),
		Secret: domain.SecretText("right"), Receiver: "https://hooks.example.test/webhooks",
	}
}

func (e *env) startLink(name string) ports.OpenLinkSession {
	e.Helper()
	s, err := e.StartLinkSession(ports.WithCaller(e.ctx, ports.Caller{Actor: "alice"}), e.tenant, newLink(name))
	e.noError(err)
	return s
}

// runLinks advances the clock second by second, and continues the sessions that are due each time.
func (e *env) runLinks(d time.Duration) {
	e.Helper()
	for end := e.clock.now.Add(d); e.clock.now.Before(end); e.clock.now = e.clock.now.Add(time.Second) {
		_, err := porttest.RunDue(e.ctx, e.NextLinkSession, 16)
		e.noError(err)
	}
}

func (e *env) linkStatus(s ports.OpenLinkSession) domain.LinkSessionStatus {
	e.Helper()
	got, err := e.GetLinkSession(e.ctx, e.tenant, s.ID)
	e.noError(err)
	return got.Status()
}

func TestAHolderWhoSignsInGetsATestedConnectionWithItsFirstPullAndWebhooks(t *testing.T) {
	e, linker := newLinkerEnv(t)
	s := e.startLink("books")
	if s.Status() != domain.LinkStatusOpen || !s.Token.Equal(domain.SecretText("raw")) {
		t.Errorf("the session is %s", s.Status())
	}
	if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, "raw") {
		t.Errorf("the token is printed: %s", text)
	}
	_, err := e.CreateConnection(e.ctx, e.tenant, newConnection("books"))
	e.wantError(err, domain.NameTaken)
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedPending}
	e.runLinks(20 * time.Second)
	if got := e.linkStatus(s); got != domain.LinkStatusOpen {
		t.Errorf("while the vendor signs in: %s", got)
	}
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedReady}
	linker.objects["item-foreign"] = linkedObject{"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01", domain.LinkedReady}
	e.runLinks(40 * time.Second)
	if got := e.linkStatus(s); got != domain.LinkStatusDone {
		t.Fatalf("after the sign-in: %s", got)
	}
	c, err := e.GetConnection(e.ctx, e.tenant, s.Connection)
	e.noError(err)
	if c.Name != "books" || c.AccountRef != "item-7" || c.Health.Status != domain.Healthy {
		t.Errorf("the connection is %+v", c)
	}
	if len(e.nudged) != 1 || e.getPull(e.nudged[0]).Connection != c.ID {
		t.Errorf("pulls: %v", e.nudged)
	}
	e.runPull(e.nudged[0])
	e.wantPull(e.nudged[0], domain.PullSucceeded, "")
	tokens, err := e.ListTokens(e.ctx, e.tenant, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 9})
	e.noError(err)
	if len(tokens.Items) != 2 || len(linker.created) != 1 {
		t.Errorf("%d tokens, %d webhooks at the vendor", len(tokens.Items), len(linker.created))
	}
	stored, err := e.GetLinkSession(e.ctx, e.tenant, s.ID)
	e.noError(err)
	if stored.Sealed != nil || stored.Name != "" {
		t.Errorf("the session keeps %+v", stored)
	}
	var actors []string
	entries, err := e.ListAuditEntries(e.ctx, e.tenant, domain.AuditFilter{}, domain.PageRequest{Limit: 9})
	e.noError(err)
	for _, entry := range entries.Items {
		actors = append(actors, entry.Actor+" "+entry.Action)
	}
	slices.Sort(actors)
	want := []string{"alice connection.create", "alice link_session.create", "alice token.mint"}
	if !slices.Equal(actors, want) {
		t.Errorf("audited: %v", actors)
	}
	e.runLinks(time.Hour)
	if len(linker.objects) != 2 {
		t.Errorf("the vendor has %v", linker.objects)
	}
}

func TestAnAbandonedSessionLeavesNothing(t *testing.T) {
	e, linker := newLinkerEnv(t)
	s := e.startLink("books")
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedFailed}
	e.runLinks(29 * time.Minute)
	if len(linker.objects) != 1 || e.linkStatus(s) != domain.LinkStatusOpen {
		t.Errorf("before the end: %s, %v", e.linkStatus(s), linker.objects)
	}
	down := true
	linker.failure = func(call string) error {
		if down && call == "Erase" {
			return unavailable(domain.VendorUnreachable)
		}
		return nil
	}
	for range 100 {
		_, _ = porttest.RunDue(e.ctx, e.NextLinkSession, 16)
		e.clock.now = e.clock.now.Add(time.Second)
	}
	if got := e.linkStatus(s); got != domain.LinkStatusAbandoned {
		t.Errorf("after the end: %s", got)
	}
	e.createConnection("books")
	down = false
	e.runLinks(2 * time.Hour)
	linker.failure = nil
	if len(linker.objects) != 0 {
		t.Errorf("the vendor has %v", linker.objects)
	}
	stored, err := e.GetLinkSession(e.ctx, e.tenant, s.ID)
	e.noError(err)
	if stored.Sealed != nil || !stored.DueAt.IsZero() {
		t.Errorf("the session keeps %+v", stored)
	}
}

func TestAFailedRequestForATokenFreesTheName(t *testing.T) {
	e, linker := newLinkerEnv(t)
	linker.failure = func(string) error { return rejected(domain.CredentialRejected) }
	_, err := e.StartLinkSession(e.ctx, e.tenant, newLink("books"))
	e.wantError(err, domain.VendorRefused)
	linker.failure = func(string) error { return unavailable(domain.VendorUnreachable) }
	_, err = e.StartLinkSession(e.ctx, e.tenant, newLink("books"))
	e.wantError(err, domain.Unavailable, domain.VendorUnreachable)
	linker.failure = nil
	e.startLink("books")
	n := newLink("other")
	n.Vendor = "belvo"
	_, err = e.StartLinkSession(e.ctx, e.tenant, n)
	e.wantError(err, domain.Conflict, domain.NotOffered)
	_, err = e.StartLinkSession(e.ctx, e.tenant, ports.NewLinkSession{Vendor: "other", BaseURL: "ftp://x"})
	e.wantError(err, domain.Invalid)
	if fields := len(domain.ErrorsOf(err)); fields != 5 {
		t.Errorf("%d fields at fault: %v", fields, err)
	}
}

// If a process dies while it requests the token, its session remains, and no caller knows it.
func TestASessionWhoseRequestWasInterruptedFreesItsName(t *testing.T) {
	e, _ := newLinkerEnv(t)
	e.fault = func(op string) error {
		if op == "LinkSessions.Open" || op == "LinkSessions.Save" {
			return unavailable(domain.StoreUnavailable)
		}
		return nil
	}
	_, err := e.StartLinkSession(e.ctx, e.tenant, newLink("books"))
	e.wantError(err, domain.StoreUnavailable)
	e.fault = nil
	_, err = e.CreateConnection(e.ctx, e.tenant, newConnection("books"))
	e.wantError(err, domain.NameTaken)
	e.runLinks(30 * time.Second)
	e.createConnection("books")
}

// If a vendor cannot list the objects of a link session, it announces each object with a webhook to the URL of the
// session.
func TestAWebhookAnnouncesTheObjectOfASession(t *testing.T) {
	e, linker := newLinkerEnv(t)
	linker.unlisted = true
	s := e.startLink("books")
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedReady}
	e.runLinks(time.Minute)
	if got := e.linkStatus(s); got != domain.LinkStatusOpen {
		t.Errorf("before the webhook: %s", got)
	}
	url := linker.webhooks[0]
	token := url[strings.LastIndex(url, "/")+1:]
	body := func(session, ref string) string {
		return fmt.Sprintf(`{"Name":"item/created","AccountRef":%q,"LinkSession":%q,"WantsPull":true,`+
			`"Scope":{"Everything":true}}`, ref, session)
	}
	const foreign = "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"
	e.receive(token, body(foreign, "item-8"))
	e.receive(token, body(s.ID.String(), "item-7"))
	_, err := e.Receive(e.ctx, webhookRequest(token[1:], body(s.ID.String(), "item-9")))
	e.wantError(err, domain.Unauthenticated)
	e.runLinks(5 * time.Second)
	if got := e.linkStatus(s); got != domain.LinkStatusDone {
		t.Fatalf("after the webhook: %s", got)
	}
	received := e.receive(token, body(s.ID.String(), "item-7"))
	if received.Delivery.Connection != s.Connection || received.Delivery.Status != domain.DeliveryAccepted {
		t.Errorf("the next webhook is %+v", received.Delivery)
	}
	// A webhook to the URL of the first session announces an object of the second session.
	second := e.startLink("second")
	linker.objects["item-10"] = linkedObject{second.ID.String(), domain.LinkedReady}
	e.receive(token, body(second.ID.String(), "item-10"))
	e.runLinks(5 * time.Second)
	if got := e.linkStatus(second); got != domain.LinkStatusDone {
		t.Errorf("the second session is %s", got)
	}
}

func TestAnObjectOfAnotherConnectionIsNeitherConnectedNorDeleted(t *testing.T) {
	e, linker := newLinkerEnv(t)
	s := e.startLink("books")
	other := newConnection("other")
	other.AccountRef = "item-7"
	_, err := e.CreateConnection(e.ctx, e.tenant, other)
	e.noError(err)
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedReady}
	e.runLinks(time.Hour)
	if got := e.linkStatus(s); got != domain.LinkStatusAbandoned || len(linker.objects) != 1 {
		t.Errorf("the session is %s, the vendor has %v", got, linker.objects)
	}
}

func TestACredentialOfASessionIsResealed(t *testing.T) {
	e, linker := newLinkerEnv(t)
	s := e.startLink("books")
	e.sealer.primary = 2
	n, err := e.Reseal(e.ctx)
	e.noError(err)
	if n != 1 {
		t.Errorf("%d credentials were resealed, want 1", n)
	}
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedReady}
	e.runLinks(time.Minute)
	c, err := e.GetConnection(e.ctx, e.tenant, s.Connection)
	e.noError(err)
	if e.sealer.NeedsReseal(c.Sealed) {
		t.Error("the connection has the old credential")
	}
}

// Sessions end at random points. The account holder does not come, fails, signs in, or signs in with a second object.
// Calls to the vendor and to the store fail at random, as if the process had died. At the end, each object at the
// vendor must belong to a connection, each connection must have one object, and no session may be open, or still
// store its credential or name.
func TestAThousandSessionsLeaveNoOrphan(t *testing.T) {
	e, linker := newLinkerEnv(t)
	random := rand.New(rand.NewPCG(25, 8))
	failing := true
	fails := func(chance float64) bool { return failing && random.Float64() < chance }
	linker.failure = func(string) error {
		if fails(0.1) {
			return unavailable(domain.VendorUnreachable)
		}
		return nil
	}
	e.fault = func(op string) error {
		if strings.HasPrefix(op, "LinkSessions.") && fails(0.05) {
			return unavailable(domain.StoreUnavailable)
		}
		return nil
	}
	sessions := 1000
	if testing.Short() {
		sessions = 200
	}
	finishing := map[domain.LinkSessionID]time.Time{} // when a holder acts
	var opened []ports.OpenLinkSession
	objects := 0
	states := []domain.LinkedState{
		domain.LinkedFailed, domain.LinkedPending, domain.LinkedAwaiting, domain.LinkedReady,
	}
	act := func(s ports.OpenLinkSession) {
		objects++
		ref := fmt.Sprintf("item-%05d", objects)
		linker.objects[ref] = linkedObject{s.ID.String(), states[random.IntN(len(states))]}
		if random.IntN(4) == 0 {
			finishing[s.ID] = e.clock.now.Add(time.Duration(random.IntN(600)) * time.Second)
		}
	}
	run := func() {
		_, _ = porttest.RunDue(e.ctx, e.NextLinkSession, 64)
		for _, s := range opened {
			if at, ok := finishing[s.ID]; ok && !at.After(e.clock.now) {
				delete(finishing, s.ID)
				if e.clock.now.Before(s.ExpiresAt) { // the vendor refuses an expired token
					act(s)
				}
			}
		}
		for ref, o := range linker.objects { // the vendor finishes what it has begun
			begun := o.state == domain.LinkedPending || o.state == domain.LinkedAwaiting
			if begun && random.IntN(50) == 0 {
				ended := []domain.LinkedState{domain.LinkedFailed, domain.LinkedReady}
				linker.objects[ref] = linkedObject{o.session, ended[random.IntN(2)]}
			}
		}
		e.clock.now = e.clock.now.Add(5 * time.Second)
	}
	for i := range sessions {
		s, err := e.StartLinkSession(e.ctx, e.tenant, newLink(fmt.Sprint("session ", i)))
		if err == nil {
			opened = append(opened, s)
			if random.IntN(3) > 0 {
				finishing[s.ID] = e.clock.now.Add(time.Duration(random.IntN(1000)) * time.Second)
			}
		}
		run()
	}
	for range 1000 {
		run()
	}
	failing = false
	for range 1500 {
		run()
	}
	done := map[string]string{}
	for _, s := range opened {
		stored, err := e.GetLinkSession(e.ctx, e.tenant, s.ID)
		e.noError(err)
		if !stored.DueAt.IsZero() || stored.Sealed != nil || stored.Name != "" ||
			stored.Status() == domain.LinkStatusOpen {
			t.Fatalf("a session keeps %+v", stored)
		}
		if stored.Status() == domain.LinkStatusDone {
			c, err := e.GetConnection(e.ctx, e.tenant, stored.Connection)
			e.noError(err)
			done[c.AccountRef] = s.ID.String()
		}
	}
	page, err := e.ListConnections(e.ctx, e.tenant, ports.ConnectionFilter{}, domain.PageRequest{Limit: 2 * sessions})
	e.noError(err)
	if len(page.Items) != len(done) || len(linker.objects) != len(done) || len(done) < sessions/10 {
		t.Errorf("%d connections, %d objects, %d sessions done", len(page.Items), len(linker.objects), len(done))
	}
	for ref, o := range linker.objects {
		if done[ref] != o.session {
			t.Errorf("%s of session %s is an orphan", ref, o.session)
		}
	}
}
