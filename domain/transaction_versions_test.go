package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Versions whose deliveries make them larger than a page go to the next page.
func TestVersionsThatDoNotFitAreCutOff(t *testing.T) {
	version := func(n int) domain.TransactionVersion {
		return domain.TransactionVersion{Transaction: domain.Transaction{
			ID: domain.TransactionID{UUID: accountID(1).UUID}, Version: n,
			TransactionData: domain.TransactionData{Description: strings.Repeat("x", 100)},
		}}
	}
	one := version(3)
	size := domain.ItemSize(&one)
	last := domain.Position{Key: "1", ID: one.Transaction.ID.UUID}
	for name, c := range map[string]struct {
		bytes int
		next  domain.Position
		items int
		want  domain.Position
	}{
		"everything fits":           {10 * size, domain.Position{}, 3, domain.Position{}},
		"everything fits, and more": {10 * size, last, 3, last},
		"two fit": {
			2 * size, domain.Position{}, 2, domain.Position{Key: "2", ID: one.Transaction.ID.UUID},
		},
		"two fit, and there is more": {2 * size, last, 2, domain.Position{Key: "2", ID: one.Transaction.ID.UUID}},
		"the first one is never cut": {
			1, domain.Position{}, 1, domain.Position{Key: "3", ID: one.Transaction.ID.UUID},
		},
		"the last one exceeds the size": {2*size + 1, domain.Position{}, 3, domain.Position{}},
	} {
		page := domain.Page[domain.TransactionVersion]{
			Items: []domain.TransactionVersion{one, version(2), version(1)}, Next: c.next,
		}
		got := domain.CutVersions(page, domain.PageRequest{MaxBytes: c.bytes})
		if len(got.Items) != c.items || got.Next != c.want || got.Items[0].Transaction.Version != 3 {
			t.Errorf("%s: %d versions, then %v", name, len(got.Items), got.Next)
		}
	}
}

func TestEachMemberOfAReplacedRowIsCompared(t *testing.T) {
	row := domain.Superseded{ExternalID: "a", Rule: domain.SameKey, At: hour(1)}
	of := func(rows ...domain.Superseded) *domain.Transaction { return &domain.Transaction{Supersedes: rows} }
	for name, c := range map[string]struct {
		other domain.Superseded
		want  string
	}{
		"nothing":         {row, "connectionId"},
		"the external id": {domain.Superseded{ExternalID: "b", Rule: domain.SameKey, At: hour(1)}, "supersedes"},
		"the rule":        {domain.Superseded{ExternalID: "a", Rule: domain.SimilarText, At: hour(1)}, "supersedes"},
		"the time":        {domain.Superseded{ExternalID: "a", Rule: domain.SameKey, At: hour(2)}, "supersedes"},
	} {
		if got := strings.Join(domain.ChangedMembers(of(row), of(c.other)), " "); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := domain.ChangedMembers(of(row), of(row, row)); len(got) != 1 || got[0] != "supersedes" {
		t.Errorf("another row: %v", got)
	}
}

func TestEachReasonChangesTheSumsOfAPull(t *testing.T) {
	if (domain.PullScope{Everything: true}).ChangesSums() {
		t.Error("a complete read changes no sum that it does not read")
	}
	for name, scope := range map[string]domain.PullScope{
		"balances":     {Balances: true},
		"more removed": {MoreRemoved: true},
		"removed":      {Removed: []string{"a"}},
		"doubted":      {Doubted: map[string][]string{"a": {"b"}}},
	} {
		if !scope.ChangesSums() {
			t.Errorf("%s: no sum changes", name)
		}
	}
	scope := domain.PullScope{
		Accounts: []string{"b"}, Created: map[string]time.Time{"c": hour(1), "b": hour(1)},
		Changed: map[string][]string{"a": {"x"}},
	}
	if got := strings.Join(scope.AccountNames(), " "); got != "a b c" {
		t.Errorf("the scope names %s", got)
	}
}

func TestOnlyLettersAToZAreLowered(t *testing.T) {
	if got := string(domain.LowerASCII([]byte("@AMZ[`amz{é0"))); got != "@amz[`amz{é0" {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"@az[`{": "@AZ[`{", "Ação": "ACAO", "\x7f": "\x7f", "": "", "Straße": "STRASSE", "STRAẞE": "STRASSE",
		"Łódź, łódź": "LODZ, LODZ", "Tromsø": "TROMSO",
		"\ufb01nan\ufb00": "FINANFF", "1\u00a0000\u202f000": "1 000 000",
		"Ærøskøbing œuvre": "AEROSKOBING OEUVRE", "ısı": "ISI", "İ": "I",
		"a  b\tc\r\n\r\nd\v\f e": "A B C D E", "  ": " ", "é \u00a0\n ó": "E O",
		"\u0435 \u2003\u0085\u2028 \u0435": "\u0415 \u0415",
	} {
		if got := domain.FoldText(text); got != want {
			t.Errorf("%q is folded to %q, want %q", text, got, want)
		}
	}
}

func TestOnlyTextOf36BytesIsAUUID(t *testing.T) {
	const id = "0199A000-0000-7000-8000-00000000000F"
	for text, valid := range map[string]bool{
		id: true, strings.ToLower(id): true, strings.ReplaceAll(id, "-", ""): false, "{" + id + "}": false,
		"urn:uuid:" + id: false, strings.Repeat("z", 36): false, "": false,
	} {
		canonical, ok := domain.CanonicalUUID(text)
		if ok != valid || ok && canonical != strings.ToLower(id) {
			t.Errorf("%q: %q %t", text, canonical, ok)
		}
	}
}

func TestReferencesAndDocumentsAreHashedWithTheirNames(t *testing.T) {
	digest := func(change func(*domain.TransactionData)) [32]byte {
		var d domain.TransactionData
		change(&d)
		return d.Digest()
	}
	seen := map[[32]byte]string{}
	for name, change := range map[string]func(*domain.TransactionData){
		"nothing":      func(*domain.TransactionData) {},
		"an end":       func(d *domain.TransactionData) { d.References.EndToEndID = "E1" },
		"a cheque":     func(d *domain.TransactionData) { d.References.ChequeNumber = "E1" },
		"a document":   func(d *domain.TransactionData) { d.CounterpartyDocument.Value = "E1" },
		"a text":       func(d *domain.TransactionData) { d.Description = "E1" },
		"another text": func(d *domain.TransactionData) { d.Counterparty = "E1" },
		"like references": func(d *domain.TransactionData) { // the parts of "an end" without their label
			d.Warnings = []domain.Warning{"E1"}
		},
	} {
		sum := digest(change)
		if other, found := seen[sum]; found {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[sum] = name
	}
}

func TestATokenOfSeveralConnectionsIsInUse(t *testing.T) {
	for serves, used := range map[int]bool{0: false, 1: false, 2: true} {
		if err := (domain.WebhookToken{Serves: serves}).CheckUnused(); isCode(err, domain.TokenInUse) != used {
			t.Errorf("%d connections: %v", serves, err)
		}
	}
}

func TestATokenBelongsToOneApplication(t *testing.T) {
	c := fullConnection()
	other := fullConnection()
	other.Client = domain.ClientKey{9}
	token := domain.WebhookToken{Application: c.Application()}
	if err := token.CheckApplication(c); err != nil {
		t.Errorf("its own application: %v", err)
	}
	if err := token.CheckApplication(other); !isCode(err, domain.TargetChanged) {
		t.Errorf("another application: %v", err)
	}
	if err := (domain.WebhookToken{}).CheckApplication(other); err != nil {
		t.Errorf("a token without an application: %v", err)
	}
	token.Registration = domain.WebhookRegistration{
		State:  domain.RegistrationRemoving,
		Access: domain.RegistrationAccess{BaseURL: "https://old.example", Sealed: domain.Sealed("old")},
	}
	if access := token.RemovalAccess(c); access.BaseURL != "https://old.example" || string(access.Sealed) != "old" {
		t.Errorf("the webhook is removed with %q and %q", access.BaseURL, access.Sealed)
	}
	token.Registration.Access = domain.RegistrationAccess{}
	if access := token.RemovalAccess(c); access.BaseURL != c.BaseURL {
		t.Errorf("without an access of its own: %q", access.BaseURL)
	}
}
