package deploy_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

// composeFile is the part of deploy/compose.yaml that the tests check.
type composeFile struct {
	Services map[string]struct {
		Image, User string
		Command     []string
		Environment map[string]string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Secrets     []string
		Ports       []string
		Healthcheck struct {
			Test    []string
			Disable bool
		}
		DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	Secrets map[string]struct{ File string }
}

func readCompose(t *testing.T) (file composeFile) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readFile(t, "deploy", "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEveryComposeServiceIsRestricted(t *testing.T) {
	numeric := regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)
	for name, s := range readCompose(t).Services {
		if !s.ReadOnly || !numeric.MatchString(s.User) || !slices.Contains(s.CapDrop, "ALL") ||
			!slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s has too many privileges: %+v", name, s)
		}
		if !s.Healthcheck.Disable && s.Healthcheck.Test == nil && name != "discovery" {
			t.Errorf("%s would have the health check of the image, which asks the service", name)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s listens on every interface: %s", name, port)
			}
		}
		for variable, value := range s.Environment {
			if strings.Contains(value, "://") && strings.Contains(value, "@") || secretName.MatchString(variable) {
				t.Errorf("%s has a secret in the variable %s", name, variable)
			}
		}
	}
}

// secretName matches the names of variables whose value is the secret itself, not the path of a file that contains it.
var secretName = regexp.MustCompile(`(PASSWORD|SECRET|AUTHORIZATION|DATABASE_URL)$`)

func TestComposeStartsTheServiceAfterItsPreparation(t *testing.T) {
	got := map[string]string{}
	for name, dependency := range readCompose(t).Services["discovery"].DependsOn {
		got[name] = dependency.Condition
	}
	want := map[string]string{
		"postgres": "service_healthy", "keyset": "service_completed_successfully",
		"migrate": "service_completed_successfully", "simulators": "service_started",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
}

func TestTheScriptCreatesTheSecretsOfCompose(t *testing.T) {
	folder := createSecrets(t)
	file := readCompose(t)
	var want []string
	for name, secret := range file.Secrets {
		want = append(want, name)
		if secret.File != "./secrets/"+name {
			t.Errorf("the secret %s is in %s", name, secret.File)
		}
	}
	for name, s := range file.Services {
		for _, secret := range s.Secrets {
			if !slices.Contains(want, secret) {
				t.Errorf("%s uses the secret %s, which is not defined", name, secret)
			}
		}
	}
	got := contents(t, folder)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
	output(t, "sh", "deploy/compose-secrets.sh", folder)
	if diff := cmp.Diff(got, contents(t, folder)); diff != "" {
		t.Error("the script changed existing secrets")
	}
}

// createSecrets runs the script and returns the folder with the secrets.
func createSecrets(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "secrets")
	output(t, "sh", "deploy/compose-secrets.sh", folder)
	return folder
}

// contents returns the content of every file in a folder.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name := range filesOf(t, folder) {
		if name == "." {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(content)
	}
	return all
}

// TestTheComposeServicesStart checks that the commands of the compose file run on this machine, with the settings of
// the compose file except for paths, addresses and the database.
func TestTheComposeServicesStart(t *testing.T) {
	services, secrets, data := readCompose(t).Services, createSecrets(t), t.TempDir()
	here := strings.NewReplacer(
		"/run/secrets/", secrets+"/", "/data/", data+"/", "0.0.0.0:4031", "127.0.0.1:0", "0.0.0.0:4032", "127.0.0.1:0",
		"0.0.0.0:4033", "127.0.0.1:0",
	)
	database := []byte("sqlite://" + filepath.Join(data, "discovery.db") + "\n")
	if err := os.WriteFile(filepath.Join(secrets, "database-url"), database, 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(name string) *exec.Cmd {
		s := services[name]
		if len(s.Command) == 0 {
			s.Command = []string{"serve"}
		}
		args := strings.Split(here.Replace(strings.Join(s.Command, "\n")), "\n")
		cmd := exec.Command(binary(t), args...)
		for variable, value := range s.Environment {
			cmd.Env = append(cmd.Env, variable+"="+here.Replace(value))
		}
		cmd.Env = append(cmd.Env, "SERVER_ADDRESS=127.0.0.1:0", "ADMIN_ADDRESS=127.0.0.1:0")
		return cmd
	}
	// the commands must also succeed a second time, because each start of the services runs them again
	for _, name := range []string{"keyset", "migrate", "keyset", "migrate"} {
		if printed, err := command(name).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, printed)
		}
	}
	address := start(t, command("discovery"))
	health := exec.Command(binary(t), "health")
	health.Env = []string{"SERVER_ADDRESS=" + address}
	if printed, err := health.CombinedOutput(); err != nil {
		t.Errorf("health: %v: %s", err, printed)
	}
}

// The settings must be known and valid, and only DATABASE_URL may cause a warning about a risk.
func TestTheComposeSettingsAreValid(t *testing.T) {
	secrets := createSecrets(t)
	env := readCompose(t).Services["discovery"].Environment
	lookup := func(name string) (string, bool) {
		value, set := env[name]
		return strings.ReplaceAll(value, "/run/secrets", secrets), set
	}
	config, err := configs.Load(lookup, compose.Vendors())
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range config.Warnings(lookup, slices.Collect(maps.Keys(env))) {
		if warning.Setting != "DATABASE_URL" { // PostgreSQL has no TLS inside the network of the containers
			t.Errorf("%s %s", warning.Setting, warning.Problem)
		}
	}
	if !config.Egress.AllowHTTP || config.DatabaseMigrate || !config.IsDevelopment() {
		t.Errorf("settings %+v", config)
	}
}
