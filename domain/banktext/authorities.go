package banktext

import "slices"

// authorityWords name a tax, a public authority, or a channel for paying them, but nobody who is paid, and no slip.
// Sources: SC-06 (DB.CONV.TR FD-RFB), Caixa (PAG ORGAOS GOV IBC), IT-13 (SISPAG TRIB/COD BARRAS), Banco do Brasil
// (IMPOSTOS - RFB-DARF CODIGO DE BARRAS), Santander (PAGAMENTO DARF EM CANAIS INTERNET TRIBUTOS FEDERAI), Bradesco
// (PAGTO ELETRONICO TRIBUTO), BV-05 (RECAUDACION DE IMPUE G).
var authorityWords = wordSet(`db tr fd fed federal federais federai federales rfb srf receita fazenda sefaz detran uniao
	tesouro tesoreria trib tributo tributos imposto impostos impuesto impuestos impue darf dareb darj gps gru gare dare
	das dasn dae dam mei simples fgts inss iss issqn iptu ipva itbi icms irpf irpj irrf csll pis cofins pasep sat imss
	infonavit sua isr irs usataxpymt orgao orgaos gov governo gobierno publico publicos estadual estaduais municipal
	municipais prefeitura pref canal canais guia guias arrecadacao arrec recolhimento recaudacion barras barra
	concessionaria concessionarias`)

// NamesAuthority reports whether the text names a tax, an authority or a channel, and neither a party nor a number. Two
// slips of one amount may have such a text: one fee for each member of a family, the quotas of two houses.
func (e *Evidence) NamesAuthority() bool {
	stated := slices.Concat(e.Party, e.Documents, e.Accounts, e.PixKeys, e.Numbers, e.References, e.Calendar.Periods)
	return len(stated) == 0 && len(e.Words) > 0 &&
		!slices.ContainsFunc(e.Words, func(word string) bool { return !authorityWords[word] })
}
