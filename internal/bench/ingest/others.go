package main

import (
	"io"
	"net/http"
	"time"

	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/message"

	"callbackd/wechat"
)

// maxBody is the real server's limit.
const maxBody = 256 << 10

// openOnly does what must be done before anything can be stored.
func openOnly(s setup) http.Handler {
	account := s.account()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		if _, err := wechat.Open(account, r.URL.Query(), body, time.Now()); err != nil {
			http.Error(w, "refused", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, "success")
	})
}

// silenceper is that library's server with a handler that has nothing to say.
// Its Send would now encrypt an empty reply, so what is right is said here:
// this is the least that a program around it can do. Its root package, which
// turns debug logs on, is left out.
func silenceper(s setup) http.Handler {
	account := officialaccount.NewOfficialAccount(&config.Config{AppID: s.AppID, Token: s.Token, EncodingAESKey: s.AESKey,
		Cache: cache.NewMemory()})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv := account.GetServer(r, w)
		srv.SetMessageHandler(func(*message.MixMessage) *message.Reply { return nil })
		if err := srv.Serve(); err != nil {
			http.Error(w, "refused", http.StatusForbidden)
			return
		}
		if srv.ResponseMsg != nil {
			_ = srv.Send()
			return
		}
		_, _ = io.WriteString(w, "success")
	})
}
