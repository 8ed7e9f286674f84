package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// workflows returns the paths of the workflows, from the root of the repository.
func workflows(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yaml"))
	if err != nil || len(names) < 2 {
		t.Fatalf("workflows %v, %v", names, err)
	}
	return names
}

func TestTheWorkflowsPassActionlint(t *testing.T) {
	output(t, tool(t, "actionlint"), append([]string{"-shellcheck=", "-pyflakes="}, workflows(t)...)...)
}

// workflow is the part of a workflow that the tests check.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Steps       []struct {
			Uses, Run string
			With      map[string]any
		}
	}
}

func TestTheWorkflowsHaveOnlyThePermissionsThatTheyNeed(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	for _, path := range workflows(t) {
		var w workflow
		if err := yaml.Unmarshal([]byte(readFile(t, ".github", "workflows", filepath.Base(path))), &w); err != nil {
			t.Fatal(err)
		}
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s gives every job the permissions %v", path, w.Permissions)
		}
		for name, job := range w.Jobs {
			if job.Permissions["contents"] == "" || job.Timeout == 0 {
				t.Errorf("%s: the job %s has no permissions or no timeout", path, name)
			}
			for permission, value := range job.Permissions {
				if value == "write" && name != "release" {
					t.Errorf("%s: the job %s may write %s", path, name, permission)
				}
			}
			for _, step := range job.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s: %s is not pinned by commit", path, step.Uses)
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: the job %s keeps the credentials of the checkout", path, name)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: the job %s inserts an expression into a script: %s", path, name, step.Run)
				}
			}
		}
	}
}

// release is the part of .goreleaser.yaml that the tests check. The workflow ci.yaml checks the whole file.
type release struct {
	Version int
	Builds  []struct {
		Env, Goos, Goarch, Flags, Ldflags []string
		Timestamp                         string `yaml:"mod_timestamp"`
	}
	Sboms   []struct{ Artifacts string }
	Signs   []struct{ Artifacts, Cmd string }
	Dockers []struct {
		Dockerfile string
		Platforms  []string
		Extra      []string          `yaml:"extra_files"`
		Args       map[string]string `yaml:"build_args"`
		SBOM       bool
	} `yaml:"dockers_v2"`
	DockerSigns []struct{ Artifacts, Cmd string } `yaml:"docker_signs"`
	Checksum    struct{ Algorithm string }
}

func TestAReleaseIsReproducibleAndSigned(t *testing.T) {
	var r release
	if err := yaml.Unmarshal([]byte(readFile(t, ".goreleaser.yaml")), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Builds) != 1 || len(r.Dockers) != 1 {
		t.Fatalf("%d builds and %d images", len(r.Builds), len(r.Dockers))
	}
	build, image := r.Builds[0], r.Dockers[0]
	want := [][]string{
		{"linux", "darwin", "windows"}, {"amd64", "arm64"}, {"CGO_ENABLED=0"}, {"-trimpath", "-buildvcs=false"},
	}
	if diff := cmp.Diff(want, [][]string{build.Goos, build.Goarch, build.Env, build.Flags}); diff != "" {
		t.Errorf("build (-want +got):\n%s", diff)
	}
	if build.Timestamp != "{{ .CommitTimestamp }}" || !slices.Contains(build.Ldflags, "-s -w -buildid=") {
		t.Errorf("the build depends on its time or place: %+v", build)
	}
	if !strings.Contains(strings.Join(build.Ldflags, " "), "compose.version={{ .Version }}") {
		t.Errorf("the binary would not know its version: %v", build.Ldflags)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, image.Platforms); diff != "" {
		t.Errorf("platforms of the image (-want +got):\n%s", diff)
	}
	if image.Args["BINARY"] != "prebuilt" || !image.SBOM {
		t.Errorf("image %+v", image)
	}
	for _, path := range append(image.Extra, image.Dockerfile) {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	if len(r.Sboms) == 0 || len(r.Signs) == 0 || len(r.DockerSigns) == 0 || r.Checksum.Algorithm != "sha256" {
		t.Errorf("not everything has a bill of materials and a signature: %+v", r)
	}
}

// The README must name the files, the image and the chart as a release publishes them.
func TestTheInstallLinesOfTheREADMENameWhatAReleasePublishes(t *testing.T) {
	var r struct {
		Project  string `yaml:"project_name"`
		Archives []struct {
			Name string `yaml:"name_template"`
		}
		Checksum struct {
			Name string `yaml:"name_template"`
		}
		Dockers []struct{ Images []string } `yaml:"dockers_v2"`
	}
	if err := yaml.Unmarshal([]byte(readFile(t, ".goreleaser.yaml")), &r); err != nil {
		t.Fatal(err)
	}
	chart := regexp.MustCompile(`helm push .* (oci://\S+)`).FindStringSubmatch(
		readFile(t, ".github", "workflows", "release.yaml"))
	if len(r.Archives) != 1 || len(r.Dockers) != 1 || len(r.Dockers[0].Images) != 1 || chart == nil {
		t.Fatalf("%+v, chart %v", r, chart)
	}
	archive := strings.NewReplacer("{{ .ProjectName }}", r.Project, "{{ .Version }}", "${version}",
		"{{ .Os }}", "linux", "{{ .Arch }}", "amd64").Replace(r.Archives[0].Name)
	readme := readFile(t, "README.md")
	for _, want := range []string{
		archive + ".tar.gz", r.Checksum.Name, r.Dockers[0].Images[0] + ":$version", chart[1] + "/" + r.Project,
	} {
		if !strings.Contains(readme, want) {
			t.Errorf("the README does not contain %s", want)
		}
	}
}

func TestTheReleaseNotesAreTheSectionOfTheVersion(t *testing.T) {
	changelog := filepath.Join(t.TempDir(), "CHANGELOG.md")
	text := "# Changelog\n\n## [Unreleased]\n\n- later\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- this\n\n" +
		"## [1.1.0] - 2026-01-01\n\n- before\n\n## [1.0.0]\n\n[1.2.0]: https://example.com\n"
	if err := os.WriteFile(changelog, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{
		"1.2.0": "\n### Added\n\n- this\n", "1.1.0": "\n- before\n", "1.0.0": "", "1.2": "", "9.9.9": "",
	} {
		cmd := exec.Command("sh", ".github/release-notes.sh", version)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CHANGELOG="+changelog)
		printed, err := cmd.Output()
		if string(printed) != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, want %q; %v", version, printed, want, err)
		}
	}
}

func TestDependenciesOfEveryKindAreUpdated(t *testing.T) {
	var file struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, ".github", "dependabot.yml")), &file); err != nil {
		t.Fatal(err)
	}
	manifests := map[string]string{
		"gomod": "go.mod", "npm": "package.json", "docker": "Dockerfile", "docker-compose": "compose.yaml",
		"github-actions": ".github/workflows",
	}
	for _, update := range file.Updates {
		for _, folder := range append(update.Directories, update.Directory) {
			if folder == "" {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, folder, manifests[update.Ecosystem])); err != nil {
				t.Errorf("%s: %v", update.Ecosystem, err)
			}
		}
		delete(manifests, update.Ecosystem)
	}
	if len(manifests) > 0 {
		t.Errorf("nothing updates %v", manifests)
	}
}
