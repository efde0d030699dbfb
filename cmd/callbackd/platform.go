package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"callbackd"
	"callbackd/internal/safedial"
	"callbackd/mpweb"
	"callbackd/wechat"
)

// platformClients are our ways to the platform and to addresses that come from outside.
type platformClients struct {
	wechat   *wechat.Client
	mpweb    *mpweb.Client
	outbound *http.Client
}

// pageWriteLimit bounds the write of an operator page, which nobody waits for.
const pageWriteLimit = 5 * time.Second

func newPlatformClients(inst *installation, observe func(callbackd.Slug, string, string)) (*platformClients, error) {
	cfg := inst.cfg
	guarded, err := safedial.New(safedial.Options{Allow: cfg.Outbound.Allow,
		AlwaysAllow: []string{cfg.WeChat.APIURL.String(), cfg.WeChat.MPURL.String(), cfg.WeChat.OpenURL.String()}})
	if err != nil {
		return nil, fmt.Errorf("outbound guard: %w", err)
	}
	pages, err := mpweb.New(mpweb.Config{BaseURL: cfg.WeChat.MPURL.String(), Pace: cfg.WeChat.MPWebPace, Sessions: inst.db, Observe: observe,
		Keep: keepPages(inst), Log: inst.log})
	if err != nil {
		return nil, fmt.Errorf("operator pages: %w", err)
	}
	api := wechat.NewClient(wechat.Config{APIURL: cfg.WeChat.APIURL.String(), MPURL: cfg.WeChat.MPURL.String(), OpenURL: cfg.WeChat.OpenURL.String(),
		Log: inst.log})
	return &platformClients{wechat: api, mpweb: pages, outbound: guarded}, nil
}

// keepPages stores operator pages as they came, so that a better parser needs
// no new visit.
func keepPages(inst *installation) func(context.Context, callbackd.AccountID, string, []byte) {
	return func(ctx context.Context, account callbackd.AccountID, page string, body []byte) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pageWriteLimit)
		defer cancel()
		if err := inst.db.InsertPage(ctx, account, page, body); err != nil {
			inst.log.Warn("an operator page was not kept", "page", page, "err", err)
		}
	}
}
