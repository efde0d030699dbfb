// Package mpweb reads the platform's operator pages (mp.weixin.qq.com) as the
// operator of an account would in a browser.
//
// It has two halves. The parsers (parse_*.go) are pure functions over the bytes
// of a page: the HTML form with wx.cgiData as well as the f=json form in which
// the lists are strings that hold JSON. The Client logs in, keeps the session,
// goes at a pace, backs off when the platform asks for it, and fetches what the
// parsers read.
//
// The pages were never documented; wechat-protocol.md §4 says what is known of
// them. Two dialects exist. In 2014 a FakeID is a decimal number, in 2016 it is
// the openID.
//
// The package stores nothing itself: a session is sealed bytes behind
// SessionStore. It does not match people or messages (package resolver), and it
// fetches from no other host than the platform's.
package mpweb
