package resolver

import "callbackd"

// ByOpenID tells the FakeID where it is the openID itself (dialect 2016,
// wechat-protocol.md §4.9). False in any other dialect. Whether such a follower
// exists says the card.
func ByOpenID(d callbackd.Dialect, o callbackd.OpenID) (callbackd.FakeID, bool) {
	if d != callbackd.Dialect2016 || o == "" {
		return "", false
	}
	return callbackd.FakeID(o), true
}
