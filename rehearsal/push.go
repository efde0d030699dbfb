package rehearsal

import "net/http"

func newPushClient() *http.Client { return &http.Client{} }
