package domain

// Ground states what the listings of a vendor prove at one moment: how many of them must lack a stored account or row
// to prove that it was removed. Accounts of the type CreditAccount have proofs of their own, because a vendor can
// synchronise them separately.
type Ground struct {
	Accounts, Cards    AbsenceProof // the list of accounts, about accounts and about cards
	Rows, RowsOfCredit AbsenceProof // lists of transactions, of accounts and of cards
}

// GroundOf returns what the vendor's listings prove. A listing proves an absence only of what the vendor itself has
// just read at the institution:
//
//   - While the consent has expired or is revoked, or the account holder must sign in again, listings prove nothing:
//     vendors then return empty lists.
//   - A listing proves nothing about the products that the vendor's last synchronisation did not update. A card is
//     also a product of its own.
//
// The argument s is the status that did not change during the listing. consent and needsReauth are all that is known
// about the connection, including events and earlier attempts.
func GroundOf(s LinkStatus, consent ConsentState, needsReauth bool) Ground {
	if s.NeedsReauth || needsReauth || consent.Ended() {
		return Ground{}
	}
	return Ground{
		Accounts: s.Accounts, Cards: min(s.Accounts, s.Cards),
		Rows: s.Transactions, RowsOfCredit: min(s.Transactions, s.Cards),
	}
}

// Account returns what a list of accounts proves about an account of this type.
func (g Ground) Account(t AccountType) AbsenceProof {
	if t == CreditAccount {
		return g.Cards
	}
	return g.Accounts
}

// RowsOf returns what a list of transactions proves about the rows of an account of this type.
func (g Ground) RowsOf(t AccountType) AbsenceProof {
	if t == CreditAccount {
		return g.RowsOfCredit
	}
	return g.Rows
}
