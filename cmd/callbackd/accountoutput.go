package main

import (
	"net/url"

	"callbackd"
)

// accountOutput is an account without its secrets.
type accountOutput struct {
	Slug       callbackd.Slug       `json:"slug"`
	Name       string               `json:"name"`
	OriginalID string               `json:"original_id"`
	AppID      string               `json:"app_id,omitempty"`
	AppSecret  callbackd.Secret     `json:"app_secret,omitempty"`
	Token      callbackd.Secret     `json:"token"`
	AESKey     callbackd.Secret     `json:"aes_key,omitempty"`
	Mode       callbackd.Mode       `json:"mode"`
	Moderation callbackd.Moderation `json:"moderation"`
	JoinURL    string               `json:"join_url,omitempty"`
	Welcome    string               `json:"welcome,omitempty"`
	Owner      string               `json:"owner,omitempty"`
	MPVerify   string               `json:"mp_verify,omitempty"`
	MPWeb      *mpwebOutput         `json:"mpweb,omitempty"`
	Resolve    []callbackd.Strategy `json:"resolve,omitempty"`

	MentionDetection string                    `json:"mention_detection"`
	ReceiveSwitch    string                    `json:"receive_switch"`
	MentionExclusive string                    `json:"mention_exclusive"`
	NoticeTemplate   *callbackd.NoticeTemplate `json:"notice_template,omitempty"`

	Filters filtersOutput `json:"filters"`

	Callback string `json:"callback_url"`
	Wall     string `json:"wall_url"`
}

type mpwebOutput struct {
	Username string            `json:"username"`
	Password callbackd.Secret  `json:"password,omitempty"`
	Dialect  callbackd.Dialect `json:"dialect"`
}

func describeAccount(a *callbackd.Account, public *url.URL) accountOutput {
	out := accountOutput{Slug: a.Slug, Name: a.Name, OriginalID: a.OriginalID, AppID: a.AppID, AppSecret: a.AppSecret, Token: a.Token,
		MentionDetection: onOff(!a.Notices.Group.IgnoreMentions), ReceiveSwitch: onOff(!a.Notices.Group.NoReceiveSwitch),
		MentionExclusive: onOff(a.Notices.Group.MentionExclusive), NoticeTemplate: a.Notices.Template,
		AESKey: a.AESKey, Mode: a.Mode, Moderation: a.Moderation, JoinURL: a.JoinURL, Welcome: a.Welcome, Owner: a.Owner, MPVerify: a.MPVerify, Resolve: a.Strategies(),
		Callback: public.JoinPath("callback", string(a.Slug)).String(), Wall: public.JoinPath("wall", string(a.Slug)).String()}
	out.Filters = describeFilters(a)
	if a.MPWeb != nil {
		out.MPWeb = &mpwebOutput{a.MPWeb.Username, a.MPWeb.Password, a.MPWeb.Dialect}
	}
	return out
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
