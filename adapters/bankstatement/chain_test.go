package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// numbered returns an MT940 message with a running number.
func numbered(number string, fields ...string) string {
	return strings.Replace(mt940(fields...), "00001/001", number, 1)
}

// The opening balances of daily statements may be dated to the days themselves.
func TestDailyStatementsCoverTheDaysOfTheirChain(t *testing.T) {
	const movement = ":61:2609020902D10,00NTRFNONREF"
	first := numbered("1/1", ":60F:C260901EUR100,00", ":62F:C260901EUR100,00")
	second := numbered("2/1", ":60F:C260902EUR100,00", movement, ":62F:C260902EUR90,00")
	third := func(number string) string {
		return numbered(number, ":60F:C260907EUR90,00", ":62F:C260907EUR90,00")
	}
	runFacts(t, map[string]fact{
		"one day": {content: first, counts: lines(0), covered: "none", state: witness.Proved},
		"days": {
			content: first + second + third("3/1"), counts: lines(1), covered: "2026-09-02..2026-09-07",
			state: witness.Proved,
		},
		"days of which a number is missing": {
			content: first + second + third("4/1"), counts: lines(1),
			covered:  "2026-09-02..2026-09-02 2026-09-07..2026-09-07",
			warnings: []witness.WarningCode{witness.StatementMissing},
		},
		"days without numbers": {
			content: strings.NewReplacer(":28C:1/1\r\n", "", ":28C:2/1\r\n", "", ":28C:3/1\r\n", "").Replace(first +
				second + third("3/1")),
			counts: lines(1), covered: "2026-09-02..2026-09-07",
		},
		"days whose balances do not join": {
			content: first + second + strings.ReplaceAll(third("3/1"), "90,00", "91,00"), counts: lines(1),
			covered: "2026-09-02..2026-09-02", state: witness.Unavailable,
			warnings: []witness.WarningCode{witness.BalanceNotOfTheLines},
		},
	})
}

// The order in which the balances join is that of the statements, whatever the dates of the opening balances are.
func TestStatementsHaveTheOrderOfTheirBalances(t *testing.T) {
	first := numbered("9198/1", ":60F:C260901EUR100,00", ":61:2609020902C10,00NTRFNONREF", ":62F:C260903EUR110,00")
	second := numbered("9199/1", ":60F:C260828EUR110,00", ":61:2609040904D30,00NTRFNONREF", ":62F:C260904EUR80,00")
	whole := fact{
		counts: lines(2), opening: "100", closing: "80", state: witness.Proved, covered: "2026-09-02..2026-09-04",
	}
	facts := map[string]fact{}
	for name, content := range map[string]string{"in order": first + second, "newest first": second + first} {
		whole.content = content
		facts[name] = whole
	}
	facts["balances that do not join"] = fact{
		content: first + strings.Replace(second, "110,00", "111,00", 1), counts: lines(2),
		state: witness.Contradicted,
	}
	runFacts(t, facts)
}

// A bank may number its statements by the day of the year.
func TestNumbersOfDaysLeaveOutNoStatement(t *testing.T) {
	first := numbered("24501/1", ":60F:C260901EUR100,00", ":61:2609020902C10,00NTRFNONREF", ":62F:C260902EUR110,00")
	second := numbered("24701/1", ":60F:C260902EUR110,00", ":61:2609040904D30,00NTRFNONREF", ":62F:C260904EUR80,00")
	missing := []witness.WarningCode{witness.StatementMissing}
	runFacts(t, map[string]fact{
		"days": {content: first + second, counts: lines(2), state: witness.Proved},
		"days whose balances do not join": {
			content: first + strings.Replace(second, "110,00", "111,00", 1), counts: lines(2), warnings: missing,
		},
		"other numbers": {
			content: first + strings.Replace(second, "24701", "24503", 1), counts: lines(2), warnings: missing,
		},
	})
	if p := witness.Prove(read([]byte(first + second)).Statements[0]); len(p.Warnings) > 0 {
		t.Errorf("the warnings are %v", p.Warnings)
	}
}
