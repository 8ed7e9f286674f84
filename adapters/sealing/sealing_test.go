package sealing_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

var (
	tenant     = domain.TenantID{UUID: uuid.MustParse("0197a000-0000-7000-8000-000000000001")}
	connection = domain.ConnectionID{UUID: uuid.MustParse("0197a000-0000-7000-8000-000000000002")}
	credential = domain.AggregatorCredential(domain.SecretText("client-canary"), domain.SecretText("secret-canary"))
)

func TestKeysetIsASealer(t *testing.T) {
	porttest.TestSealer(t, func(t *testing.T) ports.Sealer { return open(t, create(t), sealing.Options{}) })
}

func TestCreateWritesAPrivateFileOnce(t *testing.T) {
	path := create(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	before := read(t, path)
	if err := sealing.Create(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second Create returned %v, want an error that the file exists", err)
	}
	if !bytes.Equal(before, read(t, path)) {
		t.Error("a failed Create changed the file")
	}
}

func TestCreateDoesNotFollowALink(t *testing.T) {
	link, target := filepath.Join(t.TempDir(), "link"), filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := sealing.Create(link); !errors.Is(err, os.ErrExist) {
		t.Errorf("gave %v, want a refusal", err)
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("Create created the target of a dangling link")
	}
}

func TestOpenRejectsInvalidFiles(t *testing.T) {
	good := read(t, create(t))
	cases := map[string]struct {
		content []byte
		mode    os.FileMode
		want    string
	}{
		"readable by the world":   {good, 0o604, "mode 0604"},
		"readable by all":         {good, 0o444, "mode 0444"},
		"writable by the group":   {good, 0o620, "mode 0620"},
		"executable by the group": {good, 0o450, "mode 0450"},
		"empty":                   {nil, 0o600, "is empty"},
		"not JSON":                {[]byte("content-canary"), 0o600, "is not a Tink keyset"},
		"another JSON":            {[]byte(`{"content-canary":"content-canary"}`), 0o600, "is not a Tink keyset"},
		"an empty keyset":         {[]byte(`{"primaryKeyId":0,"key":[]}`), 0o600, "is not a Tink keyset"},
		"truncated":               {good[:len(good)/2], 0o600, "is not a Tink keyset"},
		"a list":                  {[]byte(`["content-canary"]`), 0o600, "is not a Tink keyset"},
		"wrapped by a KEK": {
			[]byte(`{"encryptedKeyset":"Y29udGVudC1jYW5hcnk="}`), 0o600, "is not a Tink keyset",
		},
		"keys for a MAC":        {clearKeyset(t, mac.HMACSHA256Tag256KeyTemplate()), 0o600, "not for AEAD"},
		"keys without a prefix": {clearKeyset(t, aead.AES256GCMNoPrefixKeyTemplate()), 0o600, "output prefix"},
		"no primary key": {
			bytes.Replace(good, []byte(`"primaryKeyId":`), []byte(`"primaryKeyId":1`), 1), 0o600, "",
		},
		"larger than any keyset":    {bytes.Repeat([]byte(" "), 1<<20+1), 0o600, "too large"},
		"a primary key not enabled": {bytes.Replace(good, []byte("ENABLED"), []byte("DISABLED"), 1), 0o600, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			refuses(t, file(t, c.content, c.mode), c.want)
		})
	}
	t.Run("missing", func(t *testing.T) { refuses(t, filepath.Join(t.TempDir(), "none"), "no such file") })
	t.Run("a directory", func(t *testing.T) { refuses(t, t.TempDir(), "regular file") })
	t.Run("unnamed", func(t *testing.T) { refuses(t, "", "names no file") })
}

// Kubernetes mounts a Secret with mode 0400, or with 0440 if the pod has an fsGroup.
func TestOpenAcceptsAFileThatOnlyItsOwnerAndGroupCanRead(t *testing.T) {
	good := read(t, create(t))
	for _, mode := range []os.FileMode{0o400, 0o440, 0o600, 0o640} {
		if _, err := sealing.Open(file(t, good, mode), sealing.Options{}); err != nil {
			t.Errorf("mode %04o: Open returned %v", mode, err)
		}
	}
}

func refuses(t *testing.T, path, want string) {
	t.Helper()
	_, err := sealing.Open(path, sealing.Options{})
	if err == nil {
		t.Fatal("Open accepted an invalid file")
	}
	text := err.Error()
	if !strings.HasPrefix(text, "SEALING_KEYSET_FILE: ") || !strings.Contains(text, want) ||
		strings.Contains(text, "\n") {
		t.Errorf("error %q, want one line with the setting and %q", text, want)
	}
	if strings.Contains(text, "canary") {
		t.Errorf("error %q contains content of the file", text)
	}
}

// If a keyset is formatted with any verb, or encoded as JSON, the output must not contain a key.
func TestNothingPrintsTheKey(t *testing.T) {
	path := create(t)
	k := open(t, path, sealing.Options{})
	key := keyBytes(t, path)
	traces := []string{
		base64.StdEncoding.EncodeToString(key), fmt.Sprintf("%x", key), fmt.Sprint(key),
		strings.Trim(fmt.Sprintf("%#v", key), "[]byte{}"),
	}
	holder := struct {
		s ports.Sealer
		k *sealing.Keyset
	}{k, k}
	for _, value := range []any{k, holder, &holder, []any{k}, map[string]any{"k": k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown := fmt.Sprintf(verb, value)
			for _, trace := range traces {
				if strings.Contains(shown, trace) {
					t.Errorf("%s of a %T prints the key", verb, value)
				}
			}
		}
		if shown, err := json.Marshal(value); err == nil && strings.Contains(string(shown), traces[0]) {
			t.Errorf("JSON of a %T contains the key", value)
		}
	}
}

func FuzzKeysetFile(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "seed")
	if err := sealing.Create(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{good, good[:40], []byte(`{}`), []byte(`{"primaryKeyId":1,"key":[{}]}`), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := sealing.Open(path, sealing.Options{})
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "SEALING_KEYSET_FILE: ") || strings.Contains(text, "\n") {
				t.Errorf("error %q", text)
			}
			return
		}
		sealed, err := k.Seal(tenant, connection, credential)
		if err != nil {
			t.Fatalf("an accepted keyset does not seal: %v", err)
		}
		if opened, err := k.Open(tenant, connection, sealed); err != nil || !opened.Equal(credential) ||
			k.NeedsReseal(sealed) {
			t.Errorf("an accepted keyset does not open what it sealed: %v", err)
		}
	})
}

func create(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyset.json")
	if err := sealing.Create(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string, opts sealing.Options) *sealing.Keyset {
	t.Helper()
	k, err := sealing.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func file(t *testing.T, content []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func clearKeyset(t *testing.T, template *tinkpb.KeyTemplate) []byte {
	t.Helper()
	handle, err := keyset.NewHandle(template)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&content)); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}

// keyBytes returns the AES key of a keyset file: the last 32 bytes of the protobuf value of its first
// key.
func keyBytes(t *testing.T, path string) []byte {
	t.Helper()
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(read(t, path))))
	if err != nil {
		t.Fatal(err)
	}
	value := insecurecleartextkeyset.KeysetMaterial(handle).GetKey()[0].GetKeyData().GetValue()
	return value[len(value)-32:]
}
