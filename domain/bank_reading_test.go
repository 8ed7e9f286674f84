package domain_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestNationalBankHolidaysAreNoBankingDays(t *testing.T) {
	for currency, days := range map[string]map[domain.Date]bool{
		"BRL": {
			"2026-01-01": false, "2026-02-16": false, "2026-02-17": false, "2026-02-18": true, "2026-04-03": false,
			"2026-04-21": false, "2026-05-01": false, "2026-06-04": false, "2026-09-07": false, "2026-10-12": false,
			"2026-11-02": false, "2026-11-20": false, "2023-11-20": true, "2024-11-20": false,
			"2026-12-25": false, "2026-12-31": true,
			"2025-03-03": false, "2025-04-18": false, "2025-06-19": false, "2026-11-28": false, "2026-07-09": true,
			// Good Friday from the first possible day to the last one, and in years with an exception of the computus
			"2038-04-23": false, "2049-04-16": false, "2076-04-17": false, "2106-04-16": false, "2285-03-20": false,
			"2049-04-09": true, "2076-04-10": true,
		},
		"MXN": {
			"2026-02-02": false, "2026-02-05": true, "2026-03-16": false, "2026-04-02": false, "2026-04-03": false,
			"2026-09-16": false, "2026-11-02": false, "2026-11-16": false, "2025-12-12": false, "2024-10-01": false,
			"2026-10-01": true, "2030-10-01": false, "2026-11-20": true, "2026-12-25": false,
		},
		"USD": {
			"2026-01-19": false, "2026-02-16": false, "2026-05-25": false, "2026-06-19": false, "2021-06-18": true,
			"2026-07-03": true, "2027-07-05": false, "2026-09-07": false, "2026-10-12": false, "2026-11-11": false,
			"2026-11-26": false, "2026-11-27": true, "2026-12-25": false, "2026-04-03": true, "2023-01-02": false,
			"2022-06-20": false, "2025-12-26": true, "2025-11-20": true, "2025-11-27": false, "2026-05-28": true,
		},
		"EUR": {"2026-05-01": true, "2026-12-25": true, "2026-11-28": false, "2026-11-29": false},
	} {
		for day, want := range days {
			if got := domain.IsBankingDay(day, currency); got != want {
				t.Errorf("IsBankingDay(%s, %s) = %t", day, currency, got)
			}
		}
	}
}

func TestADayIsCoveredOnlyAfterHalfOfTheNextBankingDay(t *testing.T) {
	rules := domain.Coverage{After: 12 * time.Hour, Offset: -3 * time.Hour}
	for _, c := range []struct {
		readAt, currency string
		want             domain.Date
	}{
		{"2026-11-26T15:00:00Z", "BRL", "2026-11-25"}, // Thursday, 12:00 in São Paulo
		{"2026-11-26T14:59:59Z", "BRL", "2026-11-24"},
		{"2026-11-26T15:00:00Z", "USD", "2026-11-24"}, // Thanksgiving
		{"2026-11-30T14:59:59Z", "BRL", "2026-11-26"}, // Monday
		{"2026-11-30T15:00:00Z", "BRL", "2026-11-29"}, // covers Friday to Sunday
		{"2026-11-28T23:00:00Z", "BRL", "2026-11-26"}, // a Saturday covers Thursday
		{"2026-02-18T15:00:00Z", "BRL", "2026-02-17"}, // Ash Wednesday covers the carnival
		{"2026-02-18T14:00:00Z", "BRL", "2026-02-12"},
		{"2026-02-17T15:00:00Z", "EUR", "2026-02-16"},
	} {
		if got := rules.To(instant(t, c.readAt), c.currency); got != c.want {
			t.Errorf("a reading of %s in %s covers %s, want %s", c.readAt, c.currency, got, c.want)
		}
	}
	if got := rules.To(time.Time{}, "BRL"); got != "" {
		t.Errorf("no reading covers %s", got)
	}
}

func TestAFailingSynchronisationNeverMovesTheReadingForward(t *testing.T) {
	known, later := instant(t, "2026-11-10T09:00:00Z"), instant(t, "2026-11-20T09:00:00Z")
	now := instant(t, "2026-11-21T09:00:00Z")
	both := func(at time.Time, failing bool) domain.BankReading {
		p := domain.ProductReading{At: at}
		return domain.BankReading{Bank: p, Cards: p, Failing: failing}
	}
	never := domain.BankReading{Bank: domain.ProductReading{Never: true}, Cards: domain.ProductReading{Never: true}}
	for name, c := range map[string]struct {
		reading     domain.BankReading
		known, want time.Time
	}{
		"success":               {both(later, false), known, later},
		"success, older":        {both(known, false), later, known},
		"failure, later stamp":  {both(later, true), known, known},
		"failure, older stamp":  {both(known, true), later, known},
		"failure, no stamp":     {both(time.Time{}, true), known, known},
		"failure, first":        {both(known, true), time.Time{}, known},
		"failure, first, later": {both(now.Add(-time.Hour), true), time.Time{}, time.Time{}},
		"failure, first, a day": {both(now.AddDate(0, 0, -1), true), time.Time{}, now.AddDate(0, 0, -1)},
		"success without stamp": {both(time.Time{}, false), known, time.Time{}},
		"never, but known":      {never, known, known},
		"never":                 {never, time.Time{}, time.Time{}},
		"stamp in the future":   {both(now.Add(time.Hour), false), known, known},
		"clock slightly ahead":  {both(now.Add(time.Minute), false), known, now.Add(time.Minute)},
		"future, first":         {both(now.Add(time.Hour), false), time.Time{}, now},
	} {
		for _, account := range []domain.AccountType{domain.BankAccount, domain.CreditAccount, domain.OtherAccount} {
			if got := c.reading.ReadAt(account, c.known, now); !got.Equal(c.want) {
				t.Errorf("%s, %s: %v, want %v", name, account, got, c.want)
			}
		}
	}
	apart := domain.BankReading{Bank: domain.ProductReading{At: known}, Cards: domain.ProductReading{At: later}}
	for account, want := range map[domain.AccountType]time.Time{
		domain.BankAccount: known, domain.CreditAccount: later, domain.OtherAccount: known,
	} {
		if got := apart.ReadAt(account, time.Time{}, now); !got.Equal(want) {
			t.Errorf("%s, where cards are read apart: %v, want %v", account, got, want)
		}
	}
	card := domain.ProductReading{At: later}.Older(domain.ProductReading{At: known})
	if !card.At.Equal(known) {
		t.Errorf("a card was read at %v", card.At)
	}
	if card := (domain.ProductReading{At: later}).Older(domain.ProductReading{Never: true}); !card.Never {
		t.Error("a product that was never read has a time")
	}
}

func TestAStaleConnectionNeedsAttentionUnlessMoreIsKnown(t *testing.T) {
	now := instant(t, "2026-11-26T12:00:00Z")
	old := now.AddDate(0, 0, -9)
	grace := domain.AttentionGrace{Stale: 36 * time.Hour}
	for name, c := range map[string]struct {
		facts domain.ConnectionFacts
		want  domain.Severity // "" if the connection is not stale
	}{
		"fresh":   {domain.ConnectionFacts{BankReadAt: now.Add(-time.Hour)}, ""},
		"old":     {domain.ConnectionFacts{BankReadAt: old}, domain.SeverityNow},
		"undated": {domain.ConnectionFacts{}, ""},
		"on demand": {
			domain.ConnectionFacts{BankReadAt: old, Bank: domain.BankFacts{OnDemand: true}}, domain.SeveritySoon,
		},
		"weekly":  {domain.ConnectionFacts{BankReadAt: old, Bank: domain.BankFacts{Every: 7 * 24 * time.Hour}}, ""},
		"paused":  {domain.ConnectionFacts{BankReadAt: old, Paused: true}, ""},
		"sign in": {domain.ConnectionFacts{BankReadAt: old, Health: domain.Health{NeedsReauth: true}}, ""},
		"consent": {domain.ConnectionFacts{
			BankReadAt: old, Consent: domain.Consent{Status: domain.ReportedExpired, ExpiresAt: old},
		}, ""},
	} {
		var got domain.Severity
		for _, a := range c.facts.Attention(now, grace) {
			if a.Reason == domain.NeedsBankRead {
				if got = a.Severity; !a.Since.Equal(old.Add(36 * time.Hour)) {
					t.Errorf("%s: since %v", name, a.Since)
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAConnectionIsStaleAfterTheLimitAndOneAndAHalfIntervals(t *testing.T) {
	readAt := instant(t, "2026-11-10T09:00:00Z")
	for _, c := range []struct {
		every, limit, age time.Duration
		stale             bool
	}{
		{0, 36 * time.Hour, 36 * time.Hour, false},
		{0, 36 * time.Hour, 36*time.Hour + time.Second, true},
		{0, 12 * time.Hour, 30 * time.Hour, false}, // 24 h are the usual interval
		{6 * time.Hour, 12 * time.Hour, 13 * time.Hour, true},
		{7 * 24 * time.Hour, 36 * time.Hour, 10 * 24 * time.Hour, false},
		{7 * 24 * time.Hour, 36 * time.Hour, 11 * 24 * time.Hour, true},
		{0, 0, 1000 * time.Hour, false},
	} {
		since := domain.StaleSince(readAt, c.every, c.limit, readAt.Add(c.age))
		if since.IsZero() == c.stale {
			t.Errorf("every %v, limit %v: stale since %v after %v", c.every, c.limit, since, c.age)
		}
	}
	if since := domain.StaleSince(time.Time{}, 0, time.Hour, readAt); !since.IsZero() {
		t.Errorf("a connection without a reading is stale since %v", since)
	}
}

func TestADayEndsAtMidnightOfItsTimeZone(t *testing.T) {
	rules := domain.Coverage{Offset: -3 * time.Hour}
	end := instant(t, "2026-11-27T03:00:00Z")
	if got := rules.EndOf("2026-11-26"); !got.Equal(end) {
		t.Errorf("26 November ends at %v, want %v", got, end)
	}
	if day, next := rules.Day(end.Add(-1)), rules.Day(end); day != "2026-11-26" || next != "2026-11-27" {
		t.Errorf("the day before its end is %s, the one from its end on %s", day, next)
	}
	if got := rules.EndOf("2026-02-30"); !got.IsZero() {
		t.Errorf("a day that does not exist ends at %v", got)
	}
}

func TestAnInstitutionThatIsNotStatedAgainStaysKnown(t *testing.T) {
	known := domain.Institution{ID: "201", Name: "Banco"}
	facts := domain.BankFacts{}.After(domain.BankReading{Institution: known, Every: time.Hour})
	facts = facts.After(domain.BankReading{OnDemand: true})
	if want := (domain.BankFacts{Institution: known, OnDemand: true}); facts != want {
		t.Errorf("%+v, want %+v", facts, want)
	}
	other := domain.Institution{ID: "202", Name: "Outro"}
	if got := facts.After(domain.BankReading{Institution: other}).Institution; got != other {
		t.Errorf("the institution is %+v, want %+v", got, other)
	}
}
