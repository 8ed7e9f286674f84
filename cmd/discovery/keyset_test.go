package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readKeyset returns the number of keys in a keyset file, and the id of the primary key.
func readKeyset(t *testing.T, file string) (keys int, primary uint32) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var keyset struct {
		PrimaryKeyID uint32            `json:"primaryKeyId"`
		Key          []json.RawMessage `json:"key"`
	}
	if err := json.Unmarshal(raw, &keyset); err != nil {
		t.Fatal(err)
	}
	return len(keyset.Key), keyset.PrimaryKeyID
}

func TestOnlyTheOwnerCanReadACreatedKeyset(t *testing.T) {
	file, env := filepath.Join(t.TempDir(), "keyset.json"), environment(t)
	if code, _, stderr := program(t, env, "keyset", "create", file); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	_, before := readKeyset(t, file)
	if code, _, _ := program(t, env, "keyset", "create", file); code != exitFailure {
		t.Errorf("creating the keyset a second time exits with %d", code)
	}
	if _, after := readKeyset(t, file); after != before {
		t.Error("creating the keyset a second time overwrote the file")
	}
}

// With --if-missing, a second run must succeed and keep the existing keyset, because an init container runs the
// command at every start.
func TestAKeysetIsCreatedOnceWithIfMissing(t *testing.T) {
	file, env := filepath.Join(t.TempDir(), "keyset.json"), environment(t)
	if code, stdout, stderr := program(t, env, "keyset", "create", "--if-missing", file); code != 0 {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	_, before := readKeyset(t, file)
	code, stdout, stderr := program(t, env, "keyset", "create", "--if-missing", file)
	if _, after := readKeyset(t, file); code != 0 || stdout != "kept "+file+"\n" || after != before {
		t.Errorf("the second time it exits with %d and prints %q %q", code, stdout, stderr)
	}
}

// The errors must name the argument and not the setting, because the command does not use the setting. The setting may
// even be valid, or unset.
func TestAnErrorOfAKeysetFileNamesTheArgument(t *testing.T) {
	there := filepath.Join(t.TempDir(), "no-keyset.json")
	if err := os.WriteFile(there, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no file to rotate":        {"rotate", there + "-not"},
		"the file is not a keyset": {"rotate", there},
		"the file exists":          {"create", there},
	} {
		code, _, stderr := program(t, environment(t), append([]string{"keyset"}, args...)...)
		if code != exitFailure || !strings.HasPrefix(stderr, "discovery: FILE: ") ||
			strings.Contains(stderr, "SEALING_") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit %d, stderr %q", name, code, stderr)
		}
	}
}

func TestKeysetRotates(t *testing.T) {
	for name, test := range map[string]struct {
		steps   [][]string
		keys    int
		rotated bool // whether the primary key changed
		last    int  // exit code of the last command
	}{
		"at once":                      {[][]string{{}}, 2, true, 0},
		"at once, with both flags":     {[][]string{{"--add", "--promote"}}, 2, true, 0},
		"in two steps, the first":      {[][]string{{"--add"}}, 2, false, 0},
		"in two steps, both":           {[][]string{{"--add"}, {"--promote"}}, 2, true, 0},
		"nothing to promote":           {[][]string{{"--promote"}}, 1, false, exitFailure},
		"a second key while one waits": {[][]string{{"--add"}, {"--add"}}, 2, false, exitFailure},
		"repeatedly":                   {[][]string{{}, {}}, 3, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			env := withKeyset(t, environment(t))
			file, _ := env("SEALING_KEYSET_FILE")
			_, before := readKeyset(t, file)
			code := 0
			for _, flags := range test.steps {
				code, _, _ = program(t, env, append([]string{"keyset", "rotate", file}, flags...)...)
			}
			keys, after := readKeyset(t, file)
			if code != test.last || keys != test.keys || (after != before) != test.rotated {
				t.Errorf("exit %d with %d keys, primary changed: %v; want %+v", code, keys, after != before, test)
			}
		})
	}
}
