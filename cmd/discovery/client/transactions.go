package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/oapi-codegen/runtime/types"
	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) accounts() *cobra.Command {
	var flags listFlags
	list := &cobra.Command{
		Use: "list [NAME|ID]", Short: "List the accounts of one connection or of all", Args: between(0, 1),
		ValidArgsFunction: c.completeConnection,
	}
	var bank string
	flags.register(list)
	institutionFlag(list, &bank, "")
	list.RunE = c.run(func(s *session, args []string) error {
		id, err := s.connectionFilter(args)
		if err != nil {
			return err
		}
		_, err = s.list(accountView.overSeveral(id), flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListAllAccounts(ctx, &discovery.ListAllAccountsParams{
					ConnectionID: id, Institution: optional(bank), Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return group("accounts", "List accounts, show whether they are complete, close periods, and download statements",
		append(c.closingCommands(), list, c.coverage(), c.completeness(), c.balances(), c.acceptCompleteness(),
			c.statement(), c.statements())...)
}

func (c commands) transactions() *cobra.Command {
	return group("transactions", "List, search, sum, print and split transactions, and show their versions",
		c.listTransactions(), c.searchTransactions(), c.getTransaction(), c.transactionHistory(), c.splitTransaction(),
		c.excludeTransaction(), c.includeTransaction(),
		c.sumTransactions())
}

func (c commands) sumTransactions() *cobra.Command {
	var dates dateFlags
	var account, status, text, connection string
	cmd := &cobra.Command{
		Use: "summary", Short: "Sum the transactions by day, money in and out, and currency", Args: between(0, 0),
	}
	dates.register(cmd, valueDate)
	cmd.Flags().StringVar(&text, "text", "", "part of the description or the counterparty")
	cmd.Flags().StringVar(&connection, "connection", "", "only of the connection with this name or id")
	cmd.Flags().StringVar(&account, "account", "", "only of the account with this id")
	cmd.Flags().StringVar(&status, "status", "", "only in this state: pending or posted")
	completeFlag(cmd, "status", "pending", "posted")
	_ = cmd.RegisterFlagCompletionFunc("connection", c.completeConnection)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		from, to, err := dates.parse()
		if err != nil {
			return err
		}
		params := discovery.SumTransactionsParams{
			From: from, To: to, Text: optional(text), AccountID: optional(account),
			Status: optional(discovery.SumTransactionsParamsStatus(status)),
		}
		if params.Status != nil && !params.Status.Valid() {
			return usagef("--status must be pending or posted")
		}
		if connection != "" {
			if params.ConnectionID, err = s.connectionFilter([]string{connection}); err != nil {
				return err
			}
		}
		_, response, err := decode[discovery.TransactionSums](s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) { return s.api.SumTransactions(ctx, &params) })
		if err != nil {
			return err
		}
		return s.printSums(response)
	})
	return cmd
}

// printSums prints the response of SumTransactions. The last row of a table contains the totals, with "total" as its
// date.
func (s *session) printSums(response []byte) error {
	if s.format == formatJSON {
		return s.print(dayTotalView, response)
	}
	var sums struct{ Items, Total []map[string]any }
	if err := json.Unmarshal(response, &sums); err != nil {
		return err
	}
	if s.format != formatCSV {
		for _, total := range sums.Total {
			total["date"] = "total"
			sums.Items = append(sums.Items, total)
		}
	}
	rows := make([]json.RawMessage, len(sums.Items))
	for i, item := range sums.Items {
		rows[i], _ = json.Marshal(item)
	}
	w, err := s.writer(dayTotalView, false)
	if err != nil {
		return err
	}
	if err := w.write(rows); err != nil {
		return err
	}
	return w.close()
}

func (c commands) getTransaction() *cobra.Command {
	var asOf string
	cmd := &cobra.Command{
		Use: "get ID", Short: "Print a transaction", Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	registerAsOf(cmd, &asOf)
	cmd.RunE = c.run(func(s *session, args []string) error {
		return show[discovery.TransactionView](s, transactionView,
			func(ctx context.Context) (*http.Response, error) {
				return s.api.GetTransaction(ctx, args[0], &discovery.GetTransactionParams{AsOf: optional(asOf)})
			})
	})
	return cmd
}

// registerAsOf adds the flag --as-of. With this flag, a command prints the data as it was at a past time.
func registerAsOf(cmd *cobra.Command, asOf *string) {
	cmd.Flags().StringVar(asOf, "as-of", "", "as it was at this moment, such as 2026-03-02T10:00:00Z")
}

func (c commands) transactionHistory() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "history ID", Short: "List the versions of a transaction, newest first, each with its cause",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		_, err := s.list(versionView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListTransactionHistory(ctx, args[0], &discovery.ListTransactionHistoryParams{
					Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}

func (c commands) splitTransaction() *cobra.Command {
	cmd := &cobra.Command{
		Use: "split ID", Short: "Undo the last replacement of a transaction", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	reason := reasonFlag(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		return show[discovery.TransactionView](s, transactionView, func(ctx context.Context) (*http.Response, error) {
			return s.api.SplitTransaction(ctx, args[0], nil, discovery.SplitRequest{Reason: reason()})
		})
	})
	return cmd
}

func (c commands) excludeTransaction() *cobra.Command {
	cmd := &cobra.Command{
		Use: "exclude ID --reason TEXT", Short: "Exclude a transaction that the vendor shows twice: it counts nowhere",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	reason := cmd.Flags().String("reason", "", "why; it is kept in the history of the transaction")
	_ = cmd.MarkFlagRequired("reason")
	cmd.RunE = c.run(func(s *session, args []string) error {
		return show[discovery.TransactionView](s, transactionView, func(ctx context.Context) (*http.Response, error) {
			return s.api.ExcludeTransaction(ctx, args[0], nil, discovery.ExcludeRequest{Reason: *reason})
		})
	})
	return cmd
}

func (c commands) includeTransaction() *cobra.Command {
	return &cobra.Command{
		Use: "include ID", Short: "Take the exclusion of a transaction back", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.TransactionView](s, transactionView,
				func(ctx context.Context) (*http.Response, error) { return s.api.IncludeTransaction(ctx, args[0]) })
		}),
	}
}

func (c commands) listTransactions() *cobra.Command {
	var flags listFlags
	var dates dateFlags
	var account, status, asOf string
	cmd := &cobra.Command{
		Use: "list NAME|ID", Short: "List the transactions of a connection, newest first", Args: between(1, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(cmd)
	dates.register(cmd, valueDate)
	cmd.Flags().StringVar(&account, "account", "", "only of the account with this id")
	cmd.Flags().StringVar(&status, "status", "", "only in this state: pending or posted")
	completeFlag(cmd, "status", "pending", "posted")
	registerAsOf(cmd, &asOf)
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, to, err := dates.parse()
		if err != nil {
			return err
		}
		params := discovery.ListTransactionsParams{
			From: from, To: to, AccountID: optional(account), AsOf: optional(asOf),
			Status: optional(discovery.ListTransactionsParamsStatus(status)),
		}
		if params.Status != nil && !params.Status.Valid() {
			return usagef("--status must be pending or posted")
		}
		id, err := s.connectionID(args[0])
		if err != nil {
			return err
		}
		_, err = s.list(transactionView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				params.Limit, params.Cursor = limit, cursor
				return s.api.ListTransactions(ctx, id, &params)
			})
		return err
	})
	return cmd
}

// dateFlags are the flags that select a range of dates.
type dateFlags struct{ from, to string }

// valueDate is the usual date of register.
const valueDate = "value date"

// register adds the flags. date names what they limit.
func (f *dateFlags) register(cmd *cobra.Command, date string) {
	cmd.Flags().StringVar(&f.from, "from", "", "first "+date+", YYYY-MM-DD")
	cmd.Flags().StringVar(&f.to, "to", "", "last "+date+", YYYY-MM-DD")
}

// parse returns the dates. The date of an empty flag is nil.
func (f *dateFlags) parse() (from, to *types.Date, err error) {
	if from, err = parseDate("--from", f.from); err == nil {
		to, err = parseDate("--to", f.to)
	}
	return from, to, err
}

func parseDate(flag, value string) (*types.Date, error) {
	if value == "" {
		return nil, nil
	}
	date, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return nil, usagef("%s must be a date in the form YYYY-MM-DD", flag)
	}
	return &types.Date{Time: date}, nil
}
