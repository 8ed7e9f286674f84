package banktext

// furtherWords name a charge that a party makes beside its usual one, often of a usual price: for another card or
// person, for lateness, to repay more than the instalment, or for a plan beside another plan. Sources: the fees of
// Brazilian and Mexican cards (ANUIDADE ADICIONAL, TARJETA ADICIONAL), the sections of mortgage statements in the USA
// (PRINCIPAL ONLY PAYMENT, ESCROW, LATE CHARGE), the plans of insurers (ODONTO, DENTAL) and of streaming (EXTRA
// MEMBER).
var furtherWords = wordSet(`adicional adicionais adicionales additional addl extra extras dependente dependentes
	dependiente dependientes complementar complemento complementario complementaria suplementar suplementario avulsa
	avulso multa multas atraso atrasada atrasado late penalty penalidade penalizacion recargo recargos principal escrow
	extraordinaria extraordinario amortizacao amortizacion odonto odontologico odontologica dental vision member
	miembro caucao deductible`)
