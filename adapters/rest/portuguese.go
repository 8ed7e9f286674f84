package rest

import (
	"cmp"
	"net/http"

	"golang.org/x/text/language"
)

// problemLanguages chooses the language of a problem document by the Accept-Language header of the request.
var problemLanguages = language.NewMatcher([]language.Tag{language.English, language.BrazilianPortuguese})

// maxAcceptLanguage is the maximum length of an Accept-Language header that is read; a longer one is ignored.
const maxAcceptLanguage = 200

// prefersPortuguese reports whether a caller with this Accept-Language header reads Portuguese rather than English.
func prefersPortuguese(accept string) bool {
	if accept == "" || len(accept) > maxAcceptLanguage {
		return false
	}
	_, i := language.MatchStrings(problemLanguages, accept)
	return i == 1
}

// toPortuguese translates the title and the detail of a problem. The messages of its fields stay as they are, because
// they belong to names in the request.
func (p *Problem) toPortuguese() {
	p.Title = cmp.Or(portugueseTitles[p.Status], p.Title)
	p.Detail = cmp.Or(portugueseDetails[p.Detail], p.Detail)
	p.headers.Set("Content-Language", "pt-BR")
}

// portugueseTitles contains the titles of problem documents by their status.
var portugueseTitles = map[int]string{
	http.StatusBadRequest:                  "Requisição inválida",
	http.StatusUnauthorized:                "Não autenticado",
	http.StatusForbidden:                   "Acesso negado",
	http.StatusNotFound:                    "Não encontrado",
	http.StatusMethodNotAllowed:            "Método não permitido",
	http.StatusRequestTimeout:              "Tempo da requisição esgotado",
	http.StatusConflict:                    "Conflito",
	http.StatusPreconditionFailed:          "Alterado enquanto isso",
	http.StatusRequestEntityTooLarge:       "Conteúdo grande demais",
	http.StatusUnsupportedMediaType:        "Tipo de conteúdo não aceito",
	http.StatusUnprocessableEntity:         "Requisição não processável",
	http.StatusTooManyRequests:             "Requisições demais",
	http.StatusRequestHeaderFieldsTooLarge: "Cabeçalhos grandes demais",
	http.StatusInternalServerError:         "Erro do serviço",
	http.StatusBadGateway:                  "Recusado pelo agregador",
	http.StatusServiceUnavailable:          "Serviço indisponível",
}

// portugueseDetails contains the details of problem documents by the English ones.
var portugueseDetails = map[string]string{
	internalError: "erro interno",
	"the object has changed since it was read":         "o objeto mudou desde que foi lido",
	"the object has no entity tag":                     "o objeto não tem etiqueta (ETag)",
	"the idempotency key was used for another request": "a chave de idempotência foi usada em outra requisição",
	"the first request with this idempotency key is still running": "a primeira requisição com esta chave de " +
		"idempotência ainda está em andamento",
	"the vendor refused the request":             "o agregador recusou a requisição",
	"the token was shown once and is not stored": "o token foi mostrado uma vez e não fica armazenado",
	"the name is already in use":                 "o nome já está em uso",
	"the balance of the account cannot be compared with its transactions": "o saldo da conta não pode ser " +
		"comparado com os lançamentos",
	"the transactions cannot be decided about together: see the conditions of the operation": "os lançamentos não " +
		"podem ser decididos juntos: veja as condições da operação",
	"no removal of the account or of its transactions is held back": "nenhuma remoção da conta ou de seus " +
		"lançamentos está suspensa",
	"the accounts have different currencies: none continues the other": "as contas têm moedas diferentes: nenhuma " +
		"continua a outra",
	"no rows wait for a decision about the account": "nenhum lançamento espera uma decisão sobre a conta",
	"the connection of the account is deleted: decide about the account that may continue it": "a conexão da conta " +
		"foi excluída: decida sobre a conta que pode continuá-la",
	"the transaction has replaced no other row": "o lançamento não substituiu nenhum outro",
	"the connection is paused: no request is sent to its vendor": "a conexão está pausada: nenhuma requisição é " +
		"enviada ao agregador",
	"the connection is erased already, so its vendor cannot be asked any more": "a conexão já foi eliminada, e não " +
		"é mais possível pedir ao agregador",
	"a connection, a link session or an erasure at the vendor uses the application": "uma conexão, um link de login " +
		"ou uma eliminação no agregador usa o aplicativo",
	"the application has changed meanwhile: repeat the request": "o aplicativo mudou enquanto isso: repita a " +
		"requisição",
	"the token serves more than one connection":       "o token atende mais de uma conexão",
	"the vendor does not offer this":                  "o agregador não oferece esta função",
	"the sink of the subscription does not have this": "o destino da assinatura não tem esta função",
	"transactions have changed since the balance of the account was read, or were read later than it; " +
		"force=changed writes the statement": "lançamentos mudaram desde que o saldo da conta foi lido, ou foram " +
		"lidos depois dele; force=changed gera o extrato",
	"the transactions of the account do not explain its balance; force=drift ignores this": "o saldo da conta não " +
		"confere com os lançamentos; force=drift gera o extrato",
	"the bank was last read too early for the last day of the statement; force=not_covered ignores this": "a última " +
		"leitura do banco é anterior ao fim do último dia do extrato; force=not_covered gera o extrato",
	"no attempt to send the event has failed":    "nenhuma tentativa de enviar o evento falhou",
	"the event was delivered or skipped already": "o evento já foi entregue ou pulado",
	"no event with this sequence is stored":      "não há evento armazenado com esta sequência",
	"the balance of the card is its used limit or open invoice, which is no balance of a statement": "o saldo do " +
		"cartão é o limite usado ou a fatura aberta, e não um saldo de extrato",
	"no balance of the account is known": "nenhum saldo da conta é conhecido",
	"the amount of a transaction in the currency of the account is not known": "o valor de um lançamento na moeda da " +
		"conta não é conhecido",
	"an amount of the statement has more digits than the format allows": "um valor do extrato tem mais dígitos do " +
		"que o formato permite",
	"the period was closed by a version of the service that recorded no evidence; reopen it and close it again": "o " +
		"período foi fechado por uma versão do serviço que não guardava evidências; reabra o fechamento e feche " +
		"de novo",
	"the tenant has the maximum number of subscriptions; delete one first": "o número máximo de assinaturas de " +
		"eventos foi atingido; exclua uma antes",
	"the connection has the maximum number of live webhook tokens; revoke one first": "o número máximo de tokens de " +
		"webhook ativos da conexão foi atingido; revogue um antes",
	"the tenant has the maximum number of open link sessions; wait until one of them ends": "o número máximo de " +
		"links de login abertos foi atingido; espere até que um deles termine",
	"the request conflicts with the current state":       "a requisição não é possível na situação atual",
	"the document is too large":                          "o documento é grande demais",
	"authentication is required":                         "é preciso autenticar-se",
	"the access manager refused the request":             "o gerenciador de acesso recusou a requisição",
	"the access manager cannot be reached":               "não foi possível acessar o gerenciador de acesso",
	"the token lacks the required scope":                 "o token não tem o escopo exigido",
	"path not found":                                     "caminho não encontrado",
	"too many tests are running":                         "há testes demais em andamento",
	"too many costly requests of the tenant are running": "há requisições demoradas demais em andamento",
	"too many statements are being written":              "há extratos demais em geração",
	"the other requests of the tenant use all memory of its share": "as outras requisições usam toda a memória " +
		"disponível",
	"the vendor allows no further refresh at the moment": "o agregador não permite outra leitura do banco agora",
	"the vendor has stopped reading the bank after repeated failures: its support must unlock this": "o agregador " +
		"parou de ler o banco depois de falhas repetidas: o suporte dele precisa liberar a leitura",
	"the vendor accepts only the login with which the account was first connected": "o agregador só aceita o acesso " +
		"com que a conta foi conectada pela primeira vez",
	"the vendor cannot be reached":                      "não foi possível acessar o agregador",
	"the vendor's response cannot be read":              "não foi possível ler a resposta do agregador",
	"the vendor accepts no more requests at the moment": "o agregador não aceita mais requisições agora",
	"the rate budget of the vendor is exhausted":        "o limite de requisições ao agregador foi atingido",
	"the stored credential cannot be decrypted": "não foi possível descriptografar a credencial " +
		"armazenada",
	"another request creates the webhook of the application": "outra requisição está criando o webhook do aplicativo",
	"the request is not valid":                               "a requisição é inválida",
	"the method is not allowed for this path":                "o método não é permitido neste caminho",
	"the body must be application/json without a content encoding": "o corpo deve ser application/json sem " +
		"codificação de conteúdo",
	"the body must be a file as application/octet-stream, or application/json, without a content encoding": "o corpo " +
		"deve ser um arquivo como application/octet-stream, ou application/json, sem codificação de conteúdo",
	"the body is too large":                       "o corpo é grande demais",
	"the headers are larger than 64 KiB":          "os cabeçalhos passam de 64 KiB",
	"the body did not arrive in time":             "o corpo não chegou a tempo",
	"too many requests":                           "requisições demais",
	"too many long polls are waiting for changes": "há esperas demais por alterações",
	connectionNotFound.detail:                     "conexão não encontrada",
	applicationNotFound.detail:                    "aplicativo não encontrado",
	tokenNotFound.detail:                          "token de webhook não encontrado",
	deliveryNotFound.detail:                       "webhook recebido não encontrado",
	pullNotFound.detail:                           "sincronização não encontrada",
	accountNotFound.detail:                        "conta não encontrada",
	transactionNotFound.detail:                    "lançamento não encontrado",
	erasureNotFound.detail:                        "eliminação não encontrada",
	linkSessionNotFound.detail:                    "link de login não encontrado",
	closeNotFound.detail:                          "não há fechamento da conta neste dia",
	auditEntryNotFound.detail:                     "ação não encontrada na auditoria",
	subscriptionNotFound.detail:                   "assinatura de eventos não encontrada",
	bankStatementNotFound.detail:                  "extrato do banco não encontrado",
	billNotFound.detail:                           "fatura não encontrada",
	conflictNotFound.detail:                       "conflito não encontrado",
}
