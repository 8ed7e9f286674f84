package rest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// An amount that cannot be read is absent. A zero would be an amount.
func TestAnUnreadableAmountIsAbsent(t *testing.T) {
	for _, tc := range []struct {
		finding witness.Finding
		want    string
	}{
		{witness.Finding{Position: 1, Bucket: witness.RefusedBlock, NoAmount: true}, ""},
		{witness.Finding{Bucket: witness.Outside, NoAmount: true}, ""},
		{witness.Finding{Position: 1, Bucket: witness.Both}, `"amount":"0"`},
		{witness.Finding{Position: 1, Bucket: witness.Both, Amount: decimal.New(-50, 0)}, `"amount":"-50"`},
	} {
		text, err := json.Marshal(bankStatementLineOf(tc.finding))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), tc.want) || tc.want == "" && strings.Contains(string(text), "amount") {
			t.Errorf("the line is %s, want %q", text, tc.want)
		}
	}
}

// omitempty omits empty texts, objects and arrays. A number or a boolean that is absent if it is zero needs omitzero.
func TestNumbersThatMayBeAbsentAreOmittedIfTheyAreZero(t *testing.T) {
	wrong := regexp.MustCompile(" (u?int[0-9]*|float64|bool) +`json:\"[A-Za-z0-9]+,omitempty\"")
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range wrong.FindAllString(string(source), -1) {
			t.Errorf("%s: %s", file, strings.TrimSpace(found))
		}
	}
	for _, v := range []any{bankStatementLineOf(witness.Finding{}), instalmentView{Number: 1}, csvMappingView{}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"position", "count", "inverted", "skipRows"} {
			if strings.Contains(string(text), `"`+name+`"`) {
				t.Errorf("%s has the member %s", text, name)
			}
		}
	}
}
