package live

import "time"

// SetLimits gives commands less time than a test has patience for.
func (h *Hub) SetLimits(open, call time.Duration) { h.limits.open, h.limits.call = open, call }

// SetStop gives the end of Run less time.
func (h *Hub) SetStop(d time.Duration) { h.limits.stop = d }

// PongTimeout is how long a client of a Config may take to answer a ping.
func PongTimeout(c Config) time.Duration {
	c.setDefaults()
	return c.pongTimeout()
}

// Devices is how many devices the Hub remembers.
func (h *Hub) Devices() int {
	h.listeners.mu.Lock()
	defer h.listeners.mu.Unlock()
	return len(h.listeners.byDevice)
}
