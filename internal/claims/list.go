// Package claims writes docs/claims.md: which test shows that this program does
// what a claim of the patents behind it describes. The list of claims is data;
// the tests are found by their names, TestClaimD1_Sentence.
package claims

import "slices"

// Patents behind the claims' letters.
var Patents = map[byte]string{
	'A': "CN104144110A, alerting the members of a group",
	'B': "CN105024905B, choosing the device by the state the computer reports",
	'C': "CN104125141A, live channel and notification server",
	'D': "CN103501265A, getting a user's information",
	'E': "CN103491087A, handling multimedia messages",
}

// Claim is one claim, in short.
type Claim struct {
	ID   string // letter of the patent and number
	Text string
	Here string // what of this program does it
}

// List holds every claim that must have a test. Where the text of a claim has an
// evident slip, Text says how it is read.
var List = slices.Concat(notices, information)

// information are the claims of D and E.
var information = []Claim{
	{"D1", "Receive a pushed message that a user of an account sent to it; take its features; when the user's information is not stored, take the account from the URL, log in to the platform as the account, get the FakeID by the features and the information by the FakeID", "callback at `/callback/{account}`; session of that account on the operator pages; strategy; card"},
	{"D2", "When the information is stored, take it from the store", "a known sender costs no request to the platform"},
	{"D3", "The feature is the openID: fetch the user-information page, which holds FakeID and openID, of each user on the list of those not yet known; the match's FakeID", "strategy `user-page`"},
	{"D4", "After the match, move the user to the list of those known", "index of FakeID ↔ openID for each account; a known one is never fetched or compared again"},
	{"D5", "The features are openID and time of the push: fetch the account's message page, which holds time and FakeID of each message; match the time; the match's FakeID", "strategy `create-time`"},
	{"D6", "Store FakeID, openID and information together", "one transaction"},
	{"D7", "The device of D1: modules for receiving, features, judging, account from the URL, login, FakeID and information", "`handlers`, `wechat`, `store`, `mpweb`, `resolver`"},
	{"D8", "The device with the stored case of D2", "`store`, `resolver`"},
	{"D9", "The device with units for the user-information pages and their match, as D3", "`mpweb`, `resolver`"},
	{"D10", "The device with the move between the lists, as D4", "`store`, `resolver`"},
	{"D11", "The device with units for the message page and the match of time, as D5", "`mpweb`, `resolver`"},
	{"D12", "The device that stores FakeID, openID and information together, as D6", "`store`"},
	{"E1", "Get the pushed notice of a multimedia message (account, openID, push time); get the media by these three and the user's information by the openID; show the information and play the media on that account's page", "callback, media job, public view, wall"},
	{"E2", "From openID to FakeID; log in as the account, all messages of that FakeID from the message page; by push time, the media's storage address among them; download from it", "media by the operator pages: exact id first, else time with one fitting assignment"},
	{"E3", "Before that: get the URL of the account's page, fetch and show the page", "`GET /wall/{account}`"},
	{"E4", "The URL that the user typed holds the account's information", "the slug; never another account's messages or media on this page"},
	{"E5", "After the page is shown: receive a user's request to join the account, and answer that joining is allowed", "`subscribe` and `SCAN` callbacks; the passive reply"},
	{"E6", "The request comes from scanning the QR code on the page", "join QR on every wall, with a scene where the account can make one"},
	{"E7", "The device of E1: modules for the notice, the media, the information, showing and playing", "`handlers`, `resolver`, `media`, `wall`, `web`"},
	{"E8", "The device with units for FakeID, login, messages, storage address and download, as E2", "`resolver`, `mpweb`, `media`"},
	{"E9", "The device with modules that get, fetch and show the page by its URL, as E3 and E4", "`handlers`, `web`"},
	{"E10", "The device with a receiver of the request to join and a sender of the answer, as E5", "`handlers`, `wechat`"},
	{"E11", "The device whose request to join comes from the scanned QR code, as E6", "`handlers`, `wall`"},
}
