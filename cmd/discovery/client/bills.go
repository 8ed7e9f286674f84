package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) bills() *cobra.Command {
	return group("bills", "List and print the bills of cards", c.listBills(), c.getBill(), c.billTransactions())
}

func (c commands) listBills() *cobra.Command {
	var flags listFlags
	var dates dateFlags
	cmd := &cobra.Command{
		Use: "list ACCOUNT", Short: "List the bills of a card by their due date, newest first", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	dates.register(cmd, "due date")
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, to, err := dates.parse()
		if err != nil {
			return err
		}
		bills := fetch(func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
			return s.api.ListBills(ctx, args[0], &discovery.ListBillsParams{
				From: from, To: to, Limit: limit, Cursor: cursor,
			})
		})
		var state billListState
		_, err = s.list(billView, flags, "", bills.seenBy(state.read))
		switch {
		case err != nil:
			return err
		case state.List == "denied":
			s.printNote("The vendor does not let the bills of this card be read: bills may be missing.")
		case state.Partial:
			s.printNote("The vendor lists bills of this card that cannot be read: they are missing.")
		}
		return nil
	})
	return cmd
}

// billListState contains the state of the vendor's list of the bills of a card.
type billListState struct {
	List    string
	Partial bool
}

// read reads the state from a page of the list.
func (b *billListState) read(page []byte) {
	_ = json.Unmarshal(page, b) // list reports a response that is not JSON
}

func (c commands) getBill() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Print a bill", Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.BillView](s, billView, func(ctx context.Context) (*http.Response, error) {
				return s.api.GetBill(ctx, args[0])
			})
		}),
	}
}

func (c commands) billTransactions() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "transactions ID", Short: "List the transactions of a bill, newest first", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		_, err := s.list(transactionView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListBillTransactions(ctx, args[0], &discovery.ListBillTransactionsParams{
					Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}
