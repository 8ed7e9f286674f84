package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
)

// debianBin is the pattern of the folders in which Debian and its derivatives install the server, one per
// version.
const debianBin = "/usr/lib/postgresql/*/bin"

// binaries returns the folder that contains initdb and postgres. If no server is installed and the process
// runs as root, it installs Debian's package.
func binaries() (string, error) {
	if bin := installed(); bin != "" {
		return bin, nil
	}
	if err := install("postgresql", func() bool { return installed() != "" }); err != nil {
		return "", fmt.Errorf("no PostgreSQL server under %s nor in PATH: %w", debianBin, err)
	}
	if bin := installed(); bin != "" {
		return bin, nil
	}
	return "", errors.New("the package postgresql was installed, but contains no server")
}

// installed returns the folder of the newest installed version, or "" if there is none.
func installed() string {
	found, _ := filepath.Glob(filepath.Join(debianBin, "postgres"))
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(versionOf(b), versionOf(a)) })
	if len(found) > 0 {
		return filepath.Dir(found[0])
	}
	if inPath, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(inPath)
	}
	return ""
}

func versionOf(postgres string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(postgres))))
	return version
}

// poolerBinary returns the path of PgBouncer. If it is not installed and the process runs as root, it installs
// Debian's package.
func poolerBinary() (string, error) {
	if path := installedPooler(); path != "" {
		return path, nil
	}
	if err := install("pgbouncer", func() bool { return installedPooler() != "" }); err != nil {
		return "", fmt.Errorf("no pgbouncer in PATH: %w", err)
	}
	if path := installedPooler(); path != "" {
		return path, nil
	}
	return "", errors.New("the package pgbouncer was installed, but contains no pgbouncer")
}

// installedPooler returns the path of PgBouncer, or "" if it is not installed. Debian installs it in a folder that
// is not in the PATH of every user.
func installedPooler() string {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// install installs the named Debian package with apt-get. It does nothing if isInstalled returns true. It holds a lock
// during the installation, so that the test binaries of several packages do not compete for dpkg's own lock.
func install(name string, isInstalled func() bool) error {
	if os.Geteuid() != 0 {
		return errors.New("install the package " + name + ", or for a server set " + envURL)
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return errors.New("there is no apt-get; install the package " + name + ", or for a server set " + envURL)
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "pgtest-install.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if isInstalled() {
		return nil
	}
	for _, args := range [][]string{{"update"}, {"install", "-y", name}} {
		cmd := exec.Command(apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, said)
		}
	}
	return nil
}

// runAs returns the user that the server must run as: nil for the current user. If the current user is
// root, it returns another user, because the server refuses to run as root.
func runAs() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("the server refuses root, and there is neither a user postgres nor nobody")
}

// prepare creates the data directory, owned by the server's user, and returns its path. If the directory does not
// contain a database cluster yet, prepare calls initialise.
func prepare(bin string, o Options, credential *syscall.Credential) (string, error) {
	dir := o.Dir
	if dir == "" {
		create := datadir.Create
		if o.Fsync {
			create = datadir.CreateOnDisk
		}
		parent, err := create()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(parent, "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "PG_VERSION")); err == nil {
		return dir, nil
	}
	if err := createFor(credential, dir); err != nil {
		return "", err
	}
	return dir, initialise(bin, dir, credential)
}

// createFor creates a folder that belongs to the server's user.
func createFor(credential *syscall.Credential, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil || credential == nil {
		return err
	}
	return os.Chown(dir, int(credential.Uid), int(credential.Gid))
}

// initialise runs initdb. If the build supports ICU, the default collation is a linguistic one, as in
// production. A column that must be sorted by bytes therefore has to declare its collation.
func initialise(bin, dir string, credential *syscall.Credential) error {
	common := []string{"-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"}
	language := append(slices.Clone(common), "--locale-provider=icu", "--icu-locale=en-US")
	if err := initdb(bin, dir, credential, language); err == nil {
		return nil
	}
	return initdb(bin, dir, credential, common)
}

func initdb(bin, dir string, credential *syscall.Credential, args []string) error {
	cmd := exec.Command(filepath.Join(bin, "initdb"), args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, said)
	}
	return nil
}
