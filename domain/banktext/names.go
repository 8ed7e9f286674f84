package banktext

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// noiseWords name an operation, a channel or a role, but no counterparty and no product. Sources: section 2 of the bank
// texts.
var noiseWords = wordSet(`msi pix sin sem banco24horas 24horas ted doc tef spei transf transferencia
	transferencias transfer transferido transferida trans tran traspaso enviado enviada envio enviar enviados env
	emitido emitida emit emi emissao recebido recebida recebimento receb recibido recibida recib recebidos ordem
	orden pago pagos pagado pagada pagamento pagamentos pagto pgto pag pagar payment efetuado efetuada efetivado
	efetivada realizado realizada boleto boletos titulo titulos tit cobranca cobr cob compe compra compras purchase
	debito deb dbto dbt credito cred cr cartao card tarjeta tdc tdd c6 saque saques retiro cajero automatico
	automatica automat aut auto taa 24h atm deposito dep depos abono cargo estorno est devolucao devolvido devolvida
	dev devol devolucion devuelto cancelado cancelada cancelamento reembolso mobile internet ibc web app online
	banking bankline open finance qr code qrcode qrs cod est estatico estatica dinamico dinamica din chave key outra
	outras outros outro if inst instit instituicao banco bancos bco bank conta cta cuenta corrente favorecido fav
	rem remet remetente des dest destinatario benef beneficiario cliente al del para por a de da do das dos no na
	nos nas em e o os as com con c via pelo pela un una la el los las en y to from at ao aos terceros tercero terceiros
	mesma misma titularidade titular dif sispag fornecedor fornecedores salario salarios folha nomina proventos
	servicio eletronica eletronico eletron elet electronico electronica disponivel dispon visa master mastercard
	maestro maest electron elo mc amex tef pessoal agencia ag estabelecimento loja vista efetivo gastos gasto
	pagamiento aplicar emisora hbank sp cc d clave rastreo cve rast concepto referencia ref refer importe monto
	origen valor hora hr liq fecha data periodo quantidade qtd qtde cnpj cpf rfc id nr num numero n nro numer bem
	sweb swb interb interbancaria interbancario bnet terminacao terminacion final fin ativo recb rec recarga
	recargas transfe transferir realizados desde hacia voce recebeu enviou llave llaves entradas saidas ordenante
	receptora institucion contraparte recepcion efectivo dinheiro bi contrato contr ctr parcela parcelas parc
	efetivacao comp comprobante compensado compensada cxe op oper operacao operacion electr ltda eireli epp mei me
	sa s.a cia inc llc sapi cv srl rl spa internacional nacional tipo simples nao identificado entrada saida
	titulares servicos servico serv servicios pacote demais empresas referente hbk dict lote cartoes pay rscss rsccs
	rshop rgi uc apolice codigo cods liquidacao compensacao forn su pac pat liquidada liquidado sacado pagador
	competencia funcionario func empleado apol pagfor for sicredi sicoob banrisul unicred estab rpu cus nb prov
	proveedor proveedores beneficio inscr inscricao placa venc vcto vencto vencimento parcelado banco24h especie
	autoatend autoatendimento dinh priv pg prac practic practicaja domiciliado
	domiciliada poliza pol recibo authorized recurring ach zelle conf autor maquininha lj
	sipare lc codi dimo cel interac imad bpy pmt interacflash visadebit`)

// leadingNoise are words that banks and connectors print before the name: translations into English (Pix transfer sent
// - ANA, Utility bill payment - ENERGIA SERRANA), Pagamento de concessionária, POS DEBIT, FEDWIRE CREDIT, Paiement
// facture - AccèsD (Desjardins), CARGO DIFERIDO, PROVENTO - JCP. After the name they may belong to it.
var leadingNoise = wordSet(`sent received debit credit bill utility automatic direct electronic money electricity
	concessionaria source pos pin cashback fedwire incoming outgoing wire paiement facture achat
	virement accesd diferido provento`)

// channelWord reports whether a word only names an operation or a channel. Words for taxes and payouts do not count,
// because they name the tax or the acquirer. The argument operation is the operation of the whole text.
func channelWord(word string, operation Operation) bool {
	if operation == Payout && payoutWords[word] {
		return false
	}
	if noiseWords[word] || refundWords[word] {
		return true
	}
	rank, found := operationRanks[word]
	return found && operationWords[rank].operation != Tax && operationWords[rank].operation != Payout
}

// payoutWords are the card schemes and products that tell payouts apart. In the text of a purchase they are noise.
var payoutWords = wordSet(
	"visa master mastercard mast maestro electron elo amex hiper hipercard debito credito pix mc vs el cd db at tdd " +
		"tdc deb cre",
)

// acquirers are names that payment facilitators put before an asterisk and the name of the merchant. Merchants that use
// the same form (UBER *TRIP) are not in the list. Sources: NU-05, NU-22, IN-05, RC-01.
var acquirers = wordSet(`pag pags pagseguro pagbank pagto pg pgto mercadopago mercpago merpago mp mpago ifd ifood ec ecp
	paypal pp pypl ebanx ebn ebw dl dlocal dm sumup su iz izettle zettle clip conekta billpocket openpay kushki payu
	picpay pic stone stn ton cielo rede getnet gn infinitepay ip htm hotmart edz eduzz kiwify prv asaas asa ppro
	adyen stripe st sq tst wix pb pagbrasil pagarme pgme vindi iugu zoop zp safrapay sipag vero adq mlp ame nupay
	hna dlo rappi appmax mercadolivre ml ksk nupay sec`)

// Fares are words of merchants at which one person pays the same price again within days: rides, parking, tolls.
var Fares = wordSet(`ride viagem corrida viaje uber 99 99app 99pop 99taxi pop cabify didi indrive taxi estapar
	estacionamento estacionamiento parking parque zul metro metrorio cptm bilhete onibus passagem trem tren bus
	pedagio pedagios peaje caseta autopista ecovias conectcar semparar parar veloe taggy movemais greenpass televia iave
	tag bolt lime tembici ecobici transmilenio`)

// Habits are words of merchants at which round amounts return within days: coffee, fuel, a snack.
var Habits = wordSet(`cafe cafeteria coffee starbucks lanche lanches cantina padaria panaderia conveniencia tienda oxxo
	posto auto gasol gasolina gasolineria combustiveis pemex shell ipiranga petrobras texaco`)

// Holders are words of merchants that hold an amount before they know the price: pumps, hotels, rented cars, parking.
var Holders = wordSet(`posto gasol gasolina gasolineria gasolinera combustiveis pemex shell ipiranga petrobras texaco
	gas fuel pump petrol hotel hoteis hoteles inn suites resort motel pousada posada hostel rental rentals rent
	rentacar localiza movida parking garage estacionamento estacionamiento`)

// fillers are words of a charge that do not name the service.
var fillers = wordSet(`tarifa tarifas tar taxa comissao comision comisiones comi cobranca cobro cargo por de da do das
	dos e a o del la el los las serv servico servicos servicio servicios referente bancaria banc com i v
	compra compras internacional exterior transf transferencia pgto pagto enviado enviada rend rendimento rendimentos
	aplic aplicacao aut automatica pago mais impto gobierno gravamen movimientos financieros
	conta cuenta corrente fee fees commission oper operacao com r transfer sweb
	pagbank yield earnings`)

// ambiguousWords are channel words that may also name a product, or belong to the name of a firm: SEGURO AUTO, VIVO
// INTERNET, PADARIA INTERNACIONAL. They do so only if they stand after the name.
var ambiguousWords = wordSet(`auto mobile internet web app online conta cuenta cartao card tarjeta credito debito
	internacional nacional salario salarios nomina proventos titular dependente pessoal simples final ativo efetivo
	master loja rede open pay serv servico servicos pacote cheque titulo poupanca emprestimo financiamento consignado
	imobiliario seguro sicredi sicoob banrisul unicred`)

// firmWords are channel words that tell two firms apart in the name of a counterparty.
var firmWords = wordSet("nacional internacional auto internet master")

// TailOf returns the words of a row that follow the first word of its name.
func TailOf(e *Evidence) []string {
	for i, word := range e.AllWords {
		if slices.Contains(e.Words, word) {
			return e.AllWords[i+1:]
		}
	}
	return nil
}

// Tells reports whether a channel word that follows the name distinguishes two movements: it is a single letter, or
// one of ambiguousWords.
func Tells(word string) bool { return len(word) == 1 || ambiguousWords[word] }

// TellingTail returns the words after the name for which tells returns true.
func (e *Evidence) TellingTail() []string {
	return slices.DeleteFunc(slices.Clone(TailOf(e)), func(word string) bool { return !Tells(word) })
}

// LettersOf returns the words of a single letter.
func LettersOf(words []string) (letters []string) {
	for _, word := range words {
		if len(word) == 1 {
			letters = Add(letters, word)
		}
	}
	return letters
}

// Purposes are words for the purpose of a payment or the kind of a business. Alone they do not identify a
// counterparty: COBRANCA ALUGUEL may be the rent of any house, and PADARIA may be any bakery.
var Purposes = wordSet(`aluguel alugueis condominio condominios seguro seguros escola colegio faculdade academia
	farmacia drogaria supermercado mercado padaria restaurante lanchonete posto hospital clinica laboratorio hotel
	pousada energia telefone internet consorcio transporte transportes estacionamento pedagio
	assinatura matricula material materiais comercio comercial distribuidora imobiliaria construtora oficina renta
	alquiler arriendo colegiatura escuela farmacias gasolinera restaurant tienda universidad universidade`)

// legalForms are the legal forms of firms. They end a name.
var legalForms = wordSet("ltda me mei epp eireli sa cia inc llc sapi cv srl rl spa sas")

// EndsBefore reports whether a legal form follows the name of a row where the name of the other row goes on: ACO FORTE
// LTDA is not the beginning of ACO FORTE ENGENHARIA LTDA.
func (e *Evidence) EndsBefore(other *Evidence) bool {
	if len(e.Words) == 0 || len(e.Words) >= len(other.Words) {
		return false
	}
	next := func(all []string) string {
		i := slices.Index(all, e.Words[len(e.Words)-1])
		if i < 0 || i+1 == len(all) {
			return ""
		}
		return all[i+1]
	}
	form, further := next(e.AllWords), next(other.AllWords)
	return legalForms[form] && further != "" && !isBeginningOf(further, legalForms) && !strings.HasPrefix(further, form)
}

// isBeginningOf reports whether a word of the set begins with the text.
func isBeginningOf(text string, set map[string]bool) bool {
	for word := range set {
		if strings.HasPrefix(word, text) {
			return true
		}
	}
	return false
}

// telephones are words for a telephone.
var telephones = wordSet("celular cel telefone telefono fone prepago pre")

// Holds reports whether the list contains a word of the set.
func Holds(words []string, set map[string]bool) bool {
	return slices.ContainsFunc(words, func(word string) bool { return set[word] })
}

// facilitatorNames maps the prefixes of a payment facilitator to one name. A prefix that is not in the map is itself
// the name.
var facilitatorNames = map[string]string{
	"pags": "pag", "pg": "pag", "pagseguro": "pag", "pagbank": "pag", "mercadopago": "mp",
	"mercpago": "mp", "merpago": "mp",
	"mpago": "mp", "ifood": "ifd", "paypal": "pp", "pypl": "pp", "ebanx": "ebn", "ebw": "ebn", "dlocal": "dl",
	"dm": "dl", "dlo": "dl", "iz": "zettle", "izettle": "zettle", "su": "sumup", "stn": "stone", "mercadolivre": "ml",
	"pagarme": "pgme", "zoop": "zp", "asaas": "asa", "htm": "hotmart", "eduzz": "edz",
}

// Facilitator returns the name of the payment facilitator that a word names; "" if it names none.
func Facilitator(word string) string {
	if !acquirers[word] {
		return ""
	}
	return cmp.Or(facilitatorNames[word], word)
}

// facilitatorPrefix matches the prefix of an acquirer before the name of the merchant.
var facilitatorPrefix = compile(`\b([a-z]+)\s*\*\s*[a-z0-9]`)

// facilitatorsOf returns the payment facilitators whose prefixes occur in the folded text.
func facilitatorsOf(text string) (names []string) {
	if !strings.Contains(text, "*") {
		return nil
	}
	for _, g := range facilitatorPrefix.FindAllStringSubmatch(text, -1) {
		names = Add(names, Facilitator(g[1]))
	}
	return names
}

// Split returns the words of a folded text. A prefix of an acquirer is left out (PAG*, MERCADOPAGO*).
func Split(text string) []string {
	var words []string
	start := -1
	flush := func(end int) {
		if start >= 0 {
			words = append(words, text[start:end])
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case isWordPart(r):
			if start < 0 {
				start = i
			}
		case r == '*':
			flush(i)
			if n := len(words); n > 0 && acquirers[words[n-1]] {
				words = words[:n-1]
			}
		default:
			flush(i)
		}
	}
	flush(len(text))
	return words
}

// taxOnMovements is the name of a tax in Colombia: IMPTO GOBIERNO 4X1000 (f55781107952).
const taxOnMovements = "4x1000"

// breB is the name of the instant payments of Colombia: PAGO EN QR BRE-B (f55781107952).
var breB = compile(`\bbre-b\b`)

// isNumberWord reports whether a word is a number or a code rather than a name: 24880, cob000012, db0071225199. A name
// may contain up to two digits (99food, c6).
func isNumberWord(word string) bool {
	if word == taxOnMovements {
		return false
	}
	digits := len(DigitsOf(word))
	return isCode(word) || digits > 2 || digits > 0 && digits == len(word) || digits > 0 && len(word)-digits < 3
}

// minCode is the minimum length of a code of letters and digits.
const minCode = 8

// isCode reports whether a word is a random code and not a name, such as ZJWej2f4nX (Banregio). A code has two groups
// of digits after its first letter.
func isCode(word string) bool {
	groups, inGroup := 0, false
	for _, r := range strings.TrimLeftFunc(word, isDigit) {
		if isDigit(r) && !inGroup {
			groups++
		}
		inGroup = isDigit(r)
	}
	return len(word) >= minCode && groups >= 2
}

// companyAbbreviations maps abbreviations in the names of firms, institutions and taxes to the beginnings of the
// words that they stand for. None of them is a given name, so they are also expanded in the names of counterparties.
// Banks cut names to the width of a column, and firms register either form: CENTRO MED STA CLARA is CENTRO MEDICO
// SANTA CLARA, and TRIB FED is TRIBUTOS FEDERAIS (SC-06).
var companyAbbreviations = map[string]string{
	"adm": "administra", "alug": "aluguel", "ap": "apto", "bca": "banca", "bl": "bloco", "distrib": "distribui",
	"alim": "alimento", "assoc": "associa", "col": "colegio", "comb": "combustive",
	"cond": "condominio", "constr": "constru", "coop": "cooperativa", "dist": "distribui", "distr": "distribui",
	"ed": "edificio", "edif": "edificio", "emp": "empreendimento", "esc": "escola", "fac": "faculdade",
	"farm": "farmacia", "fed": "federa", "gov": "governo", "hosp": "hospital", "imob": "imobiliari", "imp": "imposto",
	"impto": "impuesto", "ind": "industria", "inf": "infantil", "jd": "jardim", "lab": "laboratorio", "mat": "materia",
	"med": "medic", "mun": "municip", "nac": "nacional", "part": "participac", "pq": "parque", "pref": "prefeitura",
	"prod": "produto", "qna": "quincena", "ret": "retiro",
	"resid": "residencial", "rest": "restaurante", "seg": "seguro", "sind": "sindicato",
	"seguros": "segurador",
	"sta":     "santa", "sto": "santo", "superm": "supermercado", "transp": "transport", "trib": "tributo",
	"amzn": "amazon", "apts": "apartment", "mktp": "marketplace", "univ": "universidade", "veic": "veiculo",
	"vl": "vila",
}

// isCompanyAbbreviation reports whether a word is the abbreviation of another one in the name of a firm.
func isCompanyAbbreviation(short, long string) bool {
	if len(short) >= len(long) { // each beginning is longer than its abbreviation
		return false
	}
	beginning, ok := companyAbbreviations[short]
	return ok && strings.HasPrefix(long, beginning)
}

// lost marks a lost character, and firstLostByte is its first byte.
const (
	lost          = string(unicode.ReplacementChar)
	firstLostByte = 0xef
)

// SameWord reports whether two words are equal, or one is a usual abbreviation of the other in the name of a firm. A
// character that was lost in a wrong encoding equals any letter, but a word of which no letter is left equals none.
func SameWord(a, b string) bool {
	if a == b {
		return true
	}
	if a == "" || b == "" || a[0] != b[0] && a[0] != firstLostByte && b[0] != firstLostByte {
		return false // an abbreviation begins with the letter of its word
	}
	if isCompanyAbbreviation(a, b) || isCompanyAbbreviation(b, a) {
		return true
	}
	if !strings.Contains(a, lost) && !strings.Contains(b, lost) {
		return false
	}
	x, y := []rune(a), []rune(b)
	if len(x) != len(y) {
		return false
	}
	equal := 0
	for i := range x {
		switch {
		case x[i] == y[i]:
			equal++
		case x[i] != unicode.ReplacementChar && y[i] != unicode.ReplacementChar:
			return false
		}
	}
	return equal > 0
}

// YoungerWords distinguish a person from an older relative with the same name, and a branch from the first shop.
var YoungerWords = wordSet("filho filha neto neta junior jr sobrinho segundo hijo hija nieto ii iii iv")
