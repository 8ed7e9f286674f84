package banktext

import "slices"

// Operation is the kind of a movement, as its text names it.
type Operation string

// The operations. NoOperation means that the text names none.
const (
	NoOperation Operation = ""
	Levy        Operation = "levy"     // IOF, IVA: a tax on another movement
	Fee         Operation = "fee"      // tarifa, comisión
	Interest    Operation = "interest" // juros, rendimento, encargos
	Redemption  Operation = "redemption"
	Investment  Operation = "investment"
	Cheque      Operation = "cheque"
	Withdrawal  Operation = "withdrawal"
	TopUp       Operation = "top_up" // recarga
	Payroll     Operation = "payroll"
	Pix         Operation = "pix"
	Wire        Operation = "wire" // TED, DOC, TEF, SPEI
	Tax         Operation = "tax"  // DARF, GPS, DAS, IMSS
	Boleto      Operation = "boleto"
	Payout      Operation = "payout" // of acquirers and marketplaces
	DirectDebit Operation = "direct_debit"
	Card        Operation = "card"
	Deposit     Operation = "deposit"
	Loan        Operation = "loan" // its instalments and repayments
)

// operationWords maps words of bank texts to operations. If a text contains words of several entries, the first entry
// decides: TARIFA PIX is a fee, and PIX SALARIO is payroll. Sources: section 2 of the bank texts.
var operationWords = []struct {
	operation Operation
	words     map[string]bool
}{
	{Levy, wordSet("iof iva isof 4x1000 gmf vat")},
	{Fee, wordSet("tarifa tarifas tar taxa comissao comision comisiones comi com. com fee cesta anuidade anualidad " +
		"mensalidade membresia pacote tasa tasas fee fees commission")},
	{Interest, wordSet("juros juro rend rendimento rendimentos rendimiento interes intereses encargos mora rentab " +
		"remuneracao yield yields earnings")},
	{Redemption, wordSet("resgate resg res rescate retirada resgatado")},
	{Investment, wordSet("aplicacao aplic apl aplicado aplicacion investimento inversion guardado reservado")},
	{Cheque, wordSet("cheque cheques chq")},
	{Withdrawal, wordSet("saque saques retiro cajero withdrawal saq")},
	{TopUp, wordSet("recarga recargas recharge")},
	{Payroll, wordSet("salario salarios salar folha nomina nomi proventos vencimentos payroll salary")},
	{Tax, wordSet("darf gps gare das dasn iptu ipva tributo tributos imposto impostos trib iss issqn imss infonavit " +
		"sat sua fgts dae")},
	{Pix, wordSet("pix")},
	{Wire, wordSet("ted tef spei doc. interbancaria interbancario interbank")},
	{Boleto, wordSet("boleto boletos titulo tit cobranca cobrancas cobr cob")},
	{Payout, wordSet("vendas venda recebivel recebiveis liberacao antecipacao getnet cielo ciel rede repasse " +
		"ganancias ventas " +
		"adquirente adq bandeiras loj release settlement liberacion liberada")},
	{DirectDebit, wordSet("domi domiciliacion conv convenio convenios da")},
	{
		Card,
		wordSet("compra compras cp cartao card tarjeta tdc tdd electron maestro maest rshop rsccs rscss pay purchase"),
	},
	{Deposit, wordSet("deposito dep depos dp deposit")},
	{Loan, wordSet("emprestimo emprestimos emprest consignado financiamento financ prestamo amortizacao mutuo " +
		"prest prestacao prestacoes loan lns mortgage mtg")},
}

// operationRanks maps each word of operationWords to the first entry that contains it.
var operationRanks = func() map[string]int {
	ranks := map[string]int{}
	for i, operation := range slices.Backward(operationWords) {
		for word := range operation.words {
			ranks[word] = i
		}
	}
	return ranks
}()

// refundWords mark a movement that gives money back. Sources: NU-09, BB-12, BB-13, SC-11, IN-07, MP-03, BN-04.
var refundWords = wordSet(`estorno estornado est devolucao devolvido devolvida devolucion devuelto devuelta dev devol
	reembolso reembolsado reversao reversal reversion reverso cancelado cancelada cancelamento cancelacion rejeitado
	rejeitada rechazado chargeback refund devolvidos`)

// stageWords state how far a movement has come, for example that it is scheduled, and not which kind of movement it
// is. Sources: NU-23, BD-07, the texts of section 1.
var stageWords = wordSet(`agendado agendada agendamento agendados scheduled programado programada prog futuro futura
	futuros lancamento lancamentos lanc provisionado provisionada provisorio provisoria pendente pendiente pending
	processando procesando processamento proceso processo previsto prevista autorizado autorizada transito`)

// leadingWords name an operation only at the beginning of a text: DA VIVO is a direct debit, CASA DA ANA is not.
var leadingWords = wordSet("da res apl rede pay sua sat est dev dp cp com")

// receiptWords may stand before a word of leadingWords: RECEBIMENTO REDE VISA (IT-16).
var receiptWords = wordSet("recebimento recebimentos cred credito")

// subscriptions are words for a fee of the bank, and for what a transfer pays.
var subscriptions = wordSet("mensalidade anuidade anualidad membresia")

// operationOf returns the operation that the words of a text name. refund reports whether a word marks the movement
// as a refund.
func operationOf(words []string) (operation Operation, refund bool) {
	rank := len(operationWords)
	leading, named := true, false
	for _, word := range words {
		if word == "das" && named || subscriptions[word] && (operation == Pix || operation == Wire) {
			continue // JARDIM DAS ACACIAS: the article, and not the tax; PIX ANA MENSALIDADE: what the payer writes
		}
		named = named || !channelWord(word, NoOperation) && !IsNumber(word)
		refund = refund || refundWords[word] && (leading || !leadingWords[word])
		if j, found := operationRanks[word]; found && j < rank && (leading || !leadingWords[word]) {
			operation, rank = operationWords[j].operation, j
		}
		leading = leading && receiptWords[word]
	}
	return operation, refund
}

// vendorOperations maps the vendors' names of operations, such as the transaction types of Open Finance Brasil.
var vendorOperations = map[string]Operation{
	"pix": Pix, "ted": Wire, "doc": Wire, "tef": Wire, "spei": Wire, "boleto": Boleto, "saque": Withdrawal,
	"cartao": Card, "deposito": Deposit, "folha pagamento": Payroll, "tarifa servicos avulsos": Fee,
	"pacote tarifa servicos": Fee, "rendimento aplic financeira": Interest, "resgate aplic financeira": Redemption,
}
