package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

var uncoveredView = view{schema: reflect.TypeFor[discovery.UncoveredView](), columns: []column{
	{member: "state", title: "STATE", width: 10},
	{member: "institution", title: "BANK", flexible: true, keep: true, format: institutionName},
	{member: "configName", title: "CONNECTION", flexible: true, keep: true},
	{member: "name", title: "ACCOUNT", flexible: true, keep: true, format: func(r record) string {
		return cmp.Or(r.text("name"), r.text("number"), r.text("accountId"))
	}},
	{member: "bankReadAt", title: "BANK READ", width: timeWidth},
	{member: "coveredFrom", title: "COVERS FROM", width: timeWidth},
	{member: "attention", title: "WHY", flexible: true, keep: true, format: whyUncovered},
}}

// whyUncovered returns the reasons why an account does not cover a day: "paused", the reasons of its connection, or
// "bank_read" if the vendor only has to read the bank.
func whyUncovered(r record) string {
	switch {
	case r.text("paused") == "true":
		return "paused"
	case r.text("state") != "not_read":
		return reasonNames(r)
	}
	return cmp.Or(reasonNames(r), "bank_read")
}

// remedies are the commands that help against the reasons of whyUncovered.
var remedies = map[string]string{
	"reauth":              "connections link NAME",
	"consent_expired":     "connections link NAME",
	"consent_revoked":     "connections link NAME",
	"credential_rejected": "connections update NAME",
	"account_not_found":   "connections update NAME",
	"pull_failed":         "pulls start NAME",
	"paused":              "connections resume NAME",
	"stale":               "connections refresh NAME",
	"bank_read":           "connections refresh NAME",
}

// dayCoverage contains the numbers of accounts that cover a day.
type dayCoverage struct {
	Day               string
	Accounts, Covered int
	Institutions      []struct {
		ID, Name          string
		Accounts, Covered int
	}
	helps map[string]string // the remedies by the reason that was printed
}

// see reads a page of the coverage.
func (d *dayCoverage) see(page []byte) {
	var items struct{ Items []record }
	if json.Unmarshal(page, d) != nil || json.Unmarshal(page, &items) != nil {
		return // list reports the response
	}
	for _, item := range items.Items {
		for reason := range strings.SplitSeq(whyUncovered(item), ", ") {
			if remedies[reason] != "" {
				d.helps[reason] = remedies[reason]
			}
		}
	}
}

// summary returns how many accounts cover the day, also for each bank with an account that does not.
func (d *dayCoverage) summary() string {
	parts := []string{fmt.Sprintf("%d of %s cover %s", d.Covered, countOf(d.Accounts, "account"), d.Day)}
	for _, bank := range d.Institutions {
		if bank.Covered < bank.Accounts {
			name := cmp.Or(bank.Name, bank.ID, "bank unknown")
			parts = append(parts, fmt.Sprintf("%s: %d of %d", name, bank.Covered, bank.Accounts))
		}
	}
	return strings.Join(parts, "; ")
}

func (c commands) coverage() *cobra.Command {
	var flags listFlags
	var bank string
	cmd := &cobra.Command{
		Use: "coverage [DAY]", Short: "Print how many accounts cover a day, and why the others do not",
		Long: "Print how many accounts cover DAY (YYYY-MM-DD, by default the last day that has ended): their banks " +
			"were read after they had had time to book the day. The table has the other accounts: those whose " +
			"bank was not read since the end of the day (not_read), those without a known reading (undated), and " +
			"those that were read too early (read_since). A reading at COVERS FROM or later covers the day.",
		Args: between(0, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	institutionFlag(cmd, &bank, "")
	cmd.RunE = c.run(func(s *session, args []string) error {
		params := discovery.GetDayCoverageParams{Institution: optional(bank)}
		if len(args) > 0 {
			var err error
			if params.Day, err = parseDate("DAY", args[0]); err != nil {
				return err
			}
		}
		read := fetch(func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
			params.Limit, params.Cursor = limit, cursor
			return s.api.GetDayCoverage(ctx, &params)
		})
		found := dayCoverage{helps: map[string]string{}}
		if _, err := s.list(uncoveredView, flags, "", read.seenBy(found.see)); err != nil {
			return err
		}
		s.printNote("%s", found.summary())
		for _, reason := range slices.Sorted(maps.Keys(found.helps)) {
			s.printNote("%s: discovery %s", reason, found.helps[reason])
		}
		return nil
	})
	return cmd
}
