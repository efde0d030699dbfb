package mpweb

import (
	"net/url"
	"sync"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// pageEvent is something that the login page did and that a login by QR looks
// at: it moved on with a token, or an answer to one of its requests is whole.
type pageEvent struct {
	token   string
	kind    qrRequest
	request network.RequestID
}

// pageWatch picks out of a tab's events those that matter, in their order.
type pageWatch struct {
	base *url.URL
	ring chan struct{} // a hint that take has something

	mu      sync.Mutex // guards what follows
	waiting map[network.RequestID]qrRequest
	events  []pageEvent
}

func newPageWatch(base *url.URL) *pageWatch {
	return &pageWatch{base: base, ring: make(chan struct{}, 1), waiting: map[network.RequestID]qrRequest{}}
}

// event is called by the tab's reader for every event; it must not block.
func (w *pageWatch) event(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventResponseReceived:
		if kind := qrRequestOf(w.base, ev.Response.URL); kind != qrOther && ev.Response.Status == 200 {
			w.waiting[ev.RequestID] = kind
		}
	case *network.EventLoadingFailed:
		delete(w.waiting, ev.RequestID)
	case *network.EventLoadingFinished:
		if kind, ok := w.waiting[ev.RequestID]; ok {
			delete(w.waiting, ev.RequestID)
			w.push(pageEvent{kind: kind, request: ev.RequestID})
		}
	case *page.EventFrameNavigated:
		if token := tokenOf(w.base, ev.Frame.URL); token != "" && ev.Frame.ParentID == "" {
			w.push(pageEvent{token: token})
		}
	case *page.EventNavigatedWithinDocument:
		if token := tokenOf(w.base, ev.URL); token != "" {
			w.push(pageEvent{token: token})
		}
	}
}

// push queues an event; w.mu is held.
func (w *pageWatch) push(e pageEvent) {
	w.events = append(w.events, e)
	select {
	case w.ring <- struct{}{}:
	default:
	}
}

// take returns what has come since.
func (w *pageWatch) take() []pageEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}
