package evidence

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nodeVerifier is the path of a second verifier, which shares no code with package verify.
const nodeVerifier = "../../examples/node/verify-evidence.mjs"

// judge is a Node.js script. It reads evidence packs and changes of their bytes from a file. It verifies each pack
// unchanged, and then once with each change. For each pack, it prints the error about the unchanged pack, and the
// changes that the verifier did not detect.
const judge = `
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const { verify } = await import(pathToFileURL(process.argv[2]).href);
const fault = (pack, key) => {
  try {
    verify(pack, key);
    return '';
  } catch (e) {
    return e.message;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(process.argv[3])).map(({ pack, key, changes }) => {
  const bytes = Buffer.from(pack, 'base64');
  const accepted = (changes ?? []).filter(({ position, value }) => {
    const before = bytes[position];
    bytes[position] = value;
    const text = fault(bytes, key);
    bytes[position] = before;
    return text === '';
  });
  return { fault: fault(bytes, key), accepted };
})));
`

// judged is one evidence pack in the input of the script judge, with the changes to try.
type judged struct {
	Pack    []byte   `json:"pack"`
	Key     string   `json:"key"`
	Changes []change `json:"changes"`
}

// judgement is the output of the script judge for one evidence pack.
type judgement struct {
	Fault    string   `json:"fault"`
	Accepted []change `json:"accepted"`
}

func judgeWithNode(t *testing.T, packs []judged) (judgements []judgement) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed")
	}
	verifier, err := filepath.Abs(nodeVerifier)
	must(t, err)
	text, err := json.Marshal(packs)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), node, write(t, "judge.mjs", []byte(judge)), verifier,
		write(t, "packs.json", text))
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	must(t, err)
	must(t, json.Unmarshal(output, &judgements))
	return judgements
}

func TestTheSecondVerifierHasAtMost200Lines(t *testing.T) {
	text, err := os.ReadFile(nodeVerifier)
	must(t, err)
	if n := strings.Count(string(text), "\n"); n > 200 {
		t.Errorf("it has %d lines", n)
	}
}

// The second verifier must accept each unchanged pack, and refuse each pack in which one byte is changed.
func TestTheSecondVerifierAgrees(t *testing.T) {
	var packs []judged
	for _, p := range periods {
		e := evidenceOf(t, p)
		packs = append(packs, judged{Pack: packOf(t, e), Key: e.Key})
	}
	evidences, texts, changes := changedPacks(t)
	for i, e := range evidences {
		packs = append(packs, judged{texts[i], e.Key, changes[i]})
	}
	for i, j := range judgeWithNode(t, packs) {
		if j.Fault != "" || len(j.Accepted) > 0 {
			t.Errorf("pack %d: %q; accepted changes: %v", i, j.Fault, j.Accepted)
		}
	}
	good := evidenceOf(t, closedPeriod{records: 12, size: 7, sequence: 3})
	others := contents(t, evidenceOf(t, closedPeriod{records: 13, size: 7, sequence: 3}))
	var wrong []judged
	var names []string
	for _, name := range []string{closeName, recordsName, versionsName, statementName, auditName, checkpointName} {
		all := contents(t, good)
		all[name] = others[name]
		wrong, names = append(wrong, judged{Pack: archiveOf(t, seed, all), Key: good.Key}), append(names, name)
	}
	for i, j := range judgeWithNode(t, wrong) {
		if j.Fault == "" {
			t.Errorf("%s of another pack is accepted", names[i])
		}
	}
}

// A program that is started through a symbolic link must not take itself for a module that another program imports: it
// would check nothing, and exit with 0.
func TestTheSecondVerifierChecksUnderEveryName(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed")
	}
	direct, err := filepath.Abs(nodeVerifier)
	must(t, err)
	link := filepath.Join(t.TempDir(), "link.mjs")
	must(t, os.Symlink(direct, link))
	e := evidenceOf(t, closedPeriod{records: 2, size: 3, sequence: 1})
	good, garbage := write(t, "good.zip", packOf(t, e)), write(t, "garbage.zip", []byte("garbage"))
	for _, verifier := range []string{direct, link} {
		if out, err := exec.CommandContext(t.Context(), node, verifier, good, e.Key).CombinedOutput(); err != nil {
			t.Errorf("%s refuses a good pack: %v %s", verifier, err, out)
		}
		if out, err := exec.CommandContext(t.Context(), node, verifier, garbage, e.Key).CombinedOutput(); err == nil {
			t.Errorf("%s accepts garbage: %s", verifier, out)
		}
	}
}
