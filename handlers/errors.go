package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"

	"callbackd"
	"callbackd/web"
)

// endpoint is a handler that leaves its errors to one place.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// Errors that a person may see, by the keys of the catalogue.
var (
	errNoSuchPage    = callbackd.Public(callbackd.ErrNotFound, "error.not_found", nil)
	errNoSuchAccount = callbackd.Public(callbackd.ErrNotFound, "error.no_account", nil)
)

func badValue(name string) error {
	return callbackd.Told(callbackd.ErrInvalid, "error.bad_value", "bad value of %s", name)
}

// status is the one table from kinds of errors to HTTP.
func status(err error) int {
	var tooLarge *http.MaxBytesError
	var throttled *throttledError
	var public *callbackd.PublicError
	if errors.As(err, &public) {
		err = public.Kind // whatever its cause was
	}
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &throttled):
		return http.StatusTooManyRequests
	case errors.Is(err, errNobody):
		return http.StatusUnauthorized
	case errors.Is(err, callbackd.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, callbackd.ErrGone):
		return http.StatusGone
	case errors.Is(err, callbackd.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, callbackd.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, callbackd.ErrConflict):
		return http.StatusConflict
	case errors.Is(err, context.Canceled):
		return 499 // the client is gone; nobody reads this
	}
	return http.StatusInternalServerError
}

// report logs what a human must know of: our own failures.
func (h *Handlers) report(r *http.Request, code int, err error) {
	if code >= http.StatusInternalServerError {
		h.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
}

// plain answers errors in one line of text.
func (h *Handlers) plain(fn endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			code := status(err)
			h.report(r, code, err)
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, http.StatusText(code), code)
		}
	}
}

// json answers errors as {"error": "…"}.
func (h *Handlers) json(fn endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := fn(w, r)
		if err == nil {
			return
		}
		code := status(err)
		h.report(r, code, err)
		text := http.StatusText(code)
		var public *callbackd.PublicError
		if code == http.StatusBadRequest && errors.As(err, &public) {
			text = public.Plain()
		}
		writeJSON(w, code, map[string]string{"error": text})
	}
}

// page answers errors with a page in the reader's language.
func (h *Handlers) page(fn endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := fn(w, r)
		if err == nil {
			return
		}
		code := status(err)
		h.report(r, code, err)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		if err := web.Render(w, web.ErrorPage{Lang: web.LangOf(r), Status: code}); err != nil {
			h.Log.Error("error page failed", "err", err)
		}
	}
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // a reader that has gone is no error of ours
}

// recovered turns a panic into a 500 and goes on.
func (h *Handlers) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				h.Log.Error("request panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
