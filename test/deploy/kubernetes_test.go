package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// everythingFile has a value for every optional part of the chart.
const everythingFile = "test/deploy/testdata/everything.yaml"

// excluded are the values that are not in everythingFile, because they exclude others. The test below sets them.
var excluded = []string{"trust.secret", "auth.jwtSecret.existingSecret", "image.tag"}

// TestKubernetesAcceptsTheObjects renders the chart in different ways, and lets the types of Kubernetes read the
// objects. It is skipped if the module proxy does not have these types.
func TestKubernetesAcceptsTheObjects(t *testing.T) {
	reader := buildReader(t)
	all := []string{"--values", everythingFile}
	for name, args := range map[string][]string{
		"default values": nil,
		"everything":     all,
		"alternatives": append(all, "--set", "trust.configMap=,trust.secret=roots,auth.jwtSecret.existingSecret=jwt,"+
			"image.digest=,image.tag=1.2.3,migration.serviceAccountName=,networkPolicy.restrictEgress=false,"+
			"autoscaling.enabled=false,podDisruptionBudget.maxUnavailable=50%"),
		"nothing": {"--set", "migration.enabled=false,metrics.enabled=false,networkPolicy.enabled=false," +
			"podDisruptionBudget.enabled=false,serviceAccount.create=false"},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := output(
				t,
				tool(t, "helm"),
				append([]string{"template", "rel", "deploy/helm", "--set", publicURL}, args...)...)
			if out, err := readObjects(t, reader, rendered); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	// The types must also refuse something.
	for name, replace := range map[string][2]string{
		"an unknown member":   {"serviceAccountName:", "serviceAcountName:"},
		"a text for a number": {"backoffLimit: 3", `backoffLimit: "3"`},
		"a missing volume":    {"- name: tmp\n", "- name: temporary\n"},
		"an invalid label":    {"app.kubernetes.io/component: server", "app.kubernetes.io/component: a server"},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := output(t, tool(t, "helm"), "template", "rel", "deploy/helm", "--set", publicURL)
			changed := strings.ReplaceAll(rendered, replace[0], replace[1])
			if changed == rendered {
				t.Fatalf("the objects have no %q", replace[0])
			}
			if _, err := readObjects(t, reader, changed); err == nil {
				t.Error("the objects are accepted")
			}
		})
	}
}

// buildReader builds the program that reads objects, and returns its path.
func buildReader(t *testing.T) string {
	t.Helper()
	run := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = "kubernetes"
		return cmd.CombinedOutput()
	}
	if out, err := run("mod", "download"); err != nil {
		t.Skipf("the types of Kubernetes cannot be downloaded: %v\n%s", err, out)
	}
	program := filepath.Join(t.TempDir(), "objects.test")
	if out, err := run("test", "-c", "-o", program, "."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// readObjects lets the program read rendered objects.
func readObjects(t *testing.T, program, rendered string) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, []byte(rendered), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "CHART_OBJECTS="+file)
	return cmd.CombinedOutput()
}

// Each value of the chart that is empty or false by default must be in everythingFile, so that the test above does not
// miss a new part of the chart.
func TestEverythingSetsEveryOptionalValue(t *testing.T) {
	read := func(path string) (values map[string]any) {
		if err := yaml.Unmarshal([]byte(readFile(t, path)), &values); err != nil {
			t.Fatal(err)
		}
		return values
	}
	var compare func(path string, defaults, all map[string]any)
	compare = func(path string, defaults, all map[string]any) {
		for name, value := range defaults {
			path := strings.TrimPrefix(path+"."+name, ".")
			inner, isMap := value.(map[string]any)
			switch set, isSet := all[name]; {
			case isMap && len(inner) > 0:
				below, _ := set.(map[string]any)
				compare(path, inner, below)
			case !isSet && isEmpty(value) && !slices.Contains(excluded, path):
				t.Errorf("%s does not set %s", everythingFile, path)
			}
		}
	}
	compare("", read("deploy/helm/values.yaml"), read(everythingFile))
}

// isEmpty reports whether a value of the chart means that a part is omitted.
func isEmpty(value any) bool {
	v := reflect.ValueOf(value)
	return !v.IsValid() || v.IsZero() || (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0
}
