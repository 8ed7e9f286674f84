package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// credentialFlags contains the values of the flags that name the files with a credential. No flag contains the
// credential itself, because the value of a flag is visible in the list of processes.
type credentialFlags struct{ clientID, secret string }

func (f *credentialFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.clientID, "client-id-file", "", `file with the client id; "-" is a line of standard input`)
	cmd.Flags().StringVar(&f.secret, "secret-file", "", `file with the secret; "-" is a line of standard input`)
}

func (f *credentialFlags) isSet() bool { return f.clientID != "" || f.secret != "" }

// accessTokenUsage describes the flag --access-token-file.
const accessTokenUsage = `file with the access token, if the aggregator assigns one; "-" is a line of standard input`

// input returns a buffered reader of standard input. A command must read all values from this reader, because it
// reads ahead.
func (s *session) input() *bufio.Reader {
	if s.stdin == nil {
		s.stdin = bufio.NewReader(s.cmd.InOrStdin())
	}
	return s.stdin
}

// accessToken reads an access token from the file. If no file is given, it asks the user for it.
func (s *session) accessToken(file string) (*string, error) {
	token, err := s.secretValue("access token", "--access-token-file", file, s.input())
	return &token, err
}

// credential reads the client id and the secret from the files. If no file is given for a value, it asks the user for
// the value.
func (s *session) credential(f credentialFlags) (clientID, secret string, err error) {
	stdin := s.input()
	if clientID, err = s.secretValue("client id", "--client-id-file", f.clientID, stdin); err != nil {
		return "", "", err
	}
	secret, err = s.secretValue("secret", "--secret-file", f.secret, stdin)
	return clientID, secret, err
}

// secretValue reads a value from a file or from a line of stdin. If no file is given, it asks for the value on the
// terminal, without echo.
func (s *session) secretValue(name, flag, file string, stdin *bufio.Reader) (string, error) {
	value, err := s.readSecret(name, flag, file, stdin)
	if err == nil && value == "" {
		err = usagef("the %s is empty", name)
	}
	return value, err
}

func (s *session) readSecret(name, flag, file string, stdin *bufio.Reader) (string, error) {
	switch file {
	case "":
		terminal := terminalOf(s.cmd.InOrStdin())
		if terminal == nil {
			return "", usagef("without a terminal, %s FILE is required (- reads a line of standard input)", flag)
		}
		return s.askHidden("Enter the "+name+": ", terminal)
	case "-":
		line, err := stdin.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", UsageError{err}
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// terminalOf returns the file of stream if it is a terminal, and otherwise nil.
func terminalOf(stream any) *os.File {
	if file, ok := stream.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// askHidden prints a question and reads a line from the terminal without echo. After Ctrl-C or Ctrl-D it returns
// context.Canceled.
func (s *session) askHidden(question string, terminal *os.File) (string, error) {
	// Echo ends before the question is shown, because the answer may already be on its way: term.ReadPassword would
	// end it only after the question.
	state, err := term.MakeRaw(int(terminal.Fd()))
	if err != nil {
		return "", err
	}
	line, err := interruptible(s.cmd.Context(), func() (string, error) {
		return term.NewTerminal(keyboard{terminal, s.cmd.ErrOrStderr()}, "").ReadPassword(question)
	})
	if errors.Is(err, io.EOF) {
		err = context.Canceled
	}
	if err != nil {
		// The carriage return is written here, because the terminal does not add it yet.
		_, _ = io.WriteString(s.cmd.ErrOrStderr(), "\r\n")
	}
	return line, errors.Join(err, term.Restore(int(terminal.Fd()), state))
}

// keyboard reads one key at a time from a terminal, so that a second line that is pasted with the first stays for the
// next question.
type keyboard struct {
	terminal io.Reader
	io.Writer
}

func (k keyboard) Read(p []byte) (int, error) { return k.terminal.Read(p[:min(1, len(p))]) }

// confirm asks the user to type the name of the object that a command is about to destroy. If yes is true, it does not
// ask. If it must ask, but there is no terminal, it returns a UsageError.
func (s *session) confirm(yes bool, action, name string) error {
	if yes {
		return nil
	}
	terminal := terminalOf(s.cmd.InOrStdin())
	if terminal == nil {
		return usagef("without a terminal, --yes is required to %s", action)
	}
	s.cmd.PrintErrf("Type %s to %s: ", printable(name), action)
	line, err := interruptible(s.cmd.Context(), func() (string, error) {
		return bufio.NewReader(terminal).ReadString('\n')
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimRight(line, "\r\n") != name {
		return fmt.Errorf("nothing was changed: the input is not %s", printable(name))
	}
	return nil
}

// interruptible returns the result of fn, or the error of ctx if ctx ends before fn returns. In the second case, the
// goroutine that runs fn may stay blocked until the process ends.
func interruptible(ctx context.Context, fn func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := fn()
		done <- result{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		return r.line, r.err
	}
}
