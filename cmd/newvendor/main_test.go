package main

import (
	"bytes"
	"encoding/json"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vendorName is the name of the vendor that the tests create.
const vendorName = "zebrabank"

// newVendor creates the folder of a vendor below a temporary folder, and returns the temporary folder.
func newVendor(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "adapters", "aggregator"), 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := create(root, vendorName); err != nil {
		t.Fatal(err)
	}
	return root
}

// fillIn overwrites files in the vendor's folder with an adapter for a small API.
func fillIn(t *testing.T, root string) {
	t.Helper()
	toy := filepath.Join("testdata", "toy")
	err := filepath.WalkDir(toy, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(toy, path)
		if err != nil {
			return err
		}
		file := filepath.Join(root, "adapters", "aggregator", vendorName, target(relative, vendorName))
		return os.WriteFile(file, []byte(rename(string(text), vendorName)), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root, "adapters", "aggregator", vendorName, "towrite.go")); err != nil {
		t.Fatal(err)
	}
}

// overlay writes an overlay file and returns its path. With this file, the go command treats the Go files below root
// as files of this module.
func overlay(t *testing.T, root string) string {
	t.Helper()
	module, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	replaced := map[string]string{}
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		relative, err := filepath.Rel(root, path)
		replaced[filepath.Join(module, relative)] = path
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "overlay.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// goCommand runs the go command in the root folder of the module.
func goCommand(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// runConformance compiles the tests of the vendor, runs them, and returns their output.
func runConformance(t *testing.T, root string) (string, error) {
	t.Helper()
	program := filepath.Join(root, "conformance.test")
	goCommand(
		t, "test", "-c", "-vet=off", "-overlay", overlay(t, root), "-o", program, "./adapters/aggregator/"+vendorName,
	)
	cmd := exec.CommandContext(t.Context(), program, "-test.short")
	cmd.Dir = filepath.Join(root, "adapters", "aggregator", vendorName)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestAnEmptyAdapterFailsWithClearMessages(t *testing.T) {
	out, err := runConformance(t, newVendor(t))
	if err == nil {
		t.Error("the conformance tests of an empty adapter pass")
	}
	for _, want := range []string{
		"testdata/webhook/*.json has no events", vendorName + ": Check is to be written",
		vendorName + ": Accounts is to be written", vendorName + ": Read is to be written",
		vendorName + ": Parse is to be written",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not contain %q", want)
		}
	}
	if strings.Contains(out, "panic:") || strings.Contains(out, "--- PASS: TestConformance") || t.Failed() {
		t.Log(out)
	}
	if strings.Contains(out, "panic:") {
		t.Error("the conformance tests panic")
	}
}

func TestAFilledInAdapterPasses(t *testing.T) {
	root := newVendor(t)
	fillIn(t, root)
	if out, err := runConformance(t, root); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// insert copies a file of cmd/discovery to a folder below root. In the copy, lines maps a text of the file to the
// lines that are inserted after it.
func insert(t *testing.T, root, name string, lines map[string]string) {
	t.Helper()
	file := filepath.Join("cmd", "discovery", filepath.FromSlash(name))
	text, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	for after, added := range lines {
		if bytes.Count(text, []byte(after)) != 1 {
			t.Fatalf("%s does not contain %q once", file, after)
		}
		text = bytes.Replace(text, []byte(after), []byte(after+rename(added, vendorName)), 1)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, file), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A service with the lines that the command prints must compile with the new vendor.
func TestTheServiceCompilesWithTheVendor(t *testing.T) {
	root := newVendor(t)
	insert(t, root, "compose/vendors.go", map[string]string{
		"import (\n": composeImport, "return []vendor{\n": composeEntry,
	})
	insert(t, root, "sandbox.go", map[string]string{
		"\n\t\"github.com/spf13/cobra\"\n": sandboxImport, "return []simulator{\n": sandboxEntry,
	})
	goCommand(t, "build", "-overlay", overlay(t, root), "-o", os.DevNull, "./cmd/discovery")
	var out bytes.Buffer
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(filepath.Join("adapters", "aggregator"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{vendorName}, &out); err != nil {
		t.Fatal(err)
	}
	for _, lines := range []string{composeImport, composeEntry, sandboxImport, sandboxEntry} {
		if !strings.Contains(out.String(), rename(lines, vendorName)) {
			t.Errorf("the next steps do not contain %q", rename(lines, vendorName))
		}
	}
}

func TestTheFilesAreFormatted(t *testing.T) {
	for _, folder := range []string{"template", "testdata/toy"} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			formatted, err := format.Source(text)
			if err != nil || !bytes.Equal(text, formatted) {
				t.Errorf("%s is not formatted: %v", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyNewVendorsWithAValidNameAreCreated(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "adapters", "aggregator", "existing"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", "a", "Acme", "a-b", "../x", "1a", "a b", "func", "existing", strings.Repeat("a", 25),
	} {
		if _, err := create(root, name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	if err := run(nil, &bytes.Buffer{}); err == nil {
		t.Error("a missing name was accepted")
	}
}
