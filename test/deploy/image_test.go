package deploy_test

import (
	"bufio"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// imageConfig is the part of an image's configuration that the tests check.
type imageConfig struct {
	User, WorkingDir, StopSignal string
	Env, Entrypoint, Cmd         []string
	Healthcheck                  struct {
		Test              []string
		Interval, Timeout time.Duration
	}
	Labels map[string]string
}

// buildah runs buildah with its own storage, which is removed at the end of the test.
type buildah struct {
	t     *testing.T
	flags []string
}

// newBuildah returns a buildah with its own storage. It skips the test if buildah cannot run on this machine.
func newBuildah(t *testing.T) buildah {
	t.Helper()
	if _, err := exec.LookPath("buildah"); err != nil || os.Getuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("the image is built only as root on Linux, with buildah")
	}
	folder := t.TempDir()
	b := buildah{t, []string{
		"--storage-driver", "vfs", "--root", filepath.Join(folder, "root"), "--runroot", filepath.Join(folder, "run"),
	}}
	if printed, err := exec.Command("buildah", append(b.flags, "info")...).CombinedOutput(); err != nil {
		t.Skipf("buildah cannot run here: %v: %s", err, printed)
	}
	return b
}

// run runs one buildah command and returns the last line that the command prints.
func (b buildah) run(args ...string) string {
	b.t.Helper()
	lines := strings.Split(strings.TrimSpace(output(b.t, "buildah", append(b.flags, args...)...)), "\n")
	return lines[len(lines)-1]
}

// config returns the configuration of an image.
func (b buildah) config(image string) imageConfig {
	b.t.Helper()
	var found struct{ Config imageConfig }
	text := b.run("inspect", "--type", "image", "--format", "{{.Config}}", image)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatalf("%v: %s", err, text)
	}
	return found.Config
}

// buildImage builds the image from a binary that is compiled outside of the image, as in a release. It returns the id
// of the image.
func (b buildah) buildImage() string {
	b.t.Helper()
	folder := b.buildContext()
	return b.run("bud", "--isolation", "chroot", "--format", "docker", "--quiet", "--platform", platform,
		"--build-arg", "BINARY=prebuilt", "--build-arg", "VERSION="+imageVersion, "--build-arg", "REVISION=0123abc",
		"--file", "deploy/Dockerfile", folder)
}

// buildContext returns a folder with the binary and the files of the image.
func (b buildah) buildContext() string {
	b.t.Helper()
	binary(b.t)
	folder := b.t.TempDir()
	for name, source := range map[string]string{".": built.folder, "deploy": filepath.Join(root, "deploy")} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(source)); err != nil {
			b.t.Fatal(err)
		}
	}
	return folder
}

// compileStage matches the stage that compiles the binary. It needs a network.
var compileStage = regexp.MustCompile(`(?s)FROM [^\n]* AS compile\n.*?\n\n`)

// The image must be built without build arguments. buildah 1.28, the version in Debian, cannot find a stage if its
// name is only the default value of an argument.
func TestTheImageIsCompiledWithoutArguments(t *testing.T) {
	b := newBuildah(t)
	folder := b.buildContext()
	file := filepath.Join(folder, "deploy", "Dockerfile")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stage := "FROM scratch AS compile\nCOPY " + platform + "/discovery /discovery\n\n"
	changed := compileStage.ReplaceAllString(string(text), stage)
	if changed == string(text) {
		t.Fatal("the Dockerfile has no stage that compiles the binary")
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if image := b.run("bud", "--isolation", "chroot", "--quiet", "--file", file, folder); image == "" {
		t.Error("no image was built")
	}
}

// The service must run as the user that the image defines, in a file system that contains only the files of the image.
func TestTheImageServes(t *testing.T) {
	b := newBuildah(t)
	image := b.buildImage()
	config := b.config(image)
	folder := b.run("mount", b.run("from", image))
	// the folder of t.TempDir is accessible only to root
	if err := os.Chmod(filepath.Dir(b.flags[3]), 0o755); err != nil {
		t.Fatal(err)
	}
	before := filesOf(t, folder)

	c := container{t, folder, config, map[string]string{
		"DATABASE_URL": "sqlite:///data/discovery.db", "SEALING_KEYSET_FILE": "/data/keyset.json",
		"PUBLIC_URL": "https://api.example.com", "AUTH_JWT_SECRET": strings.Repeat("secret", 8),
		"SERVER_ADDRESS": "127.0.0.1:0", "ADMIN_ADDRESS": "127.0.0.1:0",
	}}
	c.run("keyset", "create", "/data/keyset.json")
	c.env["SERVER_ADDRESS"] = start(t, c.command(config.Cmd...))
	if printed := c.run(config.Healthcheck.Test[2:]...); printed != "ready\n" {
		t.Errorf("the health check printed %q", printed)
	}
	if version := c.run("version"); version != imageVersion+"\n" {
		t.Errorf("version %q", version)
	}
	for name := range filesOf(t, folder) {
		if !before[name] && !strings.HasPrefix(name, "data/") {
			t.Errorf("the service wrote %s, which a read-only file system would refuse", name)
		}
	}
	if len(before) > 10 {
		t.Errorf("the image has more files than expected: %v", before)
	}
}

func TestTheImageIsConfiguredForANonRootUser(t *testing.T) {
	b := newBuildah(t)
	config := b.config(b.buildImage())
	want := imageConfig{
		User: "65532:65532", WorkingDir: "/data", StopSignal: "SIGTERM", Env: []string{"PATH=/usr/local/bin"},
		Entrypoint: []string{"discovery"}, Cmd: []string{"serve"},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "discovery",
			"org.opencontainers.image.description": "Open Finance aggregator connections for a reconciliation engine",
			"org.opencontainers.image.source":      "https://github.com/LerianStudio/aggregator-connections",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.version":     imageVersion,
			"org.opencontainers.image.revision":    "0123abc",
		},
	}
	want.Healthcheck.Test = []string{"CMD", "discovery", "health"}
	want.Healthcheck.Interval, want.Healthcheck.Timeout = 10*time.Second, 5*time.Second
	delete(config.Labels, "io.buildah.version")
	if diff := cmp.Diff(want, config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

// container runs commands of an image whose file system is mounted at folder.
type container struct {
	t      *testing.T
	folder string
	config imageConfig
	env    map[string]string
}

// command returns the command that consists of the image's entrypoint and args.
func (c container) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join("/usr/local/bin", c.config.Entrypoint[0]), args...)
	cmd.Dir, cmd.Env = c.config.WorkingDir, c.config.Env
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: c.folder, Credential: &syscall.Credential{Uid: 65532, Gid: 65532},
	}
	return cmd
}

// run runs a command and returns what it prints.
func (c container) run(args ...string) string {
	c.t.Helper()
	printed, err := c.command(args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v: %v: %s", args, err, printed)
	}
	return string(printed)
}

// start starts a server process, waits until it listens, and returns its address. The process is stopped at the end of
// the test, and must then exit with the code 0.
func start(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, lines := make(chan string, 1), make(chan string, 1)
	go follow(log, address, lines)
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		printed := <-lines
		if err := cmd.Wait(); err != nil {
			t.Errorf("the service ended with %v:\n%s", err, printed)
		}
	})
	found, listening := <-address
	if !listening {
		t.Fatal("the service did not listen")
	}
	return found
}

// follow reads the log of a process until the process ends. When the process begins to listen, follow sends its address
// to the first channel. When the process has ended, follow closes that channel and sends all lines to the second
// channel.
func follow(log io.Reader, address, lines chan<- string) {
	var all strings.Builder
	for scanner := bufio.NewScanner(log); scanner.Scan(); {
		var entry struct{ Message, Address string }
		all.WriteString(scanner.Text() + "\n")
		if json.Unmarshal(scanner.Bytes(), &entry) == nil && entry.Message == "serving" {
			address <- entry.Address
		}
	}
	close(address)
	lines <- all.String()
}

// filesOf returns the paths of all files and folders below a folder.
func filesOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files := map[string]bool{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, _ fs.DirEntry, err error) error {
		files[name] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
