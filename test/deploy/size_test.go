package deploy_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// The binary must stay small, because most of its pages are read during the start and then account for a large part of
// the memory of an idle process.
func TestTheBinaryIsSmall(t *testing.T) {
	content, err := os.ReadFile(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	const most = 46 << 20
	if len(content) > most {
		t.Errorf("the binary has %.1f MiB, want at most %d MiB", float64(len(content))/(1<<20), most>>20)
	}
	// The service uses the types of these methods, but nothing calls the methods. The linker drops them only if no
	// package looks up methods with reflect's Method or MethodByName and a name that is not a constant.
	for _, unused := range []string{"gorm.io/gorm.(*Association).Replace", "gorm.io/gorm.(*DB).FirstOrInit"} {
		if bytes.Contains(content, []byte(unused)) {
			t.Errorf("the binary contains %s: the linker keeps methods that nothing calls. This lists the cause:\n"+
				"go build -tags grpcnotrace -ldflags=-dumpdep -o /dev/null ./cmd/discovery 2>&1 |\n"+
				"  grep -- '-> .*<ReflectMethod>'", unused)
		}
	}
}

func TestEveryBuildOfTheBinaryHasTheSameTags(t *testing.T) {
	for _, build := range []struct{ file, tags string }{
		{"Makefile", "-tags grpcnotrace "},
		{"deploy/Dockerfile", "-tags grpcnotrace "},
		{".goreleaser.yaml", "tags: [grpcnotrace]"},
	} {
		if !strings.Contains(readFile(t, build.file), build.tags) {
			t.Errorf("%s: no %q", build.file, build.tags)
		}
	}
}
