package domain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestCountsOfWritesAreAdded(t *testing.T) {
	a := domain.Counts{Accounts: 5, Read: 1, Added: 2, Modified: 3, Removed: 4, Unchanged: 5, Quarantined: 6,
		IDChanges: 7, LateRows: 8}
	b := domain.Counts{Accounts: 3, Read: 10, Added: 20, Modified: 30, Removed: 40, Unchanged: 50, Quarantined: 60,
		IDChanges: 70, LateRows: 80}
	want := domain.Counts{Accounts: 5, Read: 11, Added: 22, Modified: 33, Removed: 44, Unchanged: 55, Quarantined: 66,
		IDChanges: 77, LateRows: 88}
	if diff := cmp.Diff(want, a.Plus(b)); diff != "" {
		t.Error(diff)
	}
}

func TestAPullIsAtItsStartBeforeTheFirstPage(t *testing.T) {
	for p, want := range map[*domain.Progress]bool{{}: true, {Step: 1}: false, {Pages: 1}: false} {
		if p.AtStart() != want {
			t.Errorf("%+v: %v", p, p.AtStart())
		}
	}
}

func TestAPullAwaitsAnAccountOnlyAfterItsFirstAttempt(t *testing.T) {
	waits := domain.Pull{State: domain.PullQueued, StartedAt: noon, LastError: domain.AccountNotListed}
	if !waits.AwaitsAccount() {
		t.Error("a pull that waits for an account does not")
	}
	for name, edit := range map[string]func(*domain.Pull){
		"running":       func(p *domain.Pull) { p.State = domain.PullRunning },
		"never started": func(p *domain.Pull) { p.StartedAt = time.Time{} },
		"another error": func(p *domain.Pull) { p.LastError = domain.ListChanged },
	} {
		p := waits
		if edit(&p); p.AwaitsAccount() {
			t.Error(name)
		}
	}
	if domain.MaxAccountWait != 24*time.Hour {
		t.Errorf("it fails after %v", domain.MaxAccountWait)
	}
}

func TestWaitsBetweenAttemptsAreDocumented(t *testing.T) {
	for i, seconds := range []float64{1, 2, 4, 7, 11, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600} {
		if got := domain.Backoff(i+1, 0, 0); got.Seconds() != seconds {
			t.Errorf("attempt %d: %v", i+1, got)
		}
	}
}

func TestAnAccountRemembersItsReferences(t *testing.T) {
	var a domain.Account
	if a.EndReference(noon); a.IsOf("r1") || len(a.References) != 0 {
		t.Errorf("an account without references: %+v", a.References)
	}
	a.Relink("r1", "x1", noon)
	a.Relink("r1", "x1", hour(1))
	before := a
	a.Relink("r1", "x2", hour(2))
	a.Relink("r2", "x2", hour(3))
	want := []domain.AccountReference{
		{AccountRef: "r1", ExternalID: "x1", From: noon, Until: hour(2)},
		{AccountRef: "r1", ExternalID: "x2", From: hour(2), Until: hour(3)},
		{AccountRef: "r2", ExternalID: "x2", From: hour(3)},
	}
	if diff := cmp.Diff(want, a.References); diff != "" {
		t.Error(diff)
	}
	if len(before.References) != 1 || !before.References[0].Until.IsZero() {
		t.Errorf("a copy has changed: %+v", before.References)
	}
	if !a.IsOf("r2") || a.IsOf("r1") {
		t.Error("the present reference is not the last one")
	}
	a.EndReference(hour(4))
	a.EndReference(hour(5))
	if a.IsOf("r2") || !a.References[2].Until.Equal(hour(4)) {
		t.Errorf("ended twice: %+v", a.References[2])
	}
}

func TestAnUnreadableAccountIsQuarantinedUnderItsIDOrItsHash(t *testing.T) {
	account := domain.AccountData{ExternalID: "a", Unreadable: domain.InvalidCurrency, Metadata: []byte(`{"id":"a"}`)}
	if q := account.Quarantined(); q.ID != "a" || q.Reason != domain.InvalidCurrency || q.ExternalID() != "a" {
		t.Errorf("%+v", q)
	}
	account.ExternalID = ""
	q := account.Quarantined()
	if q.ID != domain.UnreadableRowID(account.Metadata) || q.ExternalID() != "" || !domain.IsUnreadableRowID(q.ID) {
		t.Errorf("%+v", q)
	}
	for _, id := range []string{"", "sha256:", "sha256:" + strings.Repeat("0", 63), strings.Repeat("0", 71)} {
		if domain.IsUnreadableRowID(id) {
			t.Errorf("%q counts as a hash", id)
		}
	}
}

func TestTheReasonAndTheKeyOfAQuarantinedRow(t *testing.T) {
	if domain.UnreadableReason(domain.UnreadableRow(domain.InvalidDate)) != domain.InvalidDate ||
		domain.UnreadableReason(errors.New("x")) != "" || domain.UnreadableReason(domain.NotFoundError()) != "" {
		t.Error("the reason of an error")
	}
	key := domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: "b"}
	if key.Compare(key) != 0 || key.Compare(domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: "a"}) != 1 ||
		key.Compare(domain.QuarantineKey{Kind: domain.QuarantinedTransaction, ID: "a"}) != -1 {
		t.Error("the order of keys")
	}
}

func TestAnErasureIsRepeatedAtMostAtTheVendor(t *testing.T) {
	request := domain.ErasureRequest{AtVendor: true, At: noon}
	for name, tc := range map[string]struct {
		status            domain.ErasureStatus
		atVendor, asks    bool
		again, refused    bool
		requested, vendor bool
	}{
		"running here, asked again":       {status: domain.ErasureRunning},
		"running here, now at the vendor": {status: domain.ErasureRunning, asks: true, requested: true, vendor: true},
		"running there, asked again":      {status: domain.ErasureRunning, atVendor: true, asks: true, vendor: true},
		"done here, now at the vendor":    {status: domain.ErasureDone, asks: true, refused: true},
		"done there, asked again":         {status: domain.ErasureDone, atVendor: true, asks: true, vendor: true},
		"failed": {
			status: domain.ErasureFailed, atVendor: true, asks: true, again: true, vendor: true,
		},
	} {
		request.AtVendor = tc.asks
		e, again, err := (domain.Erasure{Status: tc.status, AtVendor: tc.atVendor}).Repeat(request)
		if again != tc.again || isCode(err, domain.AlreadyErased) != tc.refused || e.AtVendor != tc.vendor ||
			e.RequestedAt.Equal(noon) != tc.requested || e.AwaitsVendor() != tc.vendor {
			t.Errorf("%s: %+v, %v, %v", name, e, again, err)
		}
	}
	if (domain.Erasure{AtVendor: true, VendorDone: true}).AwaitsVendor() {
		t.Error("a vendor that has answered is awaited")
	}
	for passes, asks := range map[int]bool{0: false, domain.ErasurePasses - 1: false, domain.ErasurePasses: true} {
		for _, e := range []domain.Erasure{{AtVendor: true}, {}, {AtVendor: true, VendorDone: true}} {
			e.Passes = passes
			if got := e.AsksVendor(); got != (asks && e.AtVendor && !e.VendorDone) {
				t.Errorf("%+v asks the vendor: %t", e, got)
			}
		}
	}
	e := (domain.ErasureRequest{AtVendor: true, At: noon}).New(domain.Connection{})
	e.Attempts = 3
	if e.VendorFailed("x", noon.Add(domain.ErasureGiveUp-1)) || e.LastError != "x" ||
		!e.DueAt.Equal(noon.Add(domain.ErasureGiveUp-1+20*time.Second)) {
		t.Errorf("%+v", e)
	}
	if !e.VendorFailed("x", noon.Add(7*24*time.Hour)) {
		t.Error("the vendor is asked after a week")
	}
	limits := []time.Duration{domain.ErasureTimeout, domain.ErasureSettle, domain.ErasureEcho}
	if diff := cmp.Diff([]time.Duration{20 * time.Second, 3 * time.Second, 10 * time.Second}, limits); diff != "" {
		t.Error(diff)
	}
}

func TestAnErasedTransactionKeepsItsIDAndTimes(t *testing.T) {
	tx := purchaseAt("x", "2026-03-09")
	tx.Version = 4
	tx.Erase(noon)
	if tx.Version != 5 || tx.Description != "" || tx.ExternalID != "" || !tx.Erased() || !tx.RemovedAt.Equal(noon) {
		t.Errorf("%+v", tx)
	}
	removed := domain.Transaction{RemovedAt: hour(1)}
	if removed.Erase(noon); !removed.RemovedAt.Equal(hour(1)) {
		t.Errorf("removed at %v", removed.RemovedAt)
	}
}

func TestTheTextByWhichABodyNamesAReference(t *testing.T) {
	const canonical = "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"
	for ref, want := range map[string]string{
		"": "", canonical: canonical, strings.ToUpper(canonical): canonical, `A"bÉ`: `"a\"bÉ"`,
	} {
		if got := string(domain.ReferenceText(ref)); got != want {
			t.Errorf("%q: %q, want %q", ref, got, want)
		}
	}
	names := func(ids, except string) bool {
		return domain.ResponseNames([]byte("body b"), "header h", strings.Fields(ids), strings.Fields(except))
	}
	if !names("b", "") || !names("x h", "z") || names("x", "") || names("b", "h") {
		t.Error("a response that names an id")
	}
}

func TestAFilterOfTheAuditLogSelectsByEveryMember(t *testing.T) {
	e := domain.AuditEntry{Actor: "a", Action: "b", Object: "c", At: noon}
	for name, tc := range map[string]struct {
		f    domain.AuditFilter
		want bool
	}{
		"no member": {domain.AuditFilter{}, true},
		"every member": {
			domain.AuditFilter{Actor: "a", Action: "b", Object: "c", From: noon, To: noon.Add(1)}, true,
		},
		"another actor":   {domain.AuditFilter{Actor: "z"}, false},
		"another action":  {domain.AuditFilter{Action: "z"}, false},
		"another object":  {domain.AuditFilter{Object: "z"}, false},
		"later entries":   {domain.AuditFilter{From: noon.Add(1)}, false},
		"earlier entries": {domain.AuditFilter{To: noon}, false},
	} {
		if got := tc.f.Selects(e); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, f := range []domain.AuditFilter{{Actor: "\x00"}, {Action: "\x00"}, {Object: "\x00"}} {
		if f.Storable() {
			t.Errorf("%q", f)
		}
	}
	if !(domain.AuditFilter{Actor: "a", Action: "b", Object: "c"}).Storable() {
		t.Error("a plain filter")
	}
	if got := (domain.AuditEntry{Actor: "a\x00", RequestID: "\x00"}).Clean(); got.Actor == "a\x00" ||
		got.RequestID == "\x00" {
		t.Errorf("%+v", got)
	}
	detail := domain.AuditDetail{Numbers: map[string]int64{"n": 1<<53 - 1}}.WithID("x", uuid.UUID{1})
	if text, _ := json.Marshal(detail); !bytes.Contains(text, []byte(`"n":9007199254740991`)) ||
		!bytes.Contains(text, []byte(`"x":"01000000-0000-0000-0000-000000000000"`)) {
		t.Errorf("%s", text)
	}
	both := detail.WithID("y", uuid.UUID{2})
	if len(detail.IDs) != 1 || both.IDs["x"] != (uuid.UUID{1}) || both.IDs["y"] != (uuid.UUID{2}) {
		t.Errorf("with two ids: %v, before: %v", both.IDs, detail.IDs)
	}
	for _, number := range []string{"9007199254740991", "-9007199254740991"} {
		if _, err := domain.ParseAuditDetail([]byte(`{"n":` + number + `}`)); err != nil {
			t.Errorf("%s: %v", number, err)
		}
	}
	for _, number := range []string{"9007199254740992", "-9007199254740992"} {
		if _, err := domain.ParseAuditDetail([]byte(`{"n":` + number + `}`)); err == nil {
			t.Errorf("%s is accepted", number)
		}
	}
}

func TestAnIndexServesAFilterOfOneActorOrObject(t *testing.T) {
	for name, tc := range map[string]struct {
		f    domain.AuditFilter
		want bool
	}{
		"no member":           {domain.AuditFilter{}, true},
		"an actor":            {domain.AuditFilter{Actor: "a"}, true},
		"an object":           {domain.AuditFilter{Object: "c"}, true},
		"actor and object":    {domain.AuditFilter{Actor: "a", Object: "c"}, false},
		"an action":           {domain.AuditFilter{Action: "b"}, false},
		"an actor and action": {domain.AuditFilter{Actor: "a", Action: "b"}, false},
		"later entries":       {domain.AuditFilter{From: noon}, false},
		"earlier entries":     {domain.AuditFilter{Object: "c", To: noon}, false},
	} {
		if got := tc.f.Indexed(); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOriginsOfBaseURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"https://api.example/x":      "https://api.example",
		"https://API.example.:443/":  "https://api.example",
		"https://api.example:80":     "https://api.example:80",
		"http://api.example:80/":     "http://api.example",
		"http://api.example:443":     "http://api.example:443",
		"https://api.example:8443":   "https://api.example:8443",
		"https://[2001:db8::1]:8443": "https://[2001:db8::1]:8443",
		"ftp://api.example":          "",
	} {
		if got := domain.Origin(raw); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	if got := domain.OriginOf(&url.URL{Scheme: "https", Host: "a.example:8443"}); got != "https://a.example:8443" {
		t.Error(got)
	}
}

func TestRegistrationsOfWebhooks(t *testing.T) {
	token := domain.WebhookToken{CreatedAt: noon}
	if token.Registration.Exists() || !token.Listed() {
		t.Error("a token without a registration")
	}
	token.StartRegistration(domain.ApplicationKey{1})
	if token.Application != (domain.ApplicationKey{1}) || token.Registration.OfReference {
		t.Errorf("the registration of an application: %+v", token)
	}
	reference := token
	if reference.StartReferenceRegistration(); !reference.Application.IsZero() || !reference.Registration.OfReference ||
		reference.Registration.State != domain.RegistrationPending {
		t.Errorf("the registration of an account reference: %+v", reference)
	}
	for _, access := range []domain.RegistrationAccess{{BaseURL: "https://a.example"}, {Sealed: domain.Sealed("x")}} {
		if access.IsZero() {
			t.Errorf("%+v is no access", access)
		}
	}
	if !token.Registration.Exists() || token.Listed() || !token.Registration.DueAt.Equal(noon.Add(25*time.Second)) {
		t.Errorf("%+v", token.Registration)
	}
	pending := token
	if pending.Revoke(hour(1)); pending.Registration.State != domain.RegistrationPending || pending.Live() {
		t.Errorf("a pending one that is revoked: %+v", pending.Registration)
	}
	token.Registration.State = domain.RegistrationActive
	token.Revoke(hour(1))
	if r := token.Registration; r.State != domain.RegistrationRemoving || !r.DueAt.Equal(hour(1)) {
		t.Errorf("an active one that is revoked: %+v", r)
	}
	for attempts, want := range map[int]time.Duration{
		0: 5 * time.Second, 1: 5 * time.Second, 2: 10 * time.Second, 10: 2560 * time.Second,
		11: time.Hour, 99: time.Hour,
	} {
		if got := (domain.WebhookRegistration{Attempts: attempts}).RetryAt(noon).Sub(noon); got != want {
			t.Errorf("after %d attempts: %v, want %v", attempts, got, want)
		}
	}
	if domain.RegistrationGiveUp != 7*24*time.Hour {
		t.Errorf("given up after %v", domain.RegistrationGiveUp)
	}
	raw := domain.SecretText("raw")
	token.Hash = domain.HashToken("raw")
	sent := domain.WebhookURL("https://d.example/hooks", "pluggy", raw)
	if string(sent.Reveal()) != "https://d.example/hooks/pluggy/raw" || !token.SendsTo(sent) ||
		token.SendsTo(domain.SecretText("https://d.example/hooks/pluggy/other")) {
		t.Error("the URL of a token")
	}
}

func TestASourceSecretAdmitsOnlyItself(t *testing.T) {
	var token domain.WebhookToken
	if _, err := token.AddSourceSecret(bytes.NewReader(nil)); err == nil || !token.Source.IsZero() {
		t.Error("no entropy")
	}
	if !token.Source.Admits(domain.HashSource("x"), true) || token.Source.Admits(domain.HashSource("x"), false) {
		t.Error("without a secret the deployment's checks decide")
	}
	secret, err := token.AddSourceSecret(bytes.NewReader(make([]byte, domain.TokenBytes)))
	if err != nil || token.Source.IsZero() || !domain.MayBeSourceSecret(string(secret.Reveal())) {
		t.Fatal(err)
	}
	if !token.Source.Admits(domain.HashSource(string(secret.Reveal())), false) ||
		token.Source.Admits(domain.HashSource("Bearer x"), true) {
		t.Error("with a secret only the secret decides")
	}
	for _, text := range []string{"", "Bearer x", "Basic " + strings.Repeat("A", 43),
		"Bearer " + strings.Repeat("A", 44)} {
		if domain.MayBeSourceSecret(text) {
			t.Errorf("%q", text)
		}
	}
}

func TestChangesInTheHistoryOfATransaction(t *testing.T) {
	other := domain.TransactionID{UUID: uuid.UUID{1}}
	past := func(n int) domain.Transaction {
		tx := domain.Transaction{Version: 2, Supersedes: make([]domain.Superseded, n)}
		tx.ExternalID = "now"
		return tx
	}
	before := func(n int) *domain.Transaction {
		tx := past(n)
		tx.ExternalID = "then"
		return &tx
	}
	for name, tc := range map[string]struct {
		v    domain.TransactionVersion
		want domain.ChangeKind
	}{
		"the first version": {
			domain.TransactionVersion{Transaction: domain.Transaction{Version: 1}}, domain.Added,
		},
		"the oldest known version": {
			domain.TransactionVersion{Transaction: domain.Transaction{Version: 3}}, domain.Modified,
		},
		"it got another row": {
			domain.TransactionVersion{Transaction: past(1), Previous: before(0)}, domain.SupersededRow,
		},
		"it got its row back": {
			domain.TransactionVersion{Transaction: past(0), Previous: before(1)}, domain.SplitRow,
		},
		"it went back to a row": {
			domain.TransactionVersion{Transaction: past(1), Previous: before(1)}, domain.Restored,
		},
		"another one has its row": {domain.TransactionVersion{
			Transaction: domain.Transaction{Version: 2, SupersededBy: other}, Previous: &domain.Transaction{}},
			domain.SupersededRow},
		"it has its row again": {domain.TransactionVersion{
			Transaction: domain.Transaction{Version: 2}, Previous: &domain.Transaction{SupersededBy: other},
		}, domain.SplitRow},
		"it was removed": {domain.TransactionVersion{
			Transaction: domain.Transaction{Version: 2, RemovedAt: noon}, Previous: &domain.Transaction{},
		}, domain.Removed},
		"it came back": {domain.TransactionVersion{
			Transaction: domain.Transaction{Version: 2}, Previous: &domain.Transaction{RemovedAt: noon},
		}, domain.Restored},
		"a removed one changed": {domain.TransactionVersion{
			Transaction: domain.Transaction{Version: 2, RemovedAt: noon},
			Previous:    &domain.Transaction{RemovedAt: noon}}, domain.Modified},
	} {
		if got := tc.v.Change(); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
	if _, err := domain.VersionBefore(other, domain.Position{Key: "3"}); err == nil {
		t.Error("a position of another history")
	}
	if got, err := domain.VersionBefore(other, domain.Position{Key: "3", ID: other.UUID}); got != 3 || err != nil {
		t.Error(got, err)
	}
	if _, err := domain.VersionBefore(other, domain.Position{Key: "x", ID: other.UUID}); err == nil {
		t.Error("a position without a version")
	}
}

func TestASearchLeavesOutWhatItExcludes(t *testing.T) {
	tx := purchaseAt("x", "2026-03-09")
	tx.Connection = domain.ConnectionID{UUID: uuid.UUID{1}}
	yes, no, amount := true, false, decimal.NewFromInt(-50)
	other := decimal.NewFromInt(50)
	for name, tc := range map[string]struct {
		s    domain.TransactionSearch
		want bool
	}{
		"everything":         {domain.TransactionSearch{}, true},
		"its connection":     {domain.TransactionSearch{Connection: tx.Connection}, true},
		"another connection": {domain.TransactionSearch{Connection: domain.ConnectionID{UUID: uuid.UUID{2}}}, false},
		"its amount":         {domain.TransactionSearch{Amount: &amount}, true},
		"another sign":       {domain.TransactionSearch{Amount: &other}, false},
		"live ones":          {domain.TransactionSearch{Removed: &no}, true},
		"removed ones":       {domain.TransactionSearch{Removed: &yes}, false},
		"other days":         {domain.TransactionSearch{Window: domain.Window{From: "2026-03-10"}}, false},
		"its text":           {domain.TransactionSearch{Text: "padaria DO"}, true},
	} {
		if got := tc.s.Matches(tx); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if tx.Erase(noon); (domain.TransactionSearch{}).Matches(tx) {
		t.Error("an erased transaction is found")
	}
}

func TestSecretsOfARequestAreBounded(t *testing.T) {
	for length, want := range map[int]string{0: "must not be empty", domain.MaxSecret: "",
		domain.MaxSecret + 1: "is too long"} {
		got := ""
		if err := domain.ValidateSecret(
			"f",
			domain.SecretText(strings.Repeat("é", length/2)+strings.Repeat("a", length%2)),
		); err != nil {
			got = err.Message
		}
		if got != want {
			t.Errorf("%d bytes: %q", length, got)
		}
	}
}

func TestFingerprintsOfEvents(t *testing.T) {
	body, other := []byte(`{"a":1}`), []byte(`{"a":2}`)
	keyed := domain.WebhookEvent{DedupKey: "k"}
	if domain.FingerprintOf(keyed, body) != domain.FingerprintOf(keyed, other) {
		t.Error("the key decides")
	}
	none := domain.WebhookEvent{}
	if domain.FingerprintOf(none, body) == domain.FingerprintOf(none, other) {
		t.Error("without a key the body decides")
	}
	if domain.FingerprintOf(domain.WebhookEvent{DedupKey: string(body)}, nil) == domain.FingerprintOf(none, body) {
		t.Error("a key is taken for a body")
	}
}

func TestTheTextOfAnErrorHasEachPartThatIsSet(t *testing.T) {
	for want, err := range map[string]*domain.Error{
		"invalid":              {Kind: domain.Invalid},
		"invalid (x)":          {Kind: domain.Invalid, Code: "x"},
		"invalid: f: no":       {Kind: domain.Invalid, Field: "f", Message: "no"},
		"invalid (x): f":       {Kind: domain.Invalid, Code: "x", Field: "f", Cause: errors.New("secret")},
		"conflict (x): f: yes": {Kind: domain.Conflict, Code: "x", Field: "f", Message: "yes"},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
	}
}

func TestOnlyAnotherAccountReferenceIsANewOne(t *testing.T) {
	c := domain.Connection{BaseURL: "https://a.example", AccountRef: "r"}
	if c.Repoint("https://b.example", "r", noon); c.NewReference {
		t.Error("another address is another reference")
	}
	if c.Repoint("https://b.example", "s", noon); !c.NewReference {
		t.Error("another reference is not a new one")
	}
	if c.Repoint("https://c.example", "s", noon); !c.NewReference {
		t.Error("the accounts of the new reference are not stored yet")
	}
}

func TestMonthsOfBillsAreNumberedFromYearZero(t *testing.T) {
	for month, want := range map[domain.BillMonth]int{"0001-01": 12, "2025-12": 24311, "2026-03": 24314, "": 0} {
		if got := month.Index(); got != want {
			t.Errorf("%q has the number %d, want %d", month, got, want)
		}
	}
	for month, want := range map[domain.BillMonth]bool{"": false, domain.Unbilled: false, "2026-03": true} {
		if got := month.Known(); got != want {
			t.Errorf("%q is known: %t", month, got)
		}
	}
}
