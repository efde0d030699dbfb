package push

// MaxOrigins lets a test fill the room for origins.
const MaxOrigins = maxOrigins

// Origins tells a test how many origins are kept.
func (w *WebPush) Origins() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.origins)
}
