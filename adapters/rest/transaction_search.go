package rest

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// foundView is a transaction that a search has found. The members after the transaction are present if the search had
// q.
type foundView struct {
	transactionView

	ConfigName    string           `json:"configName,omitempty" example:"pluggy-main" doc:"With q: the name of the connection; absent if it was deleted"`
	AccountName   string           `json:"accountName,omitempty" example:"Conta corrente" doc:"With q: the name of the account; absent if unknown"`
	AccountNumber string           `json:"accountNumber,omitempty" example:"0001/12345-6" doc:"With q: the number of the account; absent if unknown"`
	Institution   *institutionView `json:"institution,omitempty" doc:"With q: the bank of the connection; absent if unknown"`
}

func foundOf(t domain.Transaction) foundView { return foundView{transactionView: transactionOf(t)} }

func foundWithPlace(f ports.FoundTransaction) foundView {
	view := foundOf(f.Transaction)
	view.AccountName, view.AccountNumber = f.Account.Name, f.Account.Number
	view.Institution = institutionOf(f.Connection.Institution)
	if !f.Connection.Deleted {
		view.ConfigName = f.Connection.Name
	}
	return view
}

// searchedView is one meaning of the text of q. Its members have the form of the parameters with the same names.
type searchedView struct {
	Amount    string   `json:"amount,omitempty" example:"1234.56" doc:"An amount, in both directions unless it has a sign"`
	Currency  string   `json:"currency,omitempty" example:"BRL" doc:"The currency of the amount, if it was typed"`
	Document  string   `json:"document,omitempty" example:"12ABC34501DE35" doc:"The tax number of the counterparty"`
	ID        string   `json:"id,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of a transaction"`
	Reference string   `json:"reference,omitempty" example:"PEDIDO-1024" doc:"The value of a member of references"`
	Text      string   `json:"text,omitempty" example:"papeis aurora" doc:"Part of the description or the counterparty"`
	Banks     []string `json:"banks,omitempty" example:"Itaú" doc:"The names of banks"`
}

func searchedOf(term ports.SearchedTerm) searchedView {
	view := searchedView{
		Document: term.Document.Value, ID: idOrEmpty(term.Transaction), Reference: term.Reference, Text: term.Text,
		Banks: term.Banks, Currency: term.Currency,
	}
	if term.Amount != nil {
		view.Amount = term.Amount.String()
		if term.Signed && term.Amount.Sign() >= 0 {
			view.Amount = "+" + view.Amount
		}
	}
	return view
}

// searchPage is one page of a search.
type searchPage struct {
	page[foundView]

	SearchedFor []searchedView `json:"searchedFor,omitempty" doc:"With q: what the text was taken for. A transaction is found if it has all members of one of the items"`
}

func searchPageOf[S any](p domain.Page[S], limit int, view func(S) foundView) *bodyOutput[searchPage] {
	return &bodyOutput[searchPage]{searchPage{page: pageOf[searchList](p, limit, view).Body}}
}

// searchTransactions returns a page of the transactions that match all given parameters. A page can be
// short or empty although it is not the last one, because each request examines a bounded number of
// transactions.
func (s *server) searchTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	Typed      plainText                  `query:"q" maxLength:"255" example:"R$ 1.234,56" doc:"What a person types: an amount as people write it, a CPF or CNPJ, a reference, a line of a boleto, part of the description or the counterparty, or a bank; also an amount with other words. searchedFor states what it was taken for. Not together with amount, text, reference and document"`
	Amount     amountParam                `query:"amount" example:"-212.45" doc:"Exact amount, in the currency of the transaction or of its account, in both directions unless it has a sign (- or +); 12.5 equals 12.50"`
	Text       plainText                  `query:"text" minLength:"3" maxLength:"200" doc:"Part of the description or the counterparty, at least 3 characters; case and accents are ignored"`
	Reference  plainText                  `query:"reference" maxLength:"255" example:"E18236120202603011212s0a1b2c3d4e" doc:"The value of any member of references, in upper or lower case; of a boleto, its barcode or its digitable line in any printed form"`
	Document   plainText                  `query:"document" maxLength:"64" example:"12.ABC.345/01DE-35" doc:"The tax number of the counterparty, such as a CPF, CNPJ or RFC, with or without punctuation"`
	From       string                     `query:"from" format:"date" doc:"First value date"`
	To         string                     `query:"to" format:"date" doc:"Last value date"`
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Removed    string                     `query:"removed" enum:"true,false" doc:"Only removed transactions, or only those that are not removed; both by default"`
	Limit      int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor     cursor[searchList]         `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*bodyOutput[searchPage], error) {
	if in.Typed != "" && (in.Amount.value != nil || in.Text != "" || in.Reference != "" || in.Document != "") {
		return nil, domain.FieldError("q", "cannot be combined with amount, text, reference or document")
	}
	search := domain.TransactionSearch{
		Connection: in.Connection.ID, Window: domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)},
		Amount: in.Amount.value, BothDirections: in.Amount.value != nil && !in.Amount.signed, Text: string(in.Text),
		Reference: string(in.Reference), Document: domain.NewPartyDocument(string(in.Document)),
	}
	if in.Document != "" && search.Document.IsZero() {
		return searchPageOf(domain.Page[domain.Transaction]{}, in.Limit, foundOf), nil // nobody has it
	}
	if in.Removed != "" {
		removed := in.Removed == "true"
		search.Removed = &removed
	}
	if err := search.Window.Validate(); err != nil {
		return nil, err
	}
	if in.Typed == "" {
		p, err := s.service.SearchTransactions(ctx, tenant, search, in.Cursor.pageRequest(in.Limit))
		return searchPageOf(p, in.Limit, foundOf), err
	}
	p, err := s.service.FindTransactions(ctx, tenant, string(in.Typed), search, in.Cursor.pageRequest(in.Limit))
	out := searchPageOf(p.Page, in.Limit, foundWithPlace)
	out.Body.SearchedFor = mapItems(p.Terms, searchedOf)
	return out, err
}
