package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestKeysOfAnAccountOfTheBank(t *testing.T) {
	account := domain.AccountData{Type: domain.BankAccount, Subtype: "CHECKING_ACCOUNT", Currency: "BRL"}
	key := func(bank, agency, number, clabe, id string) string {
		return domain.NewAccountIdentity(bank, agency, number, clabe, id).Key(account)
	}
	clabe := "032180000118359719"
	if key("1", "2", "12345", clabe, "i") != key("9", "9", "99999", "", "i") {
		t.Error("the institution's id decides")
	}
	if key("1", "2", "12345", clabe, "") != key("9", "9", "99999", clabe, "") {
		t.Error("without an id the CLABE decides")
	}
	if key("1", "2", "12345", "", "") == key("1", "3", "12345", "", "") || key("1", "2", "12345", "", "") == "" {
		t.Error("otherwise bank, agency and number decide")
	}
	if key("1", "2", "1234", "", "") != "" || key("", "", "", "", "") != "" {
		t.Error("the visible digits of a card identify no account")
	}
	if domain.ConsentKey("") != "" || domain.ConsentKey("a") == domain.ConsentKey("b") ||
		len(domain.ConsentKey("a")) != 32 {
		t.Error("the key of a consent")
	}
}
