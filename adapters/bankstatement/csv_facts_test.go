package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// table returns the rows as the lines of a file.
func table(rows ...string) string { return strings.Join(rows, "\n") + "\n" }

const (
	interTitles    = "Data Lançamento;Histórico;Descrição;Valor;Saldo"
	bradescoTitles = "Data;Histórico;Docto.;Crédito (R$);Débito (R$);Saldo (R$);"
	bbTitles       = `"Data","Lançamento","Detalhes","N° documento","Valor","Tipo Lançamento"`
	c6Titles       = "Data Lançamento,Data Contábil,Título,Descrição,Entrada(R$),Saída(R$),Saldo do Dia(R$)"
	caixaTitles    = `"Conta";"Data_Mov";"Nr_Doc";"Historico";"Valor";"Deb_Cred"`
)

func TestTablesOfBanksInBrazil(t *testing.T) {
	runFacts(t, map[string]fact{
		"Nubank account": {
			content: table("Data,Valor,Identificador,Descrição", "01/09/2026,100.00,64f0-1,Pix A",
				"01/09/2026,-30.5,64f0-2,Pix B"),
			counts: lines(2), net: "69.5", closing: "none", covered: "none", account: witness.Account{Bank: "260"},
		},
		"UTF-8 with one byte of Windows-1252": {
			content: table("Data,Valor,Identificador,Descrição", "01/09/2026,100.00,64f0-1,Jo\xE3o"), counts: lines(1),
			texts: []string{"João"}, encoding: "utf-8", warnings: []witness.WarningCode{witness.UndecodableText},
		},
		"UTF-8 with a mark and one byte of Windows-1252": {
			content: "\xEF\xBB\xBF" + table(c6Titles, "01/09/2026,01/09/2026,Pix,Jo\xE3o,100.00,0.00,80.00"),
			counts:  lines(1), texts: []string{"Pix João"}, encoding: "utf-8",
			warnings: []witness.WarningCode{witness.UndecodableText},
		},
		"unknown titles": {
			content: table("Extrato", "Dia;Quanto;Texto", "01/09/2026;1,00;A"), refusal: witness.NeedsMapping,
			reason: "not known: Dia, Quanto, Texto",
		},
		"Nubank card with commas in quotes; purchases are positive": {
			content: table("date,title,amount", `2026-09-01,Loja,"88,68"`, `2026-09-02,Pagamento recebido,"- 160,00"`),
			counts:  lines(2), net: "71.32", account: witness.Account{Bank: "260", Card: true},
		},
		"Nubank card with points": {
			content: table("date,category,title,amount", "2026-09-01,casa,Loja,88.68"), counts: lines(1), net: "-88.68",
		},
		"Itaú": {
			content: table("Nome;FULANO", "Agência: 1234 Conta: 56789-0", "Período: 01/09/2026 a 30/09/2026", "",
				"data;lançamento;valor (R$);saldo (R$)", "31/08/2026;SALDO ANTERIOR;;1.000,00",
				"02/09/2026;PIX;-100,50;", "02/09/2026;SALDO DO DIA;;899,50", "03/09/2026;RESGATE SALDO APLIC;0,50;",
				"03/09/2026;SALDO DO DIA;;900,00"), counts: witness.Counts{Blocks: 5, Lines: 2, BalanceRows: 3},
			opening: "1000", closing: "900", state: witness.Proved, covered: "2026-09-01..2026-09-03",
			account: witness.Account{Bank: "341", Branch: "1234", Number: "56789-0"},
		},
		"Itaú with a balance after each movement": {
			content: table("data;lançamento;valor (R$);saldo (R$)", "02/09/2026;PIX;-100,50;899,50",
				"02/09/2026;PIX;-50,00;849,50", "03/09/2026;TED;0,50;850,00"), counts: lines(3),
			opening: "1000", closing: "850", state: witness.Proved, covered: "2026-09-02..2026-09-03",
		},
		"Itaú with a balance after each movement, newest first": {
			content: table("data;lançamento;valor (R$);saldo (R$)", "03/09/2026;TED;0,50;850,00",
				"02/09/2026;PIX;-50,00;849,50", "02/09/2026;PIX;-100,50;899,50"), counts: lines(3),
			opening: "1000", closing: "850", state: witness.Proved,
		},
		"Itaú whose balances show a missing movement": {
			content: table("data;lançamento;valor (R$);saldo (R$)", "02/09/2026;PIX;-100,50;899,50",
				"03/09/2026;TED;0,50;850,00", "04/09/2026;TED;1,00;851,00"), counts: lines(3),
			closing: "851", state: witness.Contradicted,
		},
		"Itaú with balances of something else": {
			content: table("data;lançamento;valor (R$);saldo (R$)", "01/09/2026;SALDO ANTERIOR;;1.000,00",
				"02/09/2026;PIX;-100,50;1,00", "03/09/2026;TED;0,50;2,00", "03/09/2026;SALDO DO DIA;;900,00"),
			counts: witness.Counts{Blocks: 4, Lines: 2, BalanceRows: 2}, closing: "900", state: witness.Proved,
			warnings: []witness.WarningCode{witness.BalanceNotOfTheLines},
		},
		"BB with unsigned balances": {
			content: table(bbTitles, `"31/08/2026","Saldo Anterior","","","1.000,00",""`,
				`"01/09/2026","Pix - Enviado","01/09 08:12 FULANO","90","-1.450,00","Saída"`,
				`"01/09/2026","Pagamento Pix Cartão Crédito","","91","50,00","Entrada"`,
				`"00/00/0000","Saldo do dia","","","400,00",""`, `"30/09/2026","S A L D O","","","400,00",""`),
			counts: witness.Counts{Blocks: 5, Lines: 2, BalanceRows: 3}, net: "-1400", opening: "1000", closing: "-400",
			state: witness.Proved,
		},
		"BB of 2012 with American dates": {
			content: table(`"Data","Dependencia Origem","Histórico","Data do Balancete","Número do documento","Valor",`,
				`"09/13/2012","","Compra","","11","-10.50",`, `"09/01/2012","","Compra","","12","-10.00",`),
			counts: lines(2), dates: []string{"2012-09-13", "2012-09-01"}, net: "-20.5",
		},
		"BB of 2012 whose dates can be read in two ways": {
			content: table(`"Data","Dependencia Origem","Histórico","Data do Balancete","Número do documento","Valor",`,
				`"09/03/2012","","Compra","","11","-10.50",`), counts: witness.Counts{Blocks: 1, Refused: 1},
			reason: "two ways",
		},
		"Caixa with marks instead of signs": {
			content: table(caixaTitles, `"12345";"20260902";"000011";"PIX";"1060.00";"C"`,
				`"12345";"20260902";"000012";"TARIFA";"1.060,00";"D"`,
				`"12345";"20260902";"000000";"SALDO DIA";"0.00";"C"`),
			counts: witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}, net: "0",
			account: witness.Account{Bank: "104", Number: "12345"},
		},
		"Caixa with an unknown mark": {
			content: table(caixaTitles, `"12345";"20260902";"000011";"PIX";"1060.00";"?"`),
			counts:  witness.Counts{Blocks: 1, Refused: 1}, reason: "mark", account: witness.Account{Bank: "104",
				Number: "12345"},
		},
		"Bradesco with positive debits and short years": {
			content: table("Extrato de: Ag: 1357 | Conta: 24680-1 | Entre 01/09/2026 e 30/09/2026", bradescoTitles,
				`02/09/26;COD. LANC. 0;;;;"1.000,00";`, `02/09/26;Pix;1;;"200,00";"800,00";`, ";Rem: Fulana;;;;;",
				`03/09/26;Pix;1;"50,00";;"850,00";`, `;Total;;"50,00";"200,00";"850,00";`),
			counts: witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}, net: "-150", opening: "1000", closing: "850",
			state: witness.Proved, texts: []string{"COD. LANC. 0", "Pix Rem: Fulana", "Pix"},
			account: witness.Account{Bank: "237", Branch: "1357", Number: "24680-1"},
		},
		"Bradesco with a byte order mark, full years and CR alone": {
			content: "\xEF\xBB\xBF" + strings.ReplaceAll(table(bradescoTitles, `02/09/2026;Pix;1;;"-200,00";"800,00";`,
				`03/09/2026;Pix;1;"50,00";;"850,00";`), "\n", "\r"), counts: lines(2), net: "-150",
			state: witness.Proved,
		},
		"a total that is not the sum": {
			content: table(bradescoTitles, `02/09/26;Pix;1;;"200,00";"800,00";`, `03/09/26;Pix;1;"50,00";;"850,00";`,
				`;Total;;"51,00";"200,00";"850,00";`), counts: lines(2), state: witness.Contradicted,
			warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"Inter with the sign before the currency": {
			content: table(" Extrato Conta Corrente ", "Conta ;123456789", "Período ;01/09/2026 a 30/09/2026",
				"Saldo ;R$ 0,00", "",
				interTitles, "02/09/2026;Pix;A;-R$ 150,75;R$ 0,00", "01/09/2026;Pix;B;R$ 150,75;R$ 150,75"),
			counts: lines(2),
			net:    "0", opening: "0", closing: "0", state: witness.Proved, account: witness.Account{Bank: "77",
				Number: "123456789"},
		},
		"a present balance that is not the last one": {
			content: table("Saldo ;9,99", interTitles, "02/09/2026;Pix;A;-150,75;0,00",
				"01/09/2026;Pix;B;150,75;150,75"),
			counts: lines(2), closing: "0", state: witness.Unavailable,
		},
		"a missing row breaks the balances": {
			content: table(interTitles, "03/09/2026;Pix;A;-1,00;8,00", "01/09/2026;Pix;B;10,00;10,00"),
			counts:  lines(2),
			state:   witness.Contradicted,
		},
		"one row proves nothing": {
			content: table(interTitles, "03/09/2026;Pix;A;-1,00;8,00"), counts: lines(1), closing: "8",
			state: witness.Unavailable,
		},
		"C6 with the balance of the day in each row": {
			content: table("EXTRATO DE CONTA CORRENTE C6 BANK", "Agência: 1 / Conta: 100000001",
				"Extrato gerado em 01/10/2026 - as transações", "Extrato do período de 01/09/2026 até 30/09/2026", "",
				c6Titles,
				"01/09/2026,01/09/2026,Pix,A,100.00,0.00,80.00", "01/09/2026,02/09/2026,Pix,B,0.00,20.00,80.00",
				"04/09/2026,04/09/2026,Pix,C,5.00,0.00,85.00"), counts: lines(3), net: "85", closing: "85",
			state:   witness.Proved,
			covered: "2026-09-01..2026-09-30",
		},
		"C6 without lines on the first days of the period": {
			content: table("Extrato gerado em 01/10/2026 - as transações",
				"Extrato do período de 01/09/2026 até 30/09/2026", "", c6Titles,
				"03/09/2026,03/09/2026,Pix,A,100.00,0.00,80.00", "04/09/2026,04/09/2026,Pix,C,5.00,0.00,85.00"),
			counts: lines(2), opening: "-20", covered: "2026-09-01..2026-09-30",
		},
		"Mercado Pago whose summary is not the sum": {
			content: table("INITIAL_BALANCE;CREDITS;DEBITS;FINAL_BALANCE", "1.000,00;10,00;0,00;1.010,00", "",
				"RELEASE_DATE;TRANSACTION_TYPE;REFERENCE_ID;TRANSACTION_NET_AMOUNT;PARTIAL_BALANCE",
				"01-09-2026;Pix;1;9,00;1.009,00"), counts: lines(1), state: witness.Contradicted,
		},
		"dates with hyphens": {
			content: table(
				"DIA\tConcepto / Referencia\tcargo\tAbono\tSaldo",
				"02-09-2026\tSPEI\t1,234.56\t\t10,000.00",
			),
			counts: lines(1),
			net:    "-1234.56",
			dates:  []string{"2026-09-02"},
		},
		"the agency before the account": {
			content: table("Conta ;0001/54321-0", interTitles, "03/09/2026;Pix;A;-1,00;8,00"), counts: lines(1),
			account: witness.Account{Bank: "77", Branch: "0001", Number: "54321-0"},
		},
		"agency and account after their titles": {
			content: table("Agencia / Conta: 1234-5 | 0054321-0", interTitles, "03/09/2026;Pix;A;-1,00;8,00"),
			counts:  lines(1), account: witness.Account{Bank: "77", Branch: "1234-5", Number: "0054321-0"},
		},
		"a short title of the account": {
			content: table("Ag: 1234 | CC: 0054321-0", interTitles, "03/09/2026;Pix;A;-1,00;8,00"), counts: lines(1),
			account: witness.Account{Bank: "77", Branch: "1234", Number: "0054321-0"},
		},
		"a date that is no account": {
			content: table("Saldo em conta 03/09/2026", interTitles, "03/09/2026;Pix;A;-1,00;8,00"), counts: lines(1),
			account: witness.Account{Bank: "77"},
		},
		"PagBank": {
			content: table("CODIGO DA TRANSACAO;DATA;TIPO;DESCRICAO;VALOR", "8F-1;01/09/2026;Pix;A;-1,00"),
			counts:  lines(1), net: "-1",
		},
		"Sicredi": {
			content: table("Associado: FULANA", "Cooperativa: 0101", "Conta: 12345-6", "",
				"Data,Descrição,Documento,Valor (R$),Saldo (R$)", `01/09/2026,PIX,PIX_CRED,"1.000,00","1.500,00"`,
				`02/09/2026,TARIFA,,"-10,50","1.489,50"`), counts: lines(2), net: "989.5", opening: "500",
			closing: "1489.5", state: witness.Proved, covered: "2026-09-01..2026-09-02",
			account: witness.Account{Bank: "748", Branch: "0101", Number: "12345-6"},
		},
		"six equal movements of Nubank": {
			content: table("Data,Valor,Identificador,Descrição", "01/09/2026,-5.00,64f0-1,Pix",
				"01/09/2026,-5.00,64f0-2,Pix", "01/09/2026,-5.00,64f0-3,Pix", "01/09/2026,-5.00,64f0-4,Pix",
				"01/09/2026,-5.00,64f0-5,Pix", "01/09/2026,-5.00,64f0-6,Pix"), counts: lines(6), net: "-30",
		},
		"Mercado Pago with one reference in several rows": {
			content: table("INITIAL_BALANCE;CREDITS;DEBITS;FINAL_BALANCE", "1.000,00;12,00;-2,00;1.010,00", "",
				"RELEASE_DATE;TRANSACTION_TYPE;REFERENCE_ID;TRANSACTION_NET_AMOUNT;PARTIAL_BALANCE",
				"01-09-2026;Pix;1;12,00;1.012,00", "01-09-2026;Tarifa;1;-2,00;1.010,00"), counts: lines(2),
			opening: "1000", closing: "1010", state: witness.Proved,
		},
		"Mercado Pago with points": {
			content: table("INITIAL_BALANCE;CREDITS;DEBITS;FINAL_BALANCE", "1,000.00;9.00;0.00;1,009.00", "",
				"RELEASE_DATE;TRANSACTION_TYPE;REFERENCE_ID;TRANSACTION_NET_AMOUNT;PARTIAL_BALANCE",
				"01-09-2026;SPEI;1;9.00;1,009.00"), counts: lines(1), closing: "1009", state: witness.Proved,
		},
		"Inter with its history beside the description": {
			content: table("Extrato Conta Corrente", "Conta ;123456789", "Período ;01/09/2026 a 30/09/2026",
				"Saldo ;849,50", "", interTitles, "03/09/2026;Pix enviado;B;-50,00;849,50",
				"02/09/2026;Pix recebido;A;100,50;899,50"),
			counts: lines(2), opening: "799", closing: "849.50", state: witness.Proved,
			texts: []string{"Pix enviado B", "Pix recebido A"},
		},
		"Cora": {
			content: table("Data,Transação,Tipo Transação,Identificação,Valor", "01/09/2026,Pix,DÉBITO,A,-1.00",
				"01/09/2026,Pix,CRÉDITO,A,2.00"), counts: lines(2), net: "1",
		},
		"Efí": {
			content: table(`"Tipo";"Protocolo";"Data";"Valor"`, `"Pix";"1";"01/09/2026";"-1,00"`), counts: lines(1),
			net: "-1",
		},
		"XP": {
			content: table("Data;Hora;Descrição;Valor;Saldo", "02/09/26;08:12:00;Pix;-R$ 630,06;R$ 0,00",
				"01/09/26;08:12:00;Pix;R$ 630,06;R$ 630,06"), counts: lines(2), state: witness.Proved,
		},
	})
}

func TestTablesOfOtherBanks(t *testing.T) {
	banorte := "CUENTA,FECHA DE OPERACIÓN,FECHA,REFERENCIA,DESCRIPCIÓN,DEPÓSITOS,RETIROS,SALDO,MOVIMIENTO,CHEQUE"
	santander := "'Cuenta','Fecha','Hora','Sucursal','Descripcion','+/-','Importe','Saldo','Referencia'," +
		"'Concepto','Clave de Rastreo'"
	chase := "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #"
	runFacts(t, map[string]fact{
		"Banorte": {
			content: table(banorte, `'0123456789,01/09/2026,01/09/2026,1,=SPEI,"$1,000.00",-,"$1,500.00",1,-`,
				`'0123456789,02/09/2026,02/09/2026,2,PAGO,-,"$500.00","$1,000.00",2,-`), counts: lines(2), net: "500",
			state: witness.Proved, account: witness.Account{Bank: "072", Number: "0123456789"},
		},
		"Santander México": {
			content: table(
				santander, "'65500000001','01092026','10:00','1','SPEI','+','1000.00','1500.00','1','A','CLAVE1'",
				"'65500000001','02092026','10:00','1','SPEI','-','500.00','1000.00','1','A','CLAVE2'"),
			counts: lines(2), net: "500",
			state: witness.Proved,
		},
		"BBVA with a negative charge": {
			content: table("FECHA,DESCRIPCIÓN,CARGO,ABONO,SALDO", `02/09/2026,PAGO,"-2,500.00",,"500.00"`,
				`01/09/2026,SPEI,,"3,000.00","3,000.00"`), counts: lines(2), net: "500", state: witness.Proved,
		},
		"Chase with a comma at the end of each row": {
			content: table(chase, "DEBIT,09/13/2026,SHOP,-10.00,DEBIT_CARD,90.00,,",
				"CREDIT,09/01/2026,PAY,50.00,ACH,100.00,,"),
			counts: lines(2), net: "40", state: witness.Proved, dates: []string{"2026-09-13", "2026-09-01"},
		},
		"Chase with pending movements": {
			content: table(chase, "DEBIT,09/15/2026,CAFE,-3.00,DEBIT_CARD, ,,",
				"DEBIT,09/14/2026,BAR,-4.00,DEBIT_CARD,,",
				"DEBIT,09/13/2026,SHOP,-10.00,DEBIT_CARD,90.00,,", "CREDIT,09/01/2026,PAY,50.00,ACH,100.00,,"),
			counts: witness.Counts{Blocks: 4, Lines: 2, Apart: 2}, net: "40", opening: "50", closing: "90",
			state: witness.Proved, covered: "2026-09-01..2026-09-13",
		},
		"Chase with a pending movement, oldest first": {
			content: table(chase, "CREDIT,09/01/2026,PAY,50.00,ACH,100.00,,",
				"DEBIT,09/13/2026,SHOP,-10.00,DEBIT_CARD,90.00,,", "DEBIT,09/15/2026,CAFE,-3.00,DEBIT_CARD,,,"),
			counts: witness.Counts{Blocks: 3, Lines: 2, Apart: 1}, closing: "90", state: witness.Proved,
		},
		"Chase with a movement without a balance among the others": {
			content: table(chase, "DEBIT,09/13/2026,SHOP,-10.00,DEBIT_CARD,87.00,,",
				"DEBIT,09/12/2026,CAFE,-3.00,DEBIT_CARD,,,", "CREDIT,09/01/2026,PAY,50.00,ACH,100.00,,"),
			counts: lines(3), net: "37", state: witness.Proved,
		},
		"Chase without any balance": {
			content: table(chase, "DEBIT,09/13/2026,SHOP,-10.00,DEBIT_CARD,,,", "CREDIT,09/01/2026,PAY,50.00,ACH,,,"),
			counts:  lines(2), net: "40",
		},
		"Chase whose newest balance cannot be read": {
			content: table(chase, "DEBIT,09/13/2026,SHOP,-10.00,DEBIT_CARD,x,,",
				"CREDIT,09/01/2026,PAY,50.00,ACH,100.00,,"),
			counts: lines(2), warnings: []witness.WarningCode{witness.UnreadableBalance},
		},
		"Bank of America": {
			content: table("Description,,Summary Amt.", `Beginning balance as of 09/01/2026,,"1,000.00"`,
				`Total credits,,"5.00"`,
				`Ending balance as of 09/30/2026,,"1,005.00"`, "", "Date,Description,Amount,Running Bal.",
				`09/01/2026,Beginning balance as of 09/01/2026,,"1,000.00"`, `09/02/2026,Deposit,"5.00","1,005.00"`),
			counts: witness.Counts{Blocks: 2, Lines: 1, BalanceRows: 1}, opening: "1000", closing: "1005",
			state:   witness.Proved,
			covered: "2026-09-01..2026-09-30",
		},
		"a card of Chase": {
			content: table("Transaction Date,Post Date,Description,Category,Type,Amount,Memo",
				"09/13/2026,09/14/2026,SHOP,Misc,Sale,-10.00,", "09/15/2026,09/15/2026,PAYMENT,,Payment,25.00,"),
			counts: lines(2), net: "15", dates: []string{"2026-09-14", "2026-09-15"},
			account: witness.Account{Card: true},
		},
		"Banamex, whose customers choose the columns": {
			content: table("Fecha,Descripción,Importe,Saldo", "02/09/2026,SPEI,100.00,100.00"),
			refusal: witness.NeedsMapping,
		},
		"Capital One": {
			content: table("Transaction Date,Posted Date,Card No.,Description,Category,Debit,Credit",
				"2026-09-01,2026-09-02,4242,SHOP,Misc,10.00,", "2026-09-03,2026-09-03,4242,PAYMENT,Pay,,25.00"),
			counts: lines(2),
			net:    "15", dates: []string{"2026-09-02", "2026-09-03"},
		},
		"Discover, whose purchases are positive": {
			content: table("Trans. Date,Post Date,Description,Amount,Category",
				"09/01/2026,09/02/2026,SHOP,10.00,Misc"),
			counts: lines(1), net: "-10",
		},
		"titles that many banks use need a mapping": {
			content: table("Date,Description,Amount", "09/01/2026,SHOP,10.00"), refusal: witness.NeedsMapping,
		},
		"no titles need a mapping": {
			content: table(`"09/01/2026","-10.00","*","","SHOP"`), refusal: witness.NeedsMapping,
		},
	})
}

// What the bank has only scheduled is no line, and does not end the chain of the balances.
func TestScheduledRowsAreApart(t *testing.T) {
	itau := table("Período: 01/09/2026 a 30/09/2026", "data;lançamento;valor (R$);saldo (R$)",
		"31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-100,50;", "02/09/2026;SALDO DO DIA;;899,50")
	scheduled := witness.Counts{Blocks: 4, Lines: 1, BalanceRows: 2, Apart: 1}
	inter := func(rows ...string) string {
		return table("Período ;01/09/2026 a 30/09/2026", "Saldo ;849,50", interTitles) + table(rows...) +
			table("03/09/2026;Pix;B;-50,00;849,50", "02/09/2026;Pix;A;-100,50;899,50")
	}
	bb := func(rows ...string) string {
		return table(bbTitles, `"31/08/2026","Saldo Anterior","","","1.000,00",""`,
			`"02/09/2026","Pix - Enviado","A","1","-100,50","Saída"`, `"00/00/0000","Saldo do dia","","","899,50",""`,
			`"30/09/2026","S A L D O","","","899,50",""`) + table(rows...)
	}
	bbCounts := witness.Counts{Blocks: 5, Lines: 1, BalanceRows: 3, Apart: 1}
	runFacts(t, map[string]fact{
		"a row after the period": {
			content: itau + table("05/10/2026;LUZ;-99,00;"), counts: scheduled, net: "-100.50", closing: "899.50",
			state: witness.Proved,
		},
		"rows below a heading": {
			content: itau + table("Lançamentos futuros;;;", "30/09/2026;LUZ;-99,00;"), counts: scheduled,
			closing: "899.50", state: witness.Proved,
		},
		"a table below a heading": {
			content: itau + table("", "Lançamentos Futuros", "data;lançamento;valor (R$)", "05/10/2026;LUZ;-99,00"),
			counts:  scheduled, closing: "899.50", state: witness.Proved,
		},
		"a table without a heading": {
			content: itau + table("", "data;lançamento;valor (R$)", "20/09/2026;LUZ;-99,00"), counts: scheduled,
			closing: "899.50", state: witness.Proved,
		},
		"a balance that is only expected": {
			content: itau + table("Lançamentos futuros", "05/10/2026;LUZ;-99,00;", "05/10/2026;SALDO DO DIA;;800,50"),
			counts:  witness.Counts{Blocks: 5, Lines: 1, BalanceRows: 3, Apart: 1}, closing: "899.50",
			state: witness.Proved,
		},
		"another heading": {
			content: table("data;lançamento;valor (R$);saldo (R$)", "Lançamentos futuros", "05/10/2026;LUZ;-99,00;",
				"Lançamentos", "31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-100,50;",
				"02/09/2026;SALDO DO DIA;;899,50"), counts: scheduled, closing: "899.50", state: witness.Proved,
		},
		"the newest row of Inter": {
			content: inter("10/10/2026;Agendado;LUZ;-9,00;"), counts: witness.Counts{Blocks: 3, Lines: 2, Apart: 1},
			opening: "1000", closing: "849.50", state: witness.Proved,
		},
		"a row of the Banco do Brasil after the last balance": {
			content: bb(`"05/10/2026","Agendado","","9","-9,00","Saída"`), counts: bbCounts, closing: "899.50",
			state: witness.Proved,
		},
		"a table of the Banco do Brasil": {
			content: bb(`"Lançamentos futuros"`, bbTitles, `"05/10/2026","Luz","","9","-9,00","Saída"`),
			counts:  bbCounts, closing: "899.50", state: witness.Proved,
		},
		"a row of the last day without its balance": {
			content: table("data;lançamento;valor (R$);saldo (R$)", "31/08/2026;SALDO ANTERIOR;;1.000,00",
				"02/09/2026;PIX;-100,50;", "02/09/2026;SALDO DO DIA;;899,50", "03/09/2026;TED;-1,00;"),
			counts: witness.Counts{Blocks: 4, Lines: 2, BalanceRows: 2},
		},
	})
}

// The balance before the first line follows from that of the first day, which only the vendor can check.
func TestADerivedOpeningIsNotProved(t *testing.T) {
	row := `"1234001000800011";`
	s := read([]byte(table(caixaTitles, row+`"20260902";"000123";"CRED PIX";"1500.00";"C"`,
		row+`"20260902";"000000";"SALDO DIA";"2299.90";"C"`, row+`"20260903";"000125";"TAR";"33.33";"D"`,
		row+`"20260903";"000000";"SALDO DIA";"2266.57";"C"`))).Statements[0]
	if p := witness.Prove(s); p.Opening.State != witness.Unavailable || p.Opening.Source != witness.Derived ||
		p.Closing.State != witness.Proved {
		t.Errorf("the opening balance is %+v, the closing balance %+v", p.Opening, p.Closing)
	}
	balances := []witness.DayBalance{{Date: "2026-09-01", Amount: decimal.RequireFromString("799.90")}}
	c := witness.Compare(witness.Input{
		Statement: s, Records: recordsOf(s, "caixa", 0), Balances: balances, CoversTo: "2026-12-31",
	})
	if c.Proof.Opening.State != witness.Proved {
		t.Errorf("the opening balance is %+v, and the vendor has the same", c.Proof.Opening)
	}
}

func TestRowsThatCannotBeReadAreRefused(t *testing.T) {
	good := "01/09/2026;Pix;B;10,00;10,00"
	facts := map[string]fact{}
	for name, row := range map[string]string{
		"a date that does not exist":  "31/02/2026;Pix;A;1,00;11,00",
		"an amount with two readings": "02/09/2026;Pix;A;1,0000.0;11,00",
		"no amount":                   "02/09/2026;Pix;A;;11,00", "too many cells": "02/09/2026;Pix;A;1,00;11,00;7,00",
		"text behind a quote":     `02/09/2026;"Pix"x;A;1,00;11,00`,
		"a quote without its end": `02/09/2026;"Pix;A;1,00;11,00`, "one cell with an amount": "Tarifa 1,00",
		"one cell with a date": "02/09/2026 Pix", "no date": ";Pix;A;1,00;11,00",
	} {
		facts[name] = fact{
			content: table(interTitles, row, good), counts: witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, net: "10",
		}
	}
	facts["a decimal comma that is not quoted"] = fact{
		content: table("Data,Valor,Identificador,Descrição", "01/09/2026,10,50,64f0,Pix"),
		counts:  witness.Counts{Blocks: 1, Refused: 1}, reason: "cells",
	}
	facts["a credit and a debit in one row"] = fact{
		content: table(bradescoTitles, `02/09/26;Pix;1;"1,00";"2,00";"3,00";`), counts: witness.Counts{Blocks: 1,
			Refused: 1},
		reason: "a credit and a debit",
	}
	facts["a negative credit"] = fact{
		content: table(bradescoTitles, `02/09/26;Pix;1;"-1,00";;"3,00";`), counts: witness.Counts{Blocks: 1,
			Refused: 1},
		reason: "two ways", dates: []string{"2026-09-02"},
	}
	facts["thousands without cents"] = fact{
		content: table(interTitles, "01/09/2026;Pix;B;1.234;1.234,00"), counts: lines(1), net: "1234",
	}
	facts["thousands without cents in a table with points"] = fact{
		content: table("Data,Valor,Identificador,Descrição", "01/09/2026,1.234,64f0,Pix"),
		counts:  witness.Counts{Blocks: 1, Refused: 1}, reason: "two ways",
	}
	contradiction := `65500000001,02092026,10:00,1,SPEI,+,"-500.00",%,1,A,C2`
	titles := "Cuenta,Fecha,Hora,Sucursal,Descripcion,+/-,Importe,Saldo,Referencia,Concepto,Clave de Rastreo"
	first := `65500000001,01092026,10:00,1,SPEI,+,"1000.00",1500.00,1,A,C1`
	facts["a number and a mark that contradict each other, decided by the balance"] = fact{
		content: table(titles, first, strings.Replace(contradiction, "%", "1000.00", 1)), counts: lines(2), net: "500",
	}
	facts["a number and a mark that contradict each other"] = fact{
		content: table(titles, first, strings.Replace(contradiction, "%", "", 1)),
		counts:  witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, reason: "contradict",
		dates: []string{"2026-09-01", "2026-09-02"},
	}
	facts["numbers in all notations"] = fact{
		content: table(interTitles, "01/09/2026;a;;5.969,14-;", "01/09/2026;b;;(1.234,56);", "01/09/2026;c;;R$ -1,00;",
			"01/09/2026;d;;- 160,00;", "01/09/2026;e;;-R$ 1.234,56;"), counts: lines(5), net: "-8599.26",
	}
	facts["a quoted cell over two lines"] = fact{
		content: table(interTitles, "01/09/2026;Pix;\"A", "B\";10,00;10,00"), counts: lines(1),
		texts: []string{"Pix A B"},
	}
	facts["a missing quote does not swallow the rows behind it"] = fact{
		content: table(interTitles, "02/09/2026;Pix;\"A;1,00;11,00", "01/09/2026;Pix;\"B\";10,00;10,00"),
		counts:  witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, net: "10",
	}
	facts["a quote that opens in one row and closes in the next"] = fact{
		content: table(interTitles, "02/09/2026;Pix;\"A;1,00;11,00", "01/09/2026;Pix;B\";10,00;10,00"),
		counts:  witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, net: "10", dates: []string{"", "2026-09-01"},
	}
	runFacts(t, facts)
}

func TestAMappingNamesTheColumns(t *testing.T) {
	content := table("Relatório", "", "Quando;O que;Quanto;Resto", "01.09.26;A;1.000,00;1.000,00",
		"02.09.26;B;-10,00;990,00")
	mapping := witness.CSVMapping{
		Date: "Quando", DateFormat: "dd.MM.yy", Amount: "Quanto", Decimal: ",", Description: []string{"O que"},
		Balance: "Resto",
	}
	if err := mapping.Validate(); err != nil {
		t.Fatal(err)
	}
	other := mapping
	other.Amount = "Valor"
	inverted := mapping
	inverted.Inverted, inverted.Balance, inverted.SkipRows = true, "", 2
	runFacts(t, map[string]fact{
		"without a mapping": {content: content, refusal: witness.NeedsMapping},
		"with a mapping": {
			content: content, options: witness.Options{Mapping: &mapping}, counts: lines(2), net: "990",
			state: witness.Proved,
		},
		"with a mapping of other titles": {
			content: content, options: witness.Options{Mapping: &other}, refusal: witness.NeedsMapping,
		},
		"with a mapping that changes sign": {
			content: content, options: witness.Options{Mapping: &inverted}, counts: lines(2), net: "-990",
		},
	})
	marked := mapping
	marked.Balance = ""
	titles := "Quando;O que;Quanto;Tipo;Canal"
	for name, rows := range map[string][]string{
		"marks":             {"01.09.26;A;1.000,00;C;APP", "02.09.26;B;10,00;D;APP"},
		"words":             {"01.09.26;A;1.000,00;Crédito;", "02.09.26;B;10,00;Débito;"},
		"a row of balances": {"31.08.26;SALDO ANTERIOR;5,00;;", "01.09.26;A;1.000,00;C;", "02.09.26;B;10,00;D;"},
		"signs beside them": {"01.09.26;A;1.000,00;C;", "02.09.26;B;-10,00;D;"},
	} {
		want := fact{
			content: table(append([]string{titles}, rows...)...), options: witness.Options{Mapping: &marked},
			counts: lines(2), net: "990",
		}
		if len(rows) == 3 {
			want.counts = witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}
		}
		runFacts(t, map[string]fact{name: want})
	}
	runFacts(t, map[string]fact{
		"a row without a mark": {
			content: table(titles, "01.09.26;A;1.000,00;C;", "02.09.26;B;10,00;D;", "03.09.26;X;7,00;;"),
			options: witness.Options{Mapping: &marked},
			net:     "990",
			counts: witness.Counts{
				Blocks:  3,
				Lines:   2,
				Refused: 1,
			},
			dates: []string{"2026-09-01", "2026-09-02", "2026-09-03"},
		},
		"a mark that is unknown": {
			content: table(titles, "01.09.26;A;1.000,00;C;", "02.09.26;B;10,00;D;", "03.09.26;X;7,00;P;"),
			options: witness.Options{Mapping: &marked}, counts: witness.Counts{Blocks: 3, Lines: 2, Refused: 1},
			net: "990", reason: `the mark of credit and debit is unknown: "P"; known are C and D`,
		},
		"a column with other letters": {
			content: table(titles, "01.09.26;A;1.000,00;P;", "02.09.26;B;10,00;D;", "03.09.26;X;7,00;P;"),
			options: witness.Options{Mapping: &marked}, counts: lines(3), net: "1017",
		},
		"a column with more letters that are no marks": {
			content: table(titles, "01.09.26;A;1.000,00;C;", "02.09.26;B;10,00;D;", "03.09.26;X;7,00;P;",
				"03.09.26;X;7,00;Q;"), options: witness.Options{Mapping: &marked}, counts: lines(4), net: "1024",
		},
		"a mark behind the digits": {
			content: table("Quando;O que;Quanto", "01.09.26;A;1.000,00 C", "02.09.26;B;10,00D"),
			options: witness.Options{Mapping: &marked}, counts: witness.Counts{Blocks: 2, Refused: 2},
			reason: "the amount cannot be read",
		},
	})
	f := bankstatement.Reader{}.Read([]byte(content), witness.Options{})
	if len(f.Refusal.Rows) != 5 || f.Refusal.Rows[2][2] != "Quanto" {
		t.Errorf("the rows to map are %q", f.Refusal.Rows)
	}
}
