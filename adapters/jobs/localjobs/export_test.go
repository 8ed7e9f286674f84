package localjobs

// Queued returns the number of pulls in memory.
func Queued(q *Queue) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}
