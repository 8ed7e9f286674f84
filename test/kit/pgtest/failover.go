package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// StartStandby starts a standby that follows the primary server by streaming replication. When it returns, every commit
// on the primary waits for the standby. Both servers need the option Fsync.
func StartStandby(primary *Server, o Options) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	credential, err := runAs()
	if err != nil {
		return nil, err
	}
	if err := createFor(credential, o.Dir); err != nil {
		return nil, err
	}
	copied := exec.Command(filepath.Join(bin, "pg_basebackup"),
		"-D", o.Dir, "-R", "-X", "stream", "-c", "fast", "--no-sync",
		"-d", fmt.Sprintf("host=127.0.0.1 port=%d user=postgres", primary.port))
	copied.Dir = o.Dir
	copied.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGKILL}
	if said, err := copied.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_basebackup: %w: %s", err, said)
	}
	standby, err := Start(o)
	if err != nil {
		return nil, err
	}
	if err := primary.requireStandby(); err != nil {
		return nil, errors.Join(err, standby.Kill())
	}
	return standby, nil
}

// requireStandby makes every commit wait for a standby, and returns when the standby has connected.
func (s *Server) requireStandby() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "ALTER SYSTEM SET synchronous_standby_names = '*'"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	for ; ; time.Sleep(20 * time.Millisecond) {
		var connected bool
		err := conn.QueryRow(ctx,
			"SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')").Scan(&connected)
		if err != nil || connected {
			return err
		}
	}
}

// Promote makes a standby the primary, and returns when it accepts writes.
func (s *Server) Promote() error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	credential, err := runAs()
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "pg_ctl"), "promote", "-D", s.dir, "-w", "-t", "30")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl promote: %w: %s", err, said)
	}
	return nil
}

// Freeze stops every process of the server: its connections stay open, but it does not respond on them. If the test
// process ends before Thaw or Destroy, the processes of the server are killed.
func (s *Server) Freeze() error {
	processes := s.processes()
	ids := make([]string, len(processes))
	for i, id := range processes {
		ids[i] = strconv.Itoa(id)
	}
	// The guard process kills the server if the test process ends. The end of the test process closes the guard's
	// standard input. The guard uses SIGKILL because a frozen server cannot react to most other signals.
	guard := exec.Command("sh", "-c", "read _; kill -KILL "+strings.Join(ids, " "))
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := guard.StdinPipe()
	if err != nil {
		return err
	}
	if err := guard.Start(); err != nil {
		return err
	}
	s.guard, s.guardInput = guard, input
	signalAll(processes, syscall.SIGSTOP)
	return nil
}

// Thaw makes a frozen server continue. It does nothing if the server is not frozen.
func (s *Server) Thaw() {
	s.endGuard()
	signalAll(s.processes(), syscall.SIGCONT)
}

// Destroy kills every process of the server and removes its data, to simulate the loss of its machine. It also works
// while the server is frozen.
func (s *Server) Destroy() error {
	memory := s.sharedMemory()
	signalAll(s.processes(), syscall.SIGKILL)
	s.endGuard()
	<-s.ended
	if memory >= 0 {
		_, _, _ = syscall.Syscall(syscall.SYS_SHMCTL, uintptr(memory), ipcRemove, 0)
	}
	return s.removeData()
}

// ipcRemove is the command IPC_RMID of shmctl(2).
const ipcRemove = 0

// sharedMemory returns the id of the server's System V shared memory segment. A server that is killed does not remove
// this segment. sharedMemory must be called while the server runs, and returns -1 after that. The seventh line of
// postmaster.pid contains the key and the id.
func (s *Server) sharedMemory() int {
	raw, err := os.ReadFile(filepath.Join(s.dir, "postmaster.pid"))
	lines := strings.Split(string(raw), "\n")
	if err != nil || len(lines) < 7 || len(s.processes()) == 0 {
		return -1
	}
	fields := strings.Fields(lines[6])
	if len(fields) != 2 {
		return -1
	}
	id, err := strconv.Atoi(fields[1])
	if err != nil {
		return -1
	}
	return id
}

func (s *Server) endGuard() {
	if s.guard == nil {
		return
	}
	_ = s.guard.Process.Kill()
	_ = s.guard.Wait()
	_ = s.guardInput.Close()
	s.guard, s.guardInput = nil, nil
}

// signalAll sends sig to all processes. It ignores errors, because a process may have just ended.
func signalAll(processes []int, sig syscall.Signal) {
	for _, id := range processes {
		_ = syscall.Kill(id, sig)
	}
}

// processes returns the process ids of the server: the postmaster and its children. It returns nil if the server has
// ended, because another process may then have got the id of the postmaster.
func (s *Server) processes() []int {
	select {
	case <-s.ended:
		return nil
	default:
	}
	postmaster := s.cmd.Process.Pid
	family := []int{postmaster}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		raw, err := os.ReadFile(stat)
		head, tail, found := strings.Cut(string(raw), "(")
		if err != nil || !found {
			continue
		}
		var pid, parent int
		var state string
		_, _ = fmt.Sscan(head, &pid)
		_, err = fmt.Sscan(tail[strings.LastIndex(tail, ")")+1:], &state, &parent)
		if err == nil && parent == postmaster {
			family = append(family, pid)
		}
	}
	return family
}
