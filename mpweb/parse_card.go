package mpweb

import (
	"fmt"
	"strings"

	"callbackd"
)

// Card is what the operator sees of one person.
type Card struct {
	FakeID    callbackd.FakeID
	OpenID    callbackd.OpenID // dialect 2016: the FakeID; dialect 2014: in the patent's form only
	HasOpenID bool             // the card says which openID this person has
	Profile   callbackd.Profile
	AvatarURL string // dialect 2016, the largest size; from outside, may lie on any host
}

// ParseCard2014 reads the card of dialect 2014 (getcontactinfo, contract.md
// "The user-information page in the patent's form"). ErrUnfollowed and
// ErrNoCard where the platform has none to show.
func ParseCard2014(body []byte) (*Card, error) {
	var answer struct {
		baseResp
		Info *struct {
			FakeID    word   `json:"fake_id"`
			OpenID    word   `json:"open_id"`
			NickName  word   `json:"nick_name"`
			Signature word   `json:"signature"`
			City      word   `json:"city"`
			Province  word   `json:"province"`
			Country   word   `json:"country"`
			Gender    number `json:"gender"`
		} `json:"contact_info"`
	}
	if !looksLikeJSON(body) || decode(trimJSON(body), &answer) != nil {
		return nil, unreadable("card")
	}
	switch ret, _ := answer.code(); {
	case ret == 1:
		return nil, fmt.Errorf("read page card: %w", ErrUnfollowed)
	case ret == 2:
		return nil, fmt.Errorf("read page card: %w", ErrNoCard)
	case ret != 0:
		return nil, &AnswerError{Page: "card", Ret: ret}
	}
	i := answer.Info
	if i == nil || i.FakeID == "" {
		return nil, unreadable("card")
	}
	return &Card{
		FakeID:    callbackd.FakeID(i.FakeID),
		OpenID:    callbackd.OpenID(i.OpenID),
		HasOpenID: i.OpenID != "",
		Profile: callbackd.Profile{
			Nickname: i.NickName.text(), Gender: gender(i.Gender), Country: i.Country.text(),
			Province: i.Province.text(), City: i.City.text(), Signature: i.Signature.text(),
		},
	}, nil
}

// ParseCard2016 reads the card of dialect 2016 (user_tag, get_fans_info). A
// card without user_name is that of somebody who does not follow any more.
func ParseCard2016(body []byte) (*Card, error) {
	var envelope baseResp
	if looksLikeJSON(body) && decode(trimJSON(body), &envelope) == nil {
		if ret, ok := envelope.code(); ok && ret != 0 {
			return nil, &AnswerError{Page: "card", Ret: ret}
		}
	}
	fans, err := parseFans(body, "card")
	if err != nil {
		return nil, err
	}
	if len(fans) == 0 {
		return nil, fmt.Errorf("read page card: %w", ErrNoCard)
	}
	f := fans[0]
	if f.Name == nil {
		return nil, fmt.Errorf("read page card: %w", ErrUnfollowed)
	}
	if f.OpenID == "" {
		return nil, unreadable("card")
	}
	return &Card{
		FakeID:    callbackd.FakeID(f.OpenID),
		OpenID:    callbackd.OpenID(f.OpenID),
		HasOpenID: true,
		AvatarURL: wholePicture(f.HeadImg.text()),
		Profile: callbackd.Profile{
			Nickname: f.Name.text(), Gender: gender(f.Gender), Country: f.Country.text(),
			Province: f.Province.text(), City: f.City.text(), Signature: f.Sign.text(),
		},
	}, nil
}

// wholePicture turns the address of a small avatar into that of the whole one:
// the last part of the path is the size, 0 the original.
func wholePicture(address string) string {
	if small, ok := strings.CutSuffix(address, "/64"); ok {
		return small + "/0"
	}
	return address
}

func gender(n number) callbackd.Gender {
	switch g := callbackd.Gender(n); g {
	case callbackd.GenderMale, callbackd.GenderFemale:
		return g
	default:
		return callbackd.GenderUnknown
	}
}
