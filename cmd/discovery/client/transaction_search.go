package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) searchTransactions() *cobra.Command {
	var flags listFlags
	var dates dateFlags
	var amount, text, reference, document, connection, removed string
	cmd := &cobra.Command{
		Use:   "search [TEXT]",
		Short: "Search the transactions of all connections, newest first",
		Long: "Search the transactions of all connections, newest first. TEXT is what a person types: an amount " +
			"such as 1.234,56 or R$ 1.234,56, a CPF or CNPJ, a reference, the line of a boleto, part of the " +
			"description or the counterparty, or a bank. What it was taken for is printed, and so are the numbers " +
			"and sums of the payments and receipts. An amount without a sign is found in both directions. Write -- " +
			"before another TEXT that begins with a minus sign.",
		Args: cobra.ArbitraryArgs, ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	dates.register(cmd, valueDate)
	cmd.Flags().
		StringVar(&amount, "amount", "", "exact amount, such as 212.45; with a sign (-212.45) in one direction only")
	cmd.Flags().StringVar(&text, "text", "", "part of the description or the counterparty")
	cmd.Flags().
		StringVar(&reference, "reference", "", "end-to-end id, line of a boleto, cheque number or other reference")
	cmd.Flags().StringVar(&document, "document", "", "tax number of the counterparty, such as a CPF or CNPJ")
	cmd.Flags().StringVar(&connection, "connection", "", "only of the connection with this name or id")
	cmd.Flags().StringVar(&removed, "removed", "", "true: only removed ones; false: only the others")
	completeFlag(cmd, "removed", "true", "false")
	_ = cmd.RegisterFlagCompletionFunc("connection", c.completeConnection)
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, to, err := dates.parse()
		if err != nil {
			return err
		}
		typed := strings.Join(args, " ")
		params := discovery.SearchTransactionsParams{
			Q: optional(
				typed,
			),
			Amount:    optional(amount),
			Text:      optional(text),
			Reference: optional(reference),
			From:      from,
			To:        to,
			Document:  optional(document),
			Removed:   optional(discovery.SearchTransactionsParamsRemoved(removed)),
		}
		if params.Removed != nil && !params.Removed.Valid() {
			return usagef("--removed must be true or false")
		}
		if connection != "" {
			if params.ConnectionID, err = s.connectionFilter([]string{connection}); err != nil {
				return err
			}
		}
		search := fetch(func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
			params.Limit, params.Cursor = limit, cursor
			return s.api.SearchTransactions(ctx, &params)
		})
		if typed == "" {
			_, err = s.list(transactionView.overSeveral(params.ConnectionID), flags, "", search)
			return err
		}
		var found foundTransactions
		if _, err = s.list(foundView, flags, "", search.seenBy(found.count)); err == nil {
			s.printNote("%s", found.summary())
		}
		return err
	})
	return cmd
}

// typedAmount is an argument that is an amount with a minus sign, as people type it.
var typedAmount = regexp.MustCompile(`(?i)^-(?:R\$|US\$|MX\$|\$|BRL|USD|MXN)?\s*\d`)

// WithTypedAmounts returns the arguments of the program. In those of the search of transactions, the minus sign
// (U+2212) replaces the hyphen of an amount such as -160.10, which would be read as flags. The service reads both
// alike.
func WithTypedAmounts(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || !strings.HasSuffix(cmd.CommandPath(), " transactions search") {
		return args
	}
	changed := slices.Clone(args)
	before := ""
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if amount, ok := strings.CutPrefix(arg, "-"); ok && typedAmount.MatchString(arg) && !takesValue(cmd, before) {
			changed[i] = "\u2212" + amount
		}
		before = arg
	}
	return changed
}

// takesValue reports whether the argument is a flag of the command whose value is the next argument.
func takesValue(cmd *cobra.Command, arg string) bool {
	flag := cmd.Flag(strings.TrimPrefix(arg, "--"))
	if len(arg) == 2 && arg[0] == '-' {
		flag = cmd.Flags().ShorthandLookup(arg[1:])
		if flag == nil {
			flag = cmd.InheritedFlags().ShorthandLookup(arg[1:])
		}
	}
	return strings.HasPrefix(arg, "-") && flag != nil && flag.NoOptDefVal == ""
}

// foundTransactions counts the transactions of a search while its pages are read.
type foundTransactions struct {
	searchedFor []searchedTerm
	totals      map[string]*foundTotal // by currency
	uncounted   int                    // removed and excluded transactions
	pending     int
	more        bool // the search has not ended
}

// searchedTerm is one meaning of the text of a search.
type searchedTerm struct {
	Amount, Currency, Document, ID, Reference, Text string
	Banks                                           []string
}

// foundTotal contains the numbers and the sums of the payments and of the receipts in one currency.
type foundTotal struct {
	payments, receipts int
	out, in            decimal.Decimal
}

// count counts the items of a page.
func (f *foundTransactions) count(page []byte) {
	var p struct {
		Items       []foundItem
		HasMore     bool
		SearchedFor []searchedTerm
	}
	if json.Unmarshal(page, &p) != nil {
		return // list reports the response
	}
	f.searchedFor, f.more = p.SearchedFor, p.HasMore
	for _, item := range p.Items {
		f.add(item)
	}
}

// foundItem contains the members of a transaction that are counted.
type foundItem struct {
	Amount                                  decimal.Decimal
	Currency, Status, RemovedAt, ExcludedAt string
}

func (f *foundTransactions) add(item foundItem) {
	if item.RemovedAt != "" || item.ExcludedAt != "" {
		f.uncounted++
		return
	}
	if item.Status == "pending" {
		f.pending++
	}
	if f.totals == nil {
		f.totals = map[string]*foundTotal{}
	}
	total := f.totals[item.Currency]
	if total == nil {
		total = &foundTotal{}
		f.totals[item.Currency] = total
	}
	if item.Amount.IsNegative() {
		total.payments, total.out = total.payments+1, total.out.Sub(item.Amount)
	} else {
		total.receipts, total.in = total.receipts+1, total.in.Add(item.Amount)
	}
}

// summary returns what was found, and what the text was taken for.
func (f *foundTransactions) summary() string {
	var parts []string
	for _, currency := range slices.Sorted(maps.Keys(f.totals)) {
		total := f.totals[currency]
		if total.payments > 0 {
			parts = append(parts, fmt.Sprintf("%s of %s %s", countOf(total.payments, "payment"), total.out, currency))
		}
		if total.receipts > 0 {
			parts = append(parts, fmt.Sprintf("%s of %s %s", countOf(total.receipts, "receipt"), total.in, currency))
		}
	}
	if f.pending > 0 {
		parts = append(parts, fmt.Sprintf("%d of them pending", f.pending))
	}
	if f.uncounted > 0 {
		parts = append(parts, fmt.Sprintf("%d removed or excluded", f.uncounted))
	}
	found := cmp.Or(strings.Join(parts, ", "), "no transaction matches")
	if f.more {
		found = "so far " + found
	}
	return found + "; searched for " + f.terms()
}

// terms returns what the text was taken for.
func (f *foundTransactions) terms() string {
	terms := make([]string, len(f.searchedFor))
	for i, t := range f.searchedFor {
		var parts []string
		for _, part := range []struct{ name, value string }{
			{"the tax number", t.Document}, {"the id", t.ID}, {"the reference", t.Reference}, {"the text", t.Text},
			{"the bank", strings.Join(t.Banks, " or ")}, {"the amount", t.Amount}, {"the currency", t.Currency},
		} {
			if part.value != "" {
				parts = append(parts, part.name+" "+part.value)
			}
		}
		terms[i] = strings.Join(parts, " and ")
		if t.Amount != "" && !strings.ContainsAny(t.Amount[:1], "+-") {
			terms[i] += " in both directions"
		}
	}
	return strings.Join(terms, ", or ")
}
