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
	if key("1", "2", "12345-6", clabe, "i") != key("1", "9", "99999-9", "", "i") {
		t.Error("the institution's id decides")
	}
	if key("1", "", "", "", "i") == key("2", "", "", "", "i") {
		t.Error("the id is one of the bank")
	}
	if key("1", "2", "12345-6", clabe, "") != key("9", "9", "99999-9", clabe, "") {
		t.Error("without an id the CLABE decides")
	}
	if full := key("1", "2", "12345-6", "", ""); full == key("1", "3", "12345-6", "", "") || full == "" ||
		full != key("001", "0002", "0012345-6", "", "") {
		t.Error("otherwise bank, agency and number decide")
	}
	for _, none := range []string{
		key("1", "2", "123-4", "", ""), key("", "", "", "", ""), key("", "2", "12345-6", "", ""),
		key("1", "", "12345-6", "", ""), key("1", "2", "12345", "", ""), key("1", "2", "**** 12345", "", ""),
	} {
		if none != "" {
			t.Error("a part of the number identifies no account")
		}
	}
	if domain.ConsentKey("") != "" || domain.ConsentKey("a") == domain.ConsentKey("b") ||
		len(domain.ConsentKey("a")) != 32 {
		t.Error("the key of a consent")
	}
}
