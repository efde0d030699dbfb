package main

import (
	"time"

	"callbackd"
)

// merge applies what the input says to an account: a missing key stays.
func (in accountInput) merge(a *callbackd.Account, now time.Time) {
	mergeWord(&a.Name, in.Name)
	mergeWord(&a.OriginalID, in.OriginalID)
	mergeWord(&a.AppID, in.AppID)
	mergeWord(&a.AppSecret, in.AppSecret)
	mergeWord(&a.Token, in.Token)
	if in.AESKey != nil {
		a.ReplaceAESKey(callbackd.Secret(*in.AESKey), now)
	}
	mergeWord(&a.Mode, in.Mode)
	mergeWord(&a.Moderation, in.Moderation)
	mergeWord(&a.JoinURL, in.JoinURL)
	mergeWord(&a.Welcome, in.Welcome)
	mergeWord(&a.Owner, in.Owner)
	mergeWord(&a.MPVerify, in.MPVerify)
	if in.Resolve != nil {
		a.Resolve = *in.Resolve
	}
	in.MPWeb.merge(a)
	mergeSwitch(&a.Notices.Group.IgnoreMentions, in.MentionDetection, "off")
	mergeSwitch(&a.Notices.Group.NoReceiveSwitch, in.ReceiveSwitch, "off")
	mergeSwitch(&a.Notices.Group.MentionExclusive, in.MentionExclusive, "on")
	in.NoticeTemplate.merge(a)
	in.Filters.merge(a)
}

// mergeSwitch sets a field where the input has its switch: true for the word that
// is not the default.
func mergeSwitch(field *bool, value *string, word string) {
	if value != nil {
		*field = *value == word
	}
}

// mergeWord sets a field where the input has it.
func mergeWord[T ~string](field *T, value *string) {
	if value != nil {
		*field = T(*value)
	}
}

func (in *mpwebInput) merge(a *callbackd.Account) {
	if in == nil {
		return
	}
	login := callbackd.MPWebLogin{}
	if a.MPWeb != nil {
		login = *a.MPWeb
	}
	mergeWord(&login.Username, in.Username)
	mergeWord(&login.Password, in.Password)
	mergeWord(&login.Dialect, in.Dialect)
	if a.MPWeb = &login; in.remove || login == (callbackd.MPWebLogin{}) {
		a.MPWeb = nil
	}
}

func (in *templateInput) merge(a *callbackd.Account) {
	if in == nil {
		return
	}
	template := callbackd.NoticeTemplate{}
	if a.Notices.Template != nil {
		template = *a.Notices.Template
	}
	mergeWord(&template.ID, in.ID)
	mergeWord(&template.TitleKey, in.Title)
	mergeWord(&template.BodyKey, in.Body)
	if a.Notices.Template = &template; in.remove || template == (callbackd.NoticeTemplate{}) {
		a.Notices.Template = nil
	}
}
