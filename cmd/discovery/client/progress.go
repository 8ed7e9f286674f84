package client

import (
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// progressInterval is the delay between two updates of a progress bar on the terminal.
const progressInterval = 100 * time.Millisecond

// progressBar shows the progress of a waiting command on a terminal. The zero value shows nothing.
type progressBar struct {
	tracker *progress.Tracker
	ended   chan struct{}
}

// progressBar starts a progress bar without a known end. It shows nothing unless the standard error is a
// terminal. The caller must call clear.
func (s *session) progressBar() progressBar {
	terminal, ok := s.cmd.ErrOrStderr().(*os.File)
	if !ok || terminalOf(terminal) == nil {
		return progressBar{}
	}
	writer := progress.NewWriter()
	writer.SetOutputWriter(terminal)
	writer.SetAutoStop(true)
	writer.SetUpdateFrequency(progressInterval)
	bar := progressBar{&progress.Tracker{RemoveOnCompletion: true}, make(chan struct{})}
	writer.AppendTracker(bar.tracker)
	go func() { defer close(bar.ended); writer.Render() }()
	return bar
}

// show sets the text and the number that the bar displays.
func (b progressBar) show(text string, value int64) {
	if b.tracker != nil {
		b.tracker.UpdateMessage(text)
		b.tracker.SetValue(value)
	}
}

// clear removes the bar from the terminal.
func (b progressBar) clear() {
	if b.tracker != nil {
		b.tracker.MarkAsDone()
		<-b.ended
	}
}
