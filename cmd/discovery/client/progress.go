package client

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// progressInterval is the delay between two updates of a progress line on the terminal.
const progressInterval = 100 * time.Millisecond

// The frames of the animation at the beginning of a progress line.
var progressFrames = []rune(`|/-\`)

// eraseLine moves the cursor to the beginning of the line and erases the line.
const eraseLine = "\r\x1b[K"

// progressLine shows the progress of a waiting command in one line of a terminal. A nil progressLine shows nothing.
type progressLine struct {
	out     io.Writer
	width   func() int
	started time.Time

	mu    sync.Mutex
	text  string
	frame int
	stop  chan struct{} // nil while nothing is shown
	ended chan struct{}
}

// progressBar returns the progress line of the command. It shows nothing unless the standard error is a terminal. The
// caller must call clear.
func (s *session) progressBar() *progressLine {
	terminal := terminalOf(s.cmd.ErrOrStderr())
	if terminal == nil {
		return nil
	}
	return &progressLine{out: terminal, started: time.Now(), width: func() int {
		width, _, err := term.GetSize(int(terminal.Fd()))
		if err != nil || width < minWidth {
			return defaultWidth
		}
		return width
	}}
}

// show sets the text of the line, and shows the line.
func (b *progressLine) show(text string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = text
	if b.stop == nil {
		b.stop, b.ended = make(chan struct{}), make(chan struct{})
		go b.animate(b.stop, b.ended)
	}
}

// animate draws the line until stop is closed. Then it erases the line and closes ended.
func (b *progressLine) animate(stop <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		b.draw()
		select {
		case <-stop:
			_, _ = io.WriteString(b.out, eraseLine)
			return
		case <-ticker.C:
		}
	}
}

// draw draws the line once. The line is shorter than the terminal, so that it is never continued on the next line.
func (b *progressLine) draw() {
	b.mu.Lock()
	defer b.mu.Unlock()
	frame := progressFrames[b.frame%len(progressFrames)]
	b.frame++
	line := fmt.Sprintf("%c %s (%s)", frame, b.text, time.Since(b.started).Truncate(time.Second))
	_, _ = io.WriteString(b.out, eraseLine+text.Snip(line, b.width()-1, "…"))
}

// clear erases the line. It may be shown again.
func (b *progressLine) clear() {
	if b == nil {
		return
	}
	b.mu.Lock()
	stop, ended := b.stop, b.ended
	b.stop = nil
	b.mu.Unlock()
	if stop != nil {
		close(stop)
		<-ended
	}
}
